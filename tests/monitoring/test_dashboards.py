"""Each query of a dashboard has an answer of a real Prometheus, which scrapes a Painless in an outage.

ingress-nginx's own dashboards and ours.  A query counts when it was answered once: an incident is not there
all the time.  Answers that are no numbers count for nothing.
"""

import asyncio
import datetime as dt
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import web
from incidents.container import Container, missing
from tests.cluster.controllers import NAMESPACE, Replica, replicas
from tests.cluster.given import InCluster
from tests.fakes.apiserver import FakeApiServer
from tests.front.clients import Load, Target, until
from tests.front.given import certificate
from tests.front.network import own_network
from tests.front.pods import Pods
from tests.monitoring import theirs
from tests.monitoring.asked import answers, boards, chosen, filled, queries, variables
from tests.monitoring.prometheus import WITHOUT, Prometheus, program, scraping
from tests.monitoring.test_fired import ALWAYS, QUICK, broken

from painless.demo.certificate import LIFE, self_made
from painless.demo.ports import LOOPBACK, free_ports

QUEUE = 16
SEEN = 40.0
"""Seconds for each part of the outage; it takes three, on a free machine."""
PODS = {"namespace": "ingress", "pod": "painless-1"}
"""What a Prometheus in a cluster adds."""
OTHERS = (
    'kube_horizontalpodautoscaler_status_desired_replicas{namespace="shop",horizontalpodautoscaler="web"} 3\n'
)
"""Of kube-state-metrics, which is not ours."""
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: web.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
SLOW = b"GET /?delay=60 HTTP/1.1\r\nHost: slow.test\r\n\r\n"
ALERTS = {
    "PainlessAcceptQueueOverflow",
    "PainlessAcceptQueueFilling",
    "PainlessBulkheadRejections",
    "PainlessCertificateExpiry",
    "PainlessConfigStale",
    "PainlessConnectionsCut",
    "PainlessErrorBudgetBurn",
    "PainlessIngressErrors",
    "PainlessReloadFailed",
}
FLAGS = (
    *("--enable-metrics", "--configmap", "shop/settings", "--max-generations", "3"),
    *("--publish-status-address", "192.0.2.1", "--doctor-interval", "2"),
)

pytestmark = [pytest.mark.timeout(180), pytest.mark.skipif(program("prometheus") is None, reason=WITHOUT)]


class Watch:
    """What was not yet seen: queries without an answer, by where they stand, and alerts that never fired."""

    def __init__(self, prometheus: Prometheus, asked: dict[str, str], alerts: set[str]) -> None:
        self._prometheus = prometheus
        self.unanswered = asked
        self.quiet = alerts

    async def look(self) -> bool:
        """Ask once more; return whether everything has been seen."""
        self.quiet -= await self._prometheus.firing()
        for where, query in list(self.unanswered.items()):
            if await answers(self._prometheus, query):
                del self.unanswered[where]
        return not (self.quiet or self.unanswered)

    async def until(self, *alerts: str) -> None:
        """Go on until these have fired."""

        async def fired() -> bool:
            await self.look()
            return not self.quiet & set(alerts)

        await until(fired, SEEN, lambda: f"quiet: {self.quiet}")

    async def all(self) -> None:
        await until(self.look, SEEN, lambda: f"quiet: {self.quiet}\nempty: {self.unanswered}")


@pytest.fixture
def network() -> Iterator[None]:
    try:
        with own_network(net__core__somaxconn=QUEUE):
            yield
    except PermissionError as why:
        pytest.skip(str(why))


@pytest.fixture
def container() -> Iterator[Container]:
    if why := missing():
        pytest.skip(why)
    with Container("dashboards", cpus=1, memory=1024) as made:
        yield made


@pytest.mark.usefixtures("network")
async def test_every_query_has_an_answer(container: Container, state_dir: Path, tmp_path: Path) -> None:
    """A Service hangs, changes fail, generations pile up, a certificate ends, then nobody accepts."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(FakeApiServer())
        cluster = InCluster(tmp_path / "unused", api)
        pods = await stack.enter_async_context(Pods(cluster, certificate("pod.internal"), tmp_path))
        await _objects(api, cluster, pods)
        make = await stack.enter_async_context(replicas(api, lambda: state_dir, tmp_path))
        one = make("painless-1", *FLAGS)
        one._command = [*container.within, *one._command]
        one.start()
        await one.ready()
        other = await stack.enter_async_context(_exporter())
        scraped = scraping(one.doors.health, tmp_path, other, shorter=QUICK, labels=PODS)
        prometheus = await stack.enter_async_context(scraped)
        http, https = one.doors.http, one.doors.https
        targets = (
            Target(http, "web.test"),
            Target(http, "web.test", "/?status=500"),
            Target(http, "nobody.test"),
            Target(https, "secure.test", secure=True),
        )
        await stack.enter_async_context(Load(*targets, pause=0.05))
        watch = Watch(prometheus, await _asked(prometheus), {*ALERTS, *ALWAYS})
        await _outage(one, cluster, pods, watch)
        await watch.all()
        assert [] == await prometheus.problems()


async def _objects(api: FakeApiServer, cluster: InCluster, pods: Pods) -> None:
    api.push({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    for name in ("web", "slow"):
        await pods.service(name)
        cluster.ingress(name, f"{name}.test", name, annotations={"painless.dev/max-inflight": "2"})
    # It ends in three days.
    made = dt.datetime.fromtimestamp(time.time(), dt.UTC) - LIFE + dt.timedelta(days=3)
    cluster.certificate("tls", self_made(["secure.test"], made))
    cluster.ingress("secure", "secure.test", "web", tls="tls")
    cluster.ingress("lost", "lost.test", "nobody", annotations={"proxy-read-timeout": "soon"})
    cluster.configmap("settings", {"worker-processes": "2"})


async def _asked(prometheus: Prometheus) -> dict[str, str]:
    """Return all queries, with what can be chosen for their variables."""
    asked: dict[str, str] = {}
    for uid, board in boards().items():
        values = await _chosen(prometheus, variables(board))
        asked |= {f"{uid}: {where}": filled(query, values) for where, query in queries(board)}
    values = await _chosen(prometheus, {name: (query, True) for name, query in theirs.VARIABLES.items()})
    return asked | {query: filled(query, values) for query in (*theirs.CONTROLLER, *theirs.REQUESTS)}


async def _chosen(prometheus: Prometheus, known: dict[str, tuple[str, bool]]) -> dict[str, str]:
    found: list[dict[str, str]] = []

    async def there() -> bool:
        values = await chosen(prometheus, known)
        found.extend([values] if values else [])
        return bool(found)

    await until(there, SEEN, lambda: f"nothing to choose for one of {list(known)}")
    return found[0]


async def _outage(one: Replica, cluster: InCluster, pods: Pods, watch: Watch) -> None:
    """Have everything go wrong, one after the other."""
    async with AsyncExitStack() as stack:
        await _held(stack, one)
        for _ in range(4):
            await _connected(stack, one, SLOW)
        with broken(one):
            cluster.configmap("settings", {"worker-processes": "2", "keep-alive": "10"})
            await watch.until("PainlessReloadFailed", "PainlessConfigStale")
        for applied in (2, 3):
            await _applied(one, applied)
            await _held(stack, one)
            cluster.configmap("settings", {"worker-processes": "2", "keep-alive": f"{10 + applied}"})
        await pods.replace("web")
        more = Target(one.doors.http, "slow.test")
        async with Load(more, pause=0.05):
            await watch.until("PainlessConnectionsCut", "PainlessBulkheadRejections")
    await _flooded(one, watch)


async def _applied(one: Replica, count: int) -> None:
    await until(lambda: len(one.events("generation_applied")) == count, SEEN, one.last_words)


async def _held(stack: AsyncExitStack, one: Replica) -> None:
    """Have a WebSocket keep the generation that serves."""
    reader = await _connected(stack, one, UPGRADE)
    assert (await reader.readline()).startswith(b"HTTP/1.1 101")


async def _connected(stack: AsyncExitStack, one: Replica, request: bytes) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection(LOOPBACK, one.doors.http)
    stack.callback(writer.close)
    writer.write(request)
    return reader


async def _flooded(one: Replica, watch: Watch) -> None:
    """Have nobody accept connections, until everything has been seen."""
    workers = one.workers()
    for each in workers:
        os.kill(each, signal.SIGSTOP)
    with ExitStack() as clients:
        for _ in range(4 * QUEUE):
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            with suppress(BlockingIOError):
                client.connect((LOOPBACK, one.doors.http))
        await watch.until("PainlessAcceptQueueOverflow", "PainlessAcceptQueueFilling")
    for each in workers:
        os.kill(each, signal.SIGCONT)


@asynccontextmanager
async def _exporter() -> AsyncIterator[int]:
    """Serve the page of another exporter; yield its port."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=OTHERS)

    application = web.Application()
    application.router.add_get("/metrics", page)
    runner = web.AppRunner(application)
    await runner.setup()
    port = free_ports(1)[0]
    await web.TCPSite(runner, LOOPBACK, port).start()
    yield port
    await runner.cleanup()
