"""Every metric of the controller, declared once."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from painless.observe.config import Config
from painless.observe.governor import OTHERS
from painless.observe.labels import NOBODY, Identity, Labelled

NAMESPACES = 100
"""Namespaces whose loads have a series of their own; those of further ones are counted together."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class State(Collector):
    """Gauges that are read off the controller's picture when somebody asks."""

    def __init__(
        self,
        generation: Callable[[], str],
        diagnostics: Callable[[], Mapping[tuple[str, str], int]],
        held: Callable[[], Mapping[str, int]],
    ) -> None:
        self._generation = generation
        self._diagnostics = diagnostics
        self._held = held

    def collect(self) -> Iterator[GaugeMetricFamily]:
        info = GaugeMetricFamily(
            "painless_generation_info", "The generation that NGINX's workers run.", labels=["id"]
        )
        if live := self._generation():
            info.add_metric([live], 1)
        yield info
        found = GaugeMetricFamily(
            "painless_diagnostics",
            "Findings about objects, at the moment.",
            labels=["severity", "reason"],
        )
        for (severity, reason), count in sorted(self._diagnostics().items()):
            found.add_metric([severity, reason], count)
        yield found
        held = GaugeMetricFamily(
            "painless_held_objects",
            "Objects that NGINX refuses, by what is served of them: their earlier state, or nothing.",
            labels=["served"],
        )
        for served, count in sorted(self._held().items()):
            held.add_metric([served], count)
        yield held


class _Admission:
    """What the webhook does; the gauges are ingress-nginx's, by their names there."""

    def __init__(self, registry: CollectorRegistry) -> None:
        prefix = "nginx_ingress_controller_admission_"
        self.ingresses = Gauge(
            f"{prefix}tested_ingresses",
            "Ingresses that the webhook compared in its last review.",
            registry=registry,
        )
        self.judged = Gauge(
            f"{prefix}tested_duration", "Seconds that the last review took.", registry=registry
        )
        self.answered = Gauge(
            f"{prefix}roundtrip_duration",
            "Seconds from the last request for a review to its answer.",
            registry=registry,
        )
        self.reviews = Counter(
            "painless_admission_reviews",
            "Requests for a review, by what came of them.",
            ["verdict"],
            registry=registry,
        )


class Metrics:
    """The controller's counters, and the page with all series."""

    def __init__(self, config: Config, *collectors: Collector, identity: Identity = NOBODY) -> None:
        self._registry = CollectorRegistry()
        self._config = config
        self._labelled = Labelled(self._registry, identity)
        for one in (config, *collectors):
            self._registry.register(one)
        self._reloads = Counter(
            "painless_reloads",
            "Times NGINX was told to load, by the first reason of the change.",
            ["reason"],
            registry=self._registry,
        )
        self._caused = Counter(
            "painless_reloads_caused",
            "Times NGINX was told to load for objects of a namespace, each with a part in it; the first "
            "hundred namespaces have series of their own.",
            ["namespace"],
            registry=self._registry,
        )
        self._namespaces: set[str] = set()
        self._endpoints = Counter(
            "painless_endpoint_updates",
            "Upstreams whose endpoints changed, without a reload.",
            registry=self._registry,
        )
        self._refusals = Counter(
            "painless_refusals",
            "Changes of which NGINX refused at least a part.",
            registry=self._registry,
        )
        self._failures = Counter(
            "painless_failures", "Rounds that failed and were tried again.", registry=self._registry
        )

        self._renewals = Counter(
            "painless_nginx_replacements",
            "Times that NGINX's binary was found replaced on the disk, by which one serves since.",
            ["serves"],
            registry=self._registry,
        )
        self._admission = _Admission(self._registry)

    def reviewed(self, ingresses: int, judged: float, answered: float, *, allowed: bool) -> None:
        """Count an answer of the webhook: Ingresses looked at, seconds for that and for everything."""
        one = self._admission
        one.ingresses.set(ingresses)
        one.judged.set(judged)
        one.answered.set(answered)
        one.reviews.labels("allowed" if allowed else "refused").inc()

    def unanswered(self) -> None:
        self._admission.reviews.labels("unanswered").inc()

    def reloaded(self, reason: str, count: int, namespaces: Iterable[str] = ()) -> None:
        self._reloads.labels(reason).inc(count)
        for one in {self._named(namespace) for namespace in namespaces}:
            self._caused.labels(one).inc(count)
        self._config.loaded(count)

    def _named(self, namespace: str) -> str:
        if namespace not in self._namespaces:
            if len(self._namespaces) >= NAMESPACES:
                return OTHERS
            self._namespaces.add(namespace)
        return namespace

    def endpoints_updated(self, upstreams: int) -> None:
        self._endpoints.inc(upstreams)

    def refused(self) -> None:
        self._refusals.inc()
        self._config.failed()

    def renewed(self, *, done: bool) -> None:
        self._renewals.labels("new" if done else "old").inc()

    def failed(self) -> None:
        self._failures.inc()
        self._config.failed()

    def page(self) -> bytes:
        """Return all series in Prometheus' text format."""
        return generate_latest(self._labelled)


def by_reason(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Count pairs of severity and reason."""
    counts: dict[tuple[str, str], int] = {}
    for pair in pairs:
        counts[pair] = counts.get(pair, 0) + 1
    return counts
