"""The whole program in a cluster: start, one change of each path, memory, and a storm of events.

The API server is the fake of the tests, in a process of its own.  It holds what ``cluster`` makes, with a
second slice for each Service.  Events of the storm move slices of hosts that no client asks for.
"""

import asyncio
import contextlib
import random
import re
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec

from bench import cluster
from bench.asking import Clients
from bench.cluster import Layout, Manifest
from bench.figures import Row, Run, least, most
from bench.machine import cpu_seconds, memory_mib
from bench.running import BenchError, Painless, folder
from bench.static import pods
from painless.demo.ports import free_ports
from painless.nginxd.find import find_nginx
from painless.settings import nginx_variable

SIZES = (1_000, 5_000)
PODS = ("127.0.0.2", "127.0.0.3")
TRIALS = 10
SERVED_WITHIN = 60.0  # Seconds; so that a slow one is a figure and not an error.
QUIET = 6.0  # Seconds before one more Ingress: so changes usually come.
RATE, STORM = 2_000, 30  # Events a second, for so many seconds.
BATCH = 0.05  # Seconds between two calls that bring the events of that time.
SETTLED = 5.0
MEGABYTE = 1_000_000
MEMORY = 300 * MEGABYTE / (1 << 20)  # MiB: the goal is in megabytes.
STARTED = 120.0  # Seconds until the fake server has read what it holds.


class Server:
    """The fake API server as a process."""

    def __init__(self, url: str, process: Process, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._process = process
        self._session = session

    async def push(self, some: Iterable[Manifest]) -> None:
        async with self._session.post(
            f"{self._url}/fake/push", data=msgspec.json.encode(list(some))
        ) as answer:
            if not answer.ok:
                raise BenchError(f"the fake API server said {answer.status}: {await answer.text()}")


@asynccontextmanager
async def serving(home: Path, some: Iterable[Manifest]) -> AsyncIterator[Server]:
    """Have a server that holds these objects; its kubeconfig is in ``home``."""
    load = home / "objects"
    load.mkdir()
    (load / "all.json").write_bytes(msgspec.json.encode({"kind": "List", "items": list(some)}))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fakes.apiserver", "--load", str(load)),
        *("--kubeconfig", str(home / "kubeconfig")),
        stdout=PIPE,
    )
    assert process.stdout is not None, "it is a pipe"
    try:
        async with asyncio.timeout(STARTED):
            url = (await process.stdout.readline()).decode().strip()
        async with aiohttp.ClientSession() as session:
            yield Server(url, process, session)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


def measure(run: Run) -> tuple[Row, ...]:
    return tuple(row for size in run.sizes or SIZES for row in asyncio.run(_rows(run, size)))


async def _rows(run: Run, size: int) -> list[Row]:
    async with AsyncExitStack() as stack:
        home = stack.enter_context(folder())
        [port] = free_ports(1, PODS[0])
        stack.enter_context(pods(find_nginx("", nginx_variable()).path, home / "pods", PODS, port, None))
        run.say(f"apiserver: {size:,} Ingresses: starting")
        server = await stack.enter_async_context(serving(home, _objects(size, port)))
        flags = ("--kubeconfig", str(home / "kubeconfig"), "--allow-loopback-endpoints")
        painless = await stack.enter_async_context(Painless(home, source=flags))
        clients = await stack.enter_async_context(Clients(painless.doors.http))
        rows = [Row(what="start to ready", values=(painless.started_in,), goals=(most(15),))]
        await asyncio.sleep(SETTLED)
        rows.append(_memory(painless, "after the start"))
        run.say(f"apiserver: {size:,} Ingresses: single changes")
        rows.append(await _moved(server, clients, port))
        rows.append(await _added(server, clients, size, port))
        run.say(f"apiserver: {size:,} Ingresses: {RATE:,} events a second")
        rows += await _storm(server, painless, clients, size, port)
        rows.append(_memory(painless, "after the storm"))
    return [_named(row, f"{size:,} Ingresses") for row in rows]


def _named(row: Row, prefix: str) -> Row:
    return msgspec.structs.replace(row, what=f"{prefix}: {row.what}")


def _objects(size: int, port: int) -> Iterator[Manifest]:
    yield cluster.ingress_class()
    for number in range(size):
        yield from cluster.manifests(number, PODS[:1], port)
        yield _second(number, PODS[0], port)


def _second(number: int, address: str, port: int) -> Manifest:
    """Return another slice of an application, as Services of many pods have them."""
    made = cluster.endpoints(cluster.team(number), f"app-{number}", [address], port)
    made["metadata"]["name"] += "-more"
    return made


async def _moved(server: Server, clients: Clients, port: int) -> Row:
    """Move application 0 from pod to pod, at any moment of the second in which NGINX asks."""
    chance, waits = random.Random(1), []
    for at in range(TRIALS):
        await asyncio.sleep(chance.random())
        pod = PODS[(at + 1) % len(PODS)]
        first = cluster.endpoints(cluster.team(0), "app-0", [pod], port)
        await server.push([first, _second(0, pod, port)])
        waits.append(await clients.answered_by(cluster.host(0), pod, SERVED_WITHIN))
    what = "one changed endpoint, event to first answer of the new pod"
    return Row(what=what, values=tuple(waits), goals=(most(1.3),))


async def _added(server: Server, clients: Clients, size: int, port: int) -> Row:
    waits = []
    for at in range(TRIALS):
        await asyncio.sleep(QUIET)
        await server.push(cluster.manifests(size + at, PODS[:1], port, Layout.HOST))
        served, _ = await clients.served(cluster.host(size + at), SERVED_WITHIN)
        waits.append(served)
    return Row(what="one more Ingress, event to first answer", values=tuple(waits), goals=(most(2),))


async def _storm(server: Server, painless: Painless, clients: Clients, size: int, port: int) -> list[Row]:
    """Move slices all the time; the last event of each is what counts in the end."""
    before, heard = await painless.figures(), await _heard(painless)
    used, began, sent = cpu_seconds(painless.controller), time.monotonic(), 0
    while (spent := time.monotonic() - began) < STORM:
        due = int(spent * RATE) - sent
        await server.push(_event(sent + at, size, port) for at in range(due))
        sent += due
        await asyncio.sleep(BATCH)
    used = cpu_seconds(painless.controller) - used
    # Everything before it was taken when the very last change shows.
    pod = PODS[1]
    await server.push([cluster.endpoints(cluster.team(0), "app-0", [pod], port), _second(0, pod, port)])
    lag = await clients.answered_by(cluster.host(0), pod, SERVED_WITHIN)
    after, lost = await painless.figures(), sent + 2 - (await _heard(painless) - heard)
    return [
        Row(what="events of the storm", values=(sent / STORM,), unit="1/s", goals=(least(0.95 * RATE),)),
        Row(what="events of the storm that did not come", values=(lost,), unit="events", goals=(most(0),)),
        Row(
            what="change after the storm, event to first answer",
            values=(lag,),
            goals=(most(1.3),),
            beside=f"controller used {used / STORM:.2f} of a core; {after.reloads - before.reloads} reloads",
        ),
    ]


async def _heard(painless: Painless) -> int:
    """Return how many events of slices the controller has had."""
    async with aiohttp.ClientSession() as session, session.get(painless.doors.own("/metrics")) as answer:
        found = re.search(
            r'^painless_api_events_total\{kind="EndpointSlice"\} (\S+)', await answer.text(), re.MULTILINE
        )
    return int(float(found[1])) if found else 0


def _event(at: int, size: int, port: int) -> Manifest:
    number = at % (size - 1) + 1 if size > 1 else 0
    return _second(number, PODS[at // size % len(PODS)], port)


def _memory(painless: Painless, when: str) -> Row:
    return Row(
        what=f"memory of the controller (PSS), {when}",
        values=(memory_mib(painless.controller),),
        unit="MiB",
        goals=(most(MEMORY),),
    )
