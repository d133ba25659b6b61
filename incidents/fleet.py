"""Pods as a cluster has them: each at its own address, answering before it is named and a while after."""

import asyncio
from itertools import count
from types import TracebackType
from typing import Self

from painless.demo.echo import Echo
from painless.demo.ports import free_ports

GRACE = 2.0  # Seconds that a pod answers after it left its slice: a preStop of Kubernetes' common length.


class Fleet:
    """The pods of all Services, on one port; all end when this is left."""

    def __init__(self) -> None:
        [self.port] = free_ports(1, "127.0.0.2")
        self._pods: dict[str, list[Echo]] = {}
        self._running: set[Echo] = set()
        # This loopback is ours alone: every address of 127.0.0.0/8 is free, but NGINX's own.
        self._addresses = (f"127.1.{at >> 8}.{at & 255}" for at in count(1))
        self._group = asyncio.TaskGroup()
        self._ending: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._ending:
            task.cancel()
        await self._group.__aexit__(kind, error, trace)
        for one in self._running:
            await one.__aexit__(None, None, None)

    @property
    def services(self) -> dict[str, list[str]]:
        return {one: self.addresses(one) for one in self._pods}

    def addresses(self, service: str) -> list[str]:
        return [one.address for one in self._pods[service]]

    async def add(self, service: str, pods: int = 1) -> Echo:
        """Start pods; return the last."""
        for _ in range(pods):
            address = next(self._addresses)
            pod = await Echo(f"{service}-{address}", address, self.port).__aenter__()
            self._running.add(pod)
            self._pods.setdefault(service, []).append(pod)
        return self._pods[service][-1]

    def leave(self, service: str) -> None:
        """Take the oldest pod of a Service out; it ends ``GRACE`` later."""
        self._ending.append(self._group.create_task(self._end(self._pods[service].pop(0))))

    async def _end(self, pod: Echo) -> None:
        # Not a wait for something to happen: it is what the pod does.
        await asyncio.sleep(GRACE)
        await pod.__aexit__(None, None, None)
        self._running.discard(pod)
