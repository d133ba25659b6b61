"""Which workers NGINX has, old ones included: what each of them runs, costs and holds, at one moment.

Everything is read off the processes, so that an NGINX that was taken over shows its past as one that we
started.  Meant for a thread, each second: what is dear is read as often as it may cost (``allowance``).
"""

import time
from collections import Counter
from collections.abc import Iterator
from itertools import groupby, zip_longest
from pathlib import Path

from painless.kernel import memory, sockdiag
from painless.kernel.sockdiag import Place
from painless.nginxd import procfs
from painless.nginxd.allowance import SHARES, Allowance, Shares
from painless.nginxd.clients import ANYWAY, Clients, Old
from painless.nginxd.probe import DRAINING, look
from painless.plan.workers import GenerationState, Remote, Sample, WorkerState

MEMORY = (
    "memory of NGINX's workers: /proc/PID/smaps_rollup cannot be read, "
    "which takes their user or CAP_SYS_PTRACE"
)
MASTER = "NGINX's workers: /proc/PID/fd of its master cannot be read, which takes its user or CAP_SYS_PTRACE"
UNKNOWN = "unknown"
"""Stands for the generation of a worker that we may not look into, and have not seen begin."""

SLIGHT = 1 << 18
"""Bytes that a worker may have more or less before its memory is read again."""


class Known:
    """What is kept of a worker from one look to the next."""

    def __init__(self, pid: int, started: float) -> None:
        self.pid = pid
        self.started = started
        self.generation = UNKNOWN
        self.memory: int | None = None
        self.resident: int | None = None
        """What it had in memory when it was weighed."""
        self.drains_since: float | None = None
        self.old: Old | None = None

    @property
    def state(self) -> WorkerState:
        return WorkerState(
            self.pid,
            draining=self.old is not None,
            connections=self.old.connections if self.old else None,
            memory=self.memory,
        )


Batch = tuple[Known, ...]
"""Workers of one generation that were started after those of another one."""


class Census:
    """Remembers what does not change while a worker lives, and what is dear to read."""

    def __init__(self, run: Path, http: frozenset[int], shares: Shares = SHARES) -> None:
        self._run = run
        self._clients = Clients(http, shares)
        self._known: dict[tuple[int, float], Known] = {}
        self._weighing = Allowance(shares.weighing)
        self._searching = Allowance(shares.searching)
        self._strangers: tuple[int, ...] = ()
        self._together = frozenset[tuple[int, float]]()
        self._weighed_at = 0.0
        self._weightless = False

    def look(self, master: int | None) -> Sample:
        """Return what the master's workers are, and those that another master has left."""
        if master is None:
            return Sample()
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        try:
            workers = sorted(self._workers(master, now), key=lambda one: (one.started, one.pid))
        except PermissionError:
            return Sample(unknown=(MASTER,))
        self._known = {(one.pid, one.started): one for one in workers}
        self._weigh(now)
        old = [one.old for one in workers if one.old is not None]
        self._clients.look(now, _places(master), old)
        states = tuple(self._states(workers, now, old))
        unknown = (*self._clients.unknown, *((MEMORY,) if self._weightless else ()))
        return Sample(tuple(sorted(states, key=lambda one: (one.draining is not None, one.age))), unknown)

    def _workers(self, master: int, now: float) -> Iterator[Known]:
        sight = look(master, self._run, before=frozenset(pid for pid, _ in self._known))
        for one in sight.workers:
            if one.is_one and (known := self._recall(one.pid)) is not None:
                if one.generation is not None:
                    known.generation = one.generation
                self._mark(known, now, drains=not one.accepts)
                yield known
        for pid in self._others(now, frozenset(one.pid for one in sight.workers)):
            known, title = self._recall(pid), procfs.title(pid)
            # One that is dead has a start still, until its master hears of it, and no title.
            if known is not None and title:
                known.generation = procfs.marker(pid, self._run) or known.generation
                self._mark(known, now, drains=title == DRAINING)
                yield known

    def _others(self, now: float, children: frozenset[int]) -> tuple[int, ...]:
        """Return workers of a binary that was replaced, or of a master that was killed."""
        if self._searching.allows(now):
            with self._searching.spent(now):
                self._strangers = procfs.workers(self._run)
        # A master that is killed leaves workers that were known.
        candidates = {*self._strangers, *(pid for pid, _ in self._known)}
        return tuple(sorted(candidates - children))

    def _recall(self, pid: int) -> Known | None:
        started = procfs.started(pid)
        if started is None:
            return None
        return self._known.get((pid, started)) or Known(pid, started)

    def _mark(self, known: Known, now: float, *, drains: bool) -> None:
        if drains and known.old is None:
            known.old = Old(known.pid)
            known.drains_since = now

    def _weigh(self, now: float) -> None:
        """Read the memory of those that have another than they had, and of all if others share it now."""
        due = self._weighing.allows(now)
        with self._weighing.spent(now):
            together = frozenset(self._known)
            every = due and (together != self._together or now >= self._weighed_at + ANYWAY)
            for one in self._known.values():
                resident = memory.resident(one.pid)
                if every or one.resident is None or (due and abs(resident - one.resident) >= SLIGHT):
                    one.resident = resident
                    self._weigh_one(one)
            if every:
                self._together, self._weighed_at = together, now

    def _weigh_one(self, one: Known) -> None:
        try:
            one.memory = memory.share(one.pid)
            self._weightless = False
        except PermissionError:
            self._weightless = True

    def _states(self, workers: list[Known], now: float, old: list[Old]) -> Iterator[GenerationState]:
        batches = [tuple(some) for _, some in groupby(workers, key=lambda one: one.generation)]
        serving = [one for batch in batches for one in batch if one.old is None]
        alone = len({one.generation for one in serving}) == 1
        for batch, following in zip_longest(batches, batches[1:], fillvalue=()):
            drained = tuple(one for one in batch if one.old is not None)
            if drained:
                since = _since(batch, drained, following)
                for one in drained:
                    # Who took over may be gone before it is.
                    one.drains_since = since
                yield _old_state(drained, since, now)
            if len(drained) < len(batch):
                accepting = tuple(one for one in batch if one.old is None)
                yield GenerationState(
                    id=accepting[0].generation,
                    age=now - accepting[0].started,
                    draining=None,
                    workers=tuple(one.state for one in accepting),
                    unattributed=self._clients.rest(old) if alone else None,
                )


def _old_state(workers: Batch, since: float, now: float) -> GenerationState:
    remotes = sum((one.old.remotes for one in workers if one.old), Counter[str]())
    return GenerationState(
        id=workers[0].generation,
        age=now - workers[0].started,
        draining=max(0.0, now - since),
        workers=tuple(one.state for one in workers),
        remotes=tuple(Remote(address, count) for address, count in sorted(remotes.items())),
    )


def _since(batch: Batch, drained: Batch, following: Batch) -> float:
    """Return when others took over: as the first of those began that followed, and were ever seen.

    They are of another generation or of the same; where nobody followed, the master ends.
    """
    later = [one.started for one in batch if one.old is None and one.started > drained[-1].started]
    begun = [following[0].started] if following else later
    return min((*begun, *(one.drains_since for one in drained if one.drains_since is not None)))


def _places(master: int) -> frozenset[Place]:
    """Return where NGINX listens."""
    own = procfs.sockets(master)
    return frozenset(one.place for one in sockdiag.listening() if one.inode in own)
