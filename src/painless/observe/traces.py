"""Metrics of traces: read off the counts when somebody asks."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


class Spans(Collector):
    """What became of spans: sent, or dropped with the reason; and of the log that they come by."""

    def __init__(
        self,
        exported: Callable[[], int],
        dropped: Callable[[], Mapping[str, int]],
        went: Callable[[], Mapping[str, int]],
    ) -> None:
        self._exported = exported
        self._dropped = dropped
        self._went = went

    def collect(self) -> Iterator[CounterMetricFamily]:
        sent = CounterMetricFamily(
            "painless_spans_exported", "Spans that a collector has taken: of requests, and of our own rounds."
        )
        sent.add_metric([], self._exported())
        yield sent
        dropped = CounterMetricFamily(
            "painless_spans_dropped",
            "Spans that no collector has, by why: the queue was full, the collector did not take them, or "
            "the line could not be read.",
            labels=["reason"],
        )
        for reason, count in sorted(self._dropped().items()):
            dropped.add_metric([reason], count)
        yield dropped
        log = CounterMetricFamily(
            "painless_span_log_bytes",
            "Bytes of the log of spans, by where they went: to what exports them, or dropped since it took "
            "none.",
            labels=["to"],
        )
        for to, count in self._went().items():
            log.add_metric([to], count)
        yield log
