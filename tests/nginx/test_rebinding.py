"""A name outside that comes to stand for this machine: NGINX goes on with the last address that was none."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.fakes.nameserver import NameServer
from tests.nginx.given import free_port
from tests.nginx.test_live_endpoints import COMMON, running

from painless.discovery.answers import Answer, server_parameters
from painless.discovery.client import Responder

GOOD = "203.0.113.1"  # For documentation: nobody is there, which is all the same here.
DEADLINE = 50.0
PROXY = (
    COMMON
    + """
  resolver {resolvers};
  proxy_connect_timeout 50ms;
  upstream web {{ zone upstreams 1m; server {web}; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://web; add_header X-Asked $upstream_addr always; }}
  }}
}}
"""
)


def own_address() -> str:
    """Return an address of this machine that is not loopback; nothing when it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, suppress(OSError):
        one.connect((GOOD, 53))
        return str(one.getsockname()[0])
    return ""


@pytest.fixture
async def nameserver() -> AsyncIterator[NameServer]:
    transport, found = await asyncio.get_running_loop().create_datagram_endpoint(
        NameServer, local_addr=("127.0.0.1", 0)
    )
    yield found
    transport.close()


async def asked(port: int) -> str:
    """Return which address NGINX asked for one request; nothing while it is not up."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return ""
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    text = (await reader.read()).decode()
    writer.close()
    return text.partition("X-Asked: ")[2].partition("\r\n")[0]


async def hears(responder: Responder, *, failing: bool) -> None:
    """Wait until the responder has noticed, and NGINX, which asks each second, has asked it since."""
    while bool((await responder.statistics()).failing) != failing:
        await asyncio.sleep(0.02)
    enough = (await responder.statistics()).answers + 2
    while (await responder.statistics()).answers < enough:
        await asyncio.sleep(0.02)


@pytest.fixture
async def responder(state_dir: Path, nameserver: NameServer) -> AsyncIterator[Responder]:
    assert nameserver.transport is not None
    place = nameserver.transport.get_extra_info("sockname")[1]
    found = await Responder.open(state_dir, nameservers=[f"127.0.0.1:{place}"])
    yield found
    await found.stop()


async def test_a_name_that_rebinds(responder: Responder, tmp_path: Path, nameserver: NameServer) -> None:
    """Loopback, the metadata service, loopback in IPv6's clothes and our own address are never asked."""
    bad = ["127.0.0.1", "169.254.169.254", *filter(None, [own_address()])]
    nameserver.records = {"A": [GOOD]}
    await responder.replace([Answer("a.b.80", external="db.example.org")])
    victim, port = free_port(), free_port()
    text = PROXY.format(
        prefix=tmp_path / "nginx",
        resolvers=responder.resolver_addresses[0],
        web=" ".join(server_parameters("a.b.80", victim)),
        port=port,
    )
    seen = set()
    async with asyncio.timeout(DEADLINE), running(tmp_path / "nginx", text):
        while await asked(port) != f"{GOOD}:{victim}":
            await asyncio.sleep(0.02)
        nameserver.records = {"A": bad, "AAAA": ["::ffff:127.0.0.1"]}
        await hears(responder, failing=True)
        seen |= {await asked(port) for _ in range(5)}
        nameserver.records = {"A": [GOOD, *bad]}
        await hears(responder, failing=False)
        seen |= {await asked(port) for _ in range(5)}
    assert {f"{GOOD}:{victim}"} == seen
