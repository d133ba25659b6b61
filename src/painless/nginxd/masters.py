"""The masters of one state directory: one, or two while a replaced binary follows the one that ran before.

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
from painless.nginxd.process import Master, reap

POLL = 0.01
"""Seconds between looks at the two: a pid file sets no event."""


class Masters:
    """Who runs, ``beside`` it one with a new binary, until it is decided which of the two stays."""

    def __init__(self, disk: Disk, name: str) -> None:
        self._disk = disk
        self._name = name
        self._current: Master | None = None
        self._beside: Master | None = None

    @property
    def running(self) -> bool:
        return self._current is not None and self._current.runs

    @property
    def undecided(self) -> bool:
        return self._beside is not None

    @property
    def acting(self) -> Master | None:
        """The one that signals and looks are about."""
        return self._beside or self._current

    def take(self, master: Master | None) -> None:
        """Let go of the one that was held, and hold this one."""
        if self._current is not None:
            self._current.close()
        self._current = master

    async def gone(self) -> None:
        """Wait until the one that runs has ended; returns at once when there is none."""
        while (master := self._current) is not None:
            await master.gone.wait()
            reap(self._name)
            if master is self._current:
                return

    async def begin(self, within: float) -> bool:
        """Have the running one start its binary anew; return whether there are two now."""
        assert self._current is not None, "only a running NGINX starts another one"
        self._beside = await _begun(self._current, self._disk, self._name, within)
        return self._beside is not None

    def go_on(self) -> None:
        """Stay with the new one; the other ends when its requests have."""
        if self._current is not None and self._beside is not None:
            before, self._current, self._beside = self._current, self._beside, None
            before.dismiss()

    def go_back(self) -> None:
        """Stay with the one that ran before."""
        if self._beside is not None:
            self._beside.dismiss()
            self._beside = None

    async def ended(self, patience: float, at_last: float) -> bool:
        """End all of them: in order, and after ``patience`` seconds at once; return whether they are gone."""
        attached = (Master.attach(pid) for pid in self.others())
        masters = [one for one in (self._current, *attached) if one is not None]
        for number, seconds in ((signal.SIGQUIT, patience), (signal.SIGTERM, at_last)):
            for one in masters:
                one.signal(number)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    for one in masters:
                        await one.gone.wait()
                reap(self._name)
                return True
        return False

    def tell(self, number: signal.Signals) -> None:
        """Send all of them a signal."""
        if self._current is not None and self._current.runs:
            self._current.signal(number)
            _tell(self.others(), number)

    def retire_others(self) -> None:
        """Have all but the one that runs take no more connections, and end when their requests have."""
        _tell(self.others(), signal.SIGQUIT)

    def others(self) -> tuple[int, ...]:
        """Return the masters of this directory that are not the one that runs."""
        return _others(self._current.pid if self._current is not None else 0, self._disk)


async def _begun(old: Master, disk: Disk, name: str, within: float) -> Master | None:
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
            _tell(starts(disk, name), signal.SIGKILL)
            _tell(_others(old.pid, disk), signal.SIGQUIT)


def _others(stays: int, disk: Disk) -> tuple[int, ...]:
    return tuple(pid for pid in procfs.holders(disk.run) if pid != stays and is_master(pid, disk))


def _tell(pids: tuple[int, ...], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _rests(master: Master) -> bool:
    return procfs.awaits(master.pid, signal.SIGUSR2)


def _other(old: Master, disk: Disk) -> Master | None:
    """Return the master that has written the pid file in place of ``old``."""
    pid = written_pid(disk)
    if pid in (None, old.pid) or not is_master(pid, disk):
        return None
    return Master.attach(pid)
