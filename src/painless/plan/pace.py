"""When may NGINX load again?  Pure: times in, times out.

The first change after a quiet time is applied at once; those that follow are gathered, longer and longer
while it goes on, up to a ceiling.  Each namespace has a share of the loads.  One that has used it up waits
for its turn, and the others do not wait for it: whoever is loaded for, everything that waits goes along.

Whether there is room for another generation is ``governor``'s to say.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

GAPS = (1.0, 1.5, 3.0, 6.0)
"""Seconds from a load to the next one, for each further load of a burst; the last one is the ceiling.

Most bursts (an apply of many files) are over after the first.  Twenty changes within 2 s cost three loads,
the last at 2.5 s.  At the ceiling a change of a storm is served within 10 s, with time for the load itself.
"""
QUIET = 5.0
"""Seconds without a change after the last load, after which a burst is over."""
URGENT = 1.0
"""Seconds that what restores service waits for others to come along: a load has to be over by then."""
SHARE = 2
"""Loads that a namespace may cause before it has to wait for its turn: a change, and its correction."""
MENDS = 6
"""Loads with which a namespace may restore service without waiting: some objects, one after the other."""
REFILL = 20.0
"""Seconds for one more: a third of what NGINX can load for ever at the ceiling."""


class Burst(Struct, frozen=True):
    """Loads that followed each other, up to the one at ``last``."""

    last: float = float("-inf")
    loads: int = 0

    def due(self, since: float) -> float:
        """Return when a change that came at ``since`` may be loaded."""
        if self._over(since):
            return since
        return max(since, self.last + GAPS[min(self.loads, len(GAPS)) - 1])

    def loaded(self, since: float, now: float) -> "Burst":
        """Return the state after a load at ``now`` of what came from ``since`` on."""
        return Burst(now, 1 if self._over(since) else self.loads + 1)

    def _over(self, since: float) -> bool:
        # Counted to the change and not to its load: a storm that waits for its turn is not quiet.
        return self.loads == 0 or since - self.last >= QUIET


class Waiting(Struct, frozen=True):
    """The changes that wait: since when the oldest one of each namespace does, and where one is urgent."""

    since: Mapping[str, float] = {}
    urgent: frozenset[str] = frozenset()

    @property
    def first(self) -> float:
        return min(self.since.values(), default=float("inf"))


class Turn(Struct, frozen=True):
    """When waiting changes may be loaded; ``urgent`` is since when service waits to be restored.

    ``shared`` says that only namespaces ask that have used up their share.
    """

    due: float
    since: float
    urgent: float | None = None
    shared: bool = False


class Shares(Struct, frozen=True):
    """What each namespace has used of its share, which is ``most`` and comes back with time."""

    most: int
    used: Mapping[str, tuple[float, float]] = {}

    def left(self, namespace: str, now: float) -> bool:
        return self.most - self._spent(namespace, now) >= 1

    def charged(self, namespaces: Iterable[str], now: float) -> "Shares":
        """Return what was used; whose share is whole again is forgotten, so this stays small."""
        spent = {name: left for name in self.used if (left := self._spent(name, now)) > 0}
        spent |= {name: min(self._spent(name, now) + 1, self.most) for name in namespaces}
        return Shares(self.most, {name: (one, now) for name, one in spent.items()})

    def _spent(self, namespace: str, now: float) -> float:
        spent, at = self.used.get(namespace, (0.0, now))
        return max(0.0, spent - (now - at) / REFILL)


class Pace(Struct, frozen=True):
    """The loads so far: all of them, those for namespaces within their share, and what each has used."""

    every: Burst = Burst()
    modest: Burst = Burst()
    loads: Shares = Shares(SHARE)
    mends: Shares = Shares(MENDS)

    def turn(self, waiting: Waiting, now: float) -> Turn:
        """Return when what waits may be loaded: as soon as one of the namespaces in it may."""
        within = self._within(waiting, now)
        urgent = [waiting.since[name] for name in waiting.urgent if self._may_mend(name, waiting, now)]
        # Two loads in a row need this long, whoever asks for them.
        least = self.every.last + URGENT
        due = self.every.due(waiting.first)
        if within:
            due = min(due, max(self.modest.due(min(within)), least))
        if urgent:
            due = min(due, max(min(urgent), least))
        return Turn(due, waiting.first, min(urgent, default=None), shared=not within and not urgent)

    def loaded(self, waiting: Waiting, now: float) -> "Pace":
        """Return the state after a load at ``now``, which took all of ``waiting`` along."""
        within = self._within(waiting, now)
        return Pace(
            self.every.loaded(min(waiting.first, now), now),
            self.modest.loaded(min(within), now) if within else self.modest,
            self.loads.charged(waiting.since, now),
            self.mends.charged(waiting.urgent, now),
        )

    def _within(self, waiting: Waiting, now: float) -> list[float]:
        """Return since when those wait that have not used up their share."""
        return [since for name, since in waiting.since.items() if self.loads.left(name, now)]

    def _may_mend(self, name: str, waiting: Waiting, now: float) -> bool:
        return name in waiting.since and self.mends.left(name, now)
