"""Clients that ask all the time and count what they get: a gap in service is seen as it would be by users."""

import asyncio
import time
from collections import Counter
from types import TracebackType
from typing import Self

import aiohttp

from bench.running import BenchError
from painless.demo.ports import LOOPBACK

PATIENCE = aiohttp.ClientTimeout(total=5)  # An answer on loopback takes milliseconds; this is a failure.
PAUSE = 0.01  # Seconds between two requests: what is timed with them is as fine as this.
OK, REDIRECT = 200, 308
FAILED = 0  # The status of a request without an answer.


class Clients:
    """Asks one port; ``statuses`` counts what ``keep_asking`` got."""

    def __init__(self, port: int) -> None:
        self._url = f"http://{LOOPBACK}:{port}"
        self.statuses: Counter[int] = Counter()

    async def __aenter__(self) -> Self:
        # No connection is used twice: aiohttp would repeat a request that fails on an old one, and hide it.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True), timeout=PATIENCE
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    @property
    def requests(self) -> int:
        return self.statuses.total()

    @property
    def failed(self) -> int:
        # A redirect to HTTPS is what a host with TLS answers.
        return self.requests - self.statuses[OK] - self.statuses[REDIRECT]

    async def ask(self, host: str) -> tuple[int, str]:
        """Ask once and return status and body; ``FAILED`` when nobody answers."""
        try:
            async with self._session.get(
                f"{self._url}/", headers={"Host": host}, allow_redirects=False
            ) as it:
                return it.status, await it.text()
        except (aiohttp.ClientError, TimeoutError):
            return FAILED, ""

    async def status(self, host: str) -> int:
        return (await self.ask(host))[0]

    async def keep_asking(self, host: str) -> None:
        """Ask again and again, until cancelled."""
        while True:
            self.statuses[await self.status(host)] += 1
            await asyncio.sleep(PAUSE)

    async def served(self, host: str, within: float) -> tuple[float, Counter[int]]:
        """Return the time until ``host`` answers 200 or redirects, and what it answered before."""
        began = time.monotonic()
        before: Counter[int] = Counter()
        while (status := await self.status(host)) not in {OK, REDIRECT}:
            before[status] += 1
            if time.monotonic() - began > within:
                raise BenchError(f"{host} was not served within {within:.0f} s; it answered {dict(before)}")
            await asyncio.sleep(PAUSE)
        return time.monotonic() - began, before

    async def answered_by(self, host: str, pod: str, within: float) -> float:
        """Return the time until ``pod`` (bench.static.pods) answers for ``host``."""
        began = time.monotonic()
        while not (said := (await self.ask(host))[1]).startswith(pod):
            if time.monotonic() - began > within:
                raise BenchError(f"{pod} did not answer for {host} within {within:.0f} s, but {said!r}")
            await asyncio.sleep(PAUSE)
        return time.monotonic() - began
