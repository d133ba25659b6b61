"""The numbers that advice is made of: of which metric, and how, on a page and in PromQL alike.

Of several replicas and series the worst counts; a rate is that of the busiest two minutes.  What all replicas
do together, such as loads, is divided by how many there are.
"""

from collections.abc import Iterator, Mapping
from enum import Enum

from msgspec import Struct

PREFIX = "nginx_ingress_controller_"
REQUESTS = f"{PREFIX}requests"
CONNECT = f"{PREFIX}connect_duration_seconds"
HEADER = f"{PREFIX}header_duration_seconds"
WHOLE = f"{PREFIX}request_duration_seconds"
BORN = f"{PREFIX}nginx_process_oldest_start_time_seconds"
RUNS = f"{PREFIX}nginx_process_num_procs"
"""What each controller has, also ingress-nginx's."""
CHURN = "painless_reloads_caused"
REPLICAS = "kube_horizontalpodautoscaler_status_desired_replicas"
PROPAGATION = "painless_endpoint_propagation_seconds"
APPLY = "painless_apply_seconds"

STEP = "2m"
"""Rates are of so long a time: two scrapes at least."""


class How(Enum):
    """What of a series counts."""

    PEAK_RATE = "rate"
    HOURLY = "hourly"
    INCREASE = "increase"
    MOST = "most"
    LEAST = "least"


class Spec(Struct, frozen=True):
    """Where a number comes from; counters are named without ``_total``."""

    metric: str
    how: How
    labels: Mapping[str, str] = {}

    @property
    def bare(self) -> str:
        """The metric as it is scraped."""
        counter = self.how in {How.PEAK_RATE, How.HOURLY, How.INCREASE}
        return self.metric + ("_total" if counter else "")

    @property
    def name(self) -> str:
        """The same with its labels."""
        return self.bare + selector(self.labels)

    def query(self, window: str, match: str = "") -> str:
        """Return the question to a Prometheus, about so long a time as ``7d``; ``match`` are more labels."""
        name = self.bare + selector(self.labels, match)
        match self.how:
            case How.PEAK_RATE:
                return f"max({peak(f'rate({name}[{STEP}])', window)})"
            case How.HOURLY:
                # Of all replicas, also of those that were replaced meanwhile; what it comes to in an hour
                # depends on how long there was something to count.
                return f"sum(increase({name}[{window}]))"
            case How.INCREASE:
                return f"max(increase({name}[{window}]))"
            case How.MOST:
                return f"max(max_over_time({name}[{window}]))"
            case How.LEAST:
                return f"min(min_over_time({name}[{window}]))"


def peak(rate: str, window: str) -> str:
    """Return the highest that a rate was; a Prometheus that began a moment ago has only the last."""
    return f"(max_over_time(({rate})[{window}:{STEP}]) or {rate})"


def replicas(window: str, match: str = "") -> str:
    """Return the question how many replicas there were, on average."""
    now = f"count({RUNS}{selector({}, match)})"
    return f"avg_over_time({now}[{window}:{STEP}]) or {now}"


def covered(window: str, match: str = "") -> str:
    """Return the question for how many seconds of the window there are values: it may know less."""
    at = f"timestamp({RUNS}{selector({}, match)})"
    return f"time() - min(min_over_time({at}[{window}:{STEP}]) or {at})"


def selector(labels: Mapping[str, str], match: str = "") -> str:
    """Return labels as they stand behind a metric's name; ``match`` are more, written as in PromQL."""
    inner = ",".join([*(f'{key}="{value}"' for key, value in labels.items()), *([match] if match else [])])
    return f"{{{inner}}}" if inner else ""


def _counter(name: str) -> Spec:
    return Spec("painless_netns_tcpext", How.PEAK_RATE, {"name": name})


def _sysctl(name: str) -> Spec:
    return Spec("painless_netns_sysctl", How.LEAST, {"name": name})


NEW, OPENED = "new", "opened"
CLIENTS, SLOTS = "clients", "slots"
LIMIT, LONGEST, DROPS = "queue limit", "queue", "drops"
SOMAXCONN, LOW, HIGH = "somaxconn", "first port", "last port"
PORTS = "ports"
TRACKED, TRACKABLE = "tracked", "trackable"
FILES, MOST_FILES = "files", "most files"
RELOADS, DRAIN = "reloads", "drain"
MEMORY, MOST_MEMORY, GENERATION = "memory", "most memory", "generation"
WORKERS = "workers"
PERIODS, THROTTLED = "periods", "throttled"

SPECS: Mapping[str, Spec] = {
    NEW: _counter("PassiveOpens"),
    OPENED: _counter("ActiveOpens"),
    CLIENTS: Spec("painless_capacity_clients", How.MOST),
    SLOTS: Spec("painless_capacity_limit", How.LEAST, {"limit": "worker_connections"}),
    LIMIT: Spec("painless_listen_queue_limit", How.LEAST),
    LONGEST: Spec("painless_listen_queue_max", How.MOST),
    DROPS: Spec("painless_listen_drops", How.INCREASE),
    SOMAXCONN: _sysctl("net.core.somaxconn"),
    LOW: _sysctl("net.ipv4.ip_local_port_range_low"),
    HIGH: _sysctl("net.ipv4.ip_local_port_range_high"),
    PORTS: Spec("painless_ephemeral_ports_used_ratio", How.MOST),
    TRACKED: Spec("painless_conntrack_entries", How.MOST),
    TRACKABLE: Spec("painless_conntrack_limit", How.LEAST),
    FILES: Spec("painless_worker_open_files", How.MOST),
    MOST_FILES: Spec("painless_worker_open_files_limit", How.LEAST),
    RELOADS: Spec("painless_reloads", How.HOURLY),
    DRAIN: Spec("painless_worker_shutdown_timeout_seconds", How.LEAST),
    MEMORY: Spec("painless_memory_bytes", How.MOST),
    MOST_MEMORY: Spec("painless_memory_limit_bytes", How.LEAST),
    GENERATION: Spec("painless_generation_pss_bytes", How.MOST),
    WORKERS: Spec("painless_workers", How.LEAST, {"state": "active"}),
    PERIODS: Spec("painless_cpu_periods", How.INCREASE, {"level": "0"}),
    THROTTLED: Spec("painless_cpu_throttled_periods", How.INCREASE, {"level": "0"}),
}
"""By the name that ``Measured.numbers`` has."""


def wanted() -> Iterator[str]:
    """Yield the names of all metrics that are read, without the ends of counters and histograms."""
    yield from (one.metric for one in SPECS.values())
    yield from (REQUESTS, CONNECT, HEADER, WHOLE, BORN, CHURN, PROPAGATION, APPLY)
