"""Asks a Prometheus what a page of metrics has, over days in place of a moment."""

import base64
import http.client
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from painless.advice.histogram import Histogram
from painless.controller.ports import WorldError
from painless.tune import numbers
from painless.tune.measured import Measured, Number, Ref, Traffic, usable
from painless.tune.numbers import SPECS, How, peak
from painless.tune.pages import FAILED, TIMED_OUT, UPGRADED, Labels, histogram, ref_of

PATIENCE = 60.0
"""Seconds for one answer: a week of ten thousand series takes some."""
LARGEST = 64 << 20
"""Bytes of one answer."""
HOUR = 3600.0
_ENDED = f'status!~"{UPGRADED}|{TIMED_OUT}"'
_BY = "namespace, exported_namespace, ingress"

Series = list[tuple[Labels, Any]]


class NoPrometheus(WorldError):
    """It does not answer as one; the message is a sentence."""


class Prometheus:
    """One, by its URL; user and password may be in it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise NoPrometheus(f'found "{url}", expected a URL such as http://prometheus:9090')
        self._parts: SplitResult = parts
        self.name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def ask(self, query: str) -> Series:
        """Return the series of an answer, each with its value or its values; raises ``NoPrometheus``."""
        try:
            status, body = self._post(urlencode({"query": query}))
            answer = json.loads(body)
        except (OSError, http.client.HTTPException) as cause:
            raise NoPrometheus(f"the Prometheus at {self.name} does not answer: {cause}") from cause
        except ValueError as cause:
            raise NoPrometheus(f"what answers at {self.name} is no Prometheus: {cause}") from cause
        try:
            if answer["status"] != "success":
                raise NoPrometheus(f"the Prometheus at {self.name} says: {answer.get('error', status)}")
            return [(one["metric"], one.get("value") or one["values"]) for one in answer["data"]["result"]]
        except (LookupError, TypeError, AttributeError) as cause:
            raise NoPrometheus(f"what answers at {self.name} is no Prometheus: status {status}") from cause

    def _post(self, form: str) -> tuple[int, bytes]:
        parts = self._parts
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if parts.username:
            login = f"{parts.username}:{parts.password or ''}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
        try:
            connection.request("POST", f"{parts.path.rstrip('/')}/api/v1/query", form, headers)
            response = connection.getresponse()
            body = response.read(LARGEST + 1)
            if len(body) > LARGEST:
                raise NoPrometheus(
                    f"an answer of {self.name} is larger than {LARGEST >> 20} MiB: a shorter --window"
                )
            return response.status, body
        finally:
            connection.close()


class _Asking:
    """Questions about one window, of the controllers that have some labels."""

    def __init__(self, prometheus: Prometheus, window: str, match: str) -> None:
        self.prometheus = prometheus
        self.window = window
        self.match = match

    def numbers(self, query: str) -> list[tuple[Labels, float]]:
        return list(_numbers(self.prometheus.ask(query)))

    def one(self, query: str) -> float | None:
        return next((value for _, value in self.numbers(query)), None)

    def increase(self, by: str, name: str, *labels: str) -> list[tuple[Labels, float]]:
        """Return by how much counters grew, added up by labels."""
        match = ",".join((*labels, *([self.match] if self.match else [])))
        return self.numbers(f"sum by ({by}) (increase({name}{{{match}}}[{self.window}]))")

    def histogram(self, name: str) -> Histogram:
        buckets = self.increase("le", f"{name}_bucket")
        return histogram((labels.get("le", ""), value) for labels, value in buckets)

    def histograms(self, name: str) -> dict[Ref, Histogram]:
        """Return a histogram for each Ingress, of what ended by itself."""
        found: dict[Ref, list[tuple[str, float]]] = defaultdict(list)
        for labels, value in self.increase(f"{_BY}, le", f"{name}_bucket", _ENDED):
            found[ref_of(labels)].append((labels.get("le", ""), value))
        return {ref: histogram(some) for ref, some in found.items()}

    def by_status(self, name: str) -> dict[Ref, dict[str, float]]:
        found: dict[Ref, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for labels, value in self.increase(f"{_BY}, status", name):
            found[ref_of(labels)][labels.get("status", "")] += value
        return found


def measure(prometheus: Prometheus, window: str, match: str = "") -> Measured:
    """Return what was measured in so long a time, such as ``7d``, as far as there are values.

    ``match`` are labels of the controllers that are meant, as PromQL has them.
    """
    asking = _Asking(prometheus, window, match)
    pods = asking.one(numbers.replicas(window, match)) or 1.0
    seconds = asking.one(numbers.covered(window, match))
    found = {}
    for name, spec in SPECS.items():
        for _, value in asking.numbers(spec.query(window, match)):
            if spec.how is not How.HOURLY:
                found[name] = Number(value, spec.name)
            elif seconds:
                found[name] = Number(value / pods / seconds * HOUR, spec.name)
    churn: dict[str, float] = defaultdict(float)
    for labels, value in asking.increase("namespace, exported_namespace", f"{numbers.CHURN}_total"):
        churn[ref_of(labels)[0]] += value / pods
    return Measured(
        source=_source(prometheus, window, seconds),
        seconds=seconds,
        pods=pods,
        traffic=tuple(_traffic(asking)),
        numbers=found,
        histograms={name: asking.histogram(name) for name in (numbers.PROPAGATION, numbers.APPLY)},
        churn=dict(churn),
        replicas=dict(_replicas(prometheus, window)),
    )


def _source(prometheus: Prometheus, window: str, seconds: float | None) -> str:
    known = "no controller" if seconds is None else f"values of {seconds / HOUR:.1f} hours"
    return f"the Prometheus at {prometheus.name}, the last {window} ({known})"


def _traffic(asking: _Asking) -> Iterator[Traffic]:
    counts, times = asking.by_status(numbers.REQUESTS), asking.by_status(f"{numbers.WHOLE}_sum")
    name = numbers.REQUESTS + numbers.selector({}, asking.match)
    rate = peak(f"sum by ({_BY}) (rate({name}[{numbers.STEP}]))", asking.window)
    rates = {ref_of(labels): value for labels, value in asking.numbers(rate)}
    shapes = {one: asking.histograms(one) for one in (numbers.CONNECT, numbers.HEADER, numbers.WHOLE)}
    for ref, some in sorted(counts.items()):
        if ref[1]:
            yield Traffic(
                ref=ref,
                requests=sum(some.values()),
                failed=sum(value for status, value in some.items() if status.startswith(FAILED)),
                timed_out=some.get(TIMED_OUT, 0.0),
                upgraded=some.get(UPGRADED, 0.0),
                upgraded_seconds=times[ref].get(UPGRADED, 0.0),
                seconds=sum(value for status, value in times[ref].items() if status != UPGRADED),
                rate=rates.get(ref),
                connect=shapes[numbers.CONNECT].get(ref, Histogram()),
                header=shapes[numbers.HEADER].get(ref, Histogram()),
                whole=shapes[numbers.WHOLE].get(ref, Histogram()),
            )


def _replicas(prometheus: Prometheus, window: str) -> Iterator[tuple[Ref, tuple[tuple[float, int], ...]]]:
    """Yield the samples of autoscalers, as they were scraped."""
    for labels, values in prometheus.ask(f"{numbers.REPLICAS}[{window}]"):
        name = labels.get("horizontalpodautoscaler", "")
        namespace = ref_of(labels)[0]
        yield (namespace, name), tuple((float(at), int(float(text))) for at, text in values)


def _numbers(series: Series) -> Iterator[tuple[Labels, float]]:
    """Yield values; what is no number, as the mean of nothing, is left out."""
    for labels, value in series:
        if usable(number := float(value[1])):
            yield labels, number
