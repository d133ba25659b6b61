"""Where a replay runs: network and process namespaces of its own, so that nothing of it outlives it.

Whoever ends the replay, by Ctrl-C or by a kill, ends its first process, and the kernel ends the others with
it.  Its network is a loopback that nobody else has, with counters, queues and ports of its own.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path

import msgspec
from bench.running import BenchError
from msgspec import Struct

from incidents import container
from incidents.conntrack import table
from incidents.report import Line, Report

FOREVER = 3600.0  # Seconds for the longest of the full forms, several times over.
_TOOLS = ("ip", "setpriv", "unshare")
# The first process of the namespace buries orphans, which Python would not.
_FIRST = 'ip link set lo up && "$@"; exit $?'


class Need(StrEnum):
    """What a replay cannot do without."""

    NAMESPACES = "namespaces"
    CONNECTION_TRACKING = "connection tracking"
    CONTAINERS = "containers"
    PROCESSORS = "processors"
    WRK = "wrk"


class Place(Struct, frozen=True):
    """Where a replay may write, and whether it is the full form."""

    home: Path
    full: bool

    def folder(self, name: str) -> Path:
        """Return a new folder that NGINX's workers get through."""
        made = self.home / name
        made.mkdir(mode=0o711)
        return made


class Replay(Struct, frozen=True):
    """One incident."""

    title: str
    run: Callable[[Place], Awaitable[tuple[Line, ...]]]
    needs: frozenset[Need] = frozenset()

    def missing(self) -> str:
        """Return why it cannot be replayed here; nothing when it can."""
        return "; ".join(filter(None, (_MISSING[one]() for one in (Need.NAMESPACES, *sorted(self.needs)))))


def isolated(replay: str, home: Path, *, full: bool) -> Report:
    """Run one replay in a child process; raise what it says when it fails."""
    command = (
        sys.executable,
        "-m",
        "incidents",
        "--inside",
        replay,
        str(home),
        *(("--full",) if full else ()),
    )
    owner = os.getpid()
    child = subprocess.Popen(
        (*_namespaces(), "sh", "-c", _FIRST, "sh", *command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={**os.environ, container.OWNER: str(owner)},
        start_new_session=True,
    )
    try:
        said, _ = child.communicate(timeout=FOREVER)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        container.sweep(owner)
    if child.returncode != 0:
        raise BenchError(f"the replay of {replay} ended with status {child.returncode}")
    return msgspec.json.decode(said, type=Report)


def inside(replay: Replay, place: Place) -> Report:
    """Run a replay in the namespaces that are its own."""
    began = time.monotonic()
    lines = asyncio.run(_awaited(replay.run(place)))
    return Report(replay.title, lines, seconds=time.monotonic() - began)


async def _awaited(lines: Awaitable[tuple[Line, ...]]) -> tuple[Line, ...]:
    return await lines


def _namespaces() -> tuple[str, ...]:
    user = () if os.geteuid() == 0 else ("--user", "--map-current-user", "--keep-caps")
    own = (*user, "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
    return ("setpriv", "--pdeathsig", "KILL", "unshare", *own, "--")


def _no_namespaces() -> str:
    if lacking := [one for one in _TOOLS if shutil.which(one) is None]:
        return f"the commands {', '.join(lacking)} are not here"
    tried = subprocess.run(
        (*_namespaces(), "ip", "link", "set", "lo", "up"), capture_output=True, text=True, check=False
    )
    return f"no namespaces of our own: {tried.stderr.strip()}" if tried.returncode else ""


def _no_wrk() -> str:
    return "" if shutil.which("wrk") else "wrk is not here; install it with: apt-get install wrk"


def _one_processor() -> str:
    return "" if len(os.sched_getaffinity(0)) > 1 else "this machine has one processor, and a node has more"


_MISSING: dict[Need, Callable[[], str]] = {
    Need.NAMESPACES: _no_namespaces,
    Need.CONNECTION_TRACKING: table.missing,
    Need.CONTAINERS: container.missing,
    Need.PROCESSORS: _one_processor,
    Need.WRK: _no_wrk,
}
