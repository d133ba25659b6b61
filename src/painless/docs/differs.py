"""Which differences from ingress-nginx a name is about: the rows of the page for people, read as data.

A row is about the annotations, keys and flags that it names as code; a flag is written with its dashes.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

PAGE = Path(__file__).resolve().parents[3] / "docs" / "differences.md"
_CELL = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"`([^`]+)`")
_NAME = re.compile(r"(?:--)?[a-z][a-z0-9_./-]+\*?")
_HEAD = "ingress-nginx"


class Difference(Struct, frozen=True):
    """One row: what ingress-nginx does, what Painless does, and why; ``section`` is its heading."""

    section: str
    theirs: str
    ours: str
    why: str

    @property
    def names(self) -> Iterator[str]:
        """The names it is about, perhaps with a star at the end."""
        for found in _CODE.findall(f"{self.theirs} {self.ours}"):
            name = re.split(r"[:= ]", found, maxsplit=1)[0]
            if _NAME.fullmatch(name):
                yield name


@lru_cache(maxsize=1)
def differences() -> tuple[Difference, ...]:
    """Return all rows, in the order of the page."""
    return tuple(read(PAGE.read_text(encoding="utf-8")))


def read(page: str) -> Iterator[Difference]:
    """Yield the rows of a page."""
    section = ""
    for line in page.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        cells = [one.strip() for one in _CELL.split(line)[1:-1]]
        if len(cells) == 3 and cells[0] != _HEAD and set(cells[0]) != {"-"}:
            yield Difference(section, *cells)


def about(name: str) -> tuple[Difference, ...]:
    """Return the rows about ``name``; a flag comes with its dashes."""
    return tuple(row for row in differences() if any(fnmatchcase(name, one) for one in row.names))
