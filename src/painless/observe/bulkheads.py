"""Metrics of bulkheads: read off the counts when somebody asks."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

Port = tuple[str, str, str]
"""A namespace, a Service of it and its port."""


class Rejected(Collector):
    """What bulkheads refused, by Service."""

    def __init__(self, counts: Callable[[], Mapping[Port, int]]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[CounterMetricFamily]:
        found = CounterMetricFamily(
            "painless_bulkhead_rejections",
            "Requests that were answered with 503 since their Service had as many open as it may.",
            labels=["namespace", "service", "port"],
        )
        for port, count in sorted(self._counts().items()):
            found.add_metric(port, count)
        yield found
