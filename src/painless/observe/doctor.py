"""Metrics of what the doctor finds on its schedule."""

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


class Examined(Struct, frozen=True):
    """The last look: when in seconds since 1970, findings by check and severity, checks that are unknown."""

    at: float
    findings: Mapping[tuple[str, str], int]
    unknown: int


class Doctor(Collector):
    """What was found; ``seen`` returns ``None`` before the first look that came to something."""

    def __init__(self, seen: Callable[[], Examined | None]) -> None:
        self._seen = seen

    def collect(self) -> Iterator[Metric]:
        seen = self._seen()
        found = GaugeMetricFamily(
            "painless_doctor_findings",
            "Findings of the doctor's last look; each id has a page.",
            labels=["id", "severity"],
        )
        unknown = GaugeMetricFamily(
            "painless_doctor_unknown", "Checks of the doctor that could not be made, for lack of a fact."
        )
        at = GaugeMetricFamily(
            "painless_doctor_last_run_timestamp_seconds", "When the doctor looked last and came to an end."
        )
        if seen is not None:
            for (check, severity), count in sorted(seen.findings.items()):
                found.add_metric([check, severity], count)
            unknown.add_metric([], seen.unknown)
            at.add_metric([], seen.at)
        yield from (found, unknown, at)
