"""The controller's side of counting: the process is started, told what exists, asked, and replaced.

Promises that there is one that answers, or will be; that the log is bounded even while there is none; and
that nobody who asks for metrics waits for a process that does not answer.
"""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Never

import msgspec
from msgspec import Struct

from painless.compiler.lower_requests import LOG
from painless.compiler.site import Site
from painless.controller.ports import Clock
from painless.counting import shared
from painless.nginxd.accesslog import MOST, OLD, Writer
from painless.nginxd.errors import DiskFull
from painless.observe import logs
from painless.observe.requests import Shown, counting
from painless.observe.tally import Answered, Known

EVERY = 0.2
"""Seconds between two looks at what exists: a new host is told before NGINX has loaded it."""
ANSWER = 5.0
"""Seconds for the first and each further piece of an answer: Prometheus gives up after ten."""
BACK_OFF = (0.2, 10.0)
"""Seconds between two starts, doubling: quick after one end, calm when it ends again and again."""
SETTLED = 60.0
"""Seconds of life after which an end is no longer one of several."""
LEFT = 2 * MOST
"""Bytes that wait while nobody counts; a process that counts keeps to half of it by itself."""


_PIECE = 1 << 16  # Bytes of an answer at once.
_BLOCK = 512  # Bytes of what stat calls a block.


class Health(Struct, frozen=True):
    """When a process hangs: it is asked ``every`` few seconds, and has left so many questions unanswered."""

    every: float = 5.0
    within: float = ANSWER
    silent: int = 3


HEALTH = Health()


class Counting:
    """The process that counts what NGINX, the ``writer``, writes into a folder."""

    def __init__(
        self, folder: Path, shown: Shown, writer: Writer, clock: Clock, health: Health = HEALTH
    ) -> None:
        self.dropped = 0
        self._folder = folder
        self._shown = shown
        self._writer = writer
        self._clock = clock
        self._health = health
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The process; 0 before the first one."""
        return self._process.pid if self._process else 0

    async def run(self, site: Callable[[], Site | None]) -> Never:
        """Keep it running and told what ``site`` has, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell(site))
            group.create_task(self._supervise())
        raise AssertionError("both go on for ever")

    async def page(self) -> AsyncGenerator[bytes]:
        """Yield the metrics of requests in whole lines, and whether these are all."""
        whole = False
        async with aclosing(answer(self._folder / shared.SOCKET, shared.PAGE)) as pieces:
            async for piece in pieces:
                whole = piece.endswith(shared.END)
                yield piece
        yield counting(whole=whole, dropped=self.dropped)

    async def by_host(self) -> dict[str, Answered] | None:
        """Return how requests to each host were answered; ``None`` when nobody says so, or not all."""
        lines: list[bytes] = []
        async with aclosing(answer(self._folder / shared.SOCKET, shared.HOSTS)) as pieces:
            async for piece in pieces:
                lines += piece.splitlines(keepends=True)
        if not lines or lines[-1] != shared.END:
            return None
        return dict(msgspec.json.decode(one, type=tuple[str, Answered]) for one in lines[:-1])

    async def finish(self) -> None:
        """End it; what it has not counted is counted by the next one."""
        if self._process is not None:
            await _killed(self._process)

    async def _tell(self, site: Callable[[], Site | None]) -> Never:
        told: Site | None = None
        problem = ""
        while True:
            try:
                if (served := site()) is not told and served is not None:
                    await asyncio.to_thread(shared.write_known, self._folder, known(served))
                    told = served
                await asyncio.to_thread(self.look)
                found = ""
            except (OSError, DiskFull) as cause:
                found = str(cause)
            if found and found != problem:
                logs.event("requests_untold", level=logging.WARNING, problem=found)
            problem = found
            await self._clock.sleep(EVERY)

    def look(self) -> None:
        """Do for the process what only we can, and what has to be done should it not run."""
        folder = self._folder
        if (folder / shared.REOPEN).exists():
            self._writer.reopen_logs()
            (folder / shared.REOPEN).unlink()
        old = folder / f"{LOG}{OLD}"
        if old.exists() and str(old) not in self._writer.open_files():
            (folder / shared.CLOSED).touch()
        self.dropped += bounded(folder / LOG, LEFT, self._writer)

    async def _supervise(self) -> Never:
        wait, longest = BACK_OFF
        while True:
            began = self._clock.now()
            why = await self._lived()
            wait = BACK_OFF[0] if self._clock.now() - began > SETTLED else min(2 * wait, longest)
            logs.event("counting_ended", level=logging.WARNING, why=why, again_in=wait)
            await self._clock.sleep(wait)

    async def _lived(self) -> str:
        """Start one and return why it is no more."""
        orders = shared.Orders(str(self._folder), os.getpid(), self._shown)
        command = (sys.executable, "-P", "-m", "painless.counting", msgspec.json.encode(orders).decode())
        try:
            process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
        except OSError as cause:
            return f"it cannot be started: {cause.strerror}"
        self._process = process
        silent = 0
        while silent < self._health.silent:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._health.every):
                    return f"it ended with status {await process.wait()}"
            silent = 0 if await self._is_alive() else silent + 1
        await _killed(process)
        return "it did not answer"

    async def _is_alive(self) -> bool:
        asked = answer(self._folder / shared.SOCKET, shared.ALIVE, self._health.within)
        async with aclosing(asked) as pieces:
            return await anext(pieces, None) == shared.END


async def answer(socket: Path, question: bytes, within: float = ANSWER) -> AsyncGenerator[bytes]:
    """Yield the answer to a question in whole lines, the last of which is ``END`` if it is whole."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(within):
            reader, writer = await asyncio.open_unix_connection(socket)
        try:
            writer.write(question)
            rest = b""
            while piece := await _piece(reader, within):
                whole, newline, rest = (rest + piece).rpartition(b"\n")
                if newline:
                    yield whole + newline
        finally:
            writer.close()


async def _piece(reader: asyncio.StreamReader, within: float) -> bytes:
    async with asyncio.timeout(within):
        return await reader.read(_PIECE)


async def _killed(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def bounded(log: Path, most: int, writer: Writer) -> int:
    """Have NGINX begin a log anew that takes more room than this; return how many bytes were let go."""
    try:
        room = log.stat().st_blocks * _BLOCK
    except FileNotFoundError:
        return 0
    if room <= most:
        return 0
    log.unlink()
    writer.reopen_logs()
    return room


def known(site: Site) -> Known:
    """Return which hosts and Ingresses a site has."""
    names = (name for server in site.servers for name in server.names)
    routes = (location.route.origin.ref for server in site.servers for location in server.locations)
    return Known(
        frozenset((*names, *(one.name for one in site.twins))),
        frozenset(f"{one.namespace}/{one.name}" for one in routes if one.name),
    )
