"""Which upgraded connections have reached their age, in which order they are closed.  Pure.

Each has a moment of its own, so that connections that began together do not end together.  How many are
closed in a second is the governor's rate: to a server that clients log in to it is the same who closed them.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

SPREAD = 0.1
"""Of its age, by which a connection may be closed before."""
_HASHED = 2_654_435_761  # Knuth's multiplier: neighbours come far from each other.
_ALL = 2**32


class Upgraded(Struct, frozen=True):
    """An upgraded connection to a pod, by its inode; ``since`` is when it was first seen."""

    inode: int
    address: str
    since: float


class Sighting(Struct, frozen=True):
    """The upgraded connections to some pods; ``missing`` says what keeps us from seeing them, if anything."""

    upgraded: tuple[Upgraded, ...] = ()
    missing: str = ""


def ends(one: Upgraded, age: float) -> float:
    """Return when a connection that may become so old is closed: always the same moment."""
    return one.since + age * (1.0 - SPREAD * (one.inode * _HASHED % _ALL) / _ALL)


def due(some: Iterable[Upgraded], ages: Mapping[str, float], now: float, most: int) -> tuple[Upgraded, ...]:
    """Return those whose moment has come, ``most`` of them, who is overdue longest first.

    ``ages`` has the age for each address; at others there is none.
    """
    moments = ((ends(one, ages[one.address]), one) for one in some if one.address in ages)
    over = sorted(((end, one) for end, one in moments if end <= now), key=lambda at: (at[0], at[1].inode))
    return tuple(one for _, one in over[:most])
