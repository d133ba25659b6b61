"""The responder as another process: one connection to it, and starting and ending it.

Which process answers is not believed from a file but asked of the kernel: the socket lies in a directory
that only we can write, and ``SO_PEERCRED`` names the process that listens on it.
"""

import asyncio
import os
import select
import signal
import socket
import struct
import sys
import time
from pathlib import Path

from painless.discovery import control

LOG = "log"
"""The responder's log within its directory."""

_HELLO = 2.0  # seconds for "who are you" and for a connection: a responder that cannot say so is hung
_END = 5.0  # seconds for a process to be gone after SIGKILL or its own farewell
_LOG_LIMIT = 1 << 20  # bytes kept of the log, which is a few lines a day
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


class Lost(Exception):
    """The responder died, hangs or speaks otherwise; the connection is of no more use."""


class Link:
    """One connection to the responder; one exchange at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._owed = False
        connection: socket.socket = writer.get_extra_info("socket")
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        self.pid: int = _CREDENTIALS.unpack(raw)[0]

    @classmethod
    async def to(cls, directory: Path) -> "Link | None":
        """Connect to the responder that serves ``directory``, if there is one."""
        try:
            async with asyncio.timeout(_HELLO):
                return cls(*await asyncio.open_unix_connection(directory / control.SOCKET))
        except (OSError, TimeoutError):
            return None

    async def exchange(self, request: control.Request, within: float) -> control.Reply:
        """Return the reply to ``request``; raise ``Lost`` when there will be none.

        After one that was given up, by time or by cancellation, the next reply would be that one's.
        """
        if self._owed:
            raise Lost(f"the responder with pid {self.pid} still owes a reply")
        self._owed = True
        try:
            async with asyncio.timeout(within):
                self._writer.write(control.frame(request))
                await self._writer.drain()
                reply = await control.read_reply(self._reader)
        except (OSError, EOFError, control.Malformed) as error:
            raise Lost(f"the responder with pid {self.pid} gave no reply: {error!r}") from error
        self._owed = False
        return reply

    async def describe(self) -> control.Statistics | None:
        """Return who it is; nothing when it does not say so, or is another than the kernel says."""
        try:
            about = await self.exchange(control.Describe(), _HELLO)
        except Lost:
            return None
        return about if isinstance(about, control.Statistics) and about.pid == self.pid else None

    async def closed_within(self, seconds: float) -> bool:
        """Wait that long for the other side to go; say whether it went."""
        try:
            async with asyncio.timeout(seconds):
                return not await self._reader.read(1)
        except TimeoutError:
            return False
        except OSError:  # reset: it was killed
            return True

    def close(self) -> None:
        self._writer.close()


def spawn(directory: Path, options: tuple[str, ...]) -> int:
    """Start a responder in a session of its own, so that signals to ours do not reach it; return its pid.

    ``posix_spawn`` and not ``subprocess``, whose objects believe that a child must not outlive them.
    """
    log = directory / LOG
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.unlink()
    command = [sys.executable, "-P", "-m", "painless.discovery.server", f"--state={directory}", *options]
    # Opened here, since an error of the child's would be said to be about its executable.
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, said, 1),
        (os.POSIX_SPAWN_DUP2, said, 2),
    ]
    try:
        return os.posix_spawn(sys.executable, command, os.environ, file_actions=actions, setsid=True)
    finally:
        os.close(said)


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one of ours that has ended is buried."""
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    except ChildProcessError:
        pass  # Another controller started it.
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        # Readable once it has ended, though whoever should bury it may take their time.
        ends = select.poll()
        ends.register(handle, select.POLLIN)
        return not ends.poll(0)
    finally:
        os.close(handle)


async def kill(pid: int) -> None:
    """End a responder that is hung or not the one we want; its table is safe at any moment."""
    if is_alive(pid):
        os.kill(pid, signal.SIGKILL)
    await ended(pid)


async def ended(pid: int) -> None:
    """Wait until a responder has ended, within limits."""
    deadline = time.monotonic() + _END
    while True:
        if not is_alive(pid) or time.monotonic() >= deadline:
            return
        await asyncio.sleep(0.01)
