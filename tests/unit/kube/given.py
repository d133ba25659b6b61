"""What tests of answers start with: an API server, and controllers' parts that talk to it."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import msgspec
from tests.fakes.apiserver import FakeApiServer

from painless.kube.access import Access
from painless.kube.client import Client
from painless.kube.errors import KubeError
from painless.kube.lease import Candidate, Elector
from painless.kube.standing import Standings
from painless.model.objects import Ingress

PATIENCE = 20.0  # Seconds for what takes less than one on a free machine.


async def until(holds: Callable[[], object]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.01)


class RealTime:
    """The machine's clock."""

    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Fleet:
    """Clients and tasks that end with the test."""

    def __init__(self, api: FakeApiServer) -> None:
        self.api = api
        self.changes: list[bool] = []
        self._stack = AsyncExitStack()
        self._tasks: dict[object, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in list(self._tasks):
            await self.stop(one)
        await self._stack.aclose()

    def client(self) -> Client:
        made = Client(Access(self.api.url))
        self._stack.push_async_callback(made.close)
        return made

    def elector(self, name: str, *, ttl: float, wall: Callable[[], float] = time.time) -> Elector:
        def changed() -> None:
            self.changes.append(made.leads())

        candidate = Candidate(name, "painless", "leader", ttl)
        made = Elector(self.client(), candidate, RealTime(), wall=wall, chance=lambda: 0.1, changed=changed)
        self.start(made, made.run())
        return made

    def start(self, key: object, work: Any) -> None:
        self._tasks[key] = asyncio.ensure_future(work)

    async def stop(self, key: object) -> None:
        task = self._tasks.pop(key)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Heard:
    """A listener that counts."""

    def __init__(self) -> None:
        self.written = 0
        self.failed = 0
        self.failing: list[tuple[tuple[str, str], ...]] = []
        self.failures: list[KubeError] = []
        self.contested: list[tuple[str, str]] = []
        self.sent = 0
        self.dropped = 0

    def status_written(self) -> None:
        self.written += 1

    def status_failed(self) -> None:
        self.failed += 1

    def statuses_failing(self, names: tuple[tuple[str, str], ...], problem: KubeError) -> None:
        self.failing.append(names)
        self.failures.append(problem)

    def status_contested(self, names: tuple[tuple[str, str], ...]) -> None:
        self.contested += names

    def event_sent(self) -> None:
        self.sent += 1

    def event_dropped(self) -> None:
        self.dropped += 1


def manifest(name: str, namespace: str = "shop", **spec: object) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"ingressClassName": "nginx", "defaultBackend": backend, **spec},
    }


def served(*names: str, namespace: str = "shop") -> tuple[Ingress, ...]:
    return tuple(Ingress(namespace, name, class_name="nginx") for name in names)


async def watched(client: Client, standings: Standings) -> None:
    """Tell of every Ingress, and of what becomes of it: what the source does, without its care."""
    path = "/apis/networking.k8s.io/v1/ingresses"
    listed = msgspec.json.decode(await client.call("GET", path))
    for one in listed["items"]:
        standings.take(msgspec.json.encode(one))
    query = {"watch": "true", "resourceVersion": listed["metadata"]["resourceVersion"]}
    async for line in client.stream(path, query):
        event = msgspec.json.decode(line)
        found = event["object"]
        if event["type"] == "DELETED":
            standings.drop((found["metadata"]["namespace"], found["metadata"]["name"]))
        else:
            standings.take(msgspec.json.encode(found))
