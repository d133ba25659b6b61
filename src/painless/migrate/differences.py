"""The differences from ingress-nginx: the page that people read, as data.

``docs/differences.md`` is the source; ``differences.txt`` beside this module is its copy, which ``make docs``
writes, since a package has no pages.  A comment at the end of a row says what the row is about, words with
spaces between:

``name``          the annotation, whatever its value
``name=value``    with this value
``name~pattern``  with a value in which this expression is found
``name!``         with a value that Painless finds fault with
``config:name``   a key of the ConfigMap, in the same four ways
``@habit``        what objects come to together; ``migrate.theirs`` finds it

A row without one is about the whole controller, whatever objects ask for.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files

from msgspec import Struct

_CELL = re.compile(r"(?<!\\)\|")
_ABOUT = re.compile(r"<!-- (.*) -->")
_COLUMNS = 3
_HEAD = "ingress-nginx"


class Difference(Struct, frozen=True):
    """One row: what ingress-nginx does, what Painless does, why, and what asks for it.

    ``section`` is its heading.
    """

    section: str
    theirs: str
    ours: str
    why: str
    about: tuple[str, ...] = ()

    def habit(self, name: str) -> bool:
        return f"@{name}" in self.about

    def concerns(self, name: str, value: str, *, faulty: bool) -> bool:
        """Whether the row is about this setting with this value."""
        return any(_fits(one, name, value, faulty=faulty) for one in self.about)


def _fits(about: str, name: str, value: str, *, faulty: bool) -> bool:
    if not about.startswith(name):
        return False
    how = about[len(name) :]
    if how.startswith("="):
        return value.strip().lower() == how[1:]
    if how.startswith("~"):
        return re.search(how[1:], value) is not None
    return not how or (how == "!" and faulty)


@lru_cache(maxsize=1)
def differences() -> tuple[Difference, ...]:
    """Return all rows, in the order of the page."""
    return tuple(read(files(__package__).joinpath("differences.txt").read_text(encoding="utf-8")))


def read(page: str) -> Iterator[Difference]:
    """Yield the rows of a page."""
    section = ""
    for line in page.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        cells = [one.strip() for one in _CELL.split(_ABOUT.sub("", line))[1:-1]]
        if len(cells) == _COLUMNS and cells[0] != _HEAD and set(cells[0]) != {"-"}:
            theirs, ours, why = cells
            yield Difference(section, theirs, ours, why, _about(line))


def _about(line: str) -> tuple[str, ...]:
    found = _ABOUT.search(line)
    return tuple(found[1].replace("\\|", "|").split()) if found else ()
