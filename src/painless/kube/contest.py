"""Somebody else writes the status that we write: who gives way, and for how long.  Pure.

A status that is rewritten once is written again: people edit, and a controller that leaves clears what it
wrote.  One that is rewritten again and again belongs to a second controller that claims the same class, and
two that write in turn help nobody: we stop, say so, and try again rarely.
"""

from msgspec import Struct

from painless.model.snapshot import Name

REWRITES = 3
"""Times in a row after which we give way: ingress-nginx looks each minute, so it is clear after three."""
PAUSE = (600.0, 3600.0)
"""Seconds until the next try, doubling: a mistake is mended within minutes, or it is a decision."""
FORGET = 7200.0
"""Seconds of peace after which a status is as if nobody had ever rewritten it."""


class Contest(Struct, frozen=True):
    """One status that somebody else has rewritten: how often in a row, last when, and until when we wait."""

    rewrites: int
    at: float
    until: float = 0.0

    @property
    def given_up(self) -> bool:
        return self.until > 0


def rewritten(before: Contest | None, now: float) -> Contest:
    """Return what is known after somebody rewrote a status once more."""
    count = 1 + (before.rewrites if before and now - before.at < FORGET else 0)
    if count < REWRITES:
        return Contest(count, now)
    return Contest(count, now, now + min(PAUSE[0] * 2.0 ** min(count - REWRITES, 8), PAUSE[1]))


class Contests:
    """All of them."""

    def __init__(self) -> None:
        self._known: dict[Name, Contest] = {}

    def lost(self, name: Name, now: float) -> bool:
        """Note a rewritten status; return whether we give way from now on, for the first time."""
        before = self._known.get(name)
        after = rewritten(before, now)
        self._known[name] = after
        return after.given_up and after.rewrites == REWRITES

    def waits(self, name: Name, now: float) -> bool:
        one = self._known.get(name)
        return one is not None and now < one.until

    def keep(self, names: frozenset[Name], now: float) -> None:
        """Forget who is gone, and who was at peace for long."""
        kept = ((name, one) for name, one in self._known.items() if name in names and now - one.at < FORGET)
        self._known = dict(kept)

    def __len__(self) -> int:
        return sum(one.given_up for one in self._known.values())
