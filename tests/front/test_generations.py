"""A WebSocket that outlives a reload is seen, with the host it is for, and gone when it is."""

import asyncio

from tests.front.clients import until
from tests.front.given import Make
from tests.front.manifests import Folder
from tests.front.pods import Pods

from painless.demo.ports import LOOPBACK

WITHIN = 30.0
"""Seconds for what takes two on a free machine: a reload, then a sample each second."""
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: web.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


async def test_who_holds_an_old_generation(folder: Folder, pods: Pods, make: Make) -> None:
    """Metrics name generation, connection and host as long as it is held, and nothing of it afterwards."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make()
    program.start()
    await program.ready()
    reader, writer = await asyncio.open_connection(LOOPBACK, program.doors.http)
    try:
        writer.write(UPGRADE)
        assert (await reader.readline()).startswith(b"HTTP/1.1 101")
        folder.ingress("more", "more.test", "web")
        held: list[dict[str, str]] = []

        async def is_held() -> bool:
            held[:] = [
                dict(labels)
                for name, labels in await program.samples()
                if name == "painless_generation_held_connections"
            ]
            return any(one["host"] == "web.test" for one in held)

        await until(is_held, WITHIN, lambda: str(held))
    finally:
        writer.close()

    [one] = held
    assert ("web.test", "web") == (one["host"], one["ingress"])

    async def is_gone() -> bool:
        every = [dict(labels).get("generation") for _, labels in await program.samples()]
        return one["generation"] not in every

    await until(is_gone, WITHIN)
    assert 0 == await program.end()
