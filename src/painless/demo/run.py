"""The demo from beginning to end: start, let pods come and go, watch, check, tidy up.

``painless demo`` calls ``demo``.  Whatever happens, NGINX, the controller and the pods have ended and the
folder is gone when it returns.
"""

import asyncio
import signal
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from painless.demo import verdict
from painless.demo.clients import Clients
from painless.demo.pods import Pods
from painless.demo.ports import DemoError, claim, free_ports
from painless.demo.process import Controller, Doors, Figures
from painless.demo.shop import API, API_CANARY, API_STABLE, CHATTER, SERVICES, SHOP, WEB, Shop
from painless.demo.view import Stage, invitation, summary

AT_FIRST = {WEB: 2, API_STABLE: 2, API_CANARY: 1, CHATTER: 1}
MOVED = (WEB, API_STABLE)  # the chat's pods stay: a WebSocket ends with its pod, whoever the proxy is
BETWEEN = 1.5  # seconds between two changes of pods: slow enough to read, quick enough to see many
JOINED_WITHIN = 10.0  # seconds until a new pod has its first request; one is usual
SHORTEST = 5.0  # seconds: a pod must have had the time to join before anything can be judged
DRAWN_EVERY = 0.25  # seconds between two pictures


def demo(seconds: float | None = None, *, http_port: int = 0, https_port: int = 0) -> int:
    """Run the demo until Ctrl-C, or for some seconds and then judge it; return the exit status."""
    stage = Stage(Console())
    try:
        if http_port:
            claim(http_port, "--http-port")
        if https_port:
            claim(https_port, "--https-port")
        admin, health, http, https = free_ports(4)
        doors = Doors(http=http_port or http, https=https_port or https, health=health, admin=admin)
        with tempfile.TemporaryDirectory(prefix="painless-demo-") as folder:
            return asyncio.run(_Demo(stage, doors, Path(folder)).run(seconds))
    except DemoError as error:
        Stage(Console(stderr=True)).say(f"painless demo: {error}")
        return 1


class _Demo:
    """One run of the demo; holds what its tasks share."""

    def __init__(self, stage: Stage, doors: Doors, folder: Path) -> None:
        self._stage = stage
        self._doors = doors
        self._folder = folder
        self._began = time.monotonic()
        self._waits: list[float] = []
        self._figures = Figures()
        self._stop = asyncio.Event()
        self._broken: DemoError | None = None

    async def run(self, seconds: float | None) -> int:
        for sent in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(sent, self._stop.set)
        shop = self._shop()
        async with Pods(shop) as pods:
            for service, number in AT_FIRST.items():
                for _ in range(number):
                    await pods.add(service)
            shop.write()
            self._stage.say("Starting painless serve and NGINX ...")
            log = self._folder / "painless.log"
            async with (
                Controller(self._doors, shop.folder, self._folder / "state", log) as controller,
                Clients(self._doors, shop.pair.certificate) as clients,
            ):
                return await self._serve(seconds, pods, controller, clients)

    def _shop(self) -> Shop:
        # NGINX's workers run as another user when we are root: they must get through this folder.
        self._folder.chmod(0o711)
        [port] = free_ports(1, "127.0.0.2")
        shop = Shop(self._folder / "manifests", port, datetime.fromtimestamp(time.time(), UTC))
        (self._folder / "shop.pem").write_bytes(shop.pair.certificate)
        return shop

    async def _serve(
        self, seconds: float | None, pods: Pods, controller: Controller, clients: Clients
    ) -> int:
        before = await controller.figures()
        if before is None:
            raise DemoError("painless serve is ready, yet its /metrics does not answer")
        self._figures = before
        for line in invitation(self._doors, self._folder):
            self._stage.say(line)
        if seconds is None:
            self._stage.say("Pods come and go while clients keep asking. Ctrl-C ends it.\n")
        self._stage.begin()
        try:
            await self._perform(seconds, pods, controller, clients)
        finally:
            self._stage.end()
        if self._broken:
            raise self._broken
        return await self._judge(seconds, before, controller, clients)

    async def _perform(
        self, seconds: float | None, pods: Pods, controller: Controller, clients: Clients
    ) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(one)
                for one in (
                    clients.keep_asking(SHOP),
                    clients.keep_asking(API),
                    clients.keep_talking(),
                    self._move(pods),
                    self._draw(pods, controller, clients),
                    self._watch(controller),
                )
            ]
            try:
                async with asyncio.timeout(seconds and max(seconds, SHORTEST)):
                    await self._stop.wait()
            except TimeoutError:
                pass
            for task in tasks:
                task.cancel()

    async def _move(self, pods: Pods) -> None:
        """Let a pod join and the oldest one leave, one Service after the other."""
        while True:
            for service in MOVED:
                await asyncio.sleep(BETWEEN)
                await self._join(pods, service)
                await asyncio.sleep(BETWEEN)
                oldest = pods.of(service)[0]
                self._event(f"{oldest.name} leaves")
                await pods.remove(service, oldest.name)

    async def _join(self, pods: Pods, service: str) -> None:
        echo = await pods.add(service)
        began = time.monotonic()
        try:
            async with asyncio.timeout(JOINED_WITHIN):
                await echo.served.wait()
        except TimeoutError:
            self._event(f"{echo.name} joined at {echo.address} and got no request in {JOINED_WITHIN:.0f} s")
        else:
            self._waits.append(time.monotonic() - began)
            self._event(f"{echo.name} joined at {echo.address}: first request after {self._waits[-1]:.2f} s")

    async def _draw(self, pods: Pods, controller: Controller, clients: Clients) -> None:
        while True:
            seen = await controller.figures()
            if seen and seen.generation != self._figures.generation:
                self._event(f"generation {seen.generation[:8]} is live")
            self._figures = seen or self._figures
            numbers = {service: len(pods.of(service)) for service in SERVICES}
            self._stage.show(self._elapsed(), list(clients.tallies.values()), self._figures, numbers)
            await asyncio.sleep(DRAWN_EVERY)

    async def _watch(self, controller: Controller) -> None:
        self._broken = await controller.ended()
        self._stop.set()

    async def _judge(
        self, seconds: float | None, before: Figures, controller: Controller, clients: Clients
    ) -> int:
        after = await controller.figures()
        checks = verdict.counted(list(clients.tallies.values()), self._waits, before, after)
        # Somebody who played with the manifests wanted them reloaded, and perhaps to see a failure.
        if seconds is None and after and after.generation != before.generation:
            checks = tuple(one for one in checks if one.promise != verdict.NO_RELOAD)
        if seconds is not None:
            checks = await verdict.asked(clients, self._doors) + checks
        self._stage.say()
        self._stage.console.print(summary(checks))
        return int(seconds is not None and not all(one.held for one in checks))

    def _event(self, text: str) -> None:
        self._stage.event(self._elapsed(), text)

    def _elapsed(self) -> float:
        return time.monotonic() - self._began
