"""Metrics of NGINX's workers: read off the last sample when somebody asks, so that who is gone has none."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from painless.plan.workers import Connections, GenerationState

States = tuple[GenerationState, ...]


class Generations(Collector):
    """Workers by what they do, and of each generation its age, cost, connections and who holds it.

    A generation that drains and serves again is two, with one name: its series have both.
    """

    def __init__(self, seen: Callable[[], States]) -> None:
        self._seen = seen

    def collect(self) -> Iterator[GaugeMetricFamily]:
        seen = self._seen()
        yield from (_workers(seen), _age(seen), _draining(seen), _memory(seen), _connections(seen))
        yield _holders(seen)


def _workers(seen: States) -> GaugeMetricFamily:
    found = GaugeMetricFamily(
        "painless_workers",
        "NGINX's workers, by what they do: accept connections, or end when theirs have.",
        labels=["state"],
    )
    drain = [one.draining for each in seen for one in each.workers]
    found.add_metric(["active"], drain.count(False))
    found.add_metric(["shutting_down"], drain.count(True))
    return found


def _age(seen: States) -> GaugeMetricFamily:
    return _by_generation(
        "painless_generation_age_seconds",
        "Time since the first worker of a generation was started.",
        ((one.id, one.age) for one in seen),
        max,
    )


def _draining(seen: States) -> GaugeMetricFamily:
    return _by_generation(
        "painless_generation_draining_seconds",
        "Time since another generation took over; only those have it that workers on their way out run.",
        ((one.id, one.draining) for one in seen if one.draining is not None),
        max,
    )


def _memory(seen: States) -> GaugeMetricFamily:
    return _by_generation(
        "painless_generation_pss_bytes",
        "Memory of a generation's workers, shared pages by their share; absent where it cannot be read.",
        ((one.id, one.memory) for one in seen if one.memory is not None),
        lambda before, more: before + more,
    )


def _connections(seen: States) -> GaugeMetricFamily:
    found = GaugeMetricFamily(
        "painless_generation_connections",
        "Clients' connections by kind: http, stream, and upgraded, which is told from http in old "
        "generations only. Absent where they cannot be known.",
        labels=["generation", "kind"],
    )
    counts: dict[tuple[str, str], int] = {}
    for one in seen:
        if (held := one.connections) is not None:
            for kind, count in _kinds(held):
                counts[one.id, kind] = counts.get((one.id, kind), 0) + count
    for labels, count in counts.items():
        found.add_metric(list(labels), count)
    return found


def _kinds(held: Connections) -> tuple[tuple[str, int], ...]:
    return ("http", held.http), ("upgraded", held.upgraded), ("stream", held.stream)


def _holders(seen: States) -> GaugeMetricFamily:
    found = GaugeMetricFamily(
        "painless_generation_held_connections",
        "Connections of old generations to pods, by the host whose pods they are: the first ten of a "
        "generation; all others and the unknown have no host.",
        labels=["generation", "host", "namespace", "ingress"],
    )
    counts: dict[tuple[str, str, str, str], int] = {}
    for each in seen:
        for one in each.held_by:
            labels = each.id, one.host, one.ingress.namespace, one.ingress.name
            counts[labels] = counts.get(labels, 0) + one.connections
    for labels, count in counts.items():
        found.add_metric(list(labels), count)
    return found


def _by_generation(
    name: str, meaning: str, pairs: Iterable[tuple[str, float]], joined: Callable[[float, float], float]
) -> GaugeMetricFamily:
    found = GaugeMetricFamily(name, meaning, labels=["generation"])
    values: dict[str, float] = {}
    for id_, value in pairs:
        values[id_] = joined(values[id_], value) if id_ in values else value
    for id_, value in values.items():
        found.add_metric([id_], value)
    return found
