"""Pods and manifests in step: named only while they answer, and everything ends with the demo."""

import asyncio
import socket
from datetime import UTC, datetime

import pytest
import yaml

from painless.demo.clients import Clients
from painless.demo.pods import Pods
from painless.demo.ports import LOOPBACK, DemoError, claim, free_ports
from painless.demo.process import Doors
from painless.demo.shop import API, CHATTER, WEB, Shop

GRACE = 0.3  # seconds; long enough to look at a pod in between
NOW = datetime.fromtimestamp(1_900_000_000, UTC)


@pytest.fixture
def shop(tmp_path):
    [port] = free_ports(1, "127.0.0.2")
    shop = Shop(tmp_path, port, NOW)
    shop.write()
    return shop


def named(shop, service):
    slice_ = yaml.safe_load((shop.folder / f"pods-{service}.yaml").read_text())
    return [address for one in slice_["endpoints"] for address in one["addresses"]]


async def answers(address, port):
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), 2)
    except ConnectionRefusedError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def test_a_named_pod_answers_and_goes_on_for_a_while_after_it_was_taken_out(shop):
    """As in a cluster: NGINX learns of a removal later than the manifests."""
    async with Pods(shop, GRACE) as pods:
        one = await pods.add(WEB)
        assert (named(shop, WEB), await answers(one.address, one.port)) == ([one.address], True)
        removal = asyncio.ensure_future(pods.remove(WEB, one.name))
        async with asyncio.timeout(2):
            while named(shop, WEB):
                await asyncio.sleep(0)
        assert (removal.done(), await answers(one.address, one.port)) == (False, True)
        await removal
        assert not await answers(one.address, one.port)


async def test_all_end_together(shop):
    """Nothing listens any more when the pods are left."""
    async with Pods(shop) as pods:
        running = [await pods.add(service) for service in (WEB, WEB, CHATTER)]
    assert [await answers(one.address, one.port) for one in running] == [False] * 3


async def test_a_taken_address_is_passed_over(shop):
    """Whatever else listens on the port, the pod finds an address for itself."""
    with socket.socket() as other:
        other.bind(("127.0.0.2", shop.port))
        other.listen()
        async with Pods(shop) as pods:
            assert (await pods.add(WEB)).address == "127.0.0.3"


async def test_clients_count_what_is_not_200(shop):
    """A host that does not answer is a failure for each request, with its reason."""
    [http] = free_ports(1)
    async with Clients(Doors(http=http, https=1, health=1, admin=1), shop.pair.certificate) as clients:
        asking = asyncio.ensure_future(clients.keep_asking(API))
        tally = clients.tallies[API]
        async with asyncio.timeout(5):
            while tally.failed < 2:
                await asyncio.sleep(0)
        asking.cancel()
    assert (tally.requests, tally.failures[0].partition("(")[0]) == (
        tally.failed,
        "api.localhost: ClientConnectorError",
    )


def test_a_port_that_was_asked_for_and_is_taken_is_said():
    """The sentence names the port, the cause and the way out."""
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(DemoError) as said:
            claim(port, "--http-port")
    assert str(said.value) == (
        f"127.0.0.1:{port} cannot be used (Address already in use); "
        "leave --http-port out to have a free one chosen"
    )
