"""How long an autoscaler takes until clients meet the pods that it adds, term by term.

All times are seconds.  Each term has the least and the most it takes, and where it is from; one that nobody
measured is none, and then there is no sum either: only a bound from below.
"""

from collections.abc import Iterable
from math import ceil, inf

from msgspec import Struct

KUBELET = 15.0
"""Between two samples of CPU by the kubelet: metrics-server's documentation."""
ROUNDS = 64
"""More rounds than any policy takes: by 1 pod each, it is a policy that hardly scales."""


class Term(Struct, frozen=True):
    """A part of the way; ``None`` is what nobody measured, and ``source`` then says how to."""

    name: str
    least: float | None
    most: float | None
    source: str

    @property
    def known(self) -> bool:
        return self.least is not None and self.most is not None


class Reaction(Struct, frozen=True):
    """All terms, in the order of time."""

    terms: tuple[Term, ...]

    @property
    def least(self) -> float:
        """The best case of what is known."""
        return sum(one.least or 0.0 for one in self.terms)

    @property
    def most(self) -> float:
        """The worst case of what is known: a bound from below when ``unknown`` is not empty."""
        return sum(one.most or 0.0 for one in self.terms)

    @property
    def unknown(self) -> tuple[Term, ...]:
        return tuple(one for one in self.terms if not one.known)

    @property
    def largest(self) -> Term | None:
        """The term that takes longest at worst."""
        known = [one for one in self.terms if one.most]
        return max(known, key=lambda one: one.most or 0.0) if known else None


class Policy(Struct, frozen=True):
    """By how much an autoscaler may grow in ``period`` seconds: so many pods, or so many percent."""

    pods: int = 0
    percent: int = 0
    period: float = 15.0


DEFAULT_POLICIES = (Policy(pods=4), Policy(percent=100))
"""Kubernetes' own for scaling up: the larger of four pods and 100 % in 15 seconds."""


def sampling(resolution: float) -> tuple[float, float]:
    """Return how long until the metric shows the load: 0 to kubelet's 15 s + metrics-server's resolution."""
    return 0.0, KUBELET + resolution


def rounds(
    start: int, wanted: int, policies: Iterable[Policy] = DEFAULT_POLICIES, *, largest: bool = True
) -> int:
    """Return how many rounds it takes from ``start`` to ``wanted`` replicas: 1 at least.

    Each round comes to n + pods or ceil(n (1 + percent / 100)), by the policy that allows most (or least).
    """
    given = tuple(policies)
    count, now = 0, max(start, 1)
    select = max if largest else min
    while now < wanted and count < ROUNDS:
        allowed = [max(now + one.pods, ceil(now * (1 + one.percent / 100))) for one in given]
        now = max(now, select(allowed, default=wanted))
        count += 1
    return max(count, 1)


def between(count: int, policies: Iterable[Policy]) -> float:
    """Return the time that rounds take beyond the first: (rounds - 1) x the longest period."""
    return (count - 1) * max((one.period for one in policies), default=0.0)


def readiness(delay: float, period: float, successes: int = 1) -> tuple[float, float]:
    """Return how long a started pod takes to be ready: the delay, up to delay + period x successes."""
    return delay, delay + period * successes


def highest_target(growth: float, seconds: float) -> float:
    """Return the highest target (a share of capacity) that survives growth: u = 1 / (1 + g T).

    ``growth`` is a share a second: 0.01 is 60 % of the load more each minute.
    """
    return 1 / (1 + max(growth, 0.0) * seconds)


def survives(target: float, seconds: float) -> float:
    """Return the growth that a target survives: g = (1 / u - 1) / T, a share a second; the same, turned."""
    return (1 / target - 1) / seconds if seconds > 0 else inf


def replicas(load: float, target: float, each: float) -> int:
    """Return minReplicas for a base load: ceil(load / (u x what one pod does))."""
    return max(1, ceil(load / (target * each)))


def held(arrives: float, served: float, seconds: float) -> float:
    """Return the requests that wait while pods come: (arrives - served) x T; each holds two connections."""
    return max(0.0, arrives - served) * seconds
