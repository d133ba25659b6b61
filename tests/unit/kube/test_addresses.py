"""Which addresses a status gets: the rules of ingress-nginx, asked of an API server."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from tests.fakes.apiserver import FakeApiServer
from tests.unit.kube.given import Fleet

from painless.kube.addresses import Published, Surroundings, selector
from painless.kube.standing import Address

POD = ("painless", "painless-1")


@pytest.fixture
async def api() -> AsyncIterator[FakeApiServer]:
    async with FakeApiServer() as one:
        yield one


@pytest.fixture
async def fleet(api: FakeApiServer) -> AsyncIterator[Fleet]:
    async with Fleet(api) as one:
        yield one


def service(kind: str, status: object = None, **spec: object) -> dict[str, Any]:
    balancer = {"loadBalancer": {"ingress": status}} if status else {"loadBalancer": {}}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "edge", "namespace": "painless"},
        "spec": {"type": kind, **spec},
        "status": balancer,
    }


@pytest.mark.parametrize(
    ("one", "then"),
    [
        (service("ClusterIP", clusterIP="10.0.0.1"), {Address(ip="10.0.0.1")}),
        (service("ClusterIP", clusterIP="None"), set()),
        (service("NodePort", clusterIP="10.0.0.1"), {Address(ip="10.0.0.1")}),
        (service("NodePort", clusterIP="10.0.0.1", externalIPs=["192.0.2.7"]), {Address(ip="192.0.2.7")}),
        (service("ExternalName", externalName="edge.example"), {Address(hostname="edge.example")}),
        (
            service(
                "LoadBalancer",
                [{"ip": "192.0.2.1", "hostname": "a"}, {"hostname": "b"}],
                externalIPs=["192.0.2.2"],
            ),
            {Address(ip="192.0.2.1"), Address(hostname="b"), Address(ip="192.0.2.2")},
        ),
        (service("LoadBalancer"), set()),
    ],
)
async def test_of_a_service(
    api: FakeApiServer, fleet: Fleet, one: dict[str, Any], then: set[Address]
) -> None:
    """Every type has an answer."""
    api.push(one)
    around = Surroundings(fleet.client(), POD, Published(service=("painless", "edge")))
    assert then == await around.addresses()


async def test_of_the_operator(fleet: Fleet) -> None:
    """Addresses and names, whatever a cluster says."""
    around = Surroundings(
        fleet.client(), POD, Published(addresses=("192.0.2.1", "2001:db8::1", "edge.example"))
    )
    expected = {Address(ip="192.0.2.1"), Address(ip="2001:db8::1"), Address(hostname="edge.example")}
    assert expected == await around.addresses()


def node(name: str, **addresses: str) -> dict[str, Any]:
    found = [{"type": kind, "address": at} for kind, at in addresses.items()]
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"addresses": found}}


def pod(name: str, on: str, ready: str = "True", **more: object) -> dict[str, Any]:
    metadata = {
        "name": name,
        "namespace": "painless",
        "labels": {"app": "painless", "pod-template-hash": name},
    }
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, **more},
        "spec": {"nodeName": on},
        "status": status,
    }


async def test_our_zone(api: FakeApiServer, fleet: Fleet) -> None:
    """It is a label of the node that our Pod is on; a node may have none."""
    zoned = node("n1")
    zoned["metadata"]["labels"] = {"topology.kubernetes.io/zone": "a"}
    api.push(zoned, node("n2"), pod("painless-1", "n1"), pod("painless-2", "n2"))
    found = [
        await Surroundings(fleet.client(), ("painless", name), Published()).zone()
        for name in ("painless-1", "painless-2")
    ]
    assert ["a", ""] == found


async def test_of_the_nodes(api: FakeApiServer, fleet: Fleet) -> None:
    """Those of ready Pods: the external address if there is one, unless the internal one is asked for."""
    api.push(
        node("n1", InternalIP="10.1.0.1", ExternalIP="192.0.2.1"),
        node("n2", InternalIP="10.1.0.2"),
        node("n3", InternalIP="10.1.0.3"),
        pod("painless-1", "n1"),
        pod("painless-2", "n2"),
        pod("painless-3", "n3", ready="False"),
        pod("other", "n3", labels={"app": "other"}),
    )
    client = fleet.client()
    assert {Address(ip="192.0.2.1"), Address(ip="10.1.0.2")} == await Surroundings(
        client, POD, Published()
    ).addresses()
    inside = Surroundings(client, POD, Published(internal=True))
    assert {Address(ip="10.1.0.1"), Address(ip="10.1.0.2")} == await inside.addresses()


@pytest.mark.parametrize(
    ("other", "then"),
    [
        (None, True),
        (pod("painless-2", "n1", ready="False"), False),
        (pod("painless-2", "n1", deletionTimestamp="2026-01-01T00:00:00Z"), True),
        ({**pod("painless-2", "n1"), "status": {"phase": "Failed"}}, True),
    ],
)
async def test_who_is_the_last(
    api: FakeApiServer, fleet: Fleet, other: Mapping[str, Any] | None, then: object
) -> None:
    """Nobody who starts or serves is left; those that end, or have ended, do not count."""
    api.push(pod("painless-1", "n1"), *([dict(other)] if other else []))
    assert then == await Surroundings(fleet.client(), POD, Published()).alone()


def test_pods_of_every_rollout_are_selected() -> None:
    """Labels of a single rollout are none of the Deployment's."""
    assert "a=b,app=painless" == selector({"pod-template-hash": "x", "app": "painless", "a": "b"})
