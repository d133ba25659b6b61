"""Why does a listener drop connections?  Two looks at queues, workers and limits become a cause.

A pure function of what the kernel and NGINX's processes show.  What could not be read is ``None`` and proves
nothing.  The causes are asked for in a fixed order, since one symptom has them all: a queue that is full.
"""

from collections.abc import Iterable
from enum import Enum

from msgspec import Struct

THROTTLED = 0.05
"""Share of the CPU quota's periods in which it ran out, from which on it is the cause."""
STARVED = 0.25
"""Share of the time that a worker was ready to run and had no CPU, where no quota can be seen."""
BUSY = 0.8
"""Share of a CPU from which on a worker is at work all the time."""
STOPPED = frozenset("TtDZX")
"""States of a process that does nothing: stopped, traced, waiting for a disk, dead; the kernel's letters."""
HALF = 0.5
"""Share of the looks at a worker that find it stopped, from which on it is the cause."""


class Cause(Enum):
    """What filled a queue, as metrics and logs call it."""

    FILES = "open_files"
    THROTTLED = "cpu_throttled"
    BLOCKED = "worker_blocked"
    OVERLOAD = "overload"
    BURST = "burst"
    UNKNOWN = "unknown"


REMEDIES = {
    Cause.FILES: "raise max-worker-open-files, or the container's limit of open files",
    Cause.THROTTLED: "raise the CPU limit of NGINX's container, or remove it",
    Cause.BLOCKED: "see what the worker waits for in /proc/PID/stack, and how full disk and network are",
    Cause.OVERLOAD: "add replicas, or CPUs and workers",
    Cause.BURST: "raise net.core.somaxconn of the Pod; the backlog follows it",
    Cause.UNKNOWN: "let Painless see NGINX's processes: the same user, or CAP_SYS_PTRACE",
}


class Queue(Struct, frozen=True):
    """The accept queue of one listening socket; it is full when ``depth`` has passed ``limit``.

    ``slot`` numbers the sockets of a listener that has one for each worker, and is ``None`` where all
    workers share one.  ``pid`` is the worker that serves it, if it can be known.
    """

    listen: str
    inode: int
    depth: int
    limit: int | None = None
    drops: int | None = None
    slot: int | None = None
    pid: int | None = None

    @property
    def worker(self) -> str:
        """Whose queue it is, as metrics call it."""
        return "all" if self.slot is None else str(self.slot)


class Worker(Struct, frozen=True):
    """A worker that accepts: its state as the kernel's letter, seconds on a CPU and in wait for one, files.

    ``stopped`` is the share of the looks at it since the sample before that found it stopped.
    """

    pid: int
    state: str
    ran: float
    waited: float | None = None
    stopped: float = 0.0
    files: int | None = None
    most_files: int | None = None


class Sample(Struct, frozen=True):
    """All of it at one moment; ``at`` is in seconds.

    ``quotas``: for each CPU quota that NGINX is under, its periods so far and those in which it ran out.
    ``refusals`` counts what the error log had of connections that could not be accepted for want of a file.
    """

    at: float
    master: int
    queues: tuple[Queue, ...] = ()
    workers: tuple[Worker, ...] = ()
    quotas: tuple[tuple[int, int], ...] = ()
    refusals: int = 0


class Overflow(Struct, frozen=True):
    """A queue that dropped connections since the look before, and why."""

    listen: str
    worker: str
    drops: int
    cause: Cause
    evidence: str

    @property
    def remedy(self) -> str:
        return REMEDIES[self.cause]


class _Pair(Struct, frozen=True):
    """Two looks, for all the questions that are about what happened between them."""

    before: Sample
    now: Sample

    @property
    def seconds(self) -> float:
        return max(self.now.at - self.before.at, 1e-3)

    def shares(self) -> dict[int, float]:
        """Return how much of a CPU each worker had."""
        ran = {one.pid: one.ran for one in self.before.workers}
        return {
            one.pid: (one.ran - ran[one.pid]) / self.seconds for one in self.now.workers if one.pid in ran
        }

    def starved(self) -> float:
        """Return the longest that a worker was ready and had no CPU, as a share of the time."""
        waited = {one.pid: one.waited for one in self.before.workers}
        shares = (
            (one.waited - then) / self.seconds
            for one in self.now.workers
            if one.waited is not None and (then := waited.get(one.pid)) is not None
        )
        return max(shares, default=0.0)


def overflows(before: Sample, now: Sample) -> tuple[Overflow, ...]:
    """Return what dropped connections between two looks, and why."""
    pair = _Pair(before, now)
    found = []
    for queue, drops in dropped(before.queues, now.queues):
        cause, evidence = _cause(pair, queue)
        found.append(Overflow(queue.listen, queue.worker, drops, cause, evidence))
    return tuple(found)


def dropped(before: Iterable[Queue], now: Iterable[Queue]) -> list[tuple[Queue, int]]:
    """Return the queues whose sockets count more drops than before; a new socket counts from nothing."""
    then = {one.inode: one.drops or 0 for one in before}
    more = [(one, (one.drops or 0) - then.get(one.inode, 0)) for one in now]
    return [(one, count) for one, count in more if count > 0]


def _cause(pair: _Pair, queue: Queue) -> tuple[Cause, str]:
    for ask in (_files, _throttled, _blocked, _overload):
        if (found := ask(pair, queue)) is not None:
            return found
    most = f"at most {queue.limit + 1} connections fit" if queue.limit is not None else "the queue was full"
    if not pair.shares():
        return Cause.UNKNOWN, f"{most}; of NGINX's workers nothing is known"
    return Cause.BURST, f"{most}; workers had CPU and files left"


def _files(pair: _Pair, queue: Queue) -> tuple[Cause, str] | None:
    refusals = pair.now.refusals - pair.before.refusals
    full = [one for one in _serving(pair, queue) if _is_full(one)]
    if full:
        one = full[0]
        return Cause.FILES, f"worker {one.pid} has {one.files} of {one.most_files} files open"
    if refusals > 0:
        return Cause.FILES, f"accept4() failed for want of files {refusals} times in the error log"
    return None


def _is_full(one: Worker) -> bool:
    return one.files is not None and one.most_files is not None and one.files >= one.most_files


def _throttled(pair: _Pair, _: Queue) -> tuple[Cause, str] | None:
    spent = zip(pair.before.quotas, pair.now.quotas, strict=False)
    counts = [(now[0] - before[0], now[1] - before[1]) for before, now in spent]
    periods, throttled = max(counts, key=lambda one: one[1] / max(one[0], 1), default=(0, 0))
    if throttled > periods * THROTTLED:
        return Cause.THROTTLED, f"the CPU quota ran out in {throttled} of {periods} periods"
    return None


def _blocked(pair: _Pair, queue: Queue) -> tuple[Cause, str] | None:
    """Somebody does not accept: the one whose queue it is, or all who share it."""
    serving = _serving(pair, queue)
    shares = pair.shares()
    stuck = [one for one in serving if _is_stuck(one, pair, queue)]
    if stuck and (len(stuck) == len(serving) or queue.slot is not None):
        return Cause.BLOCKED, "; ".join(_stuck(one, shares) for one in stuck)
    if queue.slot is not None and _stands_alone(pair, queue):
        who = f"worker {queue.pid}" if queue.pid is not None else "its worker"
        return Cause.BLOCKED, f"{who} takes none while the queues of the others are empty"
    return None


def _is_stuck(one: Worker, pair: _Pair, queue: Queue) -> bool:
    """Whether it does not run, though connections wait for it; one without any may well sleep."""
    sleeps = pair.shares().get(one.pid, 1.0) == 0.0 and pair.starved() < STARVED
    return one.stopped >= HALF or (sleeps and queue.depth > 0)


def _stuck(one: Worker, shares: dict[int, float]) -> str:
    return f"worker {one.pid} takes none: state {one.state}, {shares.get(one.pid, 0.0):.0%} of a CPU used"


def _stands_alone(pair: _Pair, queue: Queue) -> bool:
    """Whether its queue was not served at all while those of the other workers are empty."""
    then = {one.inode: one.depth for one in pair.before.queues}
    others = [one for one in pair.now.queues if one.listen == queue.listen and one.inode != queue.inode]
    return bool(others) and queue.depth >= then.get(queue.inode, 0) > 0 and not any(x.depth for x in others)


def _overload(pair: _Pair, queue: Queue) -> tuple[Cause, str] | None:
    shares = pair.shares()
    serving = [shares[one.pid] for one in _serving(pair, queue) if one.pid in shares]
    if serving and min(serving) >= BUSY:
        return Cause.OVERLOAD, f"each worker that serves it used at least {min(serving):.0%} of a CPU"
    if (starved := pair.starved()) > STARVED:
        return Cause.OVERLOAD, f"a worker was ready for {starved:.0%} of the time and had no CPU"
    return None


def _serving(pair: _Pair, queue: Queue) -> list[Worker]:
    """Return the workers that take from a queue: its own, or all of them."""
    own = [one for one in pair.now.workers if one.pid == queue.pid]
    return own if own or queue.slot is not None else list(pair.now.workers)
