"""Replicas are replaced one after another, and the pods behind them too: nobody loses anything."""

import asyncio
from itertools import count
from pathlib import Path

import pytest
from tests.cluster.balancer import HEARD, Balancer, Replica
from tests.cluster.customers import Customer, Http1, Http2, Talker
from tests.front.clients import until
from tests.front.given import SOAK, Make
from tests.front.manifests import Folder
from tests.front.pods import Pods
from tests.front.program import Doors, Program

from painless.demo.ports import free_ports

pytestmark = pytest.mark.timeout(3600 if SOAK else 180)

REPLICAS = 3
ANSWERS = 50_000 if SOAK else 2_000
ROUNDS = 5 if SOAK else 1
GRACE = str(2 * HEARD)
PATIENCE = "0.5"  # Seconds for what remains after that; only WebSockets are still there then.


class Deployment:
    """Replicas with a Service in front of them."""

    def __init__(self, make: Make, state: Path, balancer: Balancer) -> None:
        self._make, self._state, self._balancer = make, state, balancer
        self._numbers = count()
        self.running: list[Program] = []

    async def add(self) -> None:
        """Start a replica, each on a disk of its own."""
        program = self._make(
            *("--shutdown-grace-period", GRACE, "--shutdown-patience", PATIENCE),
            state=self._state / str(next(self._numbers)),
            doors=Doors(*free_ports(3)),
        )
        program.start()
        self.running.append(program)
        ports = {"http": program.doors.http, "https": program.doors.https}

        async def is_ready() -> bool:
            return await program.own("/readyz") == 200

        self._balancer.replicas.append(Replica(ports, is_ready))

    async def replace_oldest(self) -> int:
        """Replace the oldest replica once its successor is ready, and return its exit status."""
        await self.add()
        await self._balancer.ready(REPLICAS + 1)
        return await self.running.pop(0).end()


async def test_nothing_is_lost(folder: Folder, pods: Pods, make: Make, state_dir: Path) -> None:
    """HTTP/1.1 keepalive, HTTP/2 and WebSocket messages, while all replicas and all pods are replaced."""
    await pods.service("web", pods=2)
    folder.ingress("web", "web.test", "web")
    async with Balancer(("http", "https")) as balancer:
        deployment = Deployment(make, state_dir, balancer)
        for _ in range(REPLICAS):
            await deployment.add()
        await balancer.ready(REPLICAS)
        http, https = balancer.ports["http"], balancer.ports["https"]
        customers: list[Customer] = [
            *(Http1(http, "web.test") for _ in range(3)),
            *(Http2(https, "web.test") for _ in range(2)),
            *(Talker(http, "web.test") for _ in range(2)),
        ]
        async with asyncio.TaskGroup() as group:
            for one in customers:
                group.create_task(one.run())
            statuses = []
            for _ in range(ROUNDS * REPLICAS):
                await pods.replace("web")
                statuses.append(await deployment.replace_oldest())
            await until(lambda: sum(one.answered for one in customers) >= ANSWERS, 1800)
            for one in customers:
                one.over = True
        assert {0} == set(statuses)
        assert "" == "\n".join(said for one in customers for said in one.lost)
        # Each has met more than one replica, so that there was something to lose.
        assert all(one.connections > 1 for one in customers)
