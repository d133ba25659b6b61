"""The metrics of the governor: what changes wait for, who was cut so that they need not, and who was old."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import Counter, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

HOSTS = 100
"""Hosts that have a series of their own; the connections of further ones are counted together."""
OTHERS = "other"


class Governed(Collector):
    """Counters of what was decided, and the state at the moment when somebody asks for it."""

    def __init__(self, state: Callable[[], str], states: Iterable[str]) -> None:
        self._state = state
        self._states = ("idle", *sorted(states))
        self._held = Counter(
            "painless_reloads_held_seconds",
            "Seconds that changes have waited before NGINX was told to load, by what for.",
            ["reason"],
            registry=None,
        )
        self._workers = Counter(
            "painless_retired_workers",
            "Old workers that were told to end before their time, by why.",
            ["reason"],
            registry=None,
        )
        self._cut = Counter(
            "painless_connections_cut",
            "Clients' connections that were closed with a retired worker, by host as far as it is known; "
            "the first hundred have series of their own.",
            ["host"],
            registry=None,
        )
        self._aged = Counter(
            "painless_connections_aged",
            "Upgraded connections that were closed since they had the age that their Ingress allows; the "
            "first hundred hosts have series of their own.",
            ["host", "namespace", "ingress"],
            registry=None,
        )
        self._hosts: set[str] = set()
        # Prometheus sees no increase in a series that begins with something.
        for one in self._states[1:]:
            self._held.labels(one)
            self._workers.labels(one)
        self._cut.labels(OTHERS)

    def collect(self) -> Iterator[Metric]:
        state = GaugeMetricFamily(
            "painless_governor_state", "1 for what a change waits for at the moment.", labels=["state"]
        )
        now = self._state() or "idle"
        for one in self._states:
            state.add_metric([one], float(one == now))
        yield state
        for counter in (self._held, self._workers, self._cut, self._aged):
            yield from counter.collect()

    def waited(self, reason: str, seconds: float) -> None:
        self._held.labels(reason).inc(seconds)

    def retired(self, reason: str, hosts: Mapping[str, int]) -> None:
        """Count a worker and the connections it had; whose those without a host were is not known."""
        self._workers.labels(reason).inc()
        for host, count in hosts.items():
            if count:
                self._cut.labels(self._named(host)).inc(count)

    def aged(self, host: str, namespace: str, ingress: str, count: int) -> None:
        """Count connections of an Ingress that were old."""
        named = self._named(host)
        about = (named, "", "") if named == OTHERS else (named, namespace, ingress)
        self._aged.labels(*about).inc(count)

    def _named(self, host: str) -> str:
        if host not in self._hosts:
            if not host or len(self._hosts) >= HOSTS:
                return OTHERS
            self._hosts.add(host)
        return host
