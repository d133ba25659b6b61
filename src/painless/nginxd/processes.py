"""What NGINX's processes together have used, for ingress-nginx's metrics of them.

What workers used that have ended is their master's: the kernel adds it there when the master has heard of
their end, so nothing has to be remembered here.
"""

import os
import time
from pathlib import Path

from painless.nginxd import procfs
from painless.observe.machine import Processes

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def processes(master: int | None) -> Processes | None:
    """Look at a master and its children; ``None`` when there is none."""
    if master is None:
        return None
    found = {pid: one for pid in (master, *procfs.children(master)) if len(one := procfs.fields(pid)) > 21}
    if master not in found:
        return None
    reads, writes = zip(*map(_disk, found), strict=True)
    return Processes(
        count=len(found),
        started=time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + int(found[master][19]) / _TICK,
        cpu_seconds=sum(_ticks(one, ended=pid == master) for pid, one in found.items()) / _TICK,
        resident=sum(int(one[21]) for one in found.values()) * _PAGE,
        virtual=sum(int(one[20]) for one in found.values()),
        read_bytes=None if None in reads else sum(reads),
        write_bytes=None if None in writes else sum(writes),
    )


def _ticks(fields: list[str], *, ended: bool) -> int:
    """Return the CPU time of a process, and of its children that have ended."""
    return sum(map(int, fields[11 : 15 if ended else 13]))


def _disk(pid: int) -> tuple[int | None, int | None]:
    """Return the bytes that a process read and wrote; nothing is known of somebody else's."""
    try:
        lines = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
        return int(lines["read_bytes"]), int(lines["write_bytes"])
    except (OSError, ValueError, KeyError):
        return None, None
