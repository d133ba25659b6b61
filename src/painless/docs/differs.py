"""Which differences from ingress-nginx a name is about, for the pages about names.

A row is about what its comment names, and what stands as code in its first column, or else in its second; a
flag is written with its dashes.
"""

import re
from fnmatch import filter as matching
from functools import lru_cache
from pathlib import Path

from painless.annotations.names import ANNOTATIONS, CONFIG_KEYS
from painless.flags import FLAGS
from painless.migrate.differences import Difference, read

PAGE = Path(__file__).resolve().parents[3] / "docs" / "differences.md"
_CODE = re.compile(r"`([^`]+)`")
_PATTERN = re.compile(r"(?:--)?[a-z][a-z0-9_-]+\*?")
_ALL = (*ANNOTATIONS, *CONFIG_KEYS, *(f"--{name}" for name in FLAGS))


@lru_cache(maxsize=1)
def differences() -> tuple[Difference, ...]:
    """Return all rows, in the order of the page."""
    return tuple(read(PAGE.read_text(encoding="utf-8")))


def names(row: Difference) -> frozenset[str]:
    """Return the names a row is about."""
    told = (re.split("[=~!]", one.removeprefix("config:"))[0] for one in row.about if one[0] != "@")
    return frozenset(told) | (_written(row.theirs) or _written(row.ours))


def _written(cell: str) -> frozenset[str]:
    """Return the names that stand as code in a cell; one may end in a star, or in a value."""
    words = (re.split("[:= ]", found, maxsplit=1)[0] for found in _CODE.findall(cell))
    return frozenset(name for one in words if _PATTERN.fullmatch(one) for name in matching(_ALL, one))


def about(name: str) -> tuple[Difference, ...]:
    """Return the rows about ``name``; a flag comes with its dashes."""
    return tuple(row for row in differences() if name in names(row))
