"""The controller's side of the process that sends spans: start it, feed it, hear what it did, end it.

Whoever feeds it never waits: a process that is slow, stopped or dead takes nothing, and what it has not taken
stays where it is.
"""

import asyncio
import fcntl
import os
import sys
import threading
from contextlib import suppress

import msgspec

from painless.nginx.spans import Export
from painless.tracing.exporter import FAREWELL, Counts

_ROOM = 1 << 20  # Bytes of a pipe, the most that anybody may have.
_END = FAREWELL + 2.0  # Seconds to send what is left and be gone.
_LINE = 64 << 10  # Bytes of counts, read at once.


class Sender:
    """A process that sends to one collector."""

    def __init__(self, export: Export, process: asyncio.subprocess.Process, feed: int, said: int) -> None:
        self.export = export
        self.counts = Counts()
        self._process = process
        self._feed = feed
        self._said = said
        self._rest = b""
        self._alone = threading.Lock()

    @classmethod
    async def start(cls, export: Export) -> "Sender":
        """Start it; raises ``OSError`` where that cannot be done."""
        fed, feed = os.pipe()
        said, says = os.pipe()
        with suppress(OSError):
            fcntl.fcntl(feed, fcntl.F_SETPIPE_SZ, _ROOM)
        for ours in (feed, said):
            os.set_blocking(ours, False)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "painless.tracing", msgspec.json.encode(export).decode()),
                stdin=fed,
                stdout=says,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except BaseException:
            os.close(feed)
            os.close(said)
            raise
        finally:
            os.close(fed)
            os.close(says)
        return cls(export, process, feed, said)

    @property
    def runs(self) -> bool:
        return self._process.returncode is None

    def write(self, data: bytes) -> int:
        """Return how many bytes it has taken; may be called from another thread."""
        with self._alone:
            if self._feed < 0:
                return 0
            try:
                return os.write(self._feed, data)
            except OSError:
                # No room, or nobody: the next one takes it.
                return 0

    def hear(self) -> None:
        """Take the counts that it has said."""
        # A process that is killed may have said half of it.
        with suppress(BlockingIOError, msgspec.DecodeError):
            while data := os.read(self._said, _LINE):
                *lines, self._rest = (self._rest + data).split(b"\n")
                for line in lines[-1:]:
                    self.counts = msgspec.json.decode(line, type=Counts)

    async def stop(self) -> Counts:
        """Have it send what it has, within a few seconds, and return what it did."""
        with self._alone:
            os.close(self._feed)
            self._feed = -1
        with suppress(TimeoutError):
            async with asyncio.timeout(_END):
                await self._process.wait()
        if self.runs:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self.hear()
        os.close(self._said)
        return self.counts
