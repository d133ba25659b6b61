"""People who stay: WebSockets on which something is said now and then, and has to come back."""

import asyncio
import time
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import aiohttp

from painless.demo.ports import LOOPBACK

SAID_EVERY = 0.2  # Seconds between two messages: a cut is noticed as quickly, and it is hardly any load.
FAREWELL = 1.0  # Seconds for the other side to say goodbye as well.
ECHOED = 10.0  # Seconds for an echo, which takes milliseconds: past that the message is lost.


class Chat:
    """One WebSocket, from its opening to its end."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.opened = time.monotonic()
        self.age_at_cut: float | None = None
        """Seconds it had been open when it was cut by the other side."""
        self.lost = 0
        self.echoed = 0
        self._socket = socket

    async def keep_talking(self) -> None:
        while self.age_at_cut is None:
            text = str(self.echoed)
            try:
                await self._socket.send_str(text)
                told = await self._socket.receive(timeout=ECHOED)
            except (aiohttp.ClientError, OSError, TimeoutError):
                told = None
            if told is None or told.type is not aiohttp.WSMsgType.TEXT or told.data != text:
                self.age_at_cut = time.monotonic() - self.opened
                self.lost += 1
                return
            self.echoed += 1
            await asyncio.sleep(SAID_EVERY)

    async def close(self) -> None:
        await self._socket.close()


class Chats:
    """All WebSockets at one port; they are closed when this is left."""

    def __init__(self, port: int) -> None:
        self.opened: list[Chat] = []
        self.refused = 0
        self._url = f"http://{LOOPBACK}:{port}/"

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        self._session = await self._stack.enter_async_context(aiohttp.ClientSession())
        self._group = await asyncio.TaskGroup().__aenter__()
        self._tasks: list[asyncio.Task[None]] = []
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._tasks:
            one.cancel()
        await self._group.__aexit__(None, None, None)
        await asyncio.gather(*(one.close() for one in self.opened))
        await self._stack.aclose()

    async def open(self, host: str) -> None:
        """Open one more and have it talk; a door that is closed is counted."""
        try:
            socket = await self._session.ws_connect(
                self._url, headers={"Host": host}, timeout=aiohttp.ClientWSTimeout(ws_close=FAREWELL)
            )
        except (aiohttp.ClientError, OSError, TimeoutError):
            self.refused += 1
            return
        self.opened.append(Chat(socket))
        self._tasks.append(self._group.create_task(self.opened[-1].keep_talking()))

    @property
    def cut(self) -> tuple[Chat, ...]:
        return tuple(one for one in self.opened if one.age_at_cut is not None)
