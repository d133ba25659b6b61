"""Metrics of replicas' turns, read off the counts; how long changes have waited for one is ``governor``'s."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


class Way(StrEnum):
    """How a load came to its turn."""

    TAKEN = "taken"
    ALONE = "alone"
    URGENT = "urgent"
    OVERDUE = "overdue"
    UNKNOWN = "unknown"


class Turned(Collector):
    """How loads came to their turn."""

    def __init__(self, so_far: Callable[[], Mapping[Way, int]]) -> None:
        self._so_far = so_far

    def collect(self) -> Iterator[CounterMetricFamily]:
        counts = self._so_far()
        found = CounterMetricFamily(
            "painless_reload_turns",
            "Changes that NGINX was to load, by how they came to their turn among replicas: taken; without "
            "waiting since this replica is alone, since it is urgent, since it has waited for long enough "
            "(overdue), or since the API server did not say whose turn it is (unknown).",
            labels=["way"],
        )
        for way in Way:
            found.add_metric([way], counts.get(way, 0))
        yield found
