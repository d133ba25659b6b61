"""Quantiles of a histogram, and how far they may be trusted.

A bucket's upper end stands for whatever fell into it, so a quantile is never too small.  One that takes more
values than there were is not given, nor one that lies beyond the last bucket: there it could be anything.
"""

from bisect import bisect_left
from collections.abc import Iterable
from math import inf

from msgspec import Struct

BEHIND = 10
"""Values that must lie beyond a quantile for it to be more than chance: n is at least 10 / (1 - q)."""
TAILS = (0.999, 0.99)
"""The quantiles that time-outs are made of, the better one first."""


class Histogram(Struct, frozen=True):
    """Counts by the upper ends of buckets, each with all below it; the last end is infinity."""

    ends: tuple[float, ...] = ()
    counts: tuple[float, ...] = ()

    @property
    def count(self) -> float:
        return self.counts[-1] if self.counts else 0.0


class Quantile(Struct, frozen=True):
    """A quantile: its value is at most ``value``, which is infinite when it lies beyond the last bucket."""

    q: float
    value: float
    samples: int
    last: float
    """The end of the last bucket that has one."""

    @property
    def known(self) -> bool:
        return self.value < inf

    @property
    def name(self) -> str:
        """As people write it: p99.9."""
        return f"p{self.q * 100:g}"


def needed(q: float) -> int:
    """Return how many values a quantile takes: 10 / (1 - q)."""
    return round(BEHIND / (1 - q))


def quantile(histogram: Histogram, q: float) -> Quantile | None:
    """Return a quantile; ``None`` when there are too few values for it."""
    if histogram.count < needed(q):
        return None
    place = bisect_left(histogram.counts, q * histogram.count)
    finite = [one for one in histogram.ends if one < inf]
    last = finite[-1] if finite else 0.0
    return Quantile(q, histogram.ends[place], int(histogram.count), last)


def tail(histogram: Histogram) -> Quantile | None:
    """Return the best of ``TAILS`` that there are values for."""
    return next((one for q in TAILS if (one := quantile(histogram, q)) is not None), None)


def together(some: Iterable[Histogram]) -> Histogram:
    """Return the sum of histograms with equal buckets; one that has others is left out."""
    found = Histogram()
    for one in some:
        if not found.ends:
            found = one
        elif one.ends == found.ends:
            counts = tuple(map(sum, zip(found.counts, one.counts, strict=True)))
            found = Histogram(found.ends, counts)
    return found


def since(before: Histogram, now: Histogram) -> Histogram:
    """Return what came between two looks; all of it when counting began anew."""
    if before.ends != now.ends or any(a > b for a, b in zip(before.counts, now.counts, strict=True)):
        return now
    return Histogram(now.ends, tuple(b - a for a, b in zip(before.counts, now.counts, strict=True)))
