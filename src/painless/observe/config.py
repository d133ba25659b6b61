"""Metrics of the configuration: which one runs, whether the last change came through, how long it took.

The names are ingress-nginx's where it has them.  Its counters lack the ending that ours have, so Prometheus
is told no type for them.
"""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from prometheus_client import Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from painless import __version__
from painless.observe.labels import PREFIX

_QUICK = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Seconds: from one Ingress to what a node under load needs for 10,000 hosts."""


class Wanted(NamedTuple):
    """The ids of the generation that NGINX runs and of the one that the objects ask for; empty: none."""

    live: str
    desired: str


class Config(Collector):
    """What became of configurations so far."""

    def __init__(self, wanted: Callable[[], Wanted]) -> None:
        self._wanted = wanted
        self._good: bool | None = None
        self._at = 0.0
        self._loads = self._errors = 0
        self._compile = Histogram(
            "painless_compile_seconds",
            "Time from the objects to the text of the configuration.",
            buckets=_QUICK,
            registry=None,
        )
        self._apply = Histogram(
            "painless_apply_seconds",
            "Time from that to an NGINX that serves it, by what it took: reload has its test, its load and "
            "its new workers, live writes files that NGINX reads at the next use.",
            ["effect"],
            buckets=_SLOW,
            registry=None,
        )
        self._propagation = Histogram(
            "painless_endpoint_propagation_seconds",
            "Time from a change of endpoints until NGINX has been answered with it: of one change in 5 "
            "seconds. What takes more than 30 counts as 30.",
            buckets=_QUICK,
            registry=None,
        )

    def loaded(self, loads: int) -> None:
        """Count what NGINX was told to load and took."""
        self._loads += loads
        self.confirmed()
        self._at = time.time()

    def confirmed(self) -> None:
        """Note that what NGINX runs is what it should."""
        self._good = True

    def failed(self) -> None:
        self._errors += 1
        self._good = False

    def compiled(self, seconds: float) -> None:
        self._compile.observe(seconds)

    def applied(self, effect: str, seconds: float) -> None:
        self._apply.labels(effect).observe(seconds)

    def propagated(self, seconds: float) -> None:
        self._propagation.observe(seconds)

    def collect(self) -> Iterator[Metric]:
        yield from self._hashes()
        yield from self._outcome()
        yield _build()
        for one in (self._compile, self._apply, self._propagation):
            yield from one.collect()

    def _hashes(self) -> Iterator[Metric]:
        wanted = self._wanted()
        for name, meaning, id_ in (
            (
                f"{PREFIX}config_hash",
                "The generation that NGINX runs, as a number: equal text is equal.",
                wanted.live,
            ),
            (
                "painless_config_desired_hash",
                "The generation that is wanted: not the one that runs while a change waits or is refused.",
                wanted.desired,
            ),
        ):
            gauge = GaugeMetricFamily(name, meaning)
            if id_:
                gauge.add_metric([], int(id_, 16))
            yield gauge

    def _outcome(self) -> Iterator[Metric]:
        good = GaugeMetricFamily(
            f"{PREFIX}config_last_reload_successful",
            "1 when the last change came through, 0 when it failed or NGINX refused it.",
        )
        if self._good is not None:
            good.add_metric([], float(self._good))
        yield good
        at = GaugeMetricFamily(
            f"{PREFIX}config_last_reload_successful_timestamp_seconds",
            "When NGINX last loaded a configuration that it took.",
        )
        if self._at:
            at.add_metric([], self._at)
        yield at
        yield _untyped("success", "Loads of a configuration that NGINX took; it only grows.", self._loads)
        yield _untyped("errors", "Changes that failed or that NGINX refused; it only grows.", self._errors)


def _untyped(name: str, meaning: str, value: int) -> Metric:
    found = Metric(PREFIX + name, meaning, "unknown")
    found.add_sample(found.name, {}, value)
    return found


def _build() -> Metric:
    found = GaugeMetricFamily(
        f"{PREFIX}build_info",
        "1; which release this is. The labels are ingress-nginx's.",
        labels=["release", "build", "repository"],
    )
    found.add_metric([__version__, "painless", ""], 1)
    return found
