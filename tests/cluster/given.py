"""What a test in a cluster starts with: an API server, pods, and what makes controllers."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from msgspec import Struct
from tests.fakes.apiserver import FakeApiServer
from tests.front.clients import Load, Target, until, until_seen
from tests.front.given import Make, certificate
from tests.front.manifests import Folder
from tests.front.pods import Pods
from tests.front.program import Program, programs

ACCOUNT = "system:serviceaccount:painless:painless"
TOKEN = "first-token"
SOON = 40.0  # Seconds until a change must be served: tries after failures are up to half a minute apart.
REAL = os.environ.get("PAINLESS_TEST_KUBECONFIG", "")

on_the_fake_only = pytest.mark.skipif(
    bool(REAL),
    reason="the server of PAINLESS_TEST_KUBECONFIG has no faults on demand and refuses endpoints on loopback",
)


class InCluster(Folder):
    """The objects of a test, kept by an API server instead of files."""

    def __init__(self, path: Path, api: FakeApiServer) -> None:
        self._api = api
        super().__init__(path)

    def _put(self, made: dict[str, Any]) -> None:
        self._api.push(made)


class Running(Struct):
    """A controller that serves one host of one Service, and what it serves it from."""

    program: Program
    make: Make
    api: FakeApiServer
    cluster: InCluster
    pods: Pods
    token: Path

    def target(self, host: str = "web.test") -> Target:
        return Target(self.program.doors.http, host)

    async def serves(self, host: str, status: int = 200) -> None:
        """Wait until requests for a host get that answer."""
        await until_seen(self.target(host), lambda seen: seen.status == status, SOON)

    async def follows(self, name: str) -> None:
        """See that changes of both paths arrive: a pod, and a new Ingress.

        Pods of before end afterwards, since it takes a while until their end is heard of.
        """
        before = dict(self.pods.named["web"])
        pod = await self.pods.start("web")
        for address in before:
            del self.pods.named["web"][address]
        self.pods.publish("web")
        self.cluster.ingress(name, f"{name}.test", "web")
        for host in ("web.test", f"{name}.test"):
            await until_seen(self.target(host), lambda seen: seen.pod == pod, SOON)
        for one in before.values():
            self.pods.end(one)

    async def asked(self, verb: str, status: int, more_than: int) -> None:
        """Wait until the controller was answered so more often than that."""
        await until(lambda: self.count(verb, status) > more_than, SOON, self.program.last_words)

    def count(self, verb: str, status: int) -> int:
        return sum((one.verb, one.status) == (verb, status) for one in self.api.requests)

    @asynccontextmanager
    async def unharmed(self) -> AsyncIterator[None]:
        """Have a client ask all the while: it never gets anything but the pods' answers."""
        async with Load(self.target()) as load:
            yield
            await load.more(5)
        failures = load.failures()
        assert not failures, failures[:5]


@asynccontextmanager
async def in_cluster(home: Path) -> AsyncIterator[Running]:
    """Yield a controller that was not started yet, on an API server with one Service and its Ingress."""
    (home / "state").mkdir(mode=0o711)
    token = home / "token"
    token.write_text(TOKEN)
    async with FakeApiServer(tls=True, tokens={TOKEN: ACCOUNT}) as api:
        api.bookmark_every = 0.2
        cluster = InCluster(home / "unused", api)
        config = api.kubeconfig(home / "kubeconfig", token_file=token)
        flags = ("--kubeconfig", str(config), "--allow-loopback-endpoints")
        async with (
            Pods(cluster, certificate("pod.internal"), home) as pods,
            programs(home / "state", flags, home) as make,
        ):
            await pods.service("web")
            cluster.ingress("web", "web.test", "web")
            yield Running(make(), make, api, cluster, pods, token)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder with a short name, since unix socket paths end at 107 bytes, that workers may enter."""
    root = Path(tempfile.mkdtemp(prefix="painless-", dir="/tmp"))
    root.chmod(0o711)
    yield root
    shutil.rmtree(root)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(home: Path) -> AsyncIterator[Running]:
    """A controller that serves; one for all tests of a module, since each start takes seconds."""
    async with in_cluster(home) as made:
        made.program.start()
        await made.program.ready()
        yield made


@pytest.fixture
def running(shared: Running) -> Iterator[Running]:
    """The controller, with an API server that has no fault before and after the test."""
    yield shared
    shared.api.faults.recover()
