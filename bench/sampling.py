"""What it costs to look at NGINX's workers each second, while many connections hold several generations.

The processor time is that of the thread that looks, the kernel's part included.  Both ends of each
connection, to the client and to the pod, are on this machine, so the kernel has twice the sockets to go
through that it would have in a Pod.
"""

import asyncio
import time
from contextlib import AsyncExitStack

from msgspec import structs

from bench import cluster, held
from bench.figures import Row, Run, most
from bench.running import BenchError, folder
from bench.still import Still, still
from painless.machine import read_worker_user
from painless.nginxd.apply import Nginx
from painless.nginxd.disk import Disk
from painless.nginxd.find import find_nginx
from painless.nginxd.generations import Census
from painless.plan.steps import Applied, Await, Reload, Stage, Start, Step, Switch
from painless.settings import nginx_variable

CONNECTIONS = (10_000,)
GENERATIONS = 5
OBJECTS = 100
SECONDS = 30
WHOLE = 10
"""Samples that read everything, whatever it costs."""
POD = "127.0.0.2"
SEEN_WITHIN = 30  # Seconds until all connections are counted.


def measure(run: Run) -> tuple[Row, ...]:
    return tuple(row for count in run.sizes or CONNECTIONS for row in asyncio.run(_measured(run, count)))


async def _measured(run: Run, count: int) -> tuple[Row, ...]:
    async with AsyncExitStack() as stack:
        home = stack.enter_context(folder())
        port = await stack.enter_async_context(held.pod(POD))
        one = still(home / "state", tuple(cluster.objects(OBJECTS)), (POD, port))
        user = read_worker_user()
        disk = stack.enter_context(Disk(one.state, user.uid, user.gid))
        nginx = Nginx(find_nginx("", nginx_variable()), disk, _nobody_asks)
        stack.push_async_callback(nginx.stop, 0.0)
        for at in range(GENERATIONS):
            run.say(f"sampling: generation {at + 1} of {GENERATIONS}")
            await _load(nginx, one, at)
            clients = held.clients(one.port, cluster.host(2), count // GENERATIONS)
            await stack.enter_async_context(clients)
        census, whole = (Census(disk.run, frozenset({one.port})) for _ in range(2))
        await _counted(census, nginx, count)
        began, costs = time.monotonic(), []
        for at in range(SECONDS):
            run.say(f"sampling: second {at + 1} of {SECONDS}")
            await asyncio.sleep(max(0.0, began + at - time.monotonic()))
            costs.append(_cost(census, nginx))
        share = sum(costs) / (time.monotonic() - began)
        everything = []
        for _ in range(WHOLE):
            whole = Census(disk.run, frozenset({one.port}))
            everything.append(_cost(whole, nginx))
    name = f"{count:,} connections, {GENERATIONS} generations"
    return (
        Row(what=f"{name}: share of a core", values=(share * 100,), unit="%", goals=(most(2, "median"),)),
        Row(what=f"{name}: a sample", values=tuple(cost * 1000 for cost in costs), unit="ms"),
        Row(
            what=f"{name}: a first sample, which reads everything",
            values=tuple(cost * 1000 for cost in everything),
            unit="ms",
        ),
    )


async def _nobody_asks(_: frozenset[str]) -> None:
    """Stand for the responder: nothing is resolved."""


async def _load(nginx: Nginx, one: Still, at: int) -> None:
    want = structs.replace(one.generation, id=f"generation{at}")
    steps: tuple[Step, ...] = (Stage(want), Switch(want.id), Reload() if at else Start(), Await(want.id))
    outcome = await nginx.apply(steps)
    if outcome != Applied():
        raise BenchError(f"NGINX refuses what it is measured with: {outcome}")


def _cost(census: Census, nginx: Nginx) -> float:
    before = time.thread_time()
    census.look(nginx.master)
    return time.thread_time() - before


async def _counted(census: Census, nginx: Nginx, count: int) -> None:
    """Wait until all are seen: what is measured is what it says."""
    expected, found = [count // GENERATIONS] * GENERATIONS, [0]
    for _ in range(SEEN_WITHIN):
        seen = census.look(nginx.master).generations
        found = [one.connections.total if one.connections else 0 for one in seen]
        if found == expected:
            return
        await asyncio.sleep(1)
    raise BenchError(f"expected {expected} connections of {GENERATIONS} generations, found {found}")
