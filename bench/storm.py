"""A storm: 1,000 Ingresses of one namespace in 100 s, and a WebSocket held in each generation of workers.

In the midst of it another namespace makes one change.  Each host is asked for until it is served, in the
order in which they were written.
"""

import asyncio
import time

from msgspec import Struct

from bench import cluster
from bench.asking import Clients
from bench.figures import Goal, Row, Run, most
from bench.machine import cpu_seconds
from bench.running import Painless, folder
from bench.staying import Held, Workers, upgrading
from painless.demo.ports import free_ports

CHANGES, SECONDS = 1000, 100.0
POD = "127.0.0.2"
SERVED_WITHIN = 60.0  # Seconds; far beyond the goal, so that a slow one is a figure and not an error.
STORMY, CALM = 2, 3  # Applications: of the namespace that changes all the time, and of one that does once.
FIRST = 10  # The number of the first new host.
BRIEF = 2.0  # Seconds; a generation that nobody holds leaves sooner, and was cut by nobody.
AGAIN = 0.05  # Seconds between two looks for a new generation, into which a WebSocket is opened.


class Storm(Struct, frozen=True, kw_only=True):
    """What it came to: seconds that changes waited, and that generations had which were held."""

    reloads: int
    generations: int
    waits: tuple[float, ...]
    calm: float
    granted: tuple[float, ...]
    opened: int
    cut: int
    cpu: float


def measure(run: Run) -> tuple[Row, ...]:
    changes, seconds = run.changes or CHANGES, run.seconds or SECONDS
    run.say(f"storm: {changes} changes in {seconds:.0f} s")
    with folder() as home:
        found = asyncio.run(storm(Painless(home), changes, seconds))
    return _rows(found, changes, seconds)


async def storm(painless: Painless, changes: int, seconds: float) -> Storm:
    """Have it happen to a controller that is not started yet."""
    [port] = free_ports(1, POD)
    cluster.put(painless.manifests, "class", [cluster.ingress_class()])
    for number in (STORMY, CALM):
        cluster.put(painless.manifests, f"app-{number}", cluster.manifests(number, [POD], port))
    async with (
        await asyncio.start_server(upgrading, POD, port, limit=1 << 16),
        painless,
        Clients(painless.doors.http) as clients,
        Held(painless.doors.http, cluster.host(STORMY)) as held,
        asyncio.TaskGroup() as group,
    ):
        workers = Workers(painless)
        await clients.served(cluster.host(STORMY), SERVED_WITHIN)
        before, used = (await painless.figures()).reloads, cpu_seconds(painless.python)
        watching = group.create_task(workers.watch()), group.create_task(_hold(painless, held))
        written: asyncio.Queue[tuple[int, float]] = asyncio.Queue()
        calm = group.create_task(_calm(painless, clients, seconds * 2 / 3))
        writing = group.create_task(_write(painless, changes, seconds, written))
        waits = [await _served(clients, *await written.get()) for _ in range(changes)]
        await writing
        for one in watching:
            one.cancel()
        return Storm(
            reloads=(await painless.figures()).reloads - before,
            generations=workers.most,
            waits=tuple(waits),
            calm=await calm,
            granted=tuple(one for one in workers.granted if one > BRIEF),
            opened=held.opened,
            cut=held.closed,
            cpu=cpu_seconds(painless.python) - used,
        )


async def _write(
    painless: Painless, changes: int, seconds: float, written: asyncio.Queue[tuple[int, float]]
) -> None:
    """Write one Ingress after the other."""
    began = time.monotonic()
    for at in range(changes):
        written.put_nowait((FIRST + at, _put(painless, FIRST + at, STORMY)))
        await asyncio.sleep(max(0.0, began + (at + 1) * seconds / changes - time.monotonic()))


async def _calm(painless: Painless, clients: Clients, after: float) -> float:
    """Write the other namespace's, in the midst of them, and return how long it took."""
    await asyncio.sleep(after)
    return await _served(clients, 0, _put(painless, 0, CALM))


def _put(painless: Painless, number: int, like: int) -> float:
    """Write a host of the same Services as an application's; return when."""
    made = cluster.ingress(cluster.team(like), f"new-{number}", number, cluster.backends(like))
    cluster.put(painless.manifests, f"new-{number}", [made])
    return time.monotonic()


async def _served(clients: Clients, number: int, written: float) -> float:
    """Return how long a host took from its file to its first answer."""
    await clients.served(cluster.host(number), SERVED_WITHIN)
    return time.monotonic() - written


async def _hold(painless: Painless, held: Held) -> None:
    """Open a WebSocket in each generation, as soon as it serves."""
    known = -1
    while True:
        applied = len(painless.events("generation_applied"))
        if applied != known:
            known = applied
            await held.open()
        await asyncio.sleep(AGAIN)


def _rows(found: Storm, changes: int, seconds: float) -> tuple[Row, ...]:
    whole = changes >= CHANGES
    return (
        Row(
            what=f"reloads for {changes} changes in {seconds:.0f} s",
            values=(found.reloads,),
            unit="",
            goals=(most(20),) if whole else (),
        ),
        Row(what="generations alive at once", values=(found.generations,), unit="", goals=(most(4),)),
        Row(what="a change until it is served", values=found.waits, goals=(most(10),)),
        Row(what="the change of another namespace", values=(found.calm,), goals=(most(2.5),)),
        Row(
            what="an old generation that is held, until it is cut",
            values=found.granted or (0.0,),
            goals=(Goal("min", 8, at_least=True),),
            beside=f"{found.cut} of {found.opened} WebSockets were cut",
        ),
        Row(what="processor time of Painless", values=(found.cpu,)),
    )
