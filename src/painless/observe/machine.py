"""Metrics of what NGINX uses of the machine: its cgroup, files, ports, conntrack and processes.

Read off the last look, but for the processes, which are looked at when somebody asks.  What cannot be read
has no series.
"""

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from painless.observe.accepting import Watched
from painless.observe.labels import PREFIX

_Family = GaugeMetricFamily | CounterMetricFamily
_PROCESS = f"{PREFIX}nginx_process_"


class Processes(Struct, frozen=True):
    """All processes of an NGINX together, those that have ended included in what only grows.

    ``resident`` counts what they share once for each of them, as ingress-nginx does.
    """

    count: int
    started: float
    cpu_seconds: float
    resident: int
    virtual: int
    read_bytes: int | None = None
    write_bytes: int | None = None


class Machine(Collector):
    """What NGINX uses; ``processes`` returns ``None`` while it does not run."""

    def __init__(self, seen: Callable[[], Watched], processes: Callable[[], Processes | None]) -> None:
        self._seen = seen
        self._processes = processes

    def collect(self) -> Iterator[Metric]:
        seen = self._seen()
        yield from _quotas(seen)
        for name, (meaning, value) in _GAUGES.items():
            yield _one(GaugeMetricFamily(f"painless_{name}", meaning), value(seen))
        yield _one(
            CounterMetricFamily(
                "painless_oom_kills", "Processes of NGINX's cgroup that were ended for lack of memory."
            ),
            seen.memory.kills,
        )
        connections = GaugeMetricFamily(
            f"{_PROCESS}connections",
            "Connections of clients that are open, counted each 10 s.",
            labels=["state"],
        )
        if seen.capacity is not None:
            connections.add_metric(["active"], seen.capacity.clients)
        yield connections
        yield from _processes(self._processes())


def _quotas(seen: Watched) -> Iterator[Metric]:
    """Yield how often CPU quotas ran out; that of NGINX's own cgroup is level 0, those around it follow."""
    every = CounterMetricFamily(
        "painless_cpu_periods",
        "Periods of NGINX's CPU quota: level 0 is its own cgroup's, 1 that of the one around it.",
        labels=["level"],
    )
    out = CounterMetricFamily(
        "painless_cpu_throttled_periods", "Those of them in which the quota ran out.", labels=["level"]
    )
    sample = seen.queues.sample
    for level, (periods, throttled) in enumerate(sample.quotas if sample else ()):
        every.add_metric([str(level)], periods)
        out.add_metric([str(level)], throttled)
    yield from (every, out)


def _files(seen: Watched) -> float | None:
    return _most(one.files for one in (seen.queues.sample.workers if seen.queues.sample else ()))


def _files_limit(seen: Watched) -> float | None:
    workers = seen.queues.sample.workers if seen.queues.sample else ()
    return min((one.most_files for one in workers if one.most_files is not None), default=None)


def _most(values: Iterator[int | None]) -> int | None:
    return max((one for one in values if one is not None), default=None)


def _ports(seen: Watched) -> float | None:
    facts = seen.facts
    return facts.busiest / facts.local_ports if facts is not None and facts.local_ports else None


_GAUGES: Mapping[str, tuple[str, Callable[[Watched], float | None]]] = {
    "memory_bytes": (
        "Memory of NGINX's cgroup that cannot be given back at once.",
        lambda seen: seen.memory.used,
    ),
    "memory_limit_bytes": ("The most that it may have.", lambda seen: seen.memory.limit),
    "worker_open_files": ("Files of the worker that has most open.", _files),
    "worker_open_files_limit": ("The most that a worker may have open.", _files_limit),
    "worker_shutdown_timeout_seconds": (
        "The longest that an old worker lives after a reload; absent where it may for ever.",
        lambda seen: seen.shutdown_timeout,
    ),
    "ephemeral_ports_used_ratio": (
        "Share of the local ports that connections to one pod take, of the pod that has most.",
        _ports,
    ),
    "conntrack_entries": (
        "Connections that the firewall of this network namespace follows.",
        lambda seen: seen.facts.followed[0] if seen.facts and seen.facts.followed else None,
    ),
    "conntrack_limit": (
        "The most that it may follow.",
        lambda seen: seen.facts.followed[1] if seen.facts and seen.facts.followed else None,
    ),
}


_OF_PROCESSES: Mapping[str, tuple[str, type[_Family], Callable[[Processes], float | None]]] = {
    "num_procs": ("Processes of NGINX.", GaugeMetricFamily, lambda found: found.count),
    "oldest_start_time_seconds": (
        "When the oldest of them was started, in seconds since 1970.",
        GaugeMetricFamily,
        lambda found: found.started,
    ),
    "resident_memory_bytes": (
        "Memory of all of them; what they share is counted for each.",
        GaugeMetricFamily,
        lambda found: found.resident,
    ),
    "virtual_memory_bytes": (
        "Address space of all of them.",
        GaugeMetricFamily,
        lambda found: found.virtual,
    ),
    "cpu_seconds": (
        "CPU time of NGINX, of workers that ended, too.",
        CounterMetricFamily,
        lambda found: found.cpu_seconds,
    ),
    "read_bytes": ("Bytes that they read of disks.", CounterMetricFamily, lambda found: found.read_bytes),
    "write_bytes": ("Bytes that they wrote to disks.", CounterMetricFamily, lambda found: found.write_bytes),
}


def _processes(found: Processes | None) -> Iterator[Metric]:
    for name, (meaning, family, value) in _OF_PROCESSES.items():
        yield _one(family(_PROCESS + name, meaning), value(found) if found else None)


def _one(family: _Family, value: float | None) -> Metric:
    if value is not None:
        family.add_metric([], value)
    return family
