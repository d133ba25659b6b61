"""Our standard output, written to without ever waiting for whoever reads it.

What is at the other end may be slow, stopped or gone, and whoever writes must go on.  The descriptor we were
given is shared with other processes, so it is left as it is: a pipe or a terminal is opened anew, and of
everything else no more is written at once than it has said to have room for.
"""

import os
import select
import stat

_PIPE_BUF = 4096
"""Bytes: what a pipe has room for when it says that it has any (POSIX's PIPE_BUF on Linux)."""


class Output:
    """One end of it; ``write`` says how much was taken."""

    def __init__(self, fd: int) -> None:
        mode = os.fstat(fd).st_mode
        self._fd = fd
        self._most: int | None = None if stat.S_ISREG(mode) else _PIPE_BUF
        if stat.S_ISFIFO(mode) or os.isatty(fd):
            self._open_anew()

    def write(self, data: bytes | memoryview) -> int:
        """Return how many bytes were taken, 0 when there is no room; raises ``OSError`` when nobody reads."""
        view = memoryview(data)
        taken = 0
        while taken < len(view):
            if self._most is not None and not self._has_room():
                break
            try:
                taken += os.write(self._fd, view[taken : taken + self._most if self._most else None])
            except BlockingIOError:
                break
        return taken

    def _open_anew(self) -> None:
        try:
            self._fd = os.open(f"/proc/self/fd/{self._fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError:
            # Somebody else's, who handed it down opened: we ask before each piece.
            return
        self._most = None

    def _has_room(self) -> bool:
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        return bool(poll.poll(0))
