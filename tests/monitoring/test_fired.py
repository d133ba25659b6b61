"""Alerts that go off for real: a Prometheus scrapes a Painless that has an incident, and is quiet before.

Each is in a network namespace of its own, so that queues are small and nobody else's clients are counted.
"""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from tests.front.clients import until
from tests.front.given import PATIENT, Make
from tests.front.manifests import NAMESPACE, Folder
from tests.front.network import own_network
from tests.front.program import Program
from tests.monitoring.prometheus import WITHOUT, Prometheus, program, scraping

from painless.demo.ports import LOOPBACK

pytestmark = [
    PATIENT,
    pytest.mark.skipif(program("prometheus") is None, reason=WITHOUT),
    pytest.mark.usefixtures("network"),
]

QUEUE = 16
QUICK = 600
"""A rule that has to hold for five minutes holds for half a second here: for one look more."""
ALWAYS = {"PainlessBacklogClamped"}
"""What is said of such a queue, once the rule does not wait."""
FIRED = 30.0
"""Seconds from the incident to the alert: three on a free machine."""


@pytest.fixture
def network() -> Iterator[None]:
    try:
        with own_network(net__core__somaxconn=QUEUE):
            yield
    except PermissionError as why:
        pytest.skip(str(why))


def started(make: Make, folder: Folder, **keys: str) -> Program:
    folder.configmap("settings", {key.replace("_", "-"): value for key, value in keys.items()})
    made = make("--configmap", f"{NAMESPACE}/settings")
    made.start()
    return made


async def test_accept_queue_overflows(folder: Folder, make: Make, tmp_path: Path) -> None:
    """Workers are stopped, and clients come: the critical alert needs two looks."""
    one = started(make, folder, worker_processes="2")
    await one.ready()
    async with scraping(one.doors.health, tmp_path) as prometheus:
        await until(lambda: _has(prometheus, "painless_listen_drops_total"), FIRED)
        assert set() == await prometheus.firing()
        workers = one.workers()
        for each in workers:
            os.kill(each, signal.SIGSTOP)
        with ExitStack() as clients:
            for _ in range(4 * QUEUE):
                client = clients.enter_context(socket.socket())
                client.setblocking(False)
                with suppress(BlockingIOError):
                    client.connect((LOOPBACK, one.doors.http))
            await until(lambda: _fires(prometheus, "PainlessAcceptQueueOverflow"), FIRED, one.last_words)
        for each in workers:
            os.kill(each, signal.SIGCONT)
        assert [] == await prometheus.problems()


async def test_a_change_does_not_come_through(folder: Folder, make: Make, tmp_path: Path) -> None:
    """The disk is broken: it is said that the change failed, and that what runs is not what is wanted."""
    one = started(make, folder)
    await one.ready()
    expected = {"PainlessReloadFailed", "PainlessConfigStale"}
    async with scraping(one.doors.health, tmp_path, shorter=QUICK) as prometheus:
        await until(lambda: _has(prometheus, "painless_workers"), FIRED)
        await until(lambda: _is_quiet(prometheus), FIRED, one.last_words)
        with broken(one):
            folder.configmap("settings", {"keep-alive": "10"})
            await until(lambda: _fires(prometheus, *expected), FIRED, one.last_words)
        await until(lambda: _is_quiet(prometheus), 2 * FIRED, one.last_words)


async def test_nginx_is_gone(folder: Folder, make: Make, tmp_path: Path) -> None:
    """An Ingress has no Service; then NGINX ends, and cannot be started on a disk that is broken."""
    folder.ingress("lost", "lost.test", "nobody")
    one = started(make, folder)
    await one.ready()
    expected = {"PainlessNginxDown", "PainlessOrphanIngress"}
    async with scraping(one.doors.health, tmp_path, shorter=QUICK) as prometheus:
        await until(lambda: _fires(prometheus, "PainlessOrphanIngress"), FIRED, one.last_words)
        with broken(one):
            os.kill(one.master(), signal.SIGTERM)
            await until(lambda: _fires(prometheus, *expected), FIRED, one.last_words)


@contextmanager
def broken(one: Program) -> Iterator[None]:
    """Have nobody able to write generations, as on a disk that is broken."""
    folder = one.state / "generations"
    hidden = folder.rename(folder.with_name("hidden"))
    folder.touch()
    yield
    folder.unlink()
    hidden.rename(folder)


async def _has(prometheus: Prometheus, name: str) -> bool:
    return bool((await prometheus.ask(f"/api/v1/query?query={name}"))["result"])


async def _fires(prometheus: Prometheus, *names: str) -> bool:
    return await prometheus.firing() >= set(names)


async def _is_quiet(prometheus: Prometheus) -> bool:
    return await prometheus.firing() <= ALWAYS
