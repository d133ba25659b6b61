"""The page of a whole controller: what it serves, and what a change of an Ingress changed."""

import asyncio
import re

import pytest
from aiohttp import ClientSession
from tests.front.clients import Target, ask, until, until_seen
from tests.front.given import PATIENT, Make
from tests.front.manifests import Folder
from tests.front.pods import Pods

from painless.demo.ports import LOOPBACK, free_ports

pytestmark = PATIENT
SOON = 20.0  # Seconds for what takes one or two.


async def test_from_a_host_to_its_pod_and_from_a_change_to_its_lines(
    folder: Folder, pods: Pods, make: Make
) -> None:
    """On the admin port: hosts, requests, the pod behind them, and the reload of a new host with its diff."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    port = free_ports(1)[0]
    program = make("--admin-address", f"{LOOPBACK}:{port}", "--enable-metrics")
    program.start()
    await program.ready()
    async with ClientSession() as session:

        async def page(there: str) -> str:
            async with session.get(f"http://{LOOPBACK}:{port}{there}") as response:
                return await response.text()

        assert "web.test" in await page("/hosts")
        assert f":{pods.port}</code>" in await page("/hosts/web.test")
        folder.ingress("more", "more.test", "web")
        await until_seen(Target(program.doors.http, "more.test"), lambda one: one.status == 200, SOON)

        async def told() -> bool:
            latest = re.search(r"/generations/\d+", await page("/"))
            return latest is not None and "+        server_name more.test;" in await page(latest[0])

        await until(told, SOON)
        assert "/objects/Ingress/shop/more" in await page("/")

        async def counted() -> bool:
            await ask(program.doors.http, "more.test")
            await asyncio.sleep(0.05)
            return "0/s" not in (await page("/hosts/more.test")).partition("Requests")[2][:60]

        await until(counted, SOON)


@pytest.mark.usefixtures("folder")
async def test_an_open_page_keeps_no_controller_from_ending(make: Make) -> None:
    """Streams end with it, and nothing is logged as if it had failed."""
    port = free_ports(1)[0]
    program = make("--admin-address", f"{LOOPBACK}:{port}")
    program.start()
    await program.ready()
    async with ClientSession() as session:
        stream = await session.get(f"http://{LOOPBACK}:{port}/page/events")
        gone = await session.get(f"http://{LOOPBACK}:{port}/page/events")
        await stream.content.readline()
        gone.close()
        assert 0 == await program.end()
    assert [] == program.events("request_failed")
