"""One old worker is ended, and no other process ever is."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.nginx.given import DEADLINE, disk_at, free_port, generation, nginx_on, reloading, starting

from painless.nginxd import procfs
from painless.nginxd.apply import Nginx
from painless.nginxd.probe import DRAINING
from painless.plan.steps import Applied


class Two:
    """An NGINX that serves ``live``, while workers of ``old`` drain: each has a request that never ends."""

    def __init__(self, nginx: Nginx, old: str, live: str, clients: list[asyncio.StreamReader]) -> None:
        self.nginx = nginx
        self.old = old
        self.live = live
        self.clients = clients

    def workers(self, *, draining: bool) -> list[int]:
        sight = self.nginx.sight()
        assert sight is not None
        return sorted(one.pid for one in sight.workers if (one.title == DRAINING) == draining)

    async def left(self, pid: int) -> None:
        async with asyncio.timeout(DEADLINE):
            while procfs.title(pid):
                await asyncio.sleep(0.01)


@asynccontextmanager
async def two(state: Path) -> AsyncIterator[Two]:
    port = free_port()
    with disk_at(state) as disk:
        nginx = nginx_on(disk)
        first, second = (generation(state, port, says) for says in ("first", "second"))
        assert Applied() == await nginx.apply(starting(first))
        clients, writers = [], []
        # Until both workers have one: the kernel says who accepts.
        sight = nginx.sight()
        assert sight is not None
        async with asyncio.timeout(DEADLINE):
            while not all(
                len(procfs.sockets(one.pid)) > len(procfs.sockets(sight.master)) for one in sight.workers
            ):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"GET / HTTP/1.1\r\nHost: any.test\r\n")
                clients.append(reader)
                writers.append(writer)
                await asyncio.sleep(0.01)
        assert Applied() == await nginx.apply(reloading(second))
        found = Two(nginx, first.id, second.id, clients)
        async with asyncio.timeout(DEADLINE):
            while not found.workers(draining=True):
                await asyncio.sleep(0.01)
        yield found
        for writer in writers:
            writer.close()
        nginx.close()


async def test_a_draining_worker_ends_and_its_siblings_do_not(state_dir: Path) -> None:
    """Its clients are told, and nobody takes its place."""
    async with two(state_dir) as site:
        serving = site.workers(draining=False)
        pid, *others = site.workers(draining=True)
        assert site.nginx.retire_worker(pid, site.old)
        await site.left(pid)
        assert (serving, others) == (site.workers(draining=False), site.workers(draining=True))
        closed = [one for one in site.clients if one.at_eof()]
        assert others == [] or len(closed) < len(site.clients)


async def test_nobody_else_is_ended(state_dir: Path) -> None:
    """A worker that accepts, one of another generation, a process of somebody else's, one that is gone."""
    async with two(state_dir) as site:
        serving, draining = site.workers(draining=False), site.workers(draining=True)
        told = [
            site.nginx.retire_worker(serving[0], site.live),
            site.nginx.retire_worker(draining[0], site.live),
            site.nginx.retire_worker(os.getpid(), site.old),
            site.nginx.retire_worker(2**22 - 1, site.old),
        ]
        assert not any(told)
        assert (serving, draining) == (site.workers(draining=False), site.workers(draining=True))
