"""Waiting for what becomes of a generation that NGINX was told to load, by a start or by a reload.

``probe`` says what one look means; this looks again until there is a verdict or no more time.
"""

import asyncio
import re

from painless.nginx.generation import MAIN
from painless.nginxd.disk import Disk
from painless.nginxd.errorlog import ErrorLog
from painless.nginxd.errors import NotRunning, Unresponsive
from painless.nginxd.probe import Sight, Verdict, judge, look
from painless.nginxd.process import Master

POLL = 0.01
"""Seconds between looks at NGINX, which cost 0.1 ms each; a reload takes 80 ms."""

LOAD_PATIENCE = 3.0
LOAD_FACTOR = 4.0
"""A master has ``LOAD_PATIENCE`` + ``LOAD_FACTOR`` times the test's time to load a generation: 2.5 s go to
tries on a port in use, and old and new trees compete for memory and cores while it loads."""

CONFIRM_PATIENCE = 30.0
"""Seconds more while it is visibly at it: it holds both generations, or its workers are not all up."""

_WORKERS = re.compile(r"^\s*worker_processes\s+(auto|\d+)\s*;", re.MULTILINE)


class Loading:
    """A generation that NGINX was told to load; ``log`` and ``before`` are from right before that."""

    def __init__(
        self, id_: str, disk: Disk, log: ErrorLog, before: Sight | None, test_seconds: float
    ) -> None:
        self.id = id_
        self._before = frozenset[int]() if before is None else frozenset(one.pid for one in before.workers)
        self._run = disk.run
        self._log = log
        self._expected = _worker_count(disk, id_)
        self._patience = LOAD_PATIENCE + LOAD_FACTOR * test_seconds

    async def outcome(self, master: Master) -> str:
        """Return why NGINX refuses the generation; nothing once it and only it is served."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._patience
        while master.runs:
            # The log before the processes: a master that gave a reason and then holds the old generation
            # alone has given up, whereas one that is still trying a port holds both.
            given = self._log.fatal(master.pid)
            late = loop.time() > due
            sight = look(master.pid, self._run, self._before)
            match judge(sight, self.id, self._expected, excused=bool(given) or late):
                case Verdict.LIVE:
                    return ""
                case Verdict.FAILED if given:
                    return "\n".join(given)
                case Verdict.FAILED:
                    raise Unresponsive(f"NGINX {master.pid} did not load {self.id} and gave no reason")
                case Verdict.PENDING if loop.time() > due + CONFIRM_PATIENCE:
                    raise Unresponsive(self._stuck(sight))
            await asyncio.sleep(POLL)
        raise NotRunning("; ".join(("NGINX ended while it loaded a generation", *self._log.fatal())))

    def _stuck(self, sight: Sight) -> str:
        workers = ", ".join(f"{one.pid} ({one.title}, {one.generation})" for one in sight.workers)
        said = (
            f"NGINX {sight.master} did not come to run {self.id} alone on {self._expected or 'its'} workers:"
            f" it holds {' and '.join(sorted(sight.holds)) or 'none'}, workers are {workers or 'none'}"
        )
        return "; ".join((said, *self._log.fatal()))


def _worker_count(disk: Disk, id_: str) -> int | None:
    """Return how many workers a generation asks for; ``None`` when that cannot be told from its text."""
    try:
        found = _WORKERS.search((disk.folder(id_) / MAIN).read_bytes().decode())
    except FileNotFoundError:
        return None
    if found is None:
        return 1
    # What "auto" means differs: musl counts the processors we may use, glibc those that are online.
    return None if found[1] == "auto" else int(found[1])
