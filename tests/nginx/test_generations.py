"""What is seen of a real NGINX's workers, old ones included, while connections hold them."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest
from msgspec import structs
from tests.nginx.given import (
    BUILD,
    DEADLINE,
    disk_at,
    free_port,
    generation,
    nginx_on,
    nobody_asks,
    reloading,
    starting,
)

from painless.nginx.generation import Generation
from painless.nginxd import procfs
from painless.nginxd.allowance import Shares
from painless.nginxd.apply import Nginx
from painless.nginxd.clients import FILES
from painless.nginxd.disk import Disk
from painless.nginxd.generations import MASTER, MEMORY, Census
from painless.nginxd.process import Call, run_nginx
from painless.plan.steps import Applied
from painless.plan.workers import Connections, GenerationState, Remote, Sample

POD = "127.0.0.2"
PROXY = """
location /ws {{
    proxy_pass http://{pod}:{port}; proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
}}
location /slow {{ proxy_pass http://{pod}:{port}; }}
"""
STREAM = "stream {{ server {{ listen 127.0.0.1:{listen}; proxy_pass {pod}:{port}; }} }}\n"


class Site:
    """An NGINX with an application behind it, and clients that stay."""

    def __init__(self, disk: Disk, pod: int) -> None:
        self.http, self.tcp = free_port(), free_port()
        self.nginx = nginx_on(disk)
        self._disk = disk
        self._state = disk.root
        self._pod = pod
        self.census = self.counted()

    def counted(self) -> Census:
        """Return somebody who counts, has seen nothing yet, and may cost what it costs."""
        return Census(self._state / "run", frozenset({self.http}), Shares(*[1.0] * 4))

    def generation(self, says: str) -> Generation:
        one = generation(
            self._state, self.http, says, server=PROXY.format(pod=POD, port=self._pod), workers=1
        )
        stream = STREAM.format(listen=self.tcp, pod=POD, port=self._pod)
        main = one.cold["nginx.conf"].replace("events", f"{stream}events", 1)
        return structs.replace(one, cold={**one.cold, "nginx.conf": main})

    async def load(self, says: str, *, first: bool = False) -> str:
        want = self.generation(says)
        assert Applied() == await self.nginx.apply(starting(want) if first else reloading(want))
        return want.id

    def start_with(self, call: Call) -> None:
        """Have NGINX called in another way."""
        self.nginx = Nginx(BUILD, self._disk, nobody_asks, call)

    def look(self) -> Sample:
        return self.census.look(self.nginx.master)

    async def seen(self, holds: Callable[[tuple[GenerationState, ...]], bool]) -> tuple[GenerationState, ...]:
        """Return the generations as soon as they are so."""
        found: tuple[GenerationState, ...] = ()
        try:
            async with asyncio.timeout(DEADLINE):
                while not holds(found := self.look().generations):
                    await asyncio.sleep(0.02)
        except TimeoutError:
            pytest.fail(f"it never came to be so: {found}")
        return found


class Client:
    """A connection that stays open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, text: str) -> None:
        """Send something and wait for its echo."""
        self.writer.write(text.encode())
        await self.reader.readexactly(len(text))


@asynccontextmanager
async def client(port: int, path: str = "") -> AsyncIterator[Client]:
    """Connect, and with a path ask for it; an upgrade is waited for."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        if path:
            upgrade = "Connection: upgrade\r\nUpgrade: websocket\r\n" if path == "/ws" else ""
            writer.write(f"GET {path} HTTP/1.1\r\nHost: any.test\r\n{upgrade}\r\n".encode())
        if path == "/ws":
            await reader.readuntil(b"\r\n\r\n")
        yield Client(reader, writer)
    finally:
        writer.close()


async def application(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Upgrade who asks for it, and echo; answer nothing else."""
    try:
        first = await reader.read(4096)
        if first.startswith(b"GET /ws"):
            writer.write(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        elif not first.startswith(b"GET"):
            writer.write(first)
        while text := await reader.read(4096):
            writer.write(text)
    finally:
        writer.close()


@pytest.fixture
async def site(state_dir: Path) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        pods = await stack.enter_async_context(await asyncio.start_server(application, POD, 0))
        site = Site(stack.enter_context(disk_at(state_dir)), pods.sockets[0].getsockname()[1])
        yield site
        site.nginx.close()


async def test_who_serves_and_who_drains(site: Site) -> None:
    """An old generation lives as long as a connection, and drains since another took over."""
    first = await site.load("first", first=True)
    async with client(site.http, "/ws"):
        assert [first] == [one.id for one in site.look().generations]
        second = await site.load("second")
        live, old = await site.seen(lambda found: len(found) == 2 and found[1].draining is not None)

        assert (second, first) == (live.id, old.id)
        assert live.draining is None
        assert old.draining is not None
        assert live.age <= old.draining + 0.1 < old.age + 0.1
        assert ([False], [True]) == tuple([one.draining for one in each.workers] for each in (live, old))
        assert all(one.memory for one in (live, old))
    await site.seen(lambda found: [second] == [one.id for one in found])


async def test_what_holds_them(site: Site) -> None:
    """Requests, what stays after its answer began, what is passed on; and to which pods all that goes."""
    await site.load("first", first=True)
    async with client(site.http, "/ws") as socket, client(site.http, "/slow"), client(site.tcp) as stream:
        await stream.say("hello")
        both = {"http": 2, "stream": 1}
        [before] = await site.seen(lambda found: found[0].connections == Connections(**both))
        await site.load("second")
        [live, old] = await site.seen(lambda found: len(found) == 2 and found[1].connections is not None)

        assert (Connections(), Connections(**both)) == (live.connections, old.connections)
        assert (Remote(POD, 3),) == old.remotes
        assert () == before.remotes

        async def talking() -> None:
            while True:
                await socket.say("more")
                await asyncio.sleep(0.02)

        async with asyncio.TaskGroup() as group:
            talk = group.create_task(talking())
            await site.seen(lambda found: found[1].connections == Connections(http=1, upgraded=1, stream=1))
            talk.cancel()
        async with client(site.http, "/slow"):
            await site.seen(lambda found: found[0].connections == Connections(http=1))


async def test_who_took_over_is_gone(site: Site) -> None:
    """An old generation drains since the first that followed it, however many did and have ended."""
    await site.load("a", first=True)
    async with client(site.http, "/ws"):
        await site.load("b")
        [_, before] = await site.seen(lambda found: len(found) == 2 and found[1].draining is not None)
        c = await site.load("c")
        [live, after] = await site.seen(lambda found: [one.id for one in found[:-1]] == [c])

        assert max(live.age, before.draining or 0.0) < (after.draining or 0.0)


async def test_a_generation_that_comes_back(site: Site) -> None:
    """What was served before and is served again is two: one drains, one serves."""
    async with AsyncExitStack() as stack:
        a = await site.load("a", first=True)
        await stack.enter_async_context(client(site.http, "/ws"))
        b = await site.load("b")
        await stack.enter_async_context(client(site.http, "/ws"))
        await site.load("a")
        found = await site.seen(lambda found: len(found) == 3 and found[1].draining is not None)

        assert [a, b, a] == [one.id for one in found]
        drained = [one.draining or 0.0 for one in found]
        assert drained[0] == 0.0 < drained[1] < drained[2]


async def test_after_adoption(site: Site) -> None:
    """Who has just come sees the same as who was there all the time."""
    await site.load("first", first=True)
    async with client(site.http, "/ws"):
        await site.load("second")
        before = await site.seen(lambda found: len(found) == 2 and found[1].connections is not None)
        site.census = site.counted()
        after = site.look().generations

        assert [one.id for one in before] == [one.id for one in after]
        assert [one.connections for one in before] == [one.connections for one in after]
        drained = [one[1].draining or 0.0 for one in (before, after)]
        assert drained[0] <= drained[1]


async def test_a_second_master_is_no_worker(site: Site) -> None:
    """Where somebody has NGINX start its binary anew by hand, the workers of both count, and nobody else."""
    await site.load("first", first=True)
    master = site.nginx.master
    assert master is not None, "it was started"
    os.kill(master, signal.SIGUSR2)
    await site.seen(lambda found: sum(len(one.workers) for one in found) > 1)
    masters = [one for one in procfs.children(master) if procfs.title(one) != procfs.WORKER]
    workers = [worker for each in (master, *masters) for worker in procfs.children(each)]
    assert 1 == len(masters)
    [found] = site.look().generations
    assert {*workers} - {*masters} == {one.pid for one in found.workers}


async def test_a_master_without_workers(site: Site) -> None:
    """Where none is left and none can be started there is no generation, which nobody stumbles over."""
    await site.load("first", first=True)
    master = site.nginx.master
    assert master is not None, "it was started"
    os.kill(master, signal.SIGSTOP)
    try:
        # It is asleep before its workers go, or it would start others.
        async with asyncio.timeout(DEADLINE):
            while procfs.fields(master)[:1] != ["T"]:
                await asyncio.sleep(0.01)
        for one in procfs.children(master):
            os.kill(one, signal.SIGKILL)
        assert () == (await site.seen(lambda found: not found))
    finally:
        os.kill(master, signal.SIGCONT)
    # It starts one anew, which whoever tidies up has to find.
    await site.seen(lambda found: len(found) == 1 and len(found[0].workers) == 1)


COUNTED = """
import sys
from pathlib import Path
import msgspec
from painless.nginxd.generations import Census

run, master, port = sys.argv[1:]
sample = Census(Path(run), frozenset({int(port)})).look(int(master))
print(msgspec.json.encode(sample).decode())
"""
UNTRACED = ("--bounding-set=-sys_ptrace,-perfmon,-sys_admin",)
"""As root in a container mostly is: it may look into a master as little able as itself, not into others."""
NOBODY = ("--reuid=nobody", "--regid=nogroup", "--clear-groups")


@pytest.mark.skipif(os.geteuid() != 0, reason="workers are another user only when we are root")
async def test_without_a_right(site: Site, state_dir: Path) -> None:
    """What cannot be read is unknown and said to be, with what it takes; what can be read is known."""

    async def counted(*lost: str) -> Sample:
        ran = await asyncio.create_subprocess_exec(
            *("setpriv", *lost, sys.executable, "-c", COUNTED),
            *(str(state_dir / "run"), str(site.nginx.master), str(site.http)),
            stdout=subprocess.PIPE,
        )
        output, _ = await ran.communicate()
        return msgspec.json.decode(output, type=Sample)

    site.start_with(partial(run_nginx, "setpriv", *UNTRACED, BUILD.path))
    await site.load("first", first=True)
    async with client(site.http, "/ws"):
        blind = await counted(*UNTRACED)
        assert ((MEMORY,), Connections(http=1)) == (blind.unknown, blind.generations[0].connections)
        second = await site.load("second")
        await site.seen(lambda found: len(found) == 2 and found[1].draining is not None)
        blind = await counted(*UNTRACED)
        stranger = await counted(*NOBODY)

    [live, old] = blind.generations
    assert (FILES, MEMORY) == blind.unknown
    assert (second, "unknown") == (live.id, old.id)
    assert old.draining is not None
    assert [None] * 4 == [one.connections for one in (live, old)] + [one.memory for one in (live, old)]
    assert Sample(unknown=(MASTER,)) == stranger
