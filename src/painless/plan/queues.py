"""Accept queues over time: how full they were, what they dropped, and each overflow from begin to end.

Pure: a sample and what was before it make what is now.  Counts go on when NGINX is started again, which the
kernel's do not.
"""

from collections.abc import Mapping

from msgspec import Struct, field, structs

from painless.plan.accepting import Overflow, Queue, Sample, dropped, overflows

WINDOW = 60.0
"""Seconds that a queue's longest length is shown for: as long as most scrapers take between two looks."""
QUIET = 30.0
"""Seconds without a drop until an overflow is over: clients try again within a few, and begin another."""

Key = tuple[str, str]
"""A listener and whose queue of it: a worker's number, or all."""


class Past(Struct, frozen=True):
    """A queue: as it is, ``drops`` since we look, and its ``lengths`` in the window, each with its moment."""

    queue: Queue
    drops: int
    lengths: tuple[tuple[float, int], ...] = ()

    @property
    def longest(self) -> int:
        return max((length for _, length in self.lengths), default=0)


class Episode(Struct, frozen=True):
    """An overflow of one listener, from its first drop on: what was said last, and all causes it had."""

    began: float
    last: float
    drops: int
    latest: Overflow
    causes: tuple[str, ...]

    @property
    def seconds(self) -> float:
        return self.last - self.began


class Queues(Struct, frozen=True):
    """All queues at one moment, and the overflows that go on, by listener."""

    sample: Sample | None = None
    lines: Mapping[Key, Past] = field(default_factory=dict)
    episodes: Mapping[str, Episode] = field(default_factory=dict)


class News(Struct, frozen=True):
    """What somebody should hear of: overflows that began or have another cause, those that are over."""

    told: tuple[Overflow, ...] = ()
    over: tuple[Episode, ...] = ()


def took(before: Queues, sample: Sample | None, now: float) -> tuple[Queues, News]:
    """Return the queues after a sample; without one, while NGINX does not run, they are as they were."""
    if sample is None:
        episodes, over = _closed(before.episodes, now)
        return structs.replace(before, episodes=episodes), News(over=over)
    found = overflows(before.sample, sample) if before.sample is not None else ()
    episodes, told = _continued(before.episodes, found, now)
    episodes, over = _closed(episodes, now)
    return Queues(sample, _lines(before, sample), episodes), News(told, over)


def _lines(before: Queues, sample: Sample) -> dict[Key, Past]:
    known = before.sample.queues if before.sample is not None else ()
    more = {(one.listen, one.worker): count for one, count in dropped(known, sample.queues)}
    lines = dict(before.lines)
    for one in sample.queues:
        key = one.listen, one.worker
        then = lines.get(key)
        drops = more.get(key, 0)
        # One that dropped was full, however short it is by now; at the first look that may be long ago.
        full = one.limit + 1 if drops and known and one.limit is not None else 0
        lengths = () if then is None else tuple(it for it in then.lengths if it[0] > sample.at - WINDOW)
        total = drops + (then.drops if then is not None else 0)
        lines[key] = Past(one, total, (*lengths, (sample.at, max(one.depth, full))))
    return lines


def _continued(
    before: Mapping[str, Episode], found: tuple[Overflow, ...], now: float
) -> tuple[dict[str, Episode], tuple[Overflow, ...]]:
    episodes, told = dict(before), []
    for one in found:
        then = episodes.get(one.listen) or Episode(now, now, 0, one, ())
        causes = then.causes
        if one.cause.value not in causes:
            causes = *causes, one.cause.value
            told.append(one)
        episodes[one.listen] = Episode(then.began, now, then.drops + one.drops, one, causes)
    return episodes, tuple(told)


def _closed(before: Mapping[str, Episode], now: float) -> tuple[dict[str, Episode], tuple[Episode, ...]]:
    over = {listen for listen, one in before.items() if now - one.last > QUIET}
    kept = {listen: one for listen, one in before.items() if listen not in over}
    return kept, tuple(before[listen] for listen in sorted(over))
