"""A burst: 20 Ingresses, each with a Service of its own, are written within 2 s.

Each reload leaves old workers behind, so a burst shall cost few, and yet nobody shall wait long.  A host is
served when it first answers from its pod; what it answers between becoming known and that is counted as well.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable

from bench import cluster
from bench.asking import FAILED, Clients
from bench.figures import Row, Run, Say, most
from bench.machine import cpu_seconds
from bench.running import Painless, folder
from painless.demo.echo import Echo
from painless.demo.ports import free_ports
from painless.plan.pace import QUIET

ROUNDS = 3
BURST = 20
WITHIN = 2.0  # Seconds for the burst.
SERVED_WITHIN = 30.0  # Seconds; far beyond the goal, so that a slow one is a figure and not an error.
POD = "127.0.0.2"
NOT_KNOWN = 404


def measure(run: Run) -> tuple[Row, ...]:
    return asyncio.run(_measure(run.say))


async def _measure(say: Say) -> tuple[Row, ...]:
    with folder() as home:
        painless = Painless(home)
        [port] = free_ports(1, POD)
        cluster.put(painless.manifests, "class", [cluster.ingress_class()])
        cluster.put(painless.manifests, "app-0", cluster.manifests(0, [POD], port))
        async with (
            Echo("pod", POD, port),
            painless,
            Clients(painless.doors.http) as clients,
            asyncio.TaskGroup() as group,
        ):
            asking = group.create_task(clients.keep_asking(cluster.host(0)))
            bursts = [await _burst(painless, clients, port, at, say) for at in range(ROUNDS)]
            asking.cancel()
        return _rows(bursts, clients)


class _Burst:
    """What one burst cost."""

    def __init__(self, reloads: int, waits: tuple[float, ...], answers: Counter[int], cpu: float) -> None:
        self.reloads = reloads
        self.waits = waits
        self.answers = answers
        self.cpu = cpu


async def _burst(painless: Painless, clients: Clients, port: int, at: int, say: Say) -> _Burst:
    say(f"reload: burst {at + 1} of {ROUNDS}")
    # The first change after a quiet time is the usual one.
    await asyncio.sleep(QUIET + 1)
    before, used = (await painless.figures()).reloads, _used(painless)
    numbers = range(1 + at * BURST, 1 + (at + 1) * BURST)
    async with asyncio.TaskGroup() as group:
        tasks = []
        for number in numbers:
            began = time.monotonic()
            cluster.put(painless.manifests, f"app-{number}", cluster.manifests(number, [POD], port))
            tasks.append(group.create_task(clients.served(cluster.host(number), SERVED_WITHIN)))
            await asyncio.sleep(max(0.0, WITHIN / BURST - (time.monotonic() - began)))
    answers = sum((task.result()[1] for task in tasks), Counter[int]())
    waits = tuple(task.result()[0] for task in tasks)
    return _Burst((await painless.figures()).reloads - before, waits, answers, _used(painless) - used)


def _used(painless: Painless) -> float:
    return cpu_seconds((*painless.controller, *painless.responder))


def _rows(bursts: Iterable[_Burst], clients: Clients) -> tuple[Row, ...]:
    waits = tuple(wait for one in bursts for wait in one.waits)
    answers = sum((one.answers for one in bursts), Counter[int]())
    early = {status: count for status, count in answers.items() if status not in {NOT_KNOWN, FAILED}}
    return (
        Row(
            what=f"reloads for {BURST} Ingresses within {WITHIN:.0f} s",
            values=tuple(one.reloads for one in bursts),
            unit="reloads",
            goals=(most(3),),
            beside=f"CPU of controller and responder {max(one.cpu for one in bursts):.2f} s",
        ),
        Row(
            what="written to served",
            values=waits,
            goals=(most(2),),
            beside=f"answers between 404 and the first good one: {early or 'none'}",
        ),
        Row(
            what="requests of another host failed meanwhile",
            values=(clients.failed,),
            unit="requests",
            goals=(most(0),),
            beside=f"of {clients.requests}",
        ),
    )
