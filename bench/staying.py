"""What keeps old workers alive: an application that upgrades, sockets that stay open, and who is seen."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from bench.running import BenchError, Painless
from painless.demo.ports import LOOPBACK
from painless.nginxd import procfs
from painless.nginxd.probe import DRAINING, MASTER

EVERY = 0.1  # Seconds between two looks at the workers: a hundred readings of /proc take milliseconds.
OPENED_WITHIN = 10.0  # Seconds for a handshake, which takes milliseconds.


async def upgrading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request, or upgrade who asks for it and echo until it leaves."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"upgrade: websocket" in head.lower():
            writer.write(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
            while text := await reader.read(4096):
                writer.write(text)
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass  # Its client left.
    finally:
        writer.close()


class Held:
    """Sockets that stay open until the other side closes them; ``closed`` is how many it did."""

    def __init__(self, port: int, host: str) -> None:
        self.opened = 0
        self.closed = 0
        self._port = port
        self._host = host
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._tasks:
            one.cancel()
        await self._group.__aexit__(None, None, None)

    async def open(self) -> None:
        """Open one more."""
        async with asyncio.timeout(OPENED_WITHIN):
            reader, writer = await asyncio.open_connection(LOOPBACK, self._port)
            upgrade = "Connection: upgrade\r\nUpgrade: websocket\r\n"
            writer.write(f"GET / HTTP/1.1\r\nHost: {self._host}\r\n{upgrade}\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.splitlines()[0]:
            writer.close()
            raise BenchError(f"found {head.splitlines()[0]!r}, expected an upgrade")
        self.opened += 1
        self._tasks.append(self._group.create_task(self._stay(reader, writer)))

    async def _stay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.read(4096):
                pass
            self.closed += 1
        finally:
            writer.close()


class Workers:
    """NGINX's generations as they come and go: the most at once, and how long each had to end."""

    def __init__(self, painless: Painless) -> None:
        self.most = 0
        self.granted: list[float] = []
        """Seconds that each generation had which is gone and had drained; without those that left at once."""
        self._run = painless.state / "run"
        self._nginx: Callable[[], tuple[int, ...]] = lambda: painless.nginx
        self._draining: dict[str, float] = {}

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.to_thread(self._look)
            await asyncio.sleep(EVERY)

    def _look(self) -> None:
        now = time.monotonic()
        workers = [(pid, procfs.title(pid) or "") for pid in self._nginx()]
        workers = [one for one in workers if not one[1].startswith(MASTER)]
        seen = [(procfs.marker(pid, self._run), title) for pid, title in workers]
        serving = {id_ for id_, title in seen if id_ and title != DRAINING}
        draining = {id_ for id_, title in seen if id_ and title == DRAINING} - serving
        self.most = max(self.most, len(serving | draining))
        for id_ in draining - self._draining.keys():
            self._draining[id_] = now
        for id_ in self._draining.keys() - draining:
            self.granted.append(now - self._draining.pop(id_))
