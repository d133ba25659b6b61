"""The echo pods: everything a case or the demo learns about a request, it learns from them."""

import asyncio
import ssl
import time
from datetime import UTC, datetime

import aiohttp
import pytest

from painless.demo.certificate import self_made
from painless.demo.echo import Echo, Tls

DEADLINE = aiohttp.ClientTimeout(total=5)


@pytest.fixture
async def client():
    async with aiohttp.ClientSession(timeout=DEADLINE) as session:
        yield session


@pytest.fixture
async def pod():
    async with Echo("web-1", "127.0.0.2") as echo:
        yield echo


def url(pod, target="/"):
    return f"http://{pod.address}:{pod.port}{target}"


async def test_the_first_line_is_the_pods_name_and_the_rest_is_what_was_asked(client, pod):
    """A case can match the pod by the first line, and see method, target and headers as they arrived."""
    async with client.put(url(pod, "/a/b?x=1&y"), data=b"12345", headers={"X-Mine": "yes"}) as answer:
        lines = (await answer.text()).splitlines()
    assert [lines[0], lines[1], lines[-1]] == ["web-1", "PUT /a/b?x=1&y HTTP/1.1", "5 bytes of body"]
    assert "x-mine: yes" in lines
    assert answer.headers["X-Pod"] == "web-1"


async def test_json_says_the_same(client, pod):
    """Where a test wants fields and not lines, it asks for JSON."""
    async with client.get(url(pod, "/a?format=json")) as answer:
        asked = await answer.json()
    assert (asked["pod"], asked["path"], asked["query"], asked["length"]) == ("web-1", "/a", "format=json", 0)


async def test_the_query_chooses_status_and_delay(client, pod):
    """Failures and slowness can be ordered, one request at a time."""
    began = asyncio.get_running_loop().time()
    async with client.get(url(pod, "/?status=503&delay=0.05")) as answer:
        assert answer.status == 503
    assert asyncio.get_running_loop().time() - began >= 0.05


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("status=x", "the query has status=x; expected a number from 200 to 599"),
        ("status=99", "the query has status=99; expected a number from 200 to 599"),
        ("delay=nan", "the query has delay=nan; expected a number from 0 to 60"),
    ],
)
async def test_a_mistyped_order_is_said(client, pod, query, says):
    """A wrong order is 400 with a sentence, never a silent default."""
    async with client.get(url(pod, f"/?{query}")) as answer:
        assert (answer.status, await answer.text()) == (400, f"web-1\n{says}\n")


async def test_requests_are_counted(client, pod):
    """The count is of requests that reached this pod, and ``served`` is set by the first."""
    assert not pod.served.is_set()
    for _ in range(3):
        async with client.get(url(pod)):
            pass
    assert (pod.requests, pod.served.is_set()) == (3, True)


async def test_a_websocket_echoes(client, pod):
    """Any path talks WebSocket when asked to, and says which pod it is before the first message."""
    async with client.ws_connect(url(pod, "/room/7")) as socket:
        await socket.send_str("hello")
        await socket.send_bytes(b"\x00\xff")
        assert [await socket.receive_str(), await socket.receive_bytes()] == ["hello", b"\x00\xff"]


async def test_tls_with_a_certificate_of_our_own(client, tmp_path):
    """A client that trusts the self-made certificate gets a verified answer for the hosts it names."""
    pair = self_made(["127.0.0.2", "shop.localhost"], datetime.fromtimestamp(time.time(), UTC))
    files = Tls(tmp_path / "cert.pem", tmp_path / "key.pem")
    files.certificate.write_bytes(pair.certificate)
    files.key.write_bytes(pair.key)
    trust = ssl.create_default_context(cafile=str(files.certificate))
    async with (
        Echo("safe-1", "127.0.0.2", tls=files) as pod,
        client.get(f"https://127.0.0.2:{pod.port}/", ssl=trust) as answer,
    ):
        assert (await answer.text()).startswith("safe-1\n")


async def test_pods_share_a_port_at_addresses_of_their_own(client):
    """Pods of a Service have one port number, as in a cluster; a taken address is an OSError."""
    async with Echo("a", "127.0.0.2") as one, Echo("b", "127.0.0.3", one.port) as two:
        async with client.get(url(two)) as answer:
            assert (await answer.text()).startswith("b\n")
        with pytest.raises(OSError, match="in use"):
            await Echo("c", "127.0.0.2", one.port).__aenter__()
