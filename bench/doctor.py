"""The doctor: on a running controller, on 300,000 lines, and what its looks beside a controller cost.

The health port is asked while the controller's own doctor looks: its slowest answer says what that costs.
"""

import asyncio
import os
import resource
import sys
import time
from asyncio.subprocess import DEVNULL
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp

from bench import cluster
from bench.figures import Row, Run, most
from bench.running import BenchError, Painless, folder
from painless.demo.ports import LOOPBACK

SIZES = (1_000, 5_000)
JUDGED = 1_000
"""What the goal is for."""
GOAL = 3.0  # Seconds.
TIMES = 3
LINES, LINES_GOAL = 300_000, 10.0
INTERVAL = 2.0  # Seconds between looks: as often as can be, for what one costs.
WITHIN = 300.0
POD = "127.0.0.2"
_MILLISECONDS = 1_000


def measure(run: Run) -> tuple[Row, ...]:
    rows = [row for size in run.sizes or SIZES for row in asyncio.run(_rows(run, size))]
    return (*rows, _lines(run))


async def _rows(run: Run, size: int) -> tuple[Row, ...]:
    async with AsyncExitStack() as stack:
        home = stack.enter_context(folder())
        painless = Painless(home, more=("--doctor-interval", str(INTERVAL)))
        cluster.put(painless.manifests, "class", [cluster.ingress_class()])
        for number in range(size):
            cluster.put(painless.manifests, f"app-{number}", cluster.manifests(number, [POD]))
        run.say(f"doctor: {size:,} Ingresses, starting")
        await stack.enter_async_context(painless)
        run.say(f"doctor: {size:,} Ingresses, looks beside the controller")
        await painless.event("doctor_looked", 1, WITHIN)
        seconds, cpu, slowest = await _beside(painless)
        run.say(f"doctor: {size:,} Ingresses, the command")
        took = [await _command("--state-dir", str(painless.state)) for _ in range(TIMES)]
    name = f"{size:,} Ingresses"
    return (
        Row(
            what=f"{name}: painless doctor",
            values=tuple(took),
            goals=(most(GOAL),) if size == JUDGED else (),
        ),
        Row(
            what=f"{name}: a look beside the controller, processor time",
            values=(cpu,),
            beside=f"spread over {seconds:.1f} s, and {20 * seconds:.0f} s of rest after it",
        ),
        Row(what=f"{name}: slowest answer of the health port meanwhile", values=(slowest,), unit="ms"),
    )


async def _beside(painless: Painless) -> tuple[float, float, float]:
    """Return how long a look takes, its processor time, and the slowest request meanwhile."""
    before = len(painless.events("doctor_looked"))
    looked = asyncio.ensure_future(painless.event("doctor_looked", before + 1, WITHIN))
    slowest, cpu = 0.0, 0.0
    async with aiohttp.ClientSession() as session:
        while not looked.done():
            began = time.perf_counter()
            async with session.get(f"http://{LOOPBACK}:{painless.doors.health}/healthz") as answer:
                await answer.read()
            slowest = max(slowest, time.perf_counter() - began)
            cpu = max(cpu, _looking(painless.controller[0]))
            await asyncio.sleep(0.005)
    seconds = (await looked)["seconds"]
    assert isinstance(seconds, int | float)
    return float(seconds), cpu, _MILLISECONDS * slowest


def _looking(controller: int) -> float:
    """Return the processor time that the doctor beside a controller has had, 0 while there is none."""
    for one in Path(f"/proc/{controller}/task").glob("*/children"):
        for child in one.read_text().split():
            try:
                command = Path(f"/proc/{child}/cmdline").read_bytes()
                fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if b"painless.examining" in command:
                return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


async def _command(*what: str) -> float:
    """Return how long the command takes."""
    command = (sys.executable, "-m", "painless", "doctor", *what, "--output", "json")
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL)
    if await process.wait() not in {0, 1}:
        raise BenchError(f"painless doctor ended with status {process.returncode}")
    return time.monotonic() - began


def _lines(run: Run) -> Row:
    run.say(f"doctor: {LINES:,} lines")
    host = (
        "upstream app-{n} {{\n server 10.0.0.1;\n server 10.0.0.2;\n keepalive 32;\n}}\n"
        "server {{\n listen 80;\n listen 443 ssl;\n server_name host-{n}.example;\n add_header X-Host {n};\n"
        " location / {{\n  proxy_pass http://app-{n};\n  proxy_set_header Upgrade $http_upgrade;\n"
        "  proxy_read_timeout 60s;\n }}\n location /files {{\n  alias /srv/files-{n}/;\n"
        "  allow 10.0.0.0/8;\n }}\n}}\n"
    )
    with folder() as home:
        conf = home / "nginx.conf"
        hosts = LINES // host.count("\n") + 1
        conf.write_text(f"events {{}}\nhttp {{\n{''.join(host.format(n=n) for n in range(hosts))}}}\n")
        took = [asyncio.run(_command("--nginx-conf", str(conf))) for _ in range(TIMES)]
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Row(
        what=f"{LINES:,} lines of configuration",
        values=tuple(took),
        goals=(most(LINES_GOAL),),
        beside=f"{hosts:,} servers; {peak:.0f} MiB at most",
    )
