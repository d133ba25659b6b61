"""Sizes of the kernel's queues and tables, from the rates of connections that were measured.

Rates are a second's, at the peak.  Sizes are counts, memory is bytes.
"""

from math import ceil

from msgspec import Struct

STALL = 0.2
"""Seconds that a worker may not accept: two periods of a CPU quota in which it has run out."""
HEADROOM = 2
"""A measured peak is a mean over a scrape: within it there is a moment twice as busy."""
FEWEST = 1024
LONGEST_WAIT = 1.0
"""Seconds beyond which who waits to be accepted has gone: a probe's time-out, and most patience."""
TIME_WAIT = 120.0
"""nf_conntrack_tcp_timeout_time_wait as shipped."""
FILL = 0.75
"""How full a table may be: the last quarter goes in seconds."""
ENTRY, BUCKET = 320, 8
"""Bytes of an entry: 256 of the kernel's object, 64 of extensions that NAT takes; of a bucket: a pointer."""
PER_BUCKET = 4
PORTS = (1024, 65535)
PORTS_FILL = 0.7
CLOSED = 60.0
"""Seconds that a closed connection keeps its local port (TIME_WAIT); no setting changes it."""
OTHER_FILES = 64
"""Files of a worker that are no connections: logs, certificates, bodies on the disk, epoll."""


class Table(Struct, frozen=True):
    """A table of tracked connections: entries in use, the size it should have, buckets, bytes when full."""

    used: int
    size: int
    buckets: int
    memory: int


class Ports(Struct, frozen=True):
    """Local ports that connections to one pod take, and those that there are."""

    used: int
    there: int

    @property
    def enough(self) -> bool:
        return self.used <= self.there * PORTS_FILL


def backlog(rate: float, stall: float = STALL, queues: int = 1) -> int:
    """Return how many connections a queue must hold: 2 rate x stall / queues, and 1,024 at least.

    ``queues`` is the number of workers with reuseport, else one.  A power of two, as the kernel rounds it.
    """
    return _power(max(ceil(HEADROOM * rate * stall / max(queues, 1)), FEWEST))


def too_long(queue: int, accepted: float) -> bool:
    """Whether the last of a full queue waits for more than a second: queue / accepted a second."""
    return accepted > 0 and queue / accepted > LONGEST_WAIT


def conntrack(
    rate: float, long_lived: int, flows: float = 2, closing: float = TIME_WAIT, seen: int = 0
) -> Table:
    """Return the size of conntrack's table: (flows x rate x 120 s + long-lived) / 75 %, a power of two.

    ``rate`` counts clients' connections; each has an entry, and one more for the connection to the pod unless
    that is kept (``flows`` is 1 then).  It is never less than for the entries that were ``seen``.  A bucket
    for four entries, as kube-proxy has it.
    """
    used = max(ceil(flows * rate * closing + long_lived), seen)
    size = _power(max(ceil(used / FILL), FEWEST))
    buckets = size // PER_BUCKET
    return Table(used, size, buckets, table_memory(size, buckets))


def table_memory(size: int, buckets: int) -> int:
    """Return the bytes of a full table: 320 for an entry and 8 for a bucket; none can be swapped."""
    return size * ENTRY + buckets * BUCKET


def ports(concurrent: int, opened: float, low: int, high: int, reserved: int = 0) -> Ports:
    """Return the local ports of connections to one pod: those open, and 60 s of those that were closed.

    ``opened`` are the connections a second to it that are not kept.
    """
    return Ports(ceil(concurrent + opened * CLOSED), max(high - low + 1 - reserved, 0))


def files(connections: int, listeners: int) -> int:
    """Return the files that a worker needs: 2 x its connections + its listeners + 64."""
    return 2 * connections + listeners + OTHER_FILES


def workers(cpus: int, quota: float | None) -> int:
    """Return how many workers are fed: the quota rounded up, and not more than there are CPUs."""
    return max(1, cpus if quota is None else min(cpus, ceil(quota)))


def _power(number: int) -> int:
    return 1 << max(number - 1, 1).bit_length()
