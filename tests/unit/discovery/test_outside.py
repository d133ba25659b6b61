"""Names outside the cluster, with a name server of our own that can be told to fail."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import dns.asyncquery
import dns.message
import pytest
from tests.fakes.nameserver import NameServer

from painless.discovery.answers import NO_ENDPOINTS, Answer
from painless.discovery.client import Responder
from painless.discovery.outside import host_and_port


@pytest.fixture
async def nameserver() -> AsyncIterator[NameServer]:
    transport, found = await asyncio.get_running_loop().create_datagram_endpoint(
        NameServer, local_addr=("127.0.0.1", 0)
    )
    yield found
    transport.close()


@pytest.fixture
async def responder(state_dir: Path, nameserver: NameServer) -> AsyncIterator[Responder]:
    assert nameserver.transport is not None
    port = nameserver.transport.get_extra_info("sockname")[1]
    found = await Responder.open(state_dir, nameservers=[f"127.0.0.1:{port}"])
    yield found
    await found.stop()


async def becomes(responder: Responder, expected: list[str]) -> None:
    async with asyncio.timeout(10):
        while await resolved(responder) != expected:
            await asyncio.sleep(0.02)


async def resolved(responder: Responder) -> list[str]:
    address, _, port = responder.resolver_addresses[0].partition(":")
    query = dns.message.make_query("a.b.80.painless.", "A")
    reply = await dns.asyncquery.udp(query, address, port=int(port), timeout=5)
    return [str(one) for found in reply.answer for one in found]


OUTSIDE = Answer("a.b.80", external="db.example.org")


async def test_a_name_is_followed_and_the_last_good_answer_kept(responder: Responder, nameserver: NameServer):
    """The addresses change as the name does, and stay through an outage and a restart of the responder."""
    nameserver.records["A"] = ["203.0.113.2", "203.0.113.1"]
    await responder.replace([OUTSIDE])
    await becomes(responder, ["203.0.113.1", "203.0.113.2"])
    assert "AAAA" not in nameserver.asked
    nameserver.records["A"] = ["203.0.113.3"]
    await becomes(responder, ["203.0.113.3"])
    nameserver.broken = True
    while not (await responder.statistics()).failing:
        await asyncio.sleep(0.02)
    assert await resolved(responder) == ["203.0.113.3"]
    await responder.stop()
    await responder.statistics()
    assert await resolved(responder) == ["203.0.113.3"]


async def test_ipv6_is_asked_for_when_there_is_no_ipv4(responder: Responder, nameserver: NameServer):
    """A first, then AAAA; an IPv6 upstream has no A record."""
    nameserver.records["AAAA"] = ["2001:db8::7"]
    await responder.replace([OUTSIDE])
    async with asyncio.timeout(10):
        while nameserver.asked[:2] != ["A", "AAAA"] or (await responder.statistics()).failing:
            await asyncio.sleep(0.02)
    await becomes(responder, [])


async def test_before_the_first_answer_there_are_no_endpoints(responder: Responder, nameserver: NameServer):
    """A name that never resolved answers as a Service without pods does."""
    nameserver.broken = True
    await responder.replace([OUTSIDE])
    assert await resolved(responder) == [NO_ENDPOINTS]
    nameserver.broken = False
    nameserver.records["A"] = ["203.0.113.1"]
    await becomes(responder, ["203.0.113.1"])


async def test_addresses_of_this_machine_are_left_out(responder: Responder, nameserver: NameServer):
    """A name's owner cannot send traffic to loopback or to the metadata service."""
    nameserver.records["A"] = ["127.0.0.1", "169.254.169.254", "203.0.113.1"]
    await responder.replace([OUTSIDE])
    await becomes(responder, ["203.0.113.1"])
    nameserver.records["A"] = ["127.0.0.1"]
    while (await responder.statistics()).failing != ("db.example.org",):
        await asyncio.sleep(0.02)
    assert await resolved(responder) == ["203.0.113.1"]


async def test_a_name_nobody_needs_is_no_longer_asked_for(responder: Responder, nameserver: NameServer):
    """The last upstream of a name takes its questions along."""
    nameserver.records["A"] = ["203.0.113.1"]
    await responder.replace([OUTSIDE, Answer("c.d.80", external="db.example.org")])
    assert (await responder.statistics()).outside == 1
    await responder.remove(["a.b.80"])
    assert (await responder.statistics()).outside == 1
    await responder.remove(["c.d.80"])
    assert (await responder.statistics()).outside == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.10", ("10.0.0.10", 53)),
        ("10.0.0.10:5353", ("10.0.0.10", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
    ],
)
def test_name_servers_are_written_as_usual(text: str, expected: tuple[str, int]):
    assert host_and_port(text) == expected


@pytest.mark.parametrize(
    "text", ["", "dns.example", "10.0.0.10:", "10.0.0.10:0", "10.0.0.10:x", "[::1]:70000"]
)
def test_what_is_no_name_server_is_refused(text: str):
    with pytest.raises(ValueError, match=r"expected|does not appear"):
        host_and_port(text)
