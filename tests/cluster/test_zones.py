"""Endpoints that are hinted for the zone of our node come first, from the API server to NGINX."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.controllers import NAMESPACE, PATIENCE, replicas
from tests.cluster.given import InCluster
from tests.fakes.apiserver import FakeApiServer
from tests.front.clients import Target, until_seen
from tests.front.given import certificate
from tests.front.pods import Pods

from painless.demo.echo import Echo

ZONE = "topology.kubernetes.io/zone"


@pytest.fixture
def home() -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="painless-", dir="/tmp"))
    root.chmod(0o711)
    yield root
    shutil.rmtree(root)


@pytest.fixture
async def api() -> AsyncIterator[FakeApiServer]:
    async with FakeApiServer() as one:
        one.push({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        one.push({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "labels": {ZONE: "near"}}})
        yield one


def hinted(pods: Pods, zones: tuple[str, str]) -> dict[str, Any]:
    hints = [{"forZones": [{"name": one}]} for one in zones]
    addresses = pods.named["web"]
    return {
        "endpoints": [{"addresses": [at], "hints": hint} for at, hint in zip(addresses, hints, strict=True)]
    }


async def test_the_zone_of_our_node_comes_first(api: FakeApiServer, home: Path) -> None:
    """As long as a pod is hinted for it; without a reload."""
    async with (
        replicas(api, lambda: home, home) as make,
        Pods(cluster := InCluster(home / "unused", api), certificate("pod.internal"), home) as pods,
    ):
        await pods.service("web", 2)
        cluster.ingress("web", "web.test", "web")
        first, second = (f"web-{address}" for address in pods.named["web"])
        await api.patch("EndpointSlice", "web", hinted(pods, ("near", "far")), "shop")
        replica = make("painless-1", "--enable-topology-aware-routing")
        replica.start()
        await replica.ready()
        target = Target(replica.doors.http, "web.test")
        await until_seen(target, lambda seen: seen.pod == first, PATIENCE)
        reloads = await replica.reloads()
        await api.patch("EndpointSlice", "web", hinted(pods, ("far", "near")), "shop")
        await until_seen(target, lambda seen: seen.pod == second, PATIENCE)
        far = pods.named["web"][first.removeprefix("web-")]
        assert isinstance(far, Echo)
        asked = far.requests
        for _ in range(20):
            await until_seen(target, lambda seen: seen.status == 200, PATIENCE)
        assert (asked, reloads) == (far.requests, await replica.reloads())
