"""The metrics of what we hear from the API server, read off its lists and watches when somebody asks."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector


class Line(NamedTuple):
    """How one list and its watch stand with the API server; ``silence`` is in seconds."""

    kind: str
    silence: float
    events: int
    lists: int
    watches: int
    failures: int


class ApiServer(Collector):
    """What is read off the lines to the API server when somebody asks."""

    def __init__(self, lines: Callable[[], Iterable[Line]]) -> None:
        self._lines = lines

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        kinds: dict[str, list[Line]] = {}
        for line in self._lines():
            kinds.setdefault(line.kind, []).append(line)
        about = "Seconds since the API server last said something about a kind; a quiet watch has about 60."
        silence = GaugeMetricFamily("painless_api_silence_seconds", about, labels=["kind"])
        for kind, lines in sorted(kinds.items()):
            silence.add_metric([kind], max(one.silence for one in lines))
        yield silence
        for name, meaning in _COUNTED.items():
            family = CounterMetricFamily(f"painless_api_{name}", meaning, labels=["kind"])
            for kind, lines in sorted(kinds.items()):
                family.add_metric([kind], sum(getattr(one, name) for one in lines))
            yield family


_COUNTED = {
    "events": "Changes that watches of the API server brought.",
    "lists": "Whole lists that were read of the API server; more than the first means it forgot our version.",
    "watches": "Watches that were started; the server ends each after some minutes.",
    "failures": "Requests of lists and watches that failed and were tried again.",
}
