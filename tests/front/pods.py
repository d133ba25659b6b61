"""Pods that come and go as in a cluster: they answer before they are named, and a while after they left."""

import asyncio
import os
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.corpus.grpc_echo import GrpcEcho
from tests.front.manifests import Folder

from painless.demo.certificate import Pair
from painless.demo.echo import Echo, Tls
from painless.demo.ports import free_ports

GRACE = 2.0  # Seconds that a pod answers after it left its slice: a preStop of Kubernetes' common length.
GRPC = "grpc"
HTTPS = "https"


class Pods:
    """The pods behind a folder's Services, all at one port, each at an address nobody had before."""

    def __init__(self, folder: Folder, pair: Pair, files: Path) -> None:
        self.port = free_ports(1)[0]
        self.folder = folder
        self.named: dict[str, dict[str, Echo | GrpcEcho]] = {}
        self._protocols: dict[str, str] = {}
        self._addresses = (f"127.{64 + os.getpid() % 190}.{at // 250}.{1 + at % 250}" for at in count())
        self._tls = Tls(files / "pod.crt", files / "pod.key")
        self._tls.certificate.write_bytes(pair.certificate)
        self._tls.key.write_bytes(pair.key)
        self._running: set[Echo | GrpcEcho] = set()
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._group.__aexit__(kind, error, trace)
        for one in self._running:
            await one.__aexit__(None, None, None)

    async def service(self, name: str, pods: int = 1, protocol: str = "http") -> None:
        """Have a Service with that many pods."""
        self.named[name] = {}
        self._protocols[name] = protocol
        self.folder.service(name, self.port)
        for _ in range(pods):
            await self.start(name)
        self.publish(name)

    def asked(self, service: str) -> int:
        """Return how many requests the pods of an HTTP Service have had."""
        return sum(one.requests for one in self.named[service].values() if isinstance(one, Echo))

    async def start(self, service: str) -> str:
        """Start a pod that is not named before the next ``publish``; return its name."""
        address = next(self._addresses)
        name = f"{service}-{address}"
        protocol = self._protocols[service]
        tls = self._tls if protocol == HTTPS else None
        kind = GrpcEcho if protocol == GRPC else Echo
        pod = await kind(name, address, self.port, tls).__aenter__()
        self._running.add(pod)
        self.named[service][address] = pod
        return name

    def leave(self, service: str, address: str) -> None:
        """Take a pod out at the next ``publish``; it ends ``GRACE`` later."""
        self.end(self.named[service].pop(address))

    def end(self, pod: Echo | GrpcEcho) -> None:
        """Have a pod end ``GRACE`` from now."""
        self._group.create_task(self._end_later(pod))

    def publish(self, *services: str) -> None:
        """Write the slices of these Services, one right after the other."""
        for one in services:
            self.folder.endpoints(one, self.port, self.named[one])

    async def replace(self, service: str) -> str:
        """Replace all pods of a Service by one, in one change of its slice; return its name."""
        old = tuple(self.named[service])
        name = await self.start(service)
        for address in old:
            self.leave(service, address)
        self.publish(service)
        return name

    def empty(self, service: str) -> None:
        for address in tuple(self.named[service]):
            self.leave(service, address)
        self.publish(service)

    async def _end_later(self, pod: Echo | GrpcEcho) -> None:
        # Not a wait for something to happen: it is what the pod does.
        await asyncio.sleep(GRACE)
        await pod.__aexit__(None, None, None)
        self._running.discard(pod)
