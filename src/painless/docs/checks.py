"""The pages of the doctor's checks: one for each family, made from the checks' docstrings."""

from collections.abc import Iterator, Mapping

from painless.docs.markdown import code, page, prose, table
from painless.doctor.check import FAMILIES, Check, link
from painless.doctor.check import page as page_of
from painless.doctor.checks import CHECKS

FOLDER = "docs/reference/checks"


def check_pages() -> Mapping[str, str]:
    """Return each page by its path in the repository."""
    families = {letter: [one for one in CHECKS if one.id[0] == letter] for letter in FAMILIES}
    pages = {
        f"{FOLDER}/{FAMILIES[letter][0]}.md": _family(FAMILIES[letter][1], some)
        for letter, some in families.items()
    }
    return {f"{FOLDER}/README.md": _index(families), **pages}


def _index(families: Mapping[str, list[Check]]) -> str:
    parts = (
        part
        for letter, some in families.items()
        for part in (f"## {FAMILIES[letter][1]}", table(("check", "severity", "finds"), map(_row, some)))
    )
    return page(
        "Checks of the doctor",
        f"[`painless doctor`](../../how-to/run-the-doctor.md) makes {len(CHECKS)} checks. Each has a name "
        "that stays, and a section that says why it matters, how to see it by hand, what to do, and where "
        "that is from. A check without a fact that it needs is *unknown*, which is not a pass.",
        *parts,
    )


def _row(one: Check) -> tuple[str, str, str]:
    return (f"[{one.id}]({link(one).rpartition('/')[2]})", one.severity, one.title)


def _family(title: str, some: list[Check]) -> str:
    return page(title, *(part for one in some for part in _check(one)))


def _check(one: Check) -> Iterator[str]:
    found = page_of(one)
    yield f"## {one.id}"
    yield f"**{one.title}** ({one.severity}; needs {', '.join(map(code, one.needs))})"
    if one.limit:
        yield f"**Limit:** {one.limit.value:g}; {one.limit.counts} (`doctor.limits.{one.id}`)"
    yield prose(found.why)
    yield from map(prose, found.more)
    yield f"**See it by hand:** {prose(found.verify)}"
    yield f"**Mend it:** {prose(found.fix)}"
    yield f"**Sources:** {prose(found.sources)}"
