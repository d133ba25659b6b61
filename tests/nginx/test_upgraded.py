"""Upgraded connections of a real NGINX: told apart from all others, and closed alone."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.nginx.given import DEADLINE, disk_at, free_port, generation, nginx_on, starting

from painless.nginxd.upgraded import Connections
from painless.plan.closing import Upgraded
from painless.plan.steps import Applied

POD = "127.0.0.23"
ELSEWHERE = "127.0.0.24"
SERVER = """
location /ws {{
    proxy_pass http://pods; proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;
}}
location /elsewhere {{
    proxy_pass http://{elsewhere}:{port}; proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;
}}
"""
HTTP = "upstream pods {{ zone pods 64k; server {pod}:{port}; keepalive 8; keepalive_timeout 60s; }}"
UPGRADE = "Connection: upgrade\r\nUpgrade: websocket\r\n"
LOOK = """
import os, sys
from painless.nginxd.upgraded import Connections
os.setgroups([]); os.setgid(65533); os.setuid(65533)
print(Connections().look([int(sys.argv[1])], frozenset(["127.0.0.23"])))
"""

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Pod:
    """Answers requests, those for ``/ws/slow`` when it is told to, and echoes what is upgraded."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if b"Upgrade: websocket" in head:
                    writer.write(b"HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
                    while data := await reader.read(100):
                        writer.write(data)
                    return
                if b"/slow" in head:
                    await self.may_answer.wait()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


class Site:
    """An NGINX before two pods, and its clients."""

    def __init__(self, workers: list[int], port: int, pod: Pod) -> None:
        self.workers = workers
        self.pod = pod
        self._port = port
        self._writers: list[asyncio.StreamWriter] = []

    async def ask(self, path: str, more: str = "") -> Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers.append(writer)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: any.test\r\n{more}\r\n".encode())
        return reader, writer

    async def upgraded(self, path: str = "/ws") -> Client:
        client = await self.ask(path, UPGRADE)
        assert (await client[0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        return client

    def close(self) -> None:
        for one in self._writers:
            one.close()


async def echoes(client: Client) -> bool:
    client[1].write(b"ping")
    return await client[0].read(4) == b"ping"


@asynccontextmanager
async def site(state: Path) -> AsyncIterator[Site]:
    port, behind, pod = free_port(), free_port(), Pod()
    servers = [await asyncio.start_server(pod, one, behind) for one in (POD, ELSEWHERE)]
    with disk_at(state) as disk:
        nginx = nginx_on(disk)
        server = SERVER.format(elsewhere=ELSEWHERE, port=behind)
        want = generation(state, port, "any", server=server, http=HTTP.format(pod=POD, port=behind))
        assert Applied() == await nginx.apply(starting(want))
        sight = nginx.sight()
        assert sight is not None
        found = Site([one.pid for one in sight.workers], port, pod)
        try:
            async with asyncio.timeout(3 * DEADLINE):
                yield found
        finally:
            found.close()
            nginx.close()
            for one in servers:
                one.close()


async def test_they_are_told_apart(state_dir: Path) -> None:
    """Connections that wait for a request, that have one, or lead elsewhere are none of them."""
    async with site(state_dir) as one:
        first, second = await one.upgraded(), await one.upgraded()
        assert await echoes(first)
        assert await echoes(second)
        await one.upgraded("/elsewhere")
        plain, _ = await one.ask("/ws/plain")
        await plain.readuntil(b"ok")
        await one.ask("/ws/slow")
        connections = Connections()
        seen = connections.look(one.workers, frozenset({POD}))

        assert ("", [POD, POD]) == (seen.missing, [each.address for each in seen.upgraded])


async def test_one_is_closed_and_no_other(state_dir: Path) -> None:
    """The first client gets all that was said and the end; the second, and a request, go on."""
    async with site(state_dir) as one:
        connections = Connections(share=1.0)
        first = await one.upgraded()
        [seen] = connections.look(one.workers, frozenset({POD})).upgraded
        second = await one.upgraded()
        slow, _ = await one.ask("/ws/slow")
        first[1].write(b"ping")
        assert await first[0].readexactly(4) == b"ping"
        assert {seen.inode} == connections.close([seen.inode])

        assert b"" == await first[0].read()
        assert await echoes(second)
        one.pod.may_answer.set()
        assert (await slow.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        left: tuple[Upgraded, ...] = ()
        while [seen.inode] == [each.inode for each in left] or len(left) != 1:
            await asyncio.sleep(0.02)
            left = connections.look(one.workers, frozenset({POD})).upgraded
        assert frozenset() == connections.close([seen.inode])
        assert await echoes(second)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without rights")
async def test_without_the_right(state_dir: Path) -> None:
    """Whoever is neither NGINX's user nor may trace it sees nothing, and says what it takes."""
    async with site(state_dir) as one:
        await one.upgraded()
        command = (sys.executable, "-c", LOOK, str(one.workers[0]))
        said = await asyncio.to_thread(subprocess.check_output, command, text=True)

        assert "upgraded=()" in said
        assert "pidfd_getfd: Operation not permitted" in said
