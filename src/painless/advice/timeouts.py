"""Time-outs of requests, from how long applications take: connect, read, and how often to try again.

All times are seconds.  A time-out bounds what is usual, not the worst that was seen.  What the budget of the
client or the slots of a worker do not allow is said by name: then isolation helps, and not another number.
"""

from math import ceil, floor
from typing import Literal

from msgspec import Struct

from painless.advice.histogram import Quantile

ONE_SYN, TWO_SYNS = 1.2, 3.5
"""A lost SYN is sent again after 1 s, and a second one after 2 or 3 s in all, by the kernel's version."""
CONNECT_FACTOR = 3.0
SLACK = 0.5
FLOOR = 1.0
FACTORS = ((100_000, 1.5), (10_000, 2.0), (1_000, 3.0))
"""How far above the quantile: the fewer requests it is made of, the farther."""
SHARE = 0.25
"""The part of all slots that one Service may hold when it answers nothing at all."""
SLOTS = 2
"""Connections that a request takes: the client's and the pod's."""
MARGIN = 1.0
"""Seconds that an answer needs to reach the client before it gives up."""
WORTH = 0.25
"""A change by less than this part is noise of the measurement, and a reload."""
HEADER, BODY, SEND = 10.0, 15.0, 10.0
"""For a client's header, between two reads of its body, and between two writes to it: a slow phone pauses
for less, and who sends a byte a minute holds a slot for that long."""

Bound = Literal["latency", "floor", "budget", "slots"]


class Read(Struct, frozen=True):
    """The read time-out: what it should be, what else allows, and which of them decided.

    ``fits`` is false when the application needs longer than its budget or its part of the slots: a lower
    time-out then ends good requests.
    """

    seconds: float
    bound: Bound
    latency: float
    budget: float | None
    slots: float | None

    @property
    def fits(self) -> bool:
        return self.bound in {"latency", "floor"}


class Load(Struct, frozen=True):
    """Requests a second of one Service at its peak, and the slots (worker connections) of all workers."""

    rate: float
    slots: int


class Budget(Struct, frozen=True):
    """How long a client waits in all, and how many pods may be tried in that time."""

    client: float
    tries: int = 3


def connect(measured: Quantile) -> float:
    """Return the time-out for connecting: clamp(3 q, 1.2 s, 3.5 s), where q is p99.9 (or p99) of connecting.

    Within a cluster it takes a round trip, unless a SYN is lost.  More than 3.5 s only holds slots.
    """
    return min(max(measured.value * CONNECT_FACTOR, ONE_SYN), TWO_SYNS)


def read(
    measured: Quantile, connecting: float, budget: Budget | None = None, load: Load | None = None
) -> Read:
    """Return the time-out between two reads: max(ceil(q k + 0.5 s), 1 s), with q of the header's time.

    k is 1.5 from 100,000 requests on, 2 from 10,000 and 3 below.  The budget allows (client - 1 s) / tries
    less the time to connect; the slots allow 25 % of all of them / (2 rate): so long may a Service be silent.
    """
    usual = ceil(measured.value * factor(measured.samples) + SLACK)
    latency = max(float(usual), FLOOR)
    by_budget = None if budget is None else max((budget.client - MARGIN) / budget.tries - connecting, FLOOR)
    by_slots = None if load is None or load.rate <= 0 else SHARE * load.slots / (SLOTS * load.rate)
    bound: Bound = "latency" if latency > FLOOR else "floor"
    seconds = latency
    if by_budget is not None and by_budget < seconds:
        seconds, bound = by_budget, "budget"
    if by_slots is not None and by_slots < seconds:
        seconds, bound = max(by_slots, FLOOR), "slots"
    return Read(seconds, bound, latency, by_budget, by_slots)


def factor(samples: int) -> float:
    """Return k: 1.5, 2 or 3, by how many requests were measured."""
    return next((k for least, k in FACTORS if samples >= least), FACTORS[-1][1])


def tries(budget: float, connecting: float, reading: float) -> int:
    """Return how many pods can be tried: tries (connect + read) <= budget, and one at least."""
    return max(1, floor(budget / (connecting + reading))) if connecting + reading > 0 else 1


def begin_within(connecting: float, reading: float, most: int) -> float:
    """Return proxy-next-upstream-timeout, within which NGINX lets a try begin: (tries - 1) (connect + read).

    At least a second, since 0 is no limit.
    """
    return max(1.0, (most - 1) * (connecting + reading))


def streaming(ping: float) -> float:
    """Return the read time-out of connections that stay: two pings and 15 s, so that one may be lost."""
    return 2 * ping + 15.0


def worth_changing(now: float, advised: float) -> bool:
    """Whether a change is more than noise: by more than a quarter."""
    return now <= 0 or abs(advised - now) / now > WORTH
