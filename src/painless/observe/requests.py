"""The metrics of requests: which there are, what labels them, and how they are written for Prometheus.

Names, labels and buckets are ingress-nginx's, so that what was made for its metrics reads these.  Values come
from ``tally``.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

PREFIX = "nginx_ingress_controller_"

REQUESTS = "requests"
_ABOUT_REQUESTS = "Requests of clients."
LATENCY = "ingress_upstream_latency_seconds"
"""What ingress-nginx called the time to connect before; its own dashboards still ask for it."""
_ABOUT_LATENCY = "The sum and count of connect_duration_seconds, under its old name."

LABELS = ("status", "method", "path", "namespace", "ingress", "service", "canary", "host")
"""What tells series apart; ``path`` and ``host`` may be switched off."""

LENGTH, SENT, TIME, CONNECT, HEADER, RESPONSE = range(6)
"""Where each value stands among those of a request."""

AT_ONCE = 64
"""Series whose lines are written together: some 60 kB."""

TIMES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LENGTHS = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0)
SIZES = (10.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0, 10_000_000.0)
"""ingress-nginx's buckets: seconds and bytes."""

MOST_SERIES = 10_000
"""Sets of labels that are told apart: each is some 100 lines of 300 bytes on the page."""


class Shown(Struct, frozen=True):
    """What is shown of requests; ``controller`` is our namespace, class and Pod."""

    controller: tuple[str, str, str] = ("", "", "")
    per_host: bool = True
    per_undefined_host: bool = False
    per_path: bool = True
    status_classes: bool = False
    times: tuple[float, ...] = TIMES
    lengths: tuple[float, ...] = LENGTHS
    sizes: tuple[float, ...] = SIZES
    excluded: tuple[str, ...] = ()
    most_series: int = MOST_SERIES

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the labels that are shown."""
        hidden = {*(() if self.per_host else ("host",)), *(() if self.per_path else ("path",))}
        return tuple(one for one in LABELS if one not in hidden)

    @property
    def histograms(self) -> tuple["Histogram", ...]:
        """The histograms that are shown."""
        every = (
            Histogram("connect_duration_seconds", "Time to connect to the Service.", self.times, CONNECT),
            Histogram("header_duration_seconds", "Time until the Service's header.", self.times, HEADER),
            Histogram("response_duration_seconds", "Time of the Service's response.", self.times, RESPONSE),
            Histogram("request_duration_seconds", "Time of the request, to its last byte.", self.times, TIME),
            Histogram("request_size", "Bytes of the request, with header and body.", self.lengths, LENGTH),
            Histogram("response_size", "Bytes that were sent to the client.", self.lengths, SENT),
            Histogram("bytes_sent", "The same as response_size, in other buckets.", self.sizes, SENT),
        )
        return tuple(one for one in every if self.shows(one.name))

    @property
    def unknown(self) -> tuple[str, ...]:
        """What is excluded and no metric of requests."""
        every = {REQUESTS, LATENCY, *(one.name for one in Shown().histograms)}
        return tuple(one for one in self.excluded if one.removeprefix(PREFIX) not in every)

    def shows(self, name: str) -> bool:
        """Whether a metric is shown."""
        return name not in {one.removeprefix(PREFIX) for one in self.excluded}


class Histogram(Struct, frozen=True):
    """A histogram of the ``value``-th of a request's values."""

    name: str
    about: str
    buckets: tuple[float, ...]
    value: int


class Row(Struct, frozen=True):
    """One set of labels, as text: how many requests, and for each histogram the count of each bucket.

    A histogram that has seen nothing has no counts.
    """

    labels: str
    requests: int
    counts: tuple[tuple[int, ...], ...]
    sums: tuple[float, ...]


class Lines(Struct, frozen=True):
    """What became of lines: ``folded`` are those of ``counted`` that are beyond the ceiling."""

    counted: int
    malformed: int
    folded: int
    series: int


def labelled(names: Iterable[str], values: Iterable[str]) -> str:
    """Return labels as they stand between braces."""
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def written(shown: Shown, rows: tuple[Row, ...]) -> Iterator[bytes]:
    """Yield the page's text, metric by metric, in pieces that can be sent one by one."""
    if shown.shows(REQUESTS):
        name = PREFIX + REQUESTS
        lines = (f"{name}{{{one.labels}}} {one.requests}\n" for one in rows)
        yield from _metric(name, "counter", _ABOUT_REQUESTS, lines)
    for at, one in enumerate(shown.histograms):
        bounds = (*(_number(bound) for bound in one.buckets), "+Inf")
        name = PREFIX + one.name
        series = (_series(name, bounds, row, at) for row in rows if row.counts[at])
        yield from _metric(name, "histogram", one.about, series)
        if one.value == CONNECT and shown.shows(LATENCY):
            old = PREFIX + LATENCY
            totals = (_totals(old, row, at, sum(row.counts[at])) for row in rows if row.counts[at])
            yield from _metric(old, "summary", _ABOUT_LATENCY, totals)


def _metric(name: str, kind: str, about: str, parts: Iterable[str]) -> Iterator[bytes]:
    waiting = [f"# HELP {name} {about}\n# TYPE {name} {kind}\n"]
    for one in parts:
        waiting.append(one)
        if len(waiting) > AT_ONCE:
            yield "".join(waiting).encode()
            waiting.clear()
    yield "".join(waiting).encode()


def _series(name: str, bounds: tuple[str, ...], row: Row, at: int) -> str:
    lines, total = [], 0
    for bound, count in zip(bounds, row.counts[at], strict=True):
        total += count
        lines.append(f'{name}_bucket{{{row.labels},le="{bound}"}} {total}\n')
    return "".join((*lines, _totals(name, row, at, total)))


def _totals(name: str, row: Row, at: int, count: int) -> str:
    return f"{name}_sum{{{row.labels}}} {row.sums[at]:.12g}\n{name}_count{{{row.labels}}} {count}\n"


def _number(value: float) -> str:
    """Return a bound as Go writes it, since queries compare the text."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def told(lines: Lines, dropped: int) -> bytes:
    """Return the page's text about the counting itself; ``dropped`` are bytes."""
    return b"".join(
        _one(*one)
        for one in (
            ("request_log_lines_total", "counter", "Requests that were counted.", lines.counted),
            (
                "request_log_malformed_lines_total",
                "counter",
                "Lines about requests that were not whole; they are in no request metric.",
                lines.malformed,
            ),
            (
                "request_log_dropped_bytes_total",
                "counter",
                "Bytes of lines about requests that were not counted, since too many waited.",
                dropped,
            ),
            (
                "request_metrics_folded_total",
                "counter",
                "Requests whose labels all say other, since there were too many series.",
                lines.folded,
            ),
            (
                "request_metrics_series",
                "gauge",
                "Sets of labels that requests have, each with a counter and up to seven histograms.",
                lines.series,
            ),
        )
    )


def counting(*, whole: bool, dropped: int) -> bytes:
    """Return the page's last text: whether the above is all, and bytes that nobody was there to count."""
    return _one(
        "request_metrics_up", "gauge", "Whether the process that counts requests answered.", int(whole)
    ) + _one(
        "request_log_lost_bytes_total",
        "counter",
        "Bytes of lines about requests that were removed since nobody counted them.",
        dropped,
    )


def _one(name: str, kind: str, about: str, value: int) -> bytes:
    name = f"painless_{name}"
    return f"# HELP {name} {about}\n# TYPE {name} {kind}\n{name} {value}\n".encode()
