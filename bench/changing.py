"""Single changes to a program that serves already: one more Ingress, one changed endpoint.

What happened when is read off the state directory and the log, after the fact: looking meanwhile would cost
what is measured.  A name that appears in one move has the time of that move as its inode's.
"""

import asyncio
import random
import time
from pathlib import Path

from msgspec import Struct

from bench import cluster
from bench.asking import Clients
from bench.cluster import Layout
from bench.machine import bytes_written, cpu_seconds
from bench.running import BenchError, Painless
from painless.plan.pace import QUIET

SERVED_WITHIN = 120.0  # Seconds; so that a slow one is a figure and not an error.
APPLIED_WITHIN = 60.0  # Seconds from the first answer to the line in the log.
CHANGES = 50  # Of endpoints: processor time is counted in hundredths of a second.
MOVES = 10  # Of an application to another pod, each until that one answers.
BETWEEN = 0.2  # Seconds between two of them: each is taken by itself.


class Added(Struct, frozen=True, kw_only=True):
    """One more Ingress: seconds from its file to each stage, processor time, and bytes.

    ``size`` is that of the new generation; ``wrote`` is all that the controller has given to the kernel.
    """

    written: float
    tested: float
    applied: float
    served: float
    cpu: float
    size: int
    wrote: int


class Endpoints(Struct, frozen=True, kw_only=True):
    """Changed endpoints: processor time of one beyond that at rest, of rest itself, and what was written."""

    cpu: float
    at_rest: float
    journal: float
    loadable: int
    reloads: int


async def one_more(
    painless: Painless, clients: Clients, number: int, pod: tuple[str, int], layout: Layout
) -> Added:
    """Add application ``number``, after a quiet time: so changes usually come."""
    await asyncio.sleep(QUIET + 1)
    known, lines = _generations(painless.state), len(painless.events("generation_applied"))
    address, port = pod
    manifests = cluster.manifests(number, [address], port, layout)
    used, wrote = cpu_seconds(painless.python), bytes_written(painless.controller)
    began = time.time()
    cluster.put(painless.manifests, f"app-{number}", manifests)
    served, _ = await clients.served(cluster.host(number), SERVED_WITHIN)
    line = await painless.event("generation_applied", lines + 1, APPLIED_WITHIN)
    folder = (painless.state / "current").resolve()
    if folder.name != line["id"]:
        raise BenchError(f"found {folder.name} as the current generation, expected {line['id']}")
    return Added(
        written=folder.stat().st_ctime - began,
        tested=(painless.state / "current").lstat().st_ctime - began,
        applied=_moment(str(line["time"])) - began,
        served=served,
        cpu=cpu_seconds(painless.python) - used,
        size=sum(_size(one) for one in _generations(painless.state) - known),
        wrote=bytes_written(painless.controller) - wrote,
    )


async def moved(
    painless: Painless, clients: Clients, pods: tuple[str, str], port: int, layout: Layout
) -> tuple[float, ...]:
    """Move application 0 from pod to pod; return the times until the next one answers."""
    pause, waits = random.Random(1), []
    for at in range(MOVES):
        # NGINX asks once a second: at any moment of it.
        await asyncio.sleep(pause.random())
        pod = pods[(at + 1) % len(pods)]
        cluster.put(painless.manifests, "app-0", cluster.manifests(0, [pod], port, layout))
        waits.append(await clients.answered_by(cluster.host(0), pod, SERVED_WITHIN))
    return tuple(waits)


async def endpoints(painless: Painless, pods: tuple[str, str], port: int, layout: Layout) -> Endpoints:
    """Change the endpoints of application 0 again and again, between two pods."""
    seconds = CHANGES * BETWEEN
    used = cpu_seconds(painless.python)
    await asyncio.sleep(seconds)
    at_rest = cpu_seconds(painless.python) - used
    before, files, journal = await painless.figures(), loadable(painless.state), _journal(painless.state)
    used = cpu_seconds(painless.python)
    for at in range(CHANGES):
        began = time.monotonic()
        # The last change leaves the first pod, as it was before.
        manifests = cluster.manifests(0, [pods[(at + 1) % len(pods)]], port, layout)
        cluster.put(painless.manifests, "app-0", manifests)
        await asyncio.sleep(max(0.0, BETWEEN - (time.monotonic() - began)))
    spent = cpu_seconds(painless.python) - used
    after = await painless.figures()
    changed = len(cluster.services(0, layout)) * CHANGES
    if after.endpoint_updates - before.endpoint_updates != changed:
        found = after.endpoint_updates - before.endpoint_updates
        raise BenchError(f"found {found} changed upstreams, expected {changed}")
    return Endpoints(
        cpu=(spent - at_rest) / CHANGES,
        at_rest=at_rest / seconds,
        journal=(_journal(painless.state) - journal) / CHANGES,
        loadable=len(loadable(painless.state).items() - files.items()),
        reloads=after.reloads - before.reloads,
    )


def loadable(state: Path) -> dict[str, tuple[int, int]]:
    """Return every file that NGINX loads or opens, with what changes when it is written.

    Old generations are removed now and then, so only what is there afterwards may count as written.
    """
    files = (*(state / "generations").rglob("*"), *(state / "hot").rglob("*"), state / "current")
    found = {str(one): one.lstat() for one in files}
    return {name: (about.st_ino, about.st_ctime_ns) for name, about in found.items()}


def _generations(state: Path) -> set[Path]:
    return set((state / "generations").iterdir())


def _size(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())


def _journal(state: Path) -> int:
    return (state / "discovery" / "table").stat().st_size


def _moment(text: str) -> float:
    """Return a log line's local time as seconds since 1970."""
    second, _, milliseconds = text.partition(".")
    return time.mktime(time.strptime(second, "%Y-%m-%dT%H:%M:%S")) + int(milliseconds) / 1000
