"""The counting process: reads NGINX's lines about requests and answers with metrics.

``python -m painless.counting ORDERS`` is started by the controller and ends with it.  NGINX never waits for
it, and where processors are short it comes after NGINX.  What it has counted ends with it: the next one
begins at zero, with the first line that this one has not erased.
"""

import asyncio
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

import msgspec

from painless.counting import shared
from painless.nginxd.accesslog import AccessLog
from painless.observe.requests import Shown, told
from painless.observe.tally import Known, Tally
from painless.privacy import keep_to_ourselves

EVERY = 0.1  # Seconds between two looks: NGINX itself holds lines for one.
BEHIND_NGINX = 10  # Of niceness: on a processor that both want, a tenth is ours.
AT_A_TIME = 4  # Answers; each has a copy of the counts, 15 MB with as many series as there may be.
WHOLE = 60.0  # Seconds for an answer; Prometheus gives up after ten.
_PARENT_DIED = 1  # PR_SET_PDEATHSIG


class Apart:
    """NGINX, as far as it can be reached from here: by files that the controller looks at."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def reopen_logs(self) -> None:
        (self._folder / shared.CLOSED).unlink(missing_ok=True)
        (self._folder / shared.REOPEN).touch()

    def open_files(self) -> frozenset[str]:
        """Return every old log, until we are told that nobody has it open."""
        if (self._folder / shared.CLOSED).exists():
            return frozenset()
        return frozenset(map(str, self._folder.iterdir()))


class Counting:
    """Counts what comes into a folder, and says it."""

    def __init__(self, folder: Path, shown: Shown) -> None:
        self._folder = folder
        self._tally = Tally(shown)
        self._log = AccessLog(folder, self._tally, Apart(folder))
        self._known, self._stamp = Known(), (0, 0)
        self._answers = 0

    async def run(self) -> None:
        socket = self._folder / shared.SOCKET
        socket.unlink(missing_ok=True)
        async with await asyncio.start_unix_server(self._answer, socket):
            while True:
                self._look()
                await asyncio.to_thread(self._log.carry)
                await asyncio.sleep(EVERY)

    def _look(self) -> None:
        if (found := shared.stamp(self._folder)) != self._stamp:
            self._known, self._stamp = shared.read_known(self._folder), found
        self._tally.look(time.monotonic(), self._known)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._answers += 1
        try:
            with suppress(OSError, TimeoutError, ValueError):
                async with asyncio.timeout(WHOLE):
                    await self._say(await reader.readline(), writer)
        finally:
            self._answers -= 1
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    async def _say(self, question: bytes, writer: asyncio.StreamWriter) -> None:
        if pieces := self._pieces(question):
            if self._answers > AT_A_TIME:
                return
            for piece in pieces:
                writer.write(piece)
                # Other answers and the next look are not kept waiting.
                await asyncio.sleep(0)
                await writer.drain()
        writer.write(shared.END)
        await writer.drain()

    def _pieces(self, question: bytes) -> Iterator[bytes] | None:
        match question:
            case shared.PAGE:
                return self._page()
            case shared.HOSTS:
                return (msgspec.json.encode(one) + b"\n" for one in self._tally.by_host().items())
            case _:
                return None

    def _page(self) -> Iterator[bytes]:
        return chain((told(self._tally.lines(), self._log.dropped),), self._tally.page())


def main(orders: shared.Orders) -> None:
    keep_to_ourselves()
    ctypes.CDLL(None).prctl(_PARENT_DIED, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != orders.parent:
        return
    os.nice(BEHIND_NGINX)
    asyncio.run(Counting(Path(orders.folder), orders.shown).run())


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=shared.Orders))
