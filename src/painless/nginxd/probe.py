"""Which generation does each NGINX process run?  The evidence, and the verdict on a reload.

The evidence is the titles of the master's children and the markers they hold open (0.1 ms for two workers;
no request to a worker, no capability beyond being the same user).  The verdict is a pure function of it,
so that a controller that has just adopted a foreign NGINX judges as one that started it.
"""

from enum import Enum
from pathlib import Path

from msgspec import Struct

from painless.nginxd import procfs

MASTER = "nginx: master process"
WORKER = procfs.WORKER
# A draining worker's title; it accepts no connection any more.
DRAINING = "nginx: worker process is shutting down"
# Helpers of proxy_cache: they serve no request, and an old one has no title of its own while it ends.
CACHE = "nginx: cache "


class Worker(Struct, frozen=True):
    """A child of the master: its title and the generation whose marker it holds."""

    pid: int
    title: str
    generation: str | None

    @property
    def accepts(self) -> bool:
        """Whether it takes new connections, or is about to: a new child has its parent's title at first."""
        return self.title != DRAINING

    @property
    def is_one(self) -> bool:
        """Whether it is a worker already; a master that a replaced binary started never will be."""
        return self.title.startswith(WORKER)


class Sight(Struct, frozen=True):
    """NGINX at one moment: the generations the master holds (two while it loads one) and its workers."""

    master: int
    holds: frozenset[str]
    workers: tuple[Worker, ...]

    @property
    def live(self) -> str | None:
        """The generation that the master and every worker that accepts run; ``None`` while they differ."""
        ids = {one.generation for one in self.workers if one.accepts}
        if len(ids) != 1 or len(self.holds) != 1 or not self.holds.issuperset(ids):
            return None
        return next(iter(self.holds))


class Verdict(Enum):
    """What became of a generation NGINX was told to load."""

    LIVE = "live"
    PENDING = "pending"
    FAILED = "failed"


def look(master: int, run: Path, before: frozenset[int] = frozenset()) -> Sight:
    """Return what the master and its children run: nothing, once it is gone.

    As root without CAP_SYS_PTRACE (a container's usual root) we may look into the master but not into its
    workers, who are another user.  Those that accept and are not among ``before``, the workers there were
    before the last load, are then taken to run what the master holds.
    """
    holds = procfs.markers(master, run)
    workers = []
    for pid in procfs.children(master):
        name = procfs.title(pid)
        if not name or name.startswith(CACHE):
            continue  # It has just gone, or it serves nothing.
        try:
            held = procfs.marker(pid, run)
        except PermissionError:
            taken = len(holds) == 1 and pid not in before and name != DRAINING
            held = next(iter(holds)) if taken else None
        workers.append(Worker(pid, name, held))
    return Sight(master, holds, tuple(workers))


def judge(sight: Sight, want: str, expected: int | None, *, excused: bool) -> Verdict:
    """Judge whether ``want`` is what NGINX serves.

    ``expected`` is the number of workers, where known.  ``excused`` says that NGINX has given a reason for
    not loading it or has had all the time it may need: only then does a master that holds another marker
    alone mean failure.  While it holds both it is still trying (five times 0.5 s for a port in use).
    """
    accepting = [one for one in sight.workers if one.accepts]
    if want in sight.holds:
        enough = len(accepting) == expected if expected else bool(accepting)
        settled = all(one.title == WORKER and one.generation == want for one in accepting)
        return Verdict.LIVE if enough and settled and len(sight.holds) == 1 else Verdict.PENDING
    return Verdict.FAILED if excused else Verdict.PENDING
