"""Ending one worker that drains, before its time; nothing else is ever told to end here.

A number may come to mean another process between a look and a signal, and a worker that accepts would take
its clients with it.  So the process is held by a pidfd first, and looked at then.
"""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from painless.nginxd import procfs
from painless.nginxd.probe import DRAINING


def retire(pid: int, generation: str, masters: Iterable[int], run: Path) -> bool:
    """Have a worker end that drains and runs ``generation``; return whether there was such a one."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if not _is_draining(pid, generation, masters, run):
            return False
        with suppress(ProcessLookupError):
            # Clients are told by a FIN within milliseconds, and no other worker takes its place.
            signal.pidfd_send_signal(pidfd, signal.SIGTERM)
        return True
    finally:
        os.close(pidfd)


def _is_draining(pid: int, generation: str, masters: Iterable[int], run: Path) -> bool:
    if procfs.title(pid) != DRAINING or not any(pid in procfs.children(one) for one in masters):
        return False
    try:
        return procfs.marker(pid, run) == generation
    except PermissionError:
        return True  # Its title and its parent are known; whose files it has open we may not ask.
