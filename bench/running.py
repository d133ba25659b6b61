"""``painless serve`` as a process of its own on free ports, with a folder to write manifests into.

What a benchmark sees of it is what an operator sees: its ports, its metrics and its processes.
"""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
import msgspec

from bench.machine import pinned
from painless.demo.ports import LOOPBACK, free_ports
from painless.demo.process import Doors, Figures, figures_in
from painless.nginxd import procfs

READY_WITHIN = 180.0  # Seconds: 5,000 Ingresses on a busy machine; one second is usual for a few.
STOPPED_WITHIN = 15.0  # Seconds beyond the patience for open requests: past that something hangs.
PATIENCE = 1  # Seconds for open requests at the end; nobody waits for them here.
ANSWER_WITHIN = aiohttp.ClientTimeout(total=5)  # Health and metrics come from memory.
LOOK_AGAIN = 0.02  # Seconds between two looks at readiness, which is one of the things measured.
LAST_WORDS = 15  # Lines of log shown when it fails: enough for the end of a traceback.


class BenchError(Exception):
    """Something cannot be measured; the sentence says why."""


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Give a temporary folder that NGINX's workers get through: they run as nobody when we are root."""
    with tempfile.TemporaryDirectory(prefix="painless-bench-") as path:
        Path(path).chmod(0o711)
        yield Path(path)


class Painless:
    """The process; entered when it serves, ended with all it started when left.

    ``core`` pins it and NGINX to one core.  ``more`` are further flags; ``source`` are those that name a
    cluster in place of the folder.  ``within`` is a command that runs another one, as in a container.
    """

    def __init__(
        self,
        home: Path,
        *,
        core: int | None = None,
        more: tuple[str, ...] = (),
        source: tuple[str, ...] = (),
        within: tuple[str, ...] = (),
    ) -> None:
        http, https, health, admin = free_ports(4)
        self.doors = Doors(http=http, https=https, health=health, admin=admin)
        self.manifests = home / "manifests"
        self.manifests.mkdir(exist_ok=True)
        self.state = home / "state"
        self.started_in = 0.0
        self._core = core
        self._log = home / "painless.log"
        self._command = (
            *(*within, sys.executable, "-m", "painless", "serve"),
            *(source or ("--source", str(self.manifests))),
            *("--state-dir", str(self.state), "--shutdown-patience", str(PATIENCE)),
            *("--bind-address", LOOPBACK, "--http-port", str(http), "--https-port", str(https)),
            *("--healthz-host", LOOPBACK, "--healthz-port", str(health)),
            *("--admin-address", f"{LOOPBACK}:{admin}", *more),
        )

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=ANSWER_WITHIN)
        try:
            await self.start()
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()
        await self._stop()

    async def start(self) -> None:
        """Start the controller and wait until it serves; also after ``kill``."""
        began = time.monotonic()
        with self._log.open("ab") as log, pinned(self._core):
            self._process: Process = await asyncio.create_subprocess_exec(
                *self._command, stdin=DEVNULL, stdout=DEVNULL, stderr=log, start_new_session=True
            )
        try:
            await self._ready()
        except BaseException:
            await self._stop()
            raise
        self.started_in = time.monotonic() - began

    async def kill(self) -> None:
        """End the controller as a crash would; NGINX and the responder live on."""
        self._process.kill()
        await self._process.wait()

    async def figures(self) -> Figures:
        async with self._session.get(self.doors.own("/metrics")) as answer:
            return figures_in(await answer.text())

    def events(self, name: str) -> list[dict[str, object]]:
        """Return what the controller has logged under this name, oldest first."""
        mark = f'"event":"{name}"'.encode()
        lines = self._log.read_bytes().splitlines()
        return [msgspec.json.decode(line, type=dict[str, object]) for line in lines if mark in line]

    async def event(self, name: str, count: int, within: float) -> dict[str, object]:
        """Wait until so many events of that name are logged; return the last of these."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            found = self.events(name)
            if len(found) >= count:
                return found[count - 1]
            await asyncio.sleep(LOOK_AGAIN)
        said = f"{name} was not logged {count} times within {within:.0f} s; the last words:"
        raise BenchError(f"{said}\n{self.last_words()}")

    @property
    def python(self) -> tuple[int, ...]:
        """All processes of ours."""
        return (*self.controller, *self.responder, *self.counting)

    @property
    def controller(self) -> tuple[int, ...]:
        return (self._process.pid,)

    @property
    def responder(self) -> tuple[int, ...]:
        return tuple(pid for pid, title in self._left().items() if "painless.discovery" in title)

    @property
    def counting(self) -> tuple[int, ...]:
        """Who counts requests, if they are counted."""
        return tuple(pid for pid, title in self._left().items() if "painless.counting" in title)

    @property
    def nginx(self) -> tuple[int, ...]:
        """The master and its workers, old ones included."""
        masters = [pid for pid, title in self._left().items() if title.startswith("nginx: master")]
        return tuple(one for master in masters for one in (master, *procfs.children(master)))

    def last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-LAST_WORDS:]) or "  (nothing)"

    def _left(self) -> dict[int, str]:
        """Return the processes that name our state directory: whoever started them, they are ours."""
        titles = {pid: procfs.title(pid) or "" for pid in procfs.every_pid()}
        return {pid: title for pid, title in titles.items() if str(self.state) in title}

    async def _ready(self) -> None:
        try:
            async with asyncio.timeout(READY_WITHIN):
                while not await self._is_ready():
                    if self._process.returncode is not None:
                        raise BenchError(f"painless serve ended; its last words:\n{self.last_words()}")
                    await asyncio.sleep(LOOK_AGAIN)
        except TimeoutError as cause:
            said = f"painless serve was not ready within {READY_WITHIN:.0f} s; its last words:"
            raise BenchError(f"{said}\n{self.last_words()}") from cause

    async def _is_ready(self) -> bool:
        try:
            async with self._session.get(self.doors.own("/readyz")) as answer:
                return answer.ok
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _stop(self) -> None:
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(PATIENCE + STOPPED_WITHIN):
                    await self._process.wait()
            except TimeoutError:
                await self.kill()
        # A controller that was killed leaves NGINX and the responder running, as it should.
        for pid in self._left():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
