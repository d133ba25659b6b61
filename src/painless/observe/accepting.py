"""Metrics of accept queues, of the network namespace's counters, and of capacity: read off the last look."""

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, field
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from painless.plan.capacity import Capacity, Facts
from painless.plan.queues import Key, Past, Queues


class Memory(Struct, frozen=True):
    """What NGINX's cgroup uses and may use, in bytes, and how many of its processes died of that."""

    used: int | None = None
    limit: int | None = None
    kills: int | None = None


class Watched(Struct, frozen=True):
    """What was seen last; without ``capacity``, which is made of ``facts``, NGINX does not run.

    ``shutdown_timeout`` is how many seconds its old workers may live; ``missing`` has the rights that would
    show what is unknown, each with what it is for.
    """

    queues: Queues = Queues()
    counters: Mapping[str, int] = field(default_factory=dict)
    sysctls: Mapping[str, int] = field(default_factory=dict)
    capacity: Capacity | None = None
    facts: Facts | None = None
    memory: Memory = Memory()
    shutdown_timeout: float | None = None
    missing: tuple[str, ...] = ()


Families = Iterator[CounterMetricFamily | GaugeMetricFamily]


class Accept(Collector):
    """The series of what ``seen`` returns."""

    def __init__(self, seen: Callable[[], Watched]) -> None:
        self._seen = seen

    def collect(self) -> Families:
        seen = self._seen()
        yield from _queues(seen.queues)
        yield from _overflows(seen.queues)
        yield from _namespace(seen)
        yield from _capacity(seen.capacity)


_GAUGES: Mapping[str, tuple[str, Callable[[Past], int | None]]] = {
    "painless_listen_queue": (
        "Connections that wait to be accepted, by listener and by whose queue it is: a worker's, or all.",
        lambda line: line.queue.depth,
    ),
    "painless_listen_queue_max": (
        "The most of them in the last 60 seconds, so that no look in between misses a burst.",
        lambda line: line.longest,
    ),
    "painless_listen_queue_limit": (
        "The most that may wait: the backlog, but no more than net.core.somaxconn.",
        lambda line: line.queue.limit,
    ),
}


def _queues(queues: Queues) -> Families:
    here = _here(queues)
    for name, (meaning, value) in _GAUGES.items():
        gauge = GaugeMetricFamily(name, meaning, labels=["listen", "worker"])
        for key, line in here.items():
            if (known := value(line)) is not None:
                gauge.add_metric(key, known)
        yield gauge
    drops = CounterMetricFamily(
        "painless_listen_drops",
        "Packets of clients that a listener dropped, since its queue was full or it had no memory.",
        labels=["listen", "worker"],
    )
    for key, line in here.items():
        if line.queue.drops is not None:
            drops.add_metric(key, line.drops)
    yield drops


def _here(queues: Queues) -> dict[Key, Past]:
    """Return those that there are: one that is gone is remembered, in case it comes back."""
    now = queues.sample.queues if queues.sample is not None else ()
    return {(one.listen, one.worker): queues.lines[one.listen, one.worker] for one in now}


def _overflows(queues: Queues) -> Families:
    gauge = GaugeMetricFamily(
        "painless_accept_overflow",
        "1 while a listener drops connections and for 30 seconds after, by why it does.",
        labels=["listen", "cause"],
    )
    for listen, one in sorted(queues.episodes.items()):
        gauge.add_metric([listen, one.latest.cause.value], 1)
    yield gauge


def _namespace(seen: Watched) -> Families:
    counters = CounterMetricFamily(
        "painless_netns_tcpext",
        "TCP's counters of this Pod's network namespace, by the kernel's names.",
        labels=["name"],
    )
    for name, count in seen.counters.items():
        counters.add_metric([name], count)
    yield counters
    sysctls = GaugeMetricFamily(
        "painless_netns_sysctl", "How this Pod's network namespace is set.", labels=["name"]
    )
    for name, value in seen.sysctls.items():
        sysctls.add_metric([name], value)
    yield sysctls


def _capacity(found: Capacity | None) -> Families:
    clients = GaugeMetricFamily("painless_capacity_clients", "Connections of clients that are open.")
    most = GaugeMetricFamily("painless_capacity_connections", "The clients that all limits allow at a time.")
    ratio = GaugeMetricFamily(
        "painless_capacity_used_ratio",
        "The share of that which is in use: what an autoscaler should look at.",
    )
    binding = GaugeMetricFamily(
        "painless_capacity_binding", "1 for the limit that will be reached first.", labels=["limit"]
    )
    limits = GaugeMetricFamily(
        "painless_capacity_limit", "The clients that each limit allows.", labels=["limit"]
    )
    if found is not None:
        clients.add_metric([], found.clients)
        for one in found.limits:
            limits.add_metric([one.name], one.connections)
            binding.add_metric([one.name], float(one.name == found.binding))
        if found.connections is not None and found.used_ratio is not None:
            most.add_metric([], found.connections)
            ratio.add_metric([], found.used_ratio)
    yield from (clients, most, ratio, binding, limits)
