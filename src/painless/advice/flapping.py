"""Does an autoscaler go back and forth?  From its numbers of replicas over time.

Times are seconds.  A day that goes up in the morning and down at night is none of it: what counts is how
soon a move is taken back.
"""

from collections.abc import Iterable
from enum import Enum
from itertools import pairwise
from statistics import median

from msgspec import Struct

HOUR = 3600.0
OFTEN = 3
"""Moves within an hour that took the one before them back, from which on it flaps."""
SOON = 300.0
"""A move that is taken back within so many seconds cost more to start than it did work."""
SHORTEST, LONGEST = 300, 3600
"""Bounds of stabilizationWindowSeconds: Kubernetes' default for scaling down, and its largest value."""
NOISE = 0.3
"""The most that a tolerance should be: above it a load one third too high is left alone."""


class Verdict(Enum):
    """How bad it is."""

    CALM = "calm"
    RESTLESS = "restless"
    FLAPS = "flaps"


class Flapping(Struct, frozen=True):
    """What was seen in ``seconds``: moves, those that took back the one before, and pods started for nothing.

    ``worst`` is the most reversals within one hour, ``soonest`` the least time to one, ``period`` the usual
    time between two moves of the same direction.
    """

    seconds: float
    moves: int
    reversals: int
    worst: int
    soonest: float | None
    period: float | None
    wasted: int
    verdict: Verdict


def flapping(series: Iterable[tuple[float, int]], ready: float = 0.0) -> Flapping | None:
    """Return what a series of times and replicas shows; ``None`` when it spans less than ten minutes.

    It flaps with three reversals in an hour, and is restless with one that came within max(300 s, 2 x the
    seconds that a pod takes to be ready).
    """
    points = sorted(series)
    if len(points) < 2 or points[-1][0] - points[0][0] < 2 * SOON:
        return None
    moves = _moves(points)
    back = [(now[0], now[0] - then[0]) for then, now in _reversed(moves)]
    worst = max((sum(at <= other < at + HOUR for other, _ in back) for at, _ in back), default=0)
    soonest = min((gap for _, gap in back), default=None)
    return Flapping(
        seconds=points[-1][0] - points[0][0],
        moves=len(moves),
        reversals=len(back),
        worst=worst,
        soonest=soonest,
        period=_period(moves),
        wasted=sum(min(abs(then[1]), abs(now[1])) for then, now in _reversed(moves)),
        verdict=_verdict(worst, soonest, ready),
    )


def _verdict(worst: int, soonest: float | None, ready: float) -> Verdict:
    if worst >= OFTEN:
        return Verdict.FLAPS
    if soonest is not None and soonest < max(SOON, 2 * ready):
        return Verdict.RESTLESS
    return Verdict.CALM


def window(period: float) -> int:
    """Return scaleDown.stabilizationWindowSeconds: clamp(2 period, 300 s, 3600 s)."""
    return round(min(max(2 * period, SHORTEST), LONGEST))


def tolerance(deviation: float) -> float:
    """Return the tolerance for a metric that deviates so far from its target: min(30 %, 2 x deviation)."""
    return min(NOISE, 2 * deviation)


def kept(flaps: Flapping, seconds: int) -> float:
    """Return the pod-hours a day that a longer window costs at most: each fall waits for so long.

    wasted pods x window / 3600, for a day.
    """
    return flaps.wasted * seconds / HOUR * (24 * HOUR / flaps.seconds)


def _moves(points: list[tuple[float, int]]) -> list[tuple[float, int]]:
    return [(now[0], now[1] - then[1]) for then, now in pairwise(points) if now[1] != then[1]]


_Move = tuple[float, int]


def _reversed(moves: list[_Move]) -> list[tuple[_Move, _Move]]:
    return [(then, now) for then, now in pairwise(moves) if (then[1] > 0) != (now[1] > 0)]


def _period(moves: list[_Move]) -> float | None:
    gaps = []
    for up in (True, False):
        same = [at for at, by in moves if (by > 0) is up]
        gaps += [b - a for a, b in pairwise(same)]
    return median(gaps) if gaps else None
