"""Metrics of the access log: read off the counts when somebody asks."""

from collections.abc import Iterator
from typing import Protocol

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


class Counts(Protocol):
    """How many bytes went where."""

    @property
    def carried(self) -> int: ...
    @property
    def dropped(self) -> int: ...


class AccessLogged(Collector):
    """What became of the access log."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[CounterMetricFamily]:
        found = CounterMetricFamily(
            "painless_access_log_bytes",
            "Bytes of the access log, by where they went: stdout, or dropped since nobody took them.",
            labels=["to"],
        )
        found.add_metric(["stdout"], self._counts.carried)
        found.add_metric(["dropped"], self._counts.dropped)
        yield found
