"""Accept queues that overflow for real: the drop is told within two seconds, with the listener and the cause.

Each test has a network namespace, so that a queue is small and nobody else's clients are counted.  Probes
are asked all the while, and none of them may fail.
"""

import asyncio
import datetime as dt
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest
from tests.front.clients import Load, Target, until
from tests.front.given import SOAK, Make
from tests.front.manifests import NAMESPACE, Folder
from tests.front.network import own_network
from tests.front.program import Program

from painless.demo.ports import LOOPBACK
from painless.liveness import PRIVATE, answers_on

QUEUE = 16
"""``net.core.somaxconn``: so many connections and one more fit."""
FLOOD = 100
"""Clients: more than fit."""
SEEN = 2.0
"""Seconds from the first drop until it is told, on a machine of its own."""
SEEN_BUSY = 20.0
"""Seconds that are allowed on one that others use too."""
FILES = 60
"""Files of a worker, of which it needs half for itself."""
CGROUP = Path("/sys/fs/cgroup/cpu")

pytestmark = pytest.mark.usefixtures("network")


@pytest.fixture
def network() -> Iterator[None]:
    try:
        with own_network(net__core__somaxconn=QUEUE):
            yield
    except PermissionError as why:
        pytest.skip(str(why))


@pytest.fixture
def quota() -> Iterator[Path]:
    """A cgroup that has 1 % of a CPU; what is still in it at the end goes back to where we are."""
    if not (CGROUP / "cpu.cfs_quota_us").exists() or not os.access(CGROUP, os.W_OK):
        pytest.skip(f"no cgroups of version 1 in {CGROUP} that we may write")
    folder = CGROUP / f"painless-test-{os.getpid()}"
    folder.mkdir()
    (folder / "cpu.cfs_quota_us").write_text("1000")
    yield folder
    for one in (folder / "cgroup.procs").read_text().split():
        (CGROUP / "cgroup.procs").write_text(one)
    folder.rmdir()


class Flood:
    """Clients that connect and say nothing."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def send(self, port: int, count: int = FLOOD) -> None:
        for _ in range(count):
            one = self._stack.enter_context(socket.socket())
            one.setblocking(False)
            with suppress(BlockingIOError):
                one.connect((LOOPBACK, port))

    def close(self) -> None:
        self._stack.close()


@asynccontextmanager
async def flooding(flood: Flood, port: int, count: int, *, stay: bool) -> AsyncIterator[None]:
    """Have more clients come all the time; those before them give up, unless they ``stay``."""

    async def again() -> None:
        while True:
            if not stay:
                flood.close()
            flood.send(port, count)
            await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as group:
        coming = group.create_task(again())
        yield
        coming.cancel()


@pytest.fixture
def flood() -> Iterator[Flood]:
    made = Flood()
    yield made
    made.close()


def configured(make: Make, folder: Folder, **keys: str) -> Program:
    """Return a controller whose ConfigMap has these keys, with dashes for underlines."""
    folder.configmap("settings", {key.replace("_", "-"): value for key, value in keys.items()})
    return make("--configmap", f"{NAMESPACE}/settings")


@asynccontextmanager
async def probed(program: Program) -> AsyncIterator[None]:
    """Start the controller, and ask its probes all the while: each has to be answered, and well."""
    program.start()
    await program.ready()
    port = program.doors.health
    async with Load(Target(port, "alive", "/healthz"), Target(port, "ready", "/readyz")) as load:
        yield
    assert load.count > 0
    assert [] == load.failures()


async def seen(program: Program, cause: str) -> dict[str, str]:
    """Wait until an overflow is told of with that cause, in the log and as a metric; return the event."""
    listen = f"{LOOPBACK}:{program.doors.http}"

    async def told() -> bool:
        causes = [one["cause"] for one in program.events("accept_queue_overflowed")]
        here = await program.total("painless_accept_overflow", listen=listen, cause=cause)
        return cause in causes and here == 1

    await until(told, SEEN_BUSY, program.last_words)
    [event] = [one for one in program.events("accept_queue_overflowed") if one["cause"] == cause]
    assert (listen, True) == (
        event["listen"],
        await program.total("painless_listen_drops_total", listen=listen) > 0,
    )
    return event


async def test_a_stopped_worker(folder: Folder, make: Make, flood: Flood) -> None:
    """With a queue for each worker its own fills up, while its sibling's is empty: it is named."""
    program = configured(make, folder, worker_processes="2", reuse_port="true")
    async with probed(program):
        stopped = program.workers()[1]
        os.kill(stopped, signal.SIGSTOP)
        flood.send(program.doors.http)
        event = await seen(program, "worker_blocked")
        os.kill(stopped, signal.SIGCONT)
    assert f"worker {stopped}" in event["evidence"]
    assert event["worker"] in {"0", "1"}


async def test_every_worker_is_stopped(folder: Folder, make: Make, flood: Flood) -> None:
    """They share a queue; and it was dropping for less than two seconds when it was told."""
    program = configured(make, folder, worker_processes="2")
    async with probed(program):
        private = program.state / "run" / PRIVATE
        for one in program.workers():
            os.kill(one, signal.SIGSTOP)
        began = time.time()
        flood.send(program.doors.http)
        event = await seen(program, "worker_blocked")
        # What liveness would hold against it, if it went on for a minute.
        silent = not await asyncio.to_thread(answers_on, private, 0.2)
        for one in program.workers():
            os.kill(one, signal.SIGCONT)
        await until(lambda: answers_on(private), SEEN_BUSY, program.last_words)
    assert silent
    assert "all" == event["worker"]
    took = dt.datetime.fromisoformat(event["time"]).timestamp() - began
    assert took < (SEEN if SOAK else SEEN_BUSY)


async def test_no_file_is_left(folder: Folder, make: Make, flood: Flood) -> None:
    """Clients that say nothing take all files of the worker, and it accepts nobody any more.

    We would not let it have more connections than it has files: somebody takes files away while it runs.
    """
    program = configured(make, folder, worker_processes="1")
    # So few at a time that there is room for them.
    some = flooding(flood, program.doors.http, QUEUE // 2, stay=True)
    async with probed(program):
        [worker] = program.workers()
        _take_files_away(worker)
        async with some:
            event = await seen(program, "open_files")
    assert "file" in event["evidence"]


def _take_files_away(worker: int) -> None:
    """Lower a worker's limit as its own user, who may without any right."""
    command = ["prlimit", f"--pid={worker}", f"--nofile={FILES}"]
    if os.geteuid() != 0:
        subprocess.run(command, check=True)
        return
    status = Path(f"/proc/{worker}/status").read_text()
    user, group = (int(re.findall(rf"^{one}:\s+(\d+)", status, re.MULTILINE)[0]) for one in ("Uid", "Gid"))
    subprocess.run(command, check=True, user=user, group=group, extra_groups=[])


async def test_a_quota_that_is_used_up(folder: Folder, make: Make, flood: Flood, quota: Path) -> None:
    """NGINX alone is under the quota, and has more to do than it allows."""
    program = configured(make, folder, worker_processes="1")
    async with probed(program):
        for one in (program.master(), *program.workers()):
            (quota / "cgroup.procs").write_text(str(one))
        async with flooding(flood, program.doors.http, FLOOD, stay=False):
            event = await seen(program, "cpu_throttled")
    assert "periods" in event["evidence"]
