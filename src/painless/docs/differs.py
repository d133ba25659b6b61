"""Which differences from ingress-nginx a name is about, for the pages about names.

A row is about the annotations, keys and flags that it names as code; a flag is written with its dashes.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from painless.migrate.differences import Difference, read

PAGE = Path(__file__).resolve().parents[3] / "docs" / "differences.md"
_CODE = re.compile(r"`([^`]+)`")
_NAME = re.compile(r"(?:--)?[a-z][a-z0-9_./-]+\*?")


@lru_cache(maxsize=1)
def differences() -> tuple[Difference, ...]:
    """Return all rows, in the order of the page."""
    return tuple(read(PAGE.read_text(encoding="utf-8")))


def names(row: Difference) -> Iterator[str]:
    """Yield the names a row is about, perhaps with a star at the end."""
    for found in _CODE.findall(f"{row.theirs} {row.ours}"):
        name = re.split(r"[:= ]", found, maxsplit=1)[0]
        if _NAME.fullmatch(name):
            yield name


def about(name: str) -> tuple[Difference, ...]:
    """Return the rows about ``name``; a flag comes with its dashes."""
    return tuple(row for row in differences() if any(fnmatchcase(name, one) for one in names(row)))
