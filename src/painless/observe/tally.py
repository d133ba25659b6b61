"""Requests, counted from the lines that NGINX writes about them.

A line is what tells its series apart, a quote, and numbers; tabs between.  NGINX escapes both in whatever a
client sends, so no client makes a field.  Promises that a line which is not exactly so is counted as
malformed and changes nothing else, that memory is bounded whatever clients send, and that series of objects
which are gone go too.  ``requests`` says what is shown of it; where lines come from is for others.
"""

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from threading import Lock

from msgspec import Struct

from painless.observe.requests import LABELS, Lines, Row, Shown, labelled, written

FIELDS = 7
"""Before the quote: host, status, method, path, Ingress, upstream, canary."""
VALUES = 6
"""Behind it: see ``requests.LENGTH`` and those beside it."""

NONE = b"-"
"""What NGINX writes for an empty value."""

UNDEFINED = "_"
"""The host of requests to a host that no Ingress has: NGINX's and ingress-nginx's name for the server."""
OTHER = "other"
"""The value of each label of what is beyond the ceiling, and of a method that is none of HTTP's."""

LONGEST = 256
"""Letters of a label's value; names of hosts and objects have 253 at most."""
KEPT, LONGEST_KEPT = 20_000, 512
"""Beginnings of lines, and bytes of one, whose series is remembered: 12 MB at most."""
GRACE = 60.0
"""Seconds that series of a removed Ingress or host stay without a request: old workers still serve it."""

_METHODS = frozenset(
    """
    GET HEAD POST PUT DELETE PATCH OPTIONS TRACE CONNECT
    PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT SEARCH PURGE QUERY
    """.split()
)
_ESCAPE = re.compile(rb"\\x([0-9A-F]{2})")

Labels = tuple[str, ...]


class Known(Struct, frozen=True):
    """What exists: hosts, with ``*.`` before the name of those that stand for many, and Ingresses."""

    hosts: frozenset[str] = frozenset()
    ingresses: frozenset[str] = frozenset()

    def host(self, name: str) -> str:
        """Return which of the hosts this name is; empty when it is none."""
        if name in self.hosts:
            return name
        wild = f"*.{name.partition('.')[2]}"
        return wild if wild in self.hosts else ""


class Answered(Struct, frozen=True):
    """Requests to a host since counting began: all, those with a status of 4xx, and of 5xx."""

    requests: int = 0
    refused: int = 0
    failed: int = 0

    def __add__(self, other: "Answered") -> "Answered":
        return Answered(
            self.requests + other.requests, self.refused + other.refused, self.failed + other.failed
        )


class _Series:
    """One set of labels; ``kind`` is the first digit of the status."""

    __slots__ = ("counts", "host", "ingress", "kind", "requests", "sums", "text", "touched")

    def __init__(self, text: str, host: str, ingress: str, kind: str, histograms: int) -> None:
        self.text = text
        self.host = host
        self.ingress = ingress
        self.kind = kind
        self.requests = 0
        self.touched = 0.0
        self.counts: list[list[int]] = [[] for _ in range(histograms)]
        self.sums = [0.0] * histograms


class Tally:
    """Counts lines; any thread may call it."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._histograms = tuple((one.value, one.buckets) for one in shown.histograms)
        self._known = Known()
        self._series: dict[Labels, _Series] = {}
        self._kept: dict[bytes, _Series] = {}
        self._beyond = self._made(dict.fromkeys(LABELS, OTHER), OTHER, "")
        self._counted = self._malformed = self._folded = 0
        self._now = 0.0
        self._alone = Lock()

    def write(self, data: bytes, /) -> int:
        """Count whole lines; return how many bytes were taken, which is all of them."""
        with self._alone:
            # Requests that are alike are many: what is equal is looked at once.
            for line, count in Counter(data.split(b"\n")).items():
                if text := line.strip(b"\0"):
                    self._line(text, count)
        return len(data)

    def look(self, now: float, known: Known) -> None:
        """Take note of the time and of what exists; what is gone is forgotten."""
        with self._alone:
            self._now = now
            if known != self._known:
                self._known = known
                self._kept.clear()
            gone = [labels for labels, one in self._series.items() if self._is_gone(one)]
            for labels in gone:
                del self._series[labels]
            if gone:
                self._kept.clear()

    def lines(self) -> Lines:
        with self._alone:
            return Lines(self._counted, self._malformed, self._folded, len(self._series))

    def page(self) -> Iterator[bytes]:
        """Return the text of all series as they are at this moment, in pieces."""
        with self._alone:
            beyond = (self._beyond,) if self._beyond.requests else ()
            rows = tuple(_row(one) for one in (*self._series.values(), *beyond))
        return written(self._shown, rows)

    def by_host(self) -> dict[str, Answered]:
        """Return how requests to each host were answered; what is beyond the ceiling is of host ``other``."""
        with self._alone:
            found: dict[str, Answered] = {}
            for one in (*self._series.values(), self._beyond):
                if count := one.requests:
                    new = Answered(count, count if one.kind == "4" else 0, count if one.kind == "5" else 0)
                    found[one.host] = found.get(one.host, Answered()) + new
        return found

    def _is_gone(self, one: _Series) -> bool:
        known = self._known
        there = one.ingress in known.ingresses or not one.ingress
        host = one.host == UNDEFINED or one.host in known.hosts or self._shown.per_undefined_host
        return not (there and host) and self._now - one.touched > GRACE

    def _line(self, line: bytes, count: int) -> None:
        key, _, numbers = line.partition(b'"')
        series = self._kept.get(key) or self._find(key)
        values = _values(numbers) if series else None
        if series is None or values is None:
            self._malformed += count
            return
        self._counted += count
        if series is self._beyond:
            self._folded += count
        series.touched = self._now
        series.requests += count
        for at, (which, bounds) in enumerate(self._histograms):
            value = values[which]
            if value is not None:
                counts = series.counts[at] or _begun(series, at, len(bounds))
                counts[bisect_left(bounds, value)] += count
                series.sums[at] += value * count

    def _find(self, key: bytes) -> _Series | None:
        """Return the series of a line that begins so; ``None`` when no line of ours does."""
        fields = key.split(b"\t")
        if len(fields) != FIELDS or len(fields[1]) != 3 or not fields[1].isdigit():
            return None
        told = self._told(fields)
        labels = tuple(told[one] for one in self._shown.labels)
        series = self._series.get(labels)
        if series is None:
            if len(self._series) >= self._shown.most_series:
                return self._beyond
            ingress = f"{told['namespace']}/{told['ingress']}" if told["ingress"] else ""
            host = told["host"] if self._shown.per_host else UNDEFINED
            series = self._series[labels] = self._made(told, host, ingress)
        if len(key) <= LONGEST_KEPT:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[key] = series
        return series

    def _told(self, fields: list[bytes]) -> dict[str, str]:
        host, status, method, path, owner, upstream, canary = map(_text, fields)
        namespace, _, ingress = owner.partition("/")
        parts = upstream.split(".")
        return {
            "status": f"{status[0]}xx" if self._shown.status_classes else status,
            "method": method if method in _METHODS or not method else OTHER,
            "path": path,
            "namespace": namespace,
            "ingress": ingress,
            # An upstream is called namespace.service.port, perhaps with more.
            "service": parts[1] if len(parts) > 2 else "",
            "canary": canary,
            "host": self._host(host),
        }

    def _host(self, name: str) -> str:
        if found := self._known.host(name):
            return found
        return name if name and self._shown.per_undefined_host else UNDEFINED

    def _made(self, told: dict[str, str], host: str, ingress: str) -> _Series:
        names = (*self._shown.labels, "controller_namespace", "controller_class", "controller_pod")
        values = (*(told[one] for one in self._shown.labels), *self._shown.controller)
        text = labelled(names, values)
        return _Series(text, host, ingress, told["status"][:1], len(self._histograms))


def _begun(series: _Series, at: int, bounds: int) -> list[int]:
    series.counts[at] = [0] * (bounds + 1)
    return series.counts[at]


def _row(one: _Series) -> Row:
    return Row(one.text, one.requests, tuple(map(tuple, one.counts)), tuple(one.sums))


def _values(numbers: bytes) -> tuple[float | None, ...] | None:
    """Return the values of a request; ``None`` when they are not such."""
    fields = numbers.split(b"\t")
    if len(fields) != VALUES:
        return None
    try:
        return tuple(map(_value, fields))
    except ValueError:
        return None


def _value(text: bytes) -> float | None:
    if text == NONE:
        return None
    try:
        value = float(text)
    except ValueError:
        # Of several that were asked, the last gave the answer.
        last = text.rpartition(b" ")[2]
        if last == NONE:
            return None
        value = float(last)
    if not 0.0 <= value < math.inf:
        raise ValueError
    return value


def _text(field: bytes) -> str:
    """Return what a field says, without NGINX's escapes, and no longer than a label may be."""
    if field == NONE:
        return ""
    if b"\\" in field:
        field = _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), field)
    return field.decode(errors="replace")[:LONGEST]
