"""``painless serve`` as a process of its own, just as a user would run it."""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from painless.demo.ports import LOOPBACK, DemoError
from painless.demo.shop import CONFIGMAP, SHOP

READY_WITHIN = 30.0  # seconds; one is usual, a busy machine may take several
STOPPED_WITHIN = 15.0  # seconds for NGINX to end its requests; past that something hangs
ANSWER_WITHIN = aiohttp.ClientTimeout(total=2)  # health and metrics come from memory
LOOK_AGAIN = 0.1  # seconds between two looks at readiness: a person does not notice
LAST_WORDS = 15  # lines of log that are shown when it fails: enough for a traceback's end


class Doors(Struct, frozen=True):
    """The ports on loopback."""

    http: int
    https: int
    health: int
    admin: int

    def url(self, host: str, path: str = "/") -> str:
        if host == SHOP:
            return f"https://{host}:{self.https}{path}"
        return f"http://{host}:{self.http}{path}"

    def own(self, path: str) -> str:
        return f"http://{LOOPBACK}:{self.health}{path}"


class Figures(Struct, frozen=True):
    """What the controller says about itself."""

    reloads: int = 0
    endpoint_updates: int = 0
    diagnostics: int = 0
    generation: str = ""


class Controller:
    """The process; entered when it is ready to serve, ended with what it started when left."""

    def __init__(self, doors: Doors, source: Path, state: Path, log: Path) -> None:
        self._doors = doors
        self._log = log
        self._command = [
            *(sys.executable, "-m", "painless", "serve", "--source", str(source), "--state-dir", str(state)),
            *("--bind-address", LOOPBACK, "--http-port", str(doors.http), "--https-port", str(doors.https)),
            *("--healthz-port", str(doors.health), "--configmap", CONFIGMAP),
            # So that its page shows who is asked how much.
            *("--admin-address", f"{LOOPBACK}:{doors.admin}", "--enable-metrics"),
        ]

    async def __aenter__(self) -> Self:
        with self._log.open("wb") as log:
            # Ctrl-C is for us: in a session of its own the controller hears of it when we are done with it.
            self._process: Process = await asyncio.create_subprocess_exec(
                *self._command, stdin=DEVNULL, stdout=DEVNULL, stderr=log, start_new_session=True
            )
        self._session = aiohttp.ClientSession(timeout=ANSWER_WITHIN)
        try:
            await self._ready()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def ended(self) -> DemoError:
        """Wait until the process ends by itself, which it should not."""
        status = await self._process.wait()
        return DemoError(f"painless serve ended with status {status}; its last words:\n{self._last_words()}")

    async def figures(self) -> Figures | None:
        """Return the controller's own figures; ``None`` when it does not answer."""
        try:
            async with self._session.get(self._doors.own("/metrics")) as answer:
                return figures_in(await answer.text())
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def _ready(self) -> None:
        try:
            async with asyncio.timeout(READY_WITHIN):
                while not await self._is_ready():
                    if self._process.returncode is not None:
                        raise await self.ended()
                    await asyncio.sleep(LOOK_AGAIN)
        except TimeoutError as error:
            said = f"painless serve was not ready within {READY_WITHIN:.0f} s; its last words:"
            raise DemoError(f"{said}\n{self._last_words()}") from error

    async def _is_ready(self) -> bool:
        try:
            async with self._session.get(self._doors.own("/readyz")) as answer:
                return answer.ok
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _stop(self) -> None:
        await self._session.close()
        if self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOPPED_WITHIN):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-LAST_WORDS:]) or "  (nothing)"


def figures_in(exposition: str) -> Figures:
    """Read the figures that the demo shows out of a metrics page."""
    samples = [one for family in text_string_to_metric_families(exposition) for one in family.samples]

    def total(name: str) -> int:
        return int(sum(one.value for one in samples if one.name == name))

    ids = [
        one.labels.get("id", "") for one in samples if one.name == "painless_generation_info" and one.value
    ]
    return Figures(
        reloads=total("painless_reloads_total"),
        endpoint_updates=total("painless_endpoint_updates_total"),
        diagnostics=total("painless_diagnostics"),
        generation=ids[0] if ids else "",
    )
