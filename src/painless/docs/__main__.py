"""``python -m painless.docs`` writes what is generated; with ``--check`` it says what is stale."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from painless.docs import files
from painless.docs.readme import counted

_ROOT = Path(__file__).resolve().parents[3]
_README = "README.md"
_PAGES = "docs/reference/**/*.md", "docs/runbooks/*.md", "deploy/chart/files/dashboards/*.json"


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when a page is stale.")
def main(*, check: bool) -> None:
    """Write the reference pages, the README's counts and the chart's flags from the declarations."""
    if not (_ROOT / "pyproject.toml").is_file():
        raise click.ClickException("the pages belong to a checkout, and this package is not in one")
    wanted = {**files(), _README: counted((_ROOT / _README).read_text(encoding="utf-8"))}
    stale = tuple(_stale(wanted))
    if check:
        for name in stale:
            click.echo(f"{name} is stale; make docs writes it anew", err=True)
        raise SystemExit(1 if stale else 0)
    for name in stale:
        path = _ROOT / name
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[name], encoding="utf-8")
        else:
            path.unlink()
        click.echo(f"{'wrote' if name in wanted else 'removed'} {name}")


def _stale(wanted: Mapping[str, str]) -> Iterator[str]:
    """Yield the names of files that differ, are missing, or are nobody's any more."""
    pages = {one.relative_to(_ROOT).as_posix() for each in _PAGES for one in _ROOT.glob(each)}
    yield from (name for name in sorted({*wanted, *pages}) if wanted.get(name) != _text(name))


def _text(name: str) -> str | None:
    path = _ROOT / name
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    main()
