"""``python -m bench.soak --seconds N``: hours under load and faults, watching for what only time shows.

Clients ask all the time.  Meanwhile pods are replaced, Ingresses come and go, and now and then the controller
or the responder is killed as a crash would end it.  No request of a host that stays may fail; memory and open
files at the end are compared with those after the first tenth, when everything has happened once.
"""

import argparse
import asyncio
import random
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from os import kill
from pathlib import Path

import aiohttp
from msgspec import Struct
from rich.console import Console

from bench import cluster
from bench.asking import Clients
from bench.machine import memory_mib
from bench.running import BenchError, Painless, folder
from painless.demo.echo import Echo
from painless.demo.ports import free_ports

STAYING = 5  # Hosts that exist from beginning to end: their requests may not fail.
COMING = range(100, 120)  # Hosts that come and go.
BETWEEN = 1.0  # Seconds between two changes, give or take half.
FAULT_EVERY = 30.0  # Seconds between two kills, the controller's and the responder's in turn.
DOWN = 2.0  # Seconds until a killed controller is started again, as a kubelet would.
LINE_EVERY = 60.0  # Seconds between two lines of figures; shorter in a short soak.
LINES = 10  # At least so many lines.
GROWTH = 1.25  # A process that has grown by more than a quarter since it settled grows on.
SLACK = 10.0  # MiB that do not count as growth: allocators keep some.


class Sight(Struct, frozen=True):
    """Memory in MiB and open files, of everything together."""

    controller: float
    responder: float
    nginx: float
    files: int

    def __str__(self) -> str:
        return (
            f"controller {self.controller:.0f} MiB, responder {self.responder:.0f} MiB, "
            f"NGINX {self.nginx:.0f} MiB, {self.files} open files"
        )


class Soak:
    """One run; holds what its tasks share."""

    def __init__(self, painless: Painless, clients: Clients, port: int, seconds: float) -> None:
        self.sights: list[Sight] = []
        self.counts = {"pods replaced": 0, "Ingresses": 0, "controller killed": 0, "responder killed": 0}
        self._painless = painless
        self._clients = clients
        self._port = port
        self._seconds = seconds
        self._console = Console(width=140)
        self._began = time.monotonic()
        self._random = random.Random(1)  # The same order in every run; only the moments differ.
        self._pods: deque[Echo] = deque()
        self._addresses: Iterator[int] = cycle(range(10, 250))
        self._up = asyncio.Event()

    async def prepare(self) -> None:
        """Start two pods and write the manifests of the hosts that stay."""
        for _ in range(2):
            self._pods.append(await self._pod())
        cluster.put(self._painless.manifests, "class", [cluster.ingress_class()])
        for number in range(STAYING):
            self._write(number)

    async def run(self) -> None:
        self._up.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds), asyncio.TaskGroup() as group:
                for number in range(STAYING):
                    group.create_task(self._clients.keep_asking(cluster.host(number)))
                for work in (self._replace_pods(), self._change_ingresses(), self._break(), self._tell()):
                    group.create_task(work)
        self.sights.append(self._sight())

    async def close(self) -> None:
        for pod in self._pods:
            await pod.__aexit__(None, None, None)

    async def _replace_pods(self) -> None:
        while True:
            await self._pause()
            self._pods.append(await self._pod())
            for number in range(STAYING):
                self._write_pods(number)
            await self._noticed()
            await self._pods.popleft().__aexit__(None, None, None)
            self.counts["pods replaced"] += 1

    async def _noticed(self) -> None:
        """Wait until the newest pod has a request: whoever learnt of it has learnt who left."""
        # While the controller is down nobody learns anything, and the pod that leaves goes on answering.
        await self._pods[-1].served.wait()
        # Five Services have five answers, and NGINX asks for each once a second.
        await asyncio.sleep(DOWN)

    async def _change_ingresses(self) -> None:
        present: set[int] = set()
        while True:
            await self._pause()
            number = self._random.choice(COMING)
            if number in present:
                (self._painless.manifests / f"app-{number}.json").unlink()
                present.discard(number)
            else:
                addresses = [one.address for one in self._pods]
                made = cluster.manifests(number, addresses, self._port)
                cluster.put(self._painless.manifests, f"app-{number}", made)
                present.add(number)
            self.counts["Ingresses"] += 1

    async def _break(self) -> None:
        for victim in cycle(("controller", "responder")):
            await asyncio.sleep(FAULT_EVERY)
            if victim == "controller":
                self._up.clear()
                await self._painless.kill()
                await asyncio.sleep(DOWN)
                await self._painless.start()
                self._up.set()
            else:
                for pid in self._painless.responder:
                    with suppress(ProcessLookupError):
                        kill(pid, signal.SIGKILL)
            self.counts[f"{victim} killed"] += 1

    async def _tell(self) -> None:
        every = min(LINE_EVERY, self._seconds / LINES)
        while True:
            await asyncio.sleep(every)
            await self._up.wait()
            self.sights.append(self._sight())
            elapsed = time.monotonic() - self._began
            with suppress(aiohttp.ClientError, TimeoutError):
                figures = await self._painless.figures()
                done = ", ".join(f"{name} {count}" for name, count in self.counts.items())
                self._console.print(
                    f"{elapsed:7.0f} s  {self._clients.requests} requests, {self._clients.failed} failed; "
                    f"{figures.reloads} reloads of this controller; {done}; {self.sights[-1]}",
                    soft_wrap=True,
                    highlight=False,
                )

    def _write(self, number: int) -> None:
        service, _, ingress = cluster.manifests(number, [], self._port)
        cluster.put(self._painless.manifests, f"app-{number}", [service, ingress])
        self._write_pods(number)

    def _write_pods(self, number: int) -> None:
        serving = [one.address for one in list(self._pods)[-2:]]
        _, slices, _ = cluster.manifests(number, serving, self._port)
        cluster.put(self._painless.manifests, f"pods-{number}", [slices])

    async def _pod(self) -> Echo:
        number = next(self._addresses)
        return await Echo(f"pod-{number}", f"127.0.0.{number}", self._port).__aenter__()

    async def _pause(self) -> None:
        await asyncio.sleep(BETWEEN * (0.5 + self._random.random()))

    def _sight(self) -> Sight:
        painless = self._painless
        every = (*painless.controller, *painless.responder, *painless.nginx)
        return Sight(
            memory_mib(painless.controller),
            memory_mib(painless.responder),
            memory_mib(painless.nginx),
            sum(_open_files(pid) for pid in every),
        )


def _open_files(pid: int) -> int:
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return 0


def grown(sights: list[Sight]) -> tuple[str, ...]:
    """Return what at the end is larger than after the first tenth, beyond what allocators keep."""
    early, late = sights[len(sights) // LINES], sights[-1]
    return tuple(
        f"{name} grew from {before:.0f} to {after:.0f} MiB"
        for name in ("controller", "responder", "nginx")
        if (after := getattr(late, name)) > GROWTH * (before := getattr(early, name)) + SLACK
    )


async def soak(seconds: float) -> int:
    with folder() as home:
        [port] = free_ports(1, "127.0.0.2")
        painless = Painless(home)
        async with Clients(painless.doors.http) as clients:
            run = Soak(painless, clients, port, seconds)
            try:
                await run.prepare()
                async with painless:
                    await run.run()
            finally:
                await run.close()
    problems = grown(run.sights)
    if clients.failed:
        problems = (f"{clients.failed} of {clients.requests} requests failed: {clients.statuses}", *problems)
    print("\n".join(problems) or f"nothing failed in {clients.requests} requests; {run.sights[-1]}")
    return int(bool(problems))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600.0, help="how long (default: an hour)")
    seconds = parser.parse_args().seconds
    status = 1
    try:
        status = asyncio.run(soak(seconds))
    except* BenchError as problems:
        print(f"soak: {problems.exceptions[0]}")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
