"""``painless serve`` as a process of its own, and what can be seen of it from outside."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families
from tests.front.clients import ask, until

from painless.demo.ports import LOOPBACK, free_ports
from painless.nginxd import procfs

STARTED = 20.0  # Seconds until a generation serves: one or two on a free machine.
STOPPED = 20.0  # Seconds until everything has ended after SIGTERM.
PATIENCE = 10.0  # Seconds that requests in flight get at the end.


Source = Path | tuple[str, ...]
"""Where objects come from: a folder, or the flags that name a cluster."""


class Doors(Struct, frozen=True):
    """The ports on loopback."""

    http: int
    https: int
    health: int


class Program:
    """One controller; ``process`` is its process while it runs."""

    def __init__(self, state: Path, source: Source, doors: Doors, log: Path, *more: str) -> None:
        self.state = state
        self.doors = doors
        self.log = log
        self.requests = log.with_suffix(".requests")
        self._command = [
            *(sys.executable, "-m", "painless", "serve", *_named(source), "--state-dir", str(state)),
            *("--bind-address", LOOPBACK, "--http-port", str(doors.http), "--https-port", str(doors.https)),
            *("--healthz-host", LOOPBACK, "--healthz-port", str(doors.health)),
            *("--shutdown-patience", str(PATIENCE), *more),
        ]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log, self.requests.open("ab") as requests:
            self.process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=requests, stderr=log, start_new_session=True
            )

    @property
    def pid(self) -> int:
        assert self.process is not None, "it was started"
        return self.process.pid

    @property
    def status(self) -> int | None:
        """The exit status; ``None`` while it runs."""
        assert self.process is not None, "it was started"
        return self.process.poll()

    async def ready(self) -> None:
        await until(self.is_ready, STARTED, self.last_words)

    async def is_ready(self) -> bool:
        assert self.status is None, f"it ended: {self.last_words()}"
        return await self.own("/readyz") == 200

    async def own(self, path: str) -> int:
        """Return the status of one of our own pages, 0 when nobody answers."""
        return (await ask(self.doors.health, LOOPBACK, path)).status

    async def end(self) -> int:
        """Tell it to stop, as the kubelet would, and return its exit status."""
        self.signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        await until(lambda: self.status is not None, STOPPED, self.last_words)
        status = self.status
        assert status is not None
        return status

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    async def kill(self) -> None:
        self.signal(signal.SIGKILL)
        await self.ended()

    async def samples(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        """Return every sample of /metrics by name and labels."""
        page = (await ask(self.doors.health, LOOPBACK, "/metrics")).body
        families = text_string_to_metric_families(page)
        return {
            (one.name, tuple(sorted(one.labels.items()))): one.value
            for family in families
            for one in family.samples
        }

    async def total(self, name: str, **labels: str) -> int:
        """Return the sum of a metric's samples that have these labels."""
        wanted = set(labels.items())
        return int(
            sum(
                value
                for (one, has), value in (await self.samples()).items()
                if one == name and wanted <= set(has)
            )
        )

    async def reloads(self) -> int:
        return await self.total("painless_reloads_total")

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log's events of that name, oldest first."""
        return [one for one in self._logged() if one.get("event") == name]

    def last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])

    def master(self) -> int:
        """Return the pid of NGINX's master, 0 when none runs."""
        held = procfs.holders(self.state / "run")
        return next((pid for pid in held if "nginx: master" in (procfs.title(pid) or "")), 0)

    def workers(self) -> tuple[int, ...]:
        return tuple(
            one for one in procfs.children(self.master()) if procfs.title(one) == "nginx: worker process"
        )

    def responder(self) -> int:
        """Return the pid of the responder, 0 when none runs."""
        wanted = f"--state={self.state}/discovery"
        return next((one for one in procfs.every_pid() if wanted in (procfs.title(one) or "")), 0)

    def everything(self) -> tuple[int, ...]:
        """Return every process that belongs to the state directory, but zombies."""
        found = {*procfs.holders(self.state / "run"), self.responder(), self.pid} - {0}
        return tuple(one for one in sorted(found) if procfs.title(one))

    def _logged(self) -> Iterator[dict[str, Any]]:
        for line in self.log.read_text(errors="replace").splitlines():
            with suppress(ValueError):
                yield json.loads(line)


@asynccontextmanager
async def programs(state: Path, source: Source, logs: Path) -> AsyncIterator[Callable[..., Program]]:
    """Yield what makes controllers of one state directory; whatever is left of them is ended."""
    doors = Doors(*free_ports(3))
    made: list[Program] = []

    def make(*more: str, state: Path = state, source: Source = source, doors: Doors = doors) -> Program:
        made.append(Program(state, source, doors, logs / f"log-{len(made)}", *more))
        return made[-1]

    try:
        yield make
    finally:
        # The controllers first, since they would start the others again.
        for one in made:
            await ended(one)
        for one in made:
            if one.process is not None:
                _kill(one.everything())


async def ended(program: Program) -> None:
    """End a controller that was started, and whatever is left of it."""
    if program.process is not None:
        await _end(program)
        _kill(program.everything())


def _named(source: Source) -> tuple[str, ...]:
    return ("--source", str(source)) if isinstance(source, Path) else source


async def _end(program: Program) -> None:
    if program.status is not None:
        return
    program.signal(signal.SIGCONT)
    program.signal(signal.SIGTERM)
    try:
        await program.ended()
    except AssertionError:
        await program.kill()


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
