"""Pods that really listen, kept in step with the manifests that name them.

The order is the one a cluster keeps: a pod answers before it is named, and goes on answering for a while
after it was taken out.
"""

import asyncio
from itertools import count
from types import TracebackType
from typing import Self

from painless.demo.echo import Echo
from painless.demo.ports import DemoError
from painless.demo.shop import Pod, Shop

GRACE = 3.0  # seconds a removed pod goes on answering: NGINX asks for addresses once a second
FIRST, LAST = 2, 250  # last byte of the pods' addresses; 127.0.0.1 is NGINX's


class Pods:
    """The running pods of a shop; all end when this is left."""

    def __init__(self, shop: Shop, grace: float = GRACE) -> None:
        self._grace = grace
        self._shop = shop
        self._running: dict[str, Echo] = {}
        self._numbers = {service: count(1) for service in shop.services}
        self._next = FIRST

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async with asyncio.TaskGroup() as group:
            for echo in self._running.values():
                group.create_task(echo.__aexit__(None, None, None))

    def of(self, service: str) -> tuple[Pod, ...]:
        return self._shop.pods(service)

    async def add(self, service: str) -> Echo:
        """Start a pod, then name it in the Service's slice."""
        echo = await self._started(f"{service}-{next(self._numbers[service])}")
        self._running[echo.name] = echo
        self._shop.add(service, Pod(echo.name, echo.address))
        return echo

    async def remove(self, service: str, name: str) -> None:
        """Take a pod out of the slice, then end it once nobody can have it in mind."""
        self._shop.remove(service, name)
        await asyncio.sleep(self._grace)
        await self._running.pop(name).__aexit__(None, None, None)

    async def _started(self, name: str) -> Echo:
        taken = {echo.address for echo in self._running.values()}
        for _ in range(FIRST, LAST + 1):
            address = f"127.0.0.{self._next}"
            self._next = FIRST if self._next == LAST else self._next + 1
            if address in taken:
                continue
            try:
                return await Echo(name, address, self._shop.port).__aenter__()
            except OSError:
                continue
        raise DemoError(f"port {self._shop.port} is taken on all of 127.0.0.{FIRST} to 127.0.0.{LAST}")
