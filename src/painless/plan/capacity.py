"""How many clients this NGINX can have at a time, and what will stop it first.

A pure function of limits and of what is in use.  A request that is passed on takes two connections, so each
limit is counted in clients who are served so; one that is unknown limits nothing.
"""

from msgspec import Struct

FOR_ITSELF = 1
"""Connections of a worker for the channel to its master; each listener takes another one."""
OTHER_FILES = 32
"""Files of a worker that are no connections: logs, markers, epoll, certificates and bodies on the disk."""
MEMORY = 64 << 10
"""Bytes for each client, an allowance: TLS, buffers of a request and its answer, two sockets."""


class Facts(Struct, frozen=True):
    """What is known: ``clients`` are open connections of clients, ``upstream`` those to pods.

    ``busiest`` are the connections to the address that has most of them, those just closed included, since
    they keep their local port for a minute.  ``followed`` is how full conntrack's table is, ``memory`` how
    many bytes are left.
    """

    clients: int
    workers: int
    listeners: int
    worker_connections: int | None = None
    open_files: int | None = None
    local_ports: int | None = None
    upstream: int = 0
    busiest: int = 0
    followed: tuple[int, int] | None = None
    memory: int | None = None


class Limit(Struct, frozen=True):
    """One limit: its name as metrics call it, the clients that it allows, and how that comes about."""

    name: str
    connections: int
    because: str


class Capacity(Struct, frozen=True):
    """All limits that are known, the narrowest first, and how many clients there are."""

    clients: int
    limits: tuple[Limit, ...]

    @property
    def connections(self) -> int | None:
        """The clients that all limits allow."""
        return self.limits[0].connections if self.limits else None

    @property
    def binding(self) -> str:
        """The limit that will be reached first."""
        return self.limits[0].name if self.limits else ""

    @property
    def used_ratio(self) -> float | None:
        """The share of it that is in use; more than one when a limit was lowered under what there is."""
        if self.connections is None:
            return None
        return self.clients / max(self.connections, 1)


def capacity(facts: Facts) -> Capacity:
    """Return what the limits allow."""
    found = (_connections(facts), _files(facts), _ports(facts), _followed(facts), _memory(facts))
    known = (one for one in found if one is not None)
    return Capacity(facts.clients, tuple(sorted(known, key=lambda one: (one.connections, one.name))))


def _connections(facts: Facts) -> Limit | None:
    if facts.worker_connections is None:
        return None
    each = max(0, facts.worker_connections - facts.listeners - FOR_ITSELF) // 2
    because = (
        f"{facts.workers} workers with {facts.worker_connections} connections, {facts.listeners} for "
        "listeners and two for each client"
    )
    return Limit("worker_connections", facts.workers * each, because)


def _files(facts: Facts) -> Limit | None:
    if facts.open_files is None:
        return None
    each = max(0, facts.open_files - facts.listeners - OTHER_FILES) // 2
    because = f"{facts.workers} workers with {facts.open_files} files, two for each client"
    return Limit("open_files", facts.workers * each, because)


def _ports(facts: Facts) -> Limit | None:
    """Each address of a pod has all local ports, so the busiest one sets the limit at today's mix."""
    if facts.local_ports is None:
        return None
    if not facts.busiest:
        return Limit("local_ports", facts.local_ports, f"{facts.local_ports} local ports for each pod")
    # Those that were just closed belong to no client, and keep their ports nevertheless.
    upstream = max(facts.upstream, facts.busiest)
    because = f"{facts.busiest} of {facts.local_ports} local ports go to one pod, of {upstream} in all"
    return Limit("local_ports", facts.local_ports * upstream // facts.busiest, because)


def _followed(facts: Facts) -> Limit | None:
    """Leave out a table without entries: it is not used here, whatever it may hold."""
    if facts.followed is None or facts.followed[0] == 0:
        return None
    count, most = facts.followed
    because = f"conntrack follows {count} of {most} connections, two for each client"
    return Limit("conntrack", facts.clients + max(0, most - count) // 2, because)


def _memory(facts: Facts) -> Limit | None:
    if facts.memory is None:
        return None
    more = max(0, facts.memory) // MEMORY
    because = f"{facts.memory >> 20} MiB are left, {MEMORY >> 10} KiB for each client"
    return Limit("memory", facts.clients + more, because)
