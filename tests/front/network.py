"""A network namespace of a test's own: small queues, counters that nobody else moves, a loopback.

The test's process enters it and leaves it again; whatever it starts meanwhile is in it too.
"""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def own_network(**sysctls: int) -> Iterator[None]:
    """Be in a new namespace while the context lasts; raises ``PermissionError`` where that is not allowed.

    The names of ``sysctls`` have ``__`` for dots.
    """
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _done(_libc.unshare(_CLONE_NEWNET))
        try:
            with closing(socket.socket()) as any_:
                fcntl.ioctl(any_, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
            for name, value in sysctls.items():
                (Path("/proc/sys") / name.replace("__", "/")).write_text(str(value))
            yield
        finally:
            _done(_libc.setns(before, _CLONE_NEWNET))
    finally:
        os.close(before)


def _done(result: int) -> None:
    if result:
        error = ctypes.get_errno()
        raise PermissionError(error, f"a network namespace: {os.strerror(error)}")
