"""What was measured, wherever it was read; what was not is absent, never zero."""

from collections.abc import Mapping

from msgspec import Struct

from painless.advice.histogram import Histogram

Ref = tuple[str, str]
"""Namespace and name."""


LARGEST = 1e15
"""More than anything that is counted here: bytes, seconds, requests; above it numbers are mistakes."""


def usable(value: float) -> bool:
    """Whether a sample is a number that something can have: not negative, endless, or none at all."""
    return 0 <= value < LARGEST


class Number(Struct, frozen=True):
    """A number and the metric that it is from."""

    value: float
    source: str


class Traffic(Struct, frozen=True, kw_only=True):
    """Requests of one Ingress.  ``rate`` is a second's, at its peak.

    ``upgraded`` were WebSockets and the like, open for ``upgraded_seconds`` together; their times, and those
    of requests that ended with a time-out (504), are in no histogram.
    """

    ref: Ref
    requests: float = 0.0
    failed: float = 0.0
    timed_out: float = 0.0
    upgraded: float = 0.0
    upgraded_seconds: float = 0.0
    seconds: float = 0.0
    """What all others took together."""
    rate: float | None = None
    connect: Histogram = Histogram()
    header: Histogram = Histogram()
    whole: Histogram = Histogram()


class Measured(Struct, frozen=True, kw_only=True):
    """All of it: ``seconds`` is how long was counted, ``numbers`` are by the names of ``numbers.SPECS``.

    ``numbers`` and ``churn``, loads of NGINX by the namespace whose objects changed, are those of one
    controller, ``traffic`` is that of all ``pods`` of them.  ``replicas`` are those of
    autoscalers over time.
    """

    source: str = "nothing"
    seconds: float | None = None
    pods: float = 1.0
    traffic: tuple[Traffic, ...] = ()
    numbers: Mapping[str, Number] = {}
    histograms: Mapping[str, Histogram] = {}
    churn: Mapping[str, float] = {}
    replicas: Mapping[Ref, tuple[tuple[float, int], ...]] = {}

    def value(self, name: str) -> float | None:
        found = self.numbers.get(name)
        return None if found is None else found.value
