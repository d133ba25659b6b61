"""Clients of the shop: they ask all the time, and every answer that is not 200 is counted against us."""

import asyncio
import socket
import ssl
from collections import Counter, deque
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from msgspec import Struct

from painless.demo.ports import LOOPBACK
from painless.demo.process import Doors
from painless.demo.shop import API, CHAT, SHOP

PATIENCE = aiohttp.ClientTimeout(total=5)  # an echo on loopback takes milliseconds; this is a failure
PAUSE = 0.05  # seconds between two requests for a host: plenty to notice a gap, hardly any load
TALK = 0.5  # seconds between two messages of the chat
KEPT = 5  # failures that are quoted; the rest are counted
OK = 200


class Reply(Struct, frozen=True):
    """What a client got."""

    status: int
    pod: str
    location: str


class Tally:
    """What became of the requests for one host."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.requests = 0
        self.failed = 0
        self.failures: deque[str] = deque(maxlen=KEPT)
        self.pods: Counter[str] = Counter()

    def good(self, pod: str) -> None:
        self.requests += 1
        self.pods[pod] += 1

    def bad(self, why: str) -> None:
        self.requests += 1
        self.failed += 1
        self.failures.append(f"{self.host}: {why}")


class Clients:
    """Everybody who talks to the shop; ``tallies`` has one line for each host."""

    def __init__(self, doors: Doors, certificate: bytes) -> None:
        self.tallies = {host: Tally(host) for host in (SHOP, API, CHAT)}
        self._doors = doors
        self._trust = ssl.create_default_context(cadata=certificate.decode())

    async def __aenter__(self) -> Self:
        # No connection is used twice: aiohttp would repeat a request that fails on an old one, and hide it.
        connector = aiohttp.TCPConnector(
            resolver=_Loopback(), family=socket.AF_INET, ssl=self._trust, force_close=True
        )
        self._session = aiohttp.ClientSession(connector=connector, timeout=PATIENCE)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, url: str) -> Reply:
        """Ask once, and do not follow where the answer points."""
        async with self._session.get(url, allow_redirects=False) as answer:
            await answer.read()
            return Reply(answer.status, answer.headers.get("X-Pod", ""), answer.headers.get("Location", ""))

    async def keep_asking(self, host: str) -> None:
        """Ask again and again, until cancelled."""
        tally, url = self.tallies[host], self._doors.url(host)
        while True:
            try:
                reply = await self.get(url)
            except (aiohttp.ClientError, TimeoutError) as error:
                tally.bad(repr(error))
            else:
                tally.good(reply.pod) if reply.status == OK else tally.bad(f"status {reply.status}")
            await asyncio.sleep(PAUSE)

    async def keep_talking(self) -> None:
        """Hold one WebSocket and talk; a connection that is cut is a failure, and another is opened."""
        tally = self.tallies[CHAT]
        while True:
            try:
                await self._talk(tally)
            except (aiohttp.ClientError, TimeoutError, TypeError) as error:
                # aiohttp raises TypeError where a closing frame comes in place of text.
                tally.bad(f"the WebSocket was cut ({error!r})")
            await asyncio.sleep(TALK)

    async def echoed(self, text: str) -> str:
        """Open a WebSocket, say something and return what comes back."""
        async with self._session.ws_connect(self._doors.url(CHAT, "/room")) as socket_:
            await socket_.send_str(text)
            return await socket_.receive_str(timeout=PATIENCE.total)

    async def _talk(self, tally: Tally) -> None:
        async with self._session.ws_connect(self._doors.url(CHAT, "/room")) as socket_:
            pod = "WebSocket"
            while True:
                await socket_.send_str("hello")
                await socket_.receive_str(timeout=PATIENCE.total)
                tally.good(pod)
                await asyncio.sleep(TALK)


class _Loopback(AbstractResolver):
    """Every name is this machine: not every C library knows that of names below ``localhost``."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=LOOPBACK,
                port=port,
                family=family,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Nothing is held."""
