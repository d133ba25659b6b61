"""One value in place of many equal ones: a cluster says the same names, ports, annotations again and again.

Objects are compared by content, so who gets which of two equal values shows in memory only: a third less
for the objects of a large cluster.
"""

from functools import lru_cache
from typing import TypeVar

LONGEST = 4096  # Characters of a value that is shared: longer ones are hardly said twice, and would be kept.
_KEPT = 4096  # Values remembered: those of one object and its neighbours, which is where the equal ones are.

T = TypeVar("T")


def shared(value: T) -> T:
    """Return a value equal to this one: the one that was seen first, while it is remembered."""
    if isinstance(value, str) and len(value) > LONGEST:
        return value
    found: T = _first(value)
    return found


@lru_cache(_KEPT, typed=True)
def _first(value: T) -> T:
    return value
