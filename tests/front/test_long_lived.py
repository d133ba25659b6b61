"""WebSockets that reach the age of their Ingress end, and nobody else does."""

import asyncio
from contextlib import closing

import pytest
from tests.front.clients import until
from tests.front.given import Make
from tests.front.manifests import Folder
from tests.front.pods import Pods
from tests.front.program import Program

from painless.demo.ports import LOOPBACK

WITHIN = 40.0
"""Seconds for what takes five on a free machine."""
UPGRADE = (
    "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Clients:
    """Opens WebSockets and closes all of them in the end."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._writers: list[asyncio.StreamWriter] = []

    async def upgraded(self, host: str) -> asyncio.StreamReader:
        reader, writer = await asyncio.open_connection(LOOPBACK, self._program.doors.http)
        self._writers.append(writer)
        writer.write(UPGRADE.format(host=host).encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        return reader

    def close(self) -> None:
        for one in self._writers:
            one.close()


@pytest.mark.timeout(120)
async def test_old_websockets_are_closed(folder: Folder, pods: Pods, make: Make) -> None:
    """Those with a limit end and are counted; those of another Ingress live, and later ones are served."""
    for name, annotations in (("web", {"painless.dev/connection-max-age": "3s"}), ("chat", {})):
        await pods.service(name)
        folder.ingress(name, f"{name}.test", name, annotations=annotations)
    program = make()
    program.start()
    await program.ready()
    with closing(Clients(program)) as clients:
        unlimited = await clients.upgraded("chat.test")
        limited = [await clients.upgraded("web.test") for _ in range(3)]
        async with asyncio.timeout(WITHIN):
            assert [b""] * 3 == await asyncio.gather(*(one.read() for one in limited))
        await clients.upgraded("web.test")

        async def is_counted() -> bool:
            return await program.total("painless_connections_aged_total", host="web.test", ingress="web") >= 3

        await until(is_counted, WITHIN)
        assert not unlimited.at_eof()
        assert 0 == await program.total("painless_connections_aged_total", host="chat.test")
    assert 0 == await program.end()
