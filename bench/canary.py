"""A canary's weight is changed a hundred times under load: no reload, no failed request.

At 0 and at 100 every answer has to come from one side, so a weight that took no effect is seen.
"""

import asyncio
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack

from bench import cluster
from bench.asking import Clients
from bench.cluster import PREFIX, Manifest
from bench.figures import Row, Run, Say, most
from bench.running import BenchError, Painless, folder
from painless.demo.echo import Echo
from painless.demo.ports import free_ports

WEIGHTS = (10, 50, 100, 90, 30, 1, 60, 0)
CHANGES = 104  # A hundred, and whole rounds of the weights.
CLIENTS = 8  # That ask all the time, each up to a hundred times a second.
WRITTEN_WITHIN = 10.0  # Seconds until the log says that a change is on the disk.
CHECKED = 50  # Answers looked at where all have to come from one side.
IN_FLIGHT = 0.1  # Seconds until requests that were dealt out before are answered.
NAMESPACE, NUMBER = "team-0", 0
MAIN, CANARY = "app-0", "canary"
ADDRESSES = ("127.0.0.2", "127.0.0.3")


def measure(run: Run) -> tuple[Row, ...]:
    return asyncio.run(_measure(run.say))


async def _measure(say: Say) -> tuple[Row, ...]:
    async with AsyncExitStack() as stack:
        home = stack.enter_context(folder())
        [port] = free_ports(1, ADDRESSES[0])
        main, other = [
            await stack.enter_async_context(Echo(name, address, port))
            for name, address in zip((MAIN, CANARY), ADDRESSES, strict=True)
        ]
        painless = Painless(home)
        cluster.put(painless.manifests, "class", [cluster.ingress_class()])
        cluster.put(painless.manifests, "main", cluster.manifests(NUMBER, [main.address], port))
        _weigh(painless, 0, port)
        await stack.enter_async_context(painless)
        clients = await stack.enter_async_context(Clients(painless.doors.http))
        before = await painless.figures()
        waits: list[float] = []
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(clients.keep_asking(cluster.host(NUMBER))) for _ in range(CLIENTS)]
            for at in range(CHANGES):
                say(f"canary: change {at + 1} of {CHANGES}")
                weight = WEIGHTS[at % len(WEIGHTS)]
                waits.append(await _changed(painless, at + 1, weight, port))
                await _proved(weight, main, other)
            for task in tasks:
                task.cancel()
        return tuple(_rows(waits, (await painless.figures()).reloads - before.reloads, clients, other))


async def _changed(painless: Painless, count: int, weight: int, port: int) -> float:
    """Write the weight; return the time until it is on NGINX's disk."""
    began = time.monotonic()
    _weigh(painless, weight, port)
    await painless.event("hot_files_written", count, WRITTEN_WITHIN)
    return time.monotonic() - began


async def _proved(weight: int, main: Echo, other: Echo) -> None:
    """Where one side has everything, see that the other one is asked nothing."""
    asked, idle = {0: (main, other), 100: (other, main)}.get(weight, (None, None))
    if asked is None or idle is None:
        return
    await asyncio.sleep(IN_FLIGHT)
    enough, silent = asked.requests + CHECKED, idle.requests
    deadline = time.monotonic() + WRITTEN_WITHIN
    while asked.requests < enough:
        if time.monotonic() > deadline:
            raise BenchError(f"{asked.name} was not asked {CHECKED} times within {WRITTEN_WITHIN:.0f} s")
        await asyncio.sleep(IN_FLIGHT)
    if idle.requests != silent:
        found = idle.requests - silent
        raise BenchError(f"{idle.name} was asked {found} times at weight {weight}, expected none")


def _weigh(painless: Painless, weight: int, port: int) -> None:
    made = cluster.ingress(NAMESPACE, CANARY, NUMBER, (CANARY,) * len(cluster.PATHS))
    annotations = {f"{PREFIX}canary": "true", f"{PREFIX}canary-weight": str(weight)}
    made["metadata"]["annotations"] = {**made["metadata"].get("annotations", {}), **annotations}
    some: Iterable[Manifest] = (
        cluster.service(NAMESPACE, CANARY, port),
        cluster.endpoints(NAMESPACE, CANARY, ADDRESSES[1:], port),
        made,
    )
    cluster.put(painless.manifests, "canary", some)


def _rows(waits: list[float], reloads: int, clients: Clients, other: Echo) -> list[Row]:
    return [
        Row(
            what=f"{CHANGES} changes of a weight: reloads",
            values=(reloads,),
            unit="reloads",
            goals=(most(0),),
        ),
        Row(
            what="requests failed meanwhile",
            values=(clients.failed,),
            unit="requests",
            goals=(most(0),),
            beside=f"of {clients.requests:,}, {other.requests:,} to the canary",
        ),
        Row(what="file to weight in use", values=tuple(waits)),
    ]
