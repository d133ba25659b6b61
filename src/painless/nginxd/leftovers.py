"""What a controller or a master that was killed leaves behind, and a new master would stumble over.

The controller may have been starting NGINX, which goes on loading and would take the ports.  The
master's workers go on accepting and hold the ports, its unix sockets cannot be bound to again, and its pid
file names a process that is gone.
"""

import asyncio
import os
import signal
import socket
import stat
from contextlib import suppress
from pathlib import Path

from painless.nginxd import procfs
from painless.nginxd.disk import Disk
from painless.nginxd.probe import MASTER, WORKER

RETIRE_TIMEOUT = 2.0
"""Seconds for workers to close their listeners, which takes them one turn of their loop; the start comes
after that in any case, and tries a port in use for some time."""

POLL = 0.005
"""Seconds between looks: the ports are closed meanwhile."""


async def clear_leftovers(disk: Disk) -> None:
    """Make room for a new master; call it only when there is none."""
    left = orphans(disk.run)
    for pid in left:
        with suppress(ProcessLookupError):
            # They close their listeners at once and end when their last request has.
            os.kill(pid, signal.SIGQUIT)
    loop = asyncio.get_running_loop()
    due = loop.time() + RETIRE_TIMEOUT
    while any(procfs.title(pid) == WORKER for pid in left) and loop.time() < due:  # noqa: ASYNC110 -- other processes set no event.
        await asyncio.sleep(POLL)
    disk.pid_file.unlink(missing_ok=True)
    for one in disk.run.iterdir():
        if stat.S_ISSOCK(one.stat().st_mode) and _deserted(one):
            one.unlink()


async def end_starts(disk: Disk, name: str) -> None:
    """End calls of NGINX that would become its master; call it only when there is none."""
    loop = asyncio.get_running_loop()
    due = loop.time() + RETIRE_TIMEOUT
    while (begun := starts(disk, name)) and loop.time() < due:
        for pid in begun:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(POLL)


def starts(disk: Disk, name: str) -> tuple[int, ...]:
    """Return the calls of the binary ``name`` that load ``current`` and have not become a master yet."""
    ours = f" -c {disk.main} "
    titles = ((pid, procfs.title(pid) or "") for pid in procfs.every_pid())
    # A master's workers have its title until they have their own.
    found = (pid for pid, title in titles if ours in f"{title} " and not title.startswith(MASTER))
    return tuple(pid for pid in found if procfs.command(pid) == name[:15])


def orphans(run: Path) -> tuple[int, ...]:
    """Return workers that accept connections for us and whose master is gone.

    Those we may not look into are known by having become our children.
    """
    adopted = (pid for pid in procfs.children(os.getpid()) if not procfs.open_files(pid))
    candidates = {*procfs.holders(run), *adopted}
    return tuple(pid for pid in sorted(candidates) if procfs.title(pid) == WORKER and not _has_master(pid))


def _has_master(pid: int) -> bool:
    return (procfs.title(procfs.parent(pid) or 0) or "").startswith(MASTER)


def _deserted(path: Path) -> bool:
    """Whether nobody listens on a unix socket any more."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as attempt:
        try:
            attempt.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False
