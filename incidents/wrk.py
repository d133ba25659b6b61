"""Clients that keep their connections, by the hundred: wrk, and what it counted."""

import asyncio
import re
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from bench.running import BenchError
from msgspec import Struct

from painless.demo.ports import LOOPBACK

PATIENCE = 10  # Seconds for an answer that takes milliseconds: past that it has failed.
BEYOND = 30.0  # Seconds that wrk may take beyond its round to connect and to end, on a busy machine.
MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}

_SCRIPT = """
local hosts, at = { @HOSTS@ }, 0
function request()
  at = at % #hosts + 1
  return wrk.format("GET", "/", { Host = hosts[at] })
end
"""
# Clients do not ask all at once, nor at the same pace.
_PAUSE = "function delay() return math.random(1, @PAUSE@) end\n"


class Counted(Struct, frozen=True):
    """What clients got; ``refused`` are answers that say no, ``cut`` connections that ended under them."""

    requests: int
    refused: int
    cut: int
    rate: float
    p99: float

    @property
    def failed(self) -> int:
        return self.refused + self.cut


class Clients(Struct, frozen=True):
    """Who asks: the hosts in turn on each connection, with a pause (in milliseconds, at most) between two."""

    hosts: tuple[str, ...]
    connections: int
    pause: int = 0


async def asked(port: int, clients: Clients, seconds: float, home: Path) -> Counted:
    """Have them ask for some seconds; every answer counts."""
    async with asking(port, clients, seconds, home) as counted:
        return await counted


@asynccontextmanager
async def asking(
    port: int, clients: Clients, seconds: float, home: Path
) -> AsyncIterator["asyncio.Task[Counted]"]:
    """Have them ask while this is entered, for as many seconds; the task has what they got."""
    script = home / "wrk.lua"
    pause = _PAUSE.replace("@PAUSE@", str(2 * clients.pause)) if clients.pause else ""
    script.write_text(_SCRIPT.replace("@HOSTS@", _quoted(clients.hosts)) + pause)
    command = (
        *("wrk", "-t1", "--latency", "--timeout", f"{PATIENCE}s"),
        *(f"-c{clients.connections}", f"-d{max(1, round(seconds))}"),
    )
    process = await asyncio.create_subprocess_exec(
        *(*command, "-s", str(script), f"http://{LOOPBACK}:{port}"), stdin=DEVNULL, stdout=PIPE, stderr=STDOUT
    )
    try:
        async with asyncio.TaskGroup() as group:
            yield group.create_task(_counted(process, seconds + BEYOND))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _counted(process: asyncio.subprocess.Process, within: float) -> Counted:
    output, _ = await asyncio.wait_for(process.communicate(), within)
    text = output.decode()
    requests = re.search(r"(\d+) requests in", text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\b", text)
    if not (requests and rate and p99):
        raise BenchError(f"wrk did not say what it got:\n{text}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    return Counted(
        requests=int(requests[1]),
        refused=int(refused[1]) if refused else 0,
        cut=sum(int(one) for one in errors.groups()) if errors else 0,
        rate=float(rate[1]),
        p99=float(p99[1]) * MILLISECONDS[p99[2]],
    )


def _quoted(hosts: Iterable[str]) -> str:
    return ", ".join(f'"{one}"' for one in hosts)
