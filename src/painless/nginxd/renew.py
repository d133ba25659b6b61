"""Two masters on one state directory: how the second one comes to be, and how one of them goes.

NGINX starts its binary anew by itself (USR2) and passes the open listeners on, so that none is closed.  The
old master's pid file steps aside for the new one's, and comes back when the new one ends.
"""

import asyncio
import os
import signal
from contextlib import suppress

from painless.nginxd import procfs
from painless.nginxd.adopt import is_master, written_pid
from painless.nginxd.disk import Disk
from painless.nginxd.errors import Unresponsive
from painless.nginxd.leftovers import starts
from painless.nginxd.process import Master

POLL = 0.01
"""Seconds between looks at the two: a pid file sets no event."""


async def begin(old: Master, disk: Disk, name: str, within: float) -> Master | None:
    """Have ``old`` start its binary anew; return the new master, or ``None`` when NGINX gave up.

    Whatever ends this, no second master stays that is not returned.
    """
    loop = asyncio.get_running_loop()
    due = loop.time() + within
    new = None
    old.signal(signal.SIGUSR2)
    try:
        # It rests again when it has started the binary; its pid file is back when that has ended.
        while old.runs and not (_rests(old) and written_pid(disk) == old.pid):
            if (new := _other(old, disk)) is not None:
                return new
            if loop.time() > due:
                raise Unresponsive(f"NGINX's new binary did not come up within {within:.0f} s")
            await asyncio.sleep(POLL)
        return None
    finally:
        if new is None:
            for pid in starts(disk, name):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            retire_others(old.pid, disk)


def retire_others(stays: int, disk: Disk) -> None:
    """Have every master but one take no more connections, and end when its requests have."""
    for pid in others(stays, disk):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)


def others(stays: int, disk: Disk) -> tuple[int, ...]:
    """Return the masters on this directory but the one."""
    return tuple(pid for pid in procfs.holders(disk.run) if pid != stays and is_master(pid, disk))


def _rests(master: Master) -> bool:
    return procfs.awaits(master.pid, signal.SIGUSR2)


def _other(old: Master, disk: Disk) -> Master | None:
    """Return the master that has written the pid file in place of ``old``."""
    pid = written_pid(disk)
    if pid in (None, old.pid) or not is_master(pid, disk):
        return None
    return Master.attach(pid)
