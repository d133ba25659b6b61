"""What NGINX's accept queues, workers and limits look like, read off the kernel and their processes.

Reads only; what it means is in ``plan.accepting``.  Cheap enough for each second: what grows with the number
of connections is read once for each worker.  What may not be read is unknown, and ``missing`` says which
right it takes.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from painless.kernel import cgroup, sockdiag
from painless.kernel.throttling import quota_periods
from painless.nginxd import procfs
from painless.nginxd.probe import Sight
from painless.plan.accepting import STOPPED, Queue, Sample, Worker

READ = 64 << 10
"""Bytes of the error log read at once: a worker without files left adds two lines a second."""
_TRIES = 3  # Looks for what a worker serves: one that has just been born serves nothing yet.
_REFUSED = b"accept4() failed (24:", b"accept() failed (24:"
_EPOLL = "anon_inode:[eventpoll]"
_GONE = (FileNotFoundError, ProcessLookupError)
_TICK = os.sysconf("SC_CLK_TCK")


class Accepting:
    """Takes samples of the NGINX that ``sight`` shows; any one thread at a time may ask."""

    def __init__(self, sight: Callable[[], Sight | None], error_log: Path) -> None:
        self.missing: tuple[str, ...] = ()
        """The rights that would show what is unknown, each with what it is for."""
        self._sight = sight
        self._refusals = _Refusals(error_log)
        self._serves: dict[int, frozenset[int]] = {}
        self._tries: dict[int, int] = {}
        self._looks: dict[int, list[bool]] = defaultdict(list)
        self._pids: tuple[int, ...] = ()

    def glance(self) -> None:
        """Look whether workers run, between two samples: one that is stopped now and then is seen so."""
        for pid in self._pids:
            self._looks[pid].append(_is_stopped(_state(pid)))

    def sample(self) -> Sample | None:
        """Return everything at this moment; ``None`` when NGINX does not run."""
        sight = self._sight()
        if sight is None:
            self._pids = ()
            return None
        self._pids = tuple(one.pid for one in sight.workers if one.is_one and one.accepts)
        missing: set[str] = set()
        queues = self._queues(sight.master, missing)
        workers = tuple(filter(None, (self._worker(pid, missing) for pid in self._pids)))
        self._looks.clear()
        self.missing = tuple(sorted(missing))
        return Sample(
            at=time.monotonic(),
            master=sight.master,
            queues=queues,
            workers=workers,
            quotas=quota_periods(cgroup.seen("cpu", sight.master)),
            refusals=self._refusals.count(),
        )

    def _queues(self, master: int, missing: set[str]) -> tuple[Queue, ...]:
        own = procfs.open_files(master)
        if not own:
            missing.add("CAP_SYS_PTRACE, or NGINX's own user, to see which listeners are NGINX's")
        found = [one for one in sockdiag.listening() if f"socket:[{one.inode}]" in own]
        if any(one.drops is None for one in found):
            missing.add("the socket family AF_NETLINK (seccomp), to see limits and drops of accept queues")
        places = defaultdict(list)
        for one in sorted(found, key=lambda one: one.inode):
            places[_spelled(one)].append(one)
        several = any(len(some) > 1 for some in places.values())
        served = self._served(missing) if several else {}
        return tuple(
            Queue(
                listen=listen,
                inode=one.inode,
                depth=one.queue,
                limit=one.limit,
                drops=one.drops,
                slot=slot if len(some) > 1 else None,
                pid=served.get(one.inode) if len(some) > 1 else None,
            )
            for listen, some in sorted(places.items())
            for slot, one in enumerate(some)
        )

    def _served(self, missing: set[str]) -> dict[int, int]:
        """Return which worker waits for connections at each socket: all have all of them open."""
        for gone in self._serves.keys() - set(self._pids):
            del self._serves[gone]
        for gone in self._tries.keys() - set(self._pids):
            del self._tries[gone]
        for pid in self._pids:
            if not self._serves.get(pid) and self._tries.get(pid, 0) < _TRIES:
                self._tries[pid] = self._tries.get(pid, 0) + 1
                try:
                    self._serves[pid] = _awaited(pid)
                except PermissionError:
                    missing.add("CAP_SYS_PTRACE, or NGINX's own user, to see which worker serves which queue")
        return {inode: pid for pid, inodes in self._serves.items() for inode in inodes}

    def _worker(self, pid: int, missing: set[str]) -> Worker | None:
        fields = _state(pid)
        if not fields:
            return None
        ran, waited = _schedule(pid)
        looks = [*self._looks[pid], _is_stopped(fields)]
        try:
            files = _count_files(pid)
        except PermissionError:
            files = None
            missing.add("CAP_SYS_PTRACE, or NGINX's own user, to count the open files of workers")
        return Worker(
            pid=pid,
            state=fields[0],
            ran=ran if ran is not None else (int(fields[11]) + int(fields[12])) / _TICK,
            waited=waited,
            stopped=sum(looks) / len(looks),
            files=files,
            most_files=most_files(pid),
        )


class _Refusals:
    """Counts lines of the error log about connections that found no file; the log is not read anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._total = 0
        self._at = self._size()

    def count(self) -> int:
        size = self._size()
        start = self._at if self._at <= size else 0  # It was emptied.
        if size > start:
            with suppress(OSError), self._path.open("rb") as file:
                file.seek(max(start, size - READ))
                text = file.read(READ)
                self._total += sum(text.count(one) for one in _REFUSED)
        self._at = size
        return self._total

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except OSError:
            return 0


def most_files(pid: int) -> int | None:
    """Return how many files a process may open."""
    with suppress(*_GONE, ValueError, StopIteration):
        lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
        return int(next(one for one in lines if one.startswith("Max open files")).split()[3])
    return None


def _spelled(one: sockdiag.Listening) -> str:
    return f"[{one.address}]:{one.port}" if ":" in one.address else f"{one.address}:{one.port}"


def _state(pid: int) -> list[str]:
    """Return the fields of ``stat`` from the state on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except _GONE:
        return []


def _is_stopped(fields: list[str]) -> bool:
    return not fields or fields[0] in STOPPED


def _schedule(pid: int) -> tuple[float | None, float | None]:
    """Return the seconds that a process had a CPU and those that it was ready and had none."""
    try:
        ran, waited, _ = Path(f"/proc/{pid}/schedstat").read_text().split()
        return int(ran) / 1e9, int(waited) / 1e9
    except (OSError, ValueError):
        return None, None


def _count_files(pid: int) -> int | None:
    """Return how many files a process has open."""
    if (count := procfs.files(pid)) is not None:
        return count
    with suppress(*_GONE):
        return sum(1 for _ in os.scandir(f"/proc/{pid}/fd"))
    return None


def _awaited(pid: int) -> frozenset[int]:
    """Return the inodes of what a worker waits for."""
    found: set[int] = set()
    with suppress(*_GONE):
        for one in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(*_GONE):
                if str(one.readlink()) == _EPOLL:
                    found |= _inodes(Path(f"/proc/{pid}/fdinfo/{one.name}").read_text().splitlines())
    return frozenset(found)


def _inodes(lines: Iterable[str]) -> set[int]:
    found = (line.partition(" ino:")[2].split() for line in lines if line.startswith("tfd:"))
    return {int(one[0], 16) for one in found if one}
