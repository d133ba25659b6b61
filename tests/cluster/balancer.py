"""What a Service does for replicas: new connections go to those that are ready, existing ones stay.

Like kube-proxy it hears of a replica that is no longer ready with a delay, and sends clients there meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from types import TracebackType
from typing import Self

from msgspec import Struct

from painless.demo.ports import LOOPBACK

HEARD = 0.3  # Seconds between the end of readiness and the last connection sent there.
LOOK_AGAIN = 0.05  # Seconds between two probes; a kubelet takes seconds, and hears of an end at once.
CHUNK = 65_536


class Replica(Struct, frozen=True):
    """Where one is, by kind of port, and how to ask whether it is ready."""

    ports: dict[str, int]
    is_ready: Callable[[], Awaitable[bool]]


class Balancer:
    """One port for each kind; ``replicas`` may be changed at any moment."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self.replicas: list[Replica] = []
        self.ports: dict[str, int] = {}
        self._kinds = kinds
        self._used: list[Replica] = []
        self._at = 0
        self._tasks = asyncio.TaskGroup()
        self._servers: list[asyncio.Server] = []
        self._probing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        for kind in self._kinds:
            server = await asyncio.start_server(self._door(kind), LOOPBACK, 0)
            self._servers.append(server)
            self.ports[kind] = server.sockets[0].getsockname()[1]
        self._probing = self._tasks.create_task(self._probe())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._servers:
            one.close()
        if self._probing is not None:
            self._probing.cancel()
        await self._tasks.__aexit__(kind, error, trace)

    async def ready(self, count: int) -> None:
        """Wait until so many replicas are used."""
        while len(self._used) != count:
            await asyncio.sleep(LOOK_AGAIN)

    async def _probe(self) -> None:
        while True:
            for one in tuple(self.replicas):
                ready = await one.is_ready()
                if ready and one not in self._used:
                    self._used.append(one)
                elif not ready and one in self._used:
                    self.replicas.remove(one)
                    self._tasks.create_task(self._forget(one))
            await asyncio.sleep(LOOK_AGAIN)

    async def _forget(self, one: Replica) -> None:
        # Not a wait for something to happen: it is how late nodes hear of it.
        await asyncio.sleep(HEARD)
        self._used.remove(one)

    def _door(self, kind: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def enter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._at += 1
            replica = self._used[self._at % len(self._used)]
            with closing(writer), suppress(OSError):
                there, back = await asyncio.open_connection(LOOPBACK, replica.ports[kind])
                with closing(back):
                    await asyncio.gather(_pass(reader, back), _pass(there, writer))

        return enter


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on what comes, and its end; a reset is handed on as well."""
    try:
        while some := await reader.read(CHUNK):
            writer.write(some)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()
