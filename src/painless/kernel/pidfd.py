"""Open files of other processes, shared with them: Python has no call for it."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

_GETFD = 438  # pidfd_getfd, the same number on all machines that NGINX is built for; Linux 5.6.
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_int, ctypes.c_uint)


@contextmanager
def opened(pid: int) -> Iterator[int]:
    """Hold a process, whatever its number comes to mean; raises ``ProcessLookupError`` when it is gone."""
    pidfd = os.pidfd_open(pid)
    try:
        yield pidfd
    finally:
        os.close(pidfd)


def shared(pidfd: int, number: int) -> int:
    """Return a descriptor of ours for the open file that the process has under ``number``.

    Raises ``OSError``: without the right to trace the process it is a ``PermissionError``.
    """
    found = int(_libc.syscall(_GETFD, pidfd, number, 0))
    if found < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return found
