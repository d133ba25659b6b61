"""Metrics of what is said to the cluster: read off the counts when somebody asks."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector


class Said(NamedTuple):
    """What was said to the cluster so far, and whether we lead; without ``lease`` nobody is elected."""

    lease: str
    leads: bool
    contested: int
    written: int
    failed: int
    sent: int
    dropped: int


class Answered(Collector):
    """What is said to the cluster; the first has ingress-nginx's name."""

    def __init__(self, said: Callable[[], Said]) -> None:
        self._said = said

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        said = self._said()
        leader = GaugeMetricFamily(
            "nginx_ingress_controller_leader_election_status",
            "1 where this controller leads, 0 where it follows; name is the Lease.",
            labels=["name"],
        )
        if said.lease:
            leader.add_metric([said.lease], float(said.leads))
        yield leader
        yield GaugeMetricFamily(
            "painless_statuses_contested",
            "Ingresses whose status somebody else keeps rewriting, so that it is left to them.",
            said.contested,
        )
        for name, count, meaning in (
            ("statuses_written", said.written, "Statuses of Ingresses that were written."),
            ("status_failures", said.failed, "Writes of statuses that failed; they are tried again."),
            ("events_sent", said.sent, "Kubernetes Events that were written."),
            (
                "events_dropped",
                said.dropped,
                "Kubernetes Events that were lost: too many, or not taken.",
            ),
        ):
            yield CounterMetricFamily(f"painless_{name}", meaning, count)
