"""Load on one host with wrk, and what it cost the workers that answered."""

import asyncio
import re
import shutil
from collections.abc import Iterable

from msgspec import Struct

from bench.machine import cpu_seconds, pinned
from bench.running import BenchError

BEYOND = 10.0  # Seconds that wrk may take beyond its round to connect and to end.
MICROSECONDS = 1_000_000  # In a second.


class Round(Struct, frozen=True):
    """What one side did in a few seconds; latencies in milliseconds, processor time in microseconds."""

    rate: float
    p99: float
    cost: float

    @property
    def busy(self) -> float:
        """How many percent of the time the worker was at work: far below 100, it was not the limit."""
        return 100 * self.rate * self.cost / MICROSECONDS


def need_wrk(part: str) -> None:
    if shutil.which("wrk") is None:
        raise BenchError(f"{part} needs wrk; install it with: apt-get install wrk")


async def load(
    url: str, host: str, workers: Iterable[int], *, seconds: int, connections: int, core: int | None
) -> Round:
    """Ask as fast as these connections can; every answer has to be a good one."""
    each = tuple(workers)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", "-H", f"Host: {host}", url]
    before = cpu_seconds(each)
    with pinned(core):
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), seconds + BEYOND)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _round(output.decode(), cpu_seconds(each) - before)


def _round(output: str, used: float) -> Round:
    requests = re.search(r"(\d+) requests in", output)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
    if not (requests and rate and p99) or "Non-2xx" in output or "Socket errors" in output:
        raise BenchError(f"wrk did not get what it asked for:\n{output}")
    scale = {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]]
    return Round(float(rate[1]), float(p99[1]) * scale, used / int(requests[1]) * MICROSECONDS)
