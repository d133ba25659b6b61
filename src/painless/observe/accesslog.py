"""Metrics of the access log: read off the counts when somebody asks."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


class AccessLogged(Collector):
    """What became of the access log: bytes, by where they went."""

    def __init__(self, went: Callable[[], Mapping[str, int]]) -> None:
        self._went = went

    def collect(self) -> Iterator[CounterMetricFamily]:
        found = CounterMetricFamily(
            "painless_access_log_bytes",
            "Bytes of the access log, by where they went: stdout, or dropped since nobody took them.",
            labels=["to"],
        )
        for to, count in self._went().items():
            found.add_metric([to], count)
        yield found
