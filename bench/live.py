"""The whole program at 100, 1,000 and 5,000 Ingresses: what an operator plans for.

Context and no race: how long a start takes, how long NGINX takes to check the files, what the processes hold
in memory, and how long one more Ingress takes from its file to the first answer when there are so many.
"""

import asyncio
import subprocess
import time
from pathlib import Path

from bench import cluster
from bench.asking import Clients
from bench.figures import Row, Say
from bench.machine import cpu_seconds, memory_mib
from bench.running import BenchError, Painless, folder
from painless.controller.holdoff import QUIET
from painless.demo.echo import Echo
from painless.demo.ports import free_ports
from painless.nginxd.find import find_nginx
from painless.settings import nginx_variable

SIZES = (100, 1_000, 5_000)
CHECKS = 3
CHECKED_WITHIN = 60.0  # Seconds for "nginx -t"; it takes one at 5,000.
SERVED_WITHIN = 60.0  # Seconds; so that a slow one is a figure and not an error.
POD = "127.0.0.2"


def measure(say: Say) -> tuple[Row, ...]:
    return tuple(row for size in SIZES for row in asyncio.run(_measure(say, size)))


async def _measure(say: Say, size: int) -> tuple[Row, ...]:
    with folder() as home:
        painless = Painless(home)
        [port] = free_ports(1, POD)
        say(f"live: writing {size:,} Ingresses")
        cluster.put(painless.manifests, "class", [cluster.ingress_class()])
        for number in range(size):
            cluster.put(painless.manifests, f"app-{number}", cluster.manifests(number, [POD], port))
        say(f"live: starting with {size:,} Ingresses")
        async with Echo("pod", POD, port), painless, Clients(painless.doors.http) as clients:
            used = cpu_seconds((*painless.controller, *painless.responder))
            say(f"live: measuring with {size:,} Ingresses")
            rows = _standing(painless, size, used)
            # The first change after a quiet time is the usual one.
            await asyncio.sleep(QUIET + 1)
            cluster.put(painless.manifests, f"app-{size}", cluster.manifests(size, [POD], port))
            waited, _ = await clients.served(cluster.host(size), SERVED_WITHIN)
            added = Row(what=f"{size:,} Ingresses: one more, written to served", values=(waited,))
        return (*rows, added)


def _standing(painless: Painless, size: int, used: float) -> tuple[Row, ...]:
    checks = tuple(_check(painless.state) for _ in range(CHECKS))
    ours = f"controller {memory_mib(painless.controller):.0f} MiB"
    theirs = f"responder {memory_mib(painless.responder):.0f} MiB"
    return (
        Row(
            what=f"{size:,} Ingresses: start to serving",
            values=(painless.started_in,),
            beside=f"CPU of controller and responder {used:.1f} s",
        ),
        Row(what=f"{size:,} Ingresses: nginx -t", values=checks),
        Row(
            what=f"{size:,} Ingresses: memory of NGINX (PSS)",
            values=(memory_mib(painless.nginx),),
            unit="MiB",
            beside=f"{ours}, {theirs}",
        ),
    )


def _check(state: Path) -> float:
    binary = find_nginx("", nginx_variable()).path
    command = [binary, "-t", "-q", "-p", str(state), "-c", str(state / "current" / "nginx.conf")]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=CHECKED_WITHIN, check=False)
    if done.returncode:
        raise BenchError(f"NGINX refuses {command[-1]}: {done.stderr}")
    return time.monotonic() - began
