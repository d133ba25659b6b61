"""The network namespace of another process, for what is read of it: one thread enters it, and ends there.

Sysctls of the network and sockets are those of the thread that asks, so nobody else of us notices.
"""

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_NEWNET = 0x40000000  # CLONE_NEWNET of <sched.h>.
_LIBC = ctypes.CDLL(None, use_errno=True)


def name(pid: int | str = "thread-self") -> str | None:
    """Return what tells one namespace from another; ``None`` where it may not be read."""
    try:
        return str(Path(f"/proc/{pid}/ns/net").readlink())
    except OSError:
        return None


def within(pid: int, read: Callable[[], T]) -> T:
    """Return what ``read`` returns in the namespace of a process.

    Raises ``OSError`` when the process is gone, or when we may not: that takes CAP_SYS_ADMIN.
    """

    def entered() -> T:
        _enter(pid)
        return read()

    with ThreadPoolExecutor(1, "netns") as one:
        return one.submit(entered).result()


def _enter(pid: int) -> None:
    file = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _LIBC.setns(file, _NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(file)
