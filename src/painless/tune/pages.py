"""Pages of metrics, as the health port has them, become measurements.

One page counts since NGINX was started; of two the later one does, and rates are what came between them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from math import inf

from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from painless.advice.histogram import Histogram
from painless.tune import numbers
from painless.tune.measured import Measured, Number, Ref, Traffic, usable
from painless.tune.numbers import SPECS, How, Spec

_ENDS = ("_total", "_bucket", "_sum", "_count")
FAILED = "5"
UPGRADED, TIMED_OUT = "101", "504"

Labels = Mapping[str, str]
_ALL: Labels = {}


class NoPage(ValueError):
    """What was read is no page of metrics; the message is a sentence."""


class Page(Struct, frozen=True):
    """Samples by name, and when they were taken, in seconds since 1970."""

    source: str
    at: float
    samples: Mapping[str, tuple[tuple[Labels, float], ...]]

    def of(self, name: str, labels: Labels = _ALL) -> list[tuple[Labels, float]]:
        """Return the samples of a metric that have these labels."""
        return [one for one in self.samples.get(name, ()) if labels.items() <= one[0].items()]


def page(source: str, at: float, text: str) -> Page:
    """Read the metrics that count; raises ``NoPage``."""
    found: dict[str, list[tuple[Labels, float]]] = defaultdict(list)
    try:
        for family in text_string_to_metric_families(_wanted(text)):
            for one in family.samples:
                if usable(one.value):
                    found[one.name].append((one.labels, one.value))
    except (ArithmeticError, LookupError, ValueError) as cause:
        raise NoPage(f"{source} is no page of metrics: {cause}") from cause
    if not found:
        raise NoPage(f"{source} has no metric of Painless, such as painless_workers")
    return Page(source, at, {name: tuple(some) for name, some in found.items()})


def _wanted(text: str) -> str:
    """Return the lines that count: of a million most are about other metrics."""
    names = frozenset(numbers.wanted())
    return "\n".join(line for line in text.splitlines() if _base(line) in names) + "\n"


def _base(line: str) -> str:
    name = line.partition("{")[0].partition(" ")[0]
    return next((name.removesuffix(end) for end in _ENDS if name.endswith(end)), name)


def measured(now: Page, before: Page | None = None) -> Measured:
    """Return what pages show: the later one, and one from before it."""
    born = [value for _, value in now.of(numbers.BORN)]
    seconds = now.at - min(born) if born and now.at > min(born) else None
    between = now.at - before.at if before is not None else 0.0
    source = now.source + (f", looked at twice in {between:.0f} s" if before is not None else "")
    found: dict[str, Number] = {}
    for name, spec in SPECS.items():
        if (value := _number(spec, now, before, seconds)) is not None:
            found[name] = Number(value, spec.name)
    churn: dict[str, float] = defaultdict(float)
    for labels, value in now.of(f"{numbers.CHURN}_total"):
        churn[labels.get("namespace", "")] += value
    return Measured(
        source=source,
        seconds=seconds,
        traffic=tuple(_traffic(now, before)),
        numbers=found,
        histograms={name: _histogram(now, name, {}) for name in (numbers.PROPAGATION, numbers.APPLY)},
        churn=dict(churn),
    )


def _number(spec: Spec, now: Page, before: Page | None, seconds: float | None) -> float | None:
    values = _values(spec, now)
    if not values:
        return None
    match spec.how:
        case How.MOST:
            return max(values)
        case How.LEAST:
            return min(values)
        case How.INCREASE:
            return sum(values)
        case How.HOURLY:
            return sum(values) / seconds * 3600 if seconds else None
        case How.PEAK_RATE:
            return _rate(sum(values), None if before is None else sum(_values(spec, before)), now, before)


def _values(spec: Spec, one: Page) -> list[float]:
    return [value for _, value in one.of(spec.bare, spec.labels)]


def _rate(value: float, then: float | None, now: Page, before: Page | None) -> float | None:
    if before is None or then is None or now.at <= before.at or value < then:
        return None
    return (value - then) / (now.at - before.at)


def _traffic(now: Page, before: Page | None) -> Iterator[Traffic]:
    by_ref: dict[Ref, list[tuple[Labels, float]]] = defaultdict(list)
    for labels, value in now.of(numbers.REQUESTS):
        if labels.get("ingress"):
            by_ref[ref_of(labels)].append((labels, value))
    earlier: dict[Ref, float] = defaultdict(float)
    for labels, value in before.of(numbers.REQUESTS) if before else ():
        earlier[ref_of(labels)] += value
    sums = _by_ref(now, f"{numbers.WHOLE}_sum")
    shapes = {
        name: _by_ref(now, f"{name}_bucket") for name in (numbers.CONNECT, numbers.HEADER, numbers.WHOLE)
    }
    for ref, some in sorted(by_ref.items()):
        total = sum(value for _, value in some)
        yield Traffic(
            ref=ref,
            requests=total,
            failed=sum(value for labels, value in some if labels.get("status", "").startswith(FAILED)),
            timed_out=_with(some, TIMED_OUT),
            upgraded=_with(some, UPGRADED),
            upgraded_seconds=_with(sums[ref], UPGRADED),
            seconds=sum(value for labels, value in sums[ref] if labels.get("status") != UPGRADED),
            rate=_rate(total, earlier[ref], now, before),
            connect=histogram(_timed(shapes[numbers.CONNECT][ref])),
            header=histogram(_timed(shapes[numbers.HEADER][ref])),
            whole=histogram(_timed(shapes[numbers.WHOLE][ref])),
        )


def _by_ref(now: Page, name: str) -> dict[Ref, list[tuple[Labels, float]]]:
    found: dict[Ref, list[tuple[Labels, float]]] = defaultdict(list)
    for labels, value in now.of(name):
        found[ref_of(labels)].append((labels, value))
    return found


def _with(some: Iterable[tuple[Labels, float]], status: str) -> float:
    return sum(value for labels, value in some if labels.get("status") == status)


def _timed(some: Iterable[tuple[Labels, float]]) -> Iterator[tuple[str, float]]:
    """Yield the buckets of what has an end of its own: no upgraded connection, nothing that timed out."""
    for labels, value in some:
        if labels.get("status") not in {UPGRADED, TIMED_OUT}:
            yield labels.get("le", ""), value


def _histogram(now: Page, name: str, labels: Labels) -> Histogram:
    return histogram((one.get("le", ""), value) for one, value in now.of(f"{name}_bucket", labels))


def ref_of(labels: Labels) -> Ref:
    """Return the Ingress of a series; Prometheus moves what the scraped page says of a namespace aside."""
    return labels.get("exported_namespace") or labels.get("namespace", ""), labels.get("ingress", "")


def histogram(buckets: Iterable[tuple[str, float]]) -> Histogram:
    """Return the histogram of buckets, those with equal ends together."""
    found: dict[float, float] = defaultdict(float)
    for text, value in buckets:
        try:
            found[float(text)] += value
        except ValueError:
            return Histogram()
    ends = tuple(sorted(found))
    # Increases are extrapolated one by one, so that a larger bucket may come out a little smaller.
    counts: list[float] = []
    for end in ends:
        counts.append(max(found[end], counts[-1] if counts else 0.0))
    return Histogram(ends, tuple(counts)) if ends and ends[-1] == inf else Histogram()
