"""How long a worker, and a Pod, may take to end: from what requests take, memory, and each other.

All times are seconds.  A worker that ends too early cuts requests; one that ends late holds a generation.
"""

from math import ceil

from msgspec import Struct

FACTOR = 1.2
"""Above p99.9 of all requests: the slowest that were ever seen are not to be cut by a rounding."""
SHORTEST = 10.0
LEAVE = 5.0
"""Seconds between the last request and the kubelet's SIGKILL: to write, and to end."""
HOUR = 3600.0


class Drain(Struct, frozen=True):
    """The worker-shutdown-timeout: from ``least`` to ``most``; no number when there is none between.

    ``bound`` says what set it: requests, the shortest that there should be, memory, or the Pod.
    """

    seconds: float | None
    bound: str
    least: float
    most: float | None


class Room(Struct, frozen=True):
    """How often NGINX reloads, and how many generations there is memory for beside the one that serves."""

    reloads_per_hour: float
    generations: float


def drain(
    slowest: float, room: Room | None = None, grace: float | None = None, pre_stop: float = 0.0
) -> Drain:
    """Return the worker-shutdown-timeout: from 1.2 p99.9 of requests, and 10 s, up to what there is room for.

    Memory allows 3600 generations / reloads an hour, since G = reloads an hour x drain / 3600; the Pod allows
    terminationGracePeriodSeconds - preStop - 5 s.
    """
    least = max(slowest * FACTOR, SHORTEST)
    bounds: list[tuple[float, str]] = []
    if room is not None and room.reloads_per_hour > 0:
        bounds.append((HOUR * room.generations / room.reloads_per_hour, "memory"))
    if grace is not None:
        bounds.append((grace - pre_stop - LEAVE, "the Pod"))
    most, who = min(bounds, default=(None, ""))
    if most is not None and most < least:
        return Drain(None, who, least, most)
    return Drain(float(ceil(least)), "requests" if least > SHORTEST else "the shortest", least, most)


def grace(pre_stop: float, draining: float) -> int:
    """Return terminationGracePeriodSeconds: preStop + worker-shutdown-timeout + 5 s, whole seconds."""
    return ceil(pre_stop + draining + LEAVE)


def generations(reloads_per_hour: float, draining: float) -> float:
    """Return how many old generations there are on average: reloads an hour x drain / 3600."""
    return reloads_per_hour * draining / HOUR
