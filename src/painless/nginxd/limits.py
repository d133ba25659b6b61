"""What limits the number of clients: read off the generation that is live, the kernel and the cgroup.

Reads only; what the limits come to is in ``plan.capacity``.  Looking at every connection costs 1 ms for each
1,000 of them, so this is not for each second.
"""

import re

from painless.kernel import netstat, sockdiag
from painless.plan.accepting import Sample
from painless.plan.capacity import Facts

_CONNECTIONS = re.compile(r"^\s*worker_connections (\d+);", re.MULTILINE)
_FILES = re.compile(r"^worker_rlimit_nofile (\d+);", re.MULTILINE)
_SHUTDOWN = re.compile(r"^worker_shutdown_timeout (\d+)(ms|s|m|h|d|);", re.MULTILINE)
_SECONDS = {"ms": 1e-3, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def facts(sample: Sample, text: str, left: int | None) -> Facts:
    """Return what is known; ``text`` is the main file that NGINX runs, ``left`` bytes of memory are free."""
    places = {one.listen for one in sample.queues}
    ports = {int(one.rpartition(":")[2]) for one in places}
    clients, held = sockdiag.destinations(ports)
    local_ports = netstat.local_ports()
    files = [one.most_files for one in sample.workers if one.most_files is not None]
    written = _CONNECTIONS.search(text)
    return Facts(
        clients=clients,
        workers=len(sample.workers),
        # The private one is not among the queues.
        listeners=len(places) + 1,
        worker_connections=int(written[1]) if written else None,
        open_files=min(files, default=None),
        local_ports=None if local_ports is None else local_ports[1] - local_ports[0] + 1,
        upstream=held.total(),
        busiest=max(held.values(), default=0),
        followed=netstat.conntrack(),
        memory=left,
    )


def short_of_files(found: Facts, text: str) -> tuple[str, ...]:
    """Return the right that workers lack who have fewer files than the main file gives them, if they do."""
    written = _FILES.search(text)
    if written is None or found.open_files is None or found.open_files >= int(written[1]):
        return ()
    has = f"the {written[1]} open files of worker_rlimit_nofile; one has {found.open_files}"
    return (f"the system call setrlimit (seccomp), for workers to have {has}",)


def shutdown_timeout(text: str) -> float | None:
    """Return how many seconds old workers may live by the main file; ``None`` when for ever."""
    found = _SHUTDOWN.search(text)
    return int(found[1]) * _SECONDS[found[2]] if found and int(found[1]) else None
