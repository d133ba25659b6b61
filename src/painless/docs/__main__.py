"""``python -m painless.docs`` writes the reference pages; with ``--check`` it says which ones are stale."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from painless.docs import pages

_ROOT = Path(__file__).resolve().parents[3]
FOLDER = _ROOT / "docs" / "reference"


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when a page is stale.")
def main(*, check: bool) -> None:
    """Write docs/reference anew from the code's declarations."""
    if not (_ROOT / "pyproject.toml").is_file():
        raise click.ClickException("the pages belong to a checkout, and this package is not in one")
    wanted = pages()
    stale = tuple(_stale(wanted))
    if check:
        for name in stale:
            click.echo(f"{FOLDER.relative_to(_ROOT) / name} is stale; make docs writes it anew", err=True)
        raise SystemExit(1 if stale else 0)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
        click.echo(f"{'wrote' if name in wanted else 'removed'} {FOLDER.relative_to(_ROOT) / name}")


def _stale(wanted: Mapping[str, str]) -> Iterator[str]:
    """Yield the names of pages that differ, are missing, or are nobody's any more."""
    found = {one.name: one.read_text(encoding="utf-8") for one in sorted(FOLDER.glob("*.md"))}
    yield from (name for name in sorted({*wanted, *found}) if wanted.get(name) != found.get(name))


if __name__ == "__main__":
    main()
