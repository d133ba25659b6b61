"""The whole program at sizes up to 5,000 Ingresses: start, one more Ingress, one changed endpoint, memory.

A folder with one file for each Ingress, a real NGINX, real requests.  The goals are for the largest size with
one Service for each host; the rest stands beside it.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack

from msgspec import structs

from bench import changing, cluster
from bench.asking import OK, REDIRECT, Clients
from bench.changing import Added, Endpoints
from bench.checks import check
from bench.cluster import Layout
from bench.figures import Goal, Row, Run, middle, most
from bench.machine import cpu_seconds, memory_mib
from bench.opening import first_answers
from bench.running import Painless, folder
from bench.static import pods
from painless.demo.ports import free_ports
from painless.nginxd.find import find_nginx
from painless.settings import nginx_variable

SIZES = (100, 1_000, 3_000, 5_000)
JUDGED = (5_000, Layout.HOST)
"""What the goals are for."""

CHECKS = 5
TRIALS, FEW = 20, 5  # One more Ingress, where a goal is for all trials, and elsewhere.
SETTLED = 5.0  # Seconds until memory is looked at: old workers are gone.
PODS = ("127.0.0.2", "127.0.0.3")
MEGABYTE = 1_000_000
MEMORY = 250 * MEGABYTE / (1 << 20)  # MiB: the goal is in megabytes.


def measure(run: Run) -> tuple[Row, ...]:
    sizes = run.sizes or SIZES
    return tuple(row for layout in Layout for size in sizes for row in asyncio.run(_rows(run, size, layout)))


async def _rows(run: Run, size: int, layout: Layout) -> tuple[Row, ...]:
    name = f"{size:,} Ingresses, {layout}"
    goals = (size, layout) == JUDGED
    return tuple(
        [
            structs.replace(row, what=f"{name}: {row.what}", goals=row.goals if goals else ())
            for row in await _Live(run, size, layout).measured(TRIALS if goals else FEW)
        ]
    )


class _Live:
    """One life of the program with so many Ingresses."""

    def __init__(self, run: Run, size: int, layout: Layout) -> None:
        self._say = run.say
        self._size = size
        self._layout = layout
        [self._port] = free_ports(1, PODS[0])

    async def measured(self, trials: int) -> tuple[Row, ...]:
        async with AsyncExitStack() as stack:
            home = stack.enter_context(folder())
            binary = find_nginx("", nginx_variable()).path
            stack.enter_context(pods(binary, home / "pods", PODS, self._port, None))
            painless = Painless(home)
            self._write(painless)
            opened = await self._start(stack, painless)
            clients = await stack.enter_async_context(Clients(painless.doors.http))
            await asyncio.sleep(SETTLED)
            rest = tuple(_memory(painless, "after the start"))
            checked = self._checked(painless)
            added = [await self._one_more(painless, clients, at, trials) for at in range(trials)]
            self._tell("changing endpoints")
            moved = await changing.moved(painless, clients, PODS, self._port, self._layout)
            changed = await changing.endpoints(painless, PODS, self._port, self._layout)
            await asyncio.sleep(SETTLED)
            churned = tuple(
                _memory(painless, f"after {trials} more and {changing.CHANGES} changed endpoints")
            )
            return (*opened, *checked, *_added(added), *_endpoints(moved, changed), *rest, *churned)

    def _tell(self, what: str) -> None:
        self._say(f"live: {self._size:,} Ingresses, {self._layout}: {what}")

    def _write(self, painless: Painless) -> None:
        self._tell("writing manifests")
        cluster.put(painless.manifests, "class", [cluster.ingress_class()])
        for number in range(self._size):
            some = cluster.manifests(number, PODS[:1], self._port, self._layout)
            cluster.put(painless.manifests, f"app-{number}", some)

    async def _start(self, stack: AsyncExitStack, painless: Painless) -> tuple[Row, ...]:
        self._tell("starting")
        hosts = [cluster.host(number) for number in range(self._size)]
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(first_answers(painless.doors.http, hosts))
            await stack.enter_async_context(painless)
        answers: Counter[int] = asking.result()
        right = answers[OK] + answers[REDIRECT]
        return (
            Row(
                what="start to serving",
                values=(painless.started_in,),
                beside=f"CPU of controller and responder {cpu_seconds(painless.python):.1f} s",
            ),
            Row(
                what="hosts not served at NGINX's first answers",
                values=(answers.total() - right,),
                unit="hosts",
                goals=(most(0),),
                beside=f"of {self._size:,} asked; statuses {dict(answers)}",
            ),
        )

    def _checked(self, painless: Painless) -> tuple[Row, ...]:
        self._tell("nginx -t")
        checks = [check(painless.state) for _ in range(CHECKS)]
        return (
            Row(
                what="nginx -t",
                values=tuple(one.wall for one in checks),
                beside=f"CPU {middle(one.cpu for one in checks)} s, "
                f"at most {middle(one.peak for one in checks)} MiB",
            ),
        )

    async def _one_more(self, painless: Painless, clients: Clients, at: int, trials: int) -> Added:
        self._tell(f"one more Ingress, {at + 1} of {trials}")
        pod = (PODS[0], self._port)
        return await changing.one_more(painless, clients, self._size + at, pod, self._layout)


def _added(added: list[Added]) -> Iterator[Row]:
    size, wrote = added[0].size / MEGABYTE, added[0].wrote / MEGABYTE
    stages: tuple[tuple[str, str, tuple[Goal, ...], str], ...] = (
        ("written", "file to files written", (most(0.3),), f"{size:.3g} MB, in all {wrote:.3g} MB"),
        ("tested", "file to nginx -t done", (), ""),
        ("applied", "file to reload confirmed", (), "all workers run it, its upstreams are resolved"),
        ("served", "file to first answer", (most(1.5),), ""),
    )
    for field, what, goals, beside in stages:
        values = tuple(getattr(one, field) for one in added)
        yield Row(what=f"one more Ingress, {what}", values=values, goals=goals, beside=beside)
    used = tuple(one.cpu for one in added)
    yield Row(what="one more Ingress, CPU of controller and responder", values=used)


def _endpoints(moved: tuple[float, ...], changed: Endpoints) -> Iterator[Row]:
    yield Row(what="one changed endpoint, file to first answer of the new pod", values=moved)
    yield Row(
        what="one changed endpoint, CPU of controller and responder",
        values=(changed.cpu,),
        goals=(most(0.02),),
        beside=f"mean of {changing.CHANGES}, beyond what they use at rest, "
        f"{100 * changed.at_rest:.1f} % of a core; "
        f"{changed.journal:,.0f} bytes in the responder's journal",
    )
    yield Row(
        what="files written that NGINX loads or opens, for changed endpoints",
        values=(changed.loadable,),
        unit="files",
        goals=(most(0),),
        beside=f"{changed.reloads} reloads",
    )


def _memory(painless: Painless, when: str) -> Iterator[Row]:
    controller, responder = memory_mib(painless.controller), memory_mib(painless.responder)
    yield Row(
        what=f"memory of all Python processes (PSS), {when}",
        values=(controller + responder,),
        unit="MiB",
        goals=(most(MEMORY),),
        beside=f"controller {controller:.0f} MiB, responder {responder:.0f} MiB",
    )
    yield Row(
        what=f"memory of NGINX (PSS), {when}",
        values=(memory_mib(painless.nginx),),
        unit="MiB",
        beside=f"{len(painless.nginx) - 1} workers",
    )
