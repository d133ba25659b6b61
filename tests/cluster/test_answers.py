"""What controllers say to their cluster, seen from the API server: once, by one of them, at no price."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cluster.controllers import NAMESPACE, PATIENCE, Replica, Replicas, replicas
from tests.cluster.replicated import CLASS
from tests.fakes.apiserver import FakeApiServer
from tests.front.clients import until

ADDRESS = "192.0.2.1"
FLAGS = ("--publish-status-address", ADDRESS, "--election-ttl", "4s")


@pytest.fixture
async def make(api: FakeApiServer, states: Any, tmp_path: Path) -> AsyncIterator[Replicas]:
    async with replicas(api, states, tmp_path) as made:
        yield made


def ingress(name: str, of: str = "nginx", **annotations: str) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    given = {f"nginx.ingress.kubernetes.io/{key}": value for key, value in annotations.items()}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": "shop", "annotations": given},
        "spec": {"ingressClassName": of, "rules": [{"host": f"{name}.example", "http": {"paths": paths}}]},
    }


def shown(api: FakeApiServer, name: str) -> list[dict[str, str]] | None:
    found = api.get("Ingress", name, "shop")
    assert found is not None
    given: list[dict[str, str]] | None = found["status"].get("loadBalancer", {}).get("ingress")
    return given


def told(api: FakeApiServer, about: str, reason: str, says: str = "") -> bool:
    """Whether there is an Event about an object, with that reason and these words."""
    return any(
        (one["involvedObject"]["name"], one["reason"]) == (about, reason) and says in one["message"]
        for one in api.list("Event")
    )


def writes(api: FakeApiServer) -> int:
    return sum((one.resource, one.verb) == ("ingresses/status", "patch") for one in api.requests)


async def work(replica: Replica) -> tuple[int, ...]:
    """Return how much was done: loads, live changes, endpoints."""
    names = ("painless_reloads_total", "painless_endpoint_updates_total", "painless_failures_total")
    return (*[await replica.total(one) for one in names], len(replica.events("generation_applied")))


async def loaded(replica: Replica, times: int) -> None:
    await replica.sees(lambda: times == len(replica.events("generation_applied")))


async def test_a_status_is_written_once_and_costs_nothing(api: FakeApiServer, make: Replicas) -> None:
    """By one of two; the others' classes stay as they are; our own writes start no work."""
    await api.apply(ingress("web"), ingress("other", "other"))
    both = make("painless-1", *FLAGS), make("painless-2", *FLAGS)
    for one in both:
        one.start()
    for one in both:
        await one.ready()
    await both[0].sees(lambda: [{"ip": ADDRESS}] == shown(api, "web"))
    await api.apply(ingress("new"))
    await both[0].sees(lambda: shown(api, "new"))
    for one in both:
        await loaded(one, 2)
    loads = [await work(one) for one in both]
    # Somebody clears a status: it is written again, and nothing is compiled or loaded for it.
    await api.patch("Ingress", "web", {"status": {"loadBalancer": None}}, "shop", "status")
    await both[0].sees(lambda: shown(api, "web"))
    assert loads == [await work(one) for one in both]
    assert (None, 3) == (shown(api, "other"), writes(api))
    assert [True, False] == sorted([await one.leads() for one in both], reverse=True)


async def test_owners_are_told(api: FakeApiServer, make: Replicas) -> None:
    """A rejected value and its end on the Ingress, what was loaded and why on the Pod; each once."""
    replica = make("painless-1", *FLAGS)
    replica.start()
    await replica.ready()
    await until(replica.leads, PATIENCE, replica.last_words)
    await api.apply(ingress("web", **{"proxy-connect-timeout": "soon"}))
    await replica.sees(lambda: told(api, "web", "InvalidAnnotationValue", 'found "soon"'))
    await replica.sees(lambda: told(api, "web", "Sync"))
    await replica.sees(lambda: told(api, replica.pod, "RELOAD", "added Ingress shop/web"))
    await api.apply(ingress("web"))
    await replica.sees(lambda: told(api, "web", "Resolved"))
    assert {1} == {one["count"] for one in api.list("Event") if one["reason"] != "Sync"}


async def test_the_last_one_takes_the_status_back(api: FakeApiServer, make: Replicas) -> None:
    """The first to end hands over; the last one removes what nobody serves any more."""
    await api.apply(ingress("web"))
    first, second = make("painless-1", *FLAGS), make("painless-2", *FLAGS)
    for one in (first, second):
        one.start()
        await one.ready()
    await first.sees(lambda: shown(api, "web"))
    leader, follower = (first, second) if await first.leads() else (second, first)
    assert 0 == await leader.end()
    await until(follower.leads, PATIENCE, follower.last_words)
    assert [{"ip": ADDRESS}] == shown(api, "web")
    await api.delete("Pod", leader.pod, NAMESPACE)
    assert 0 == await follower.end()
    assert shown(api, "web") is None
    assert 1 == len(follower.events("leader_elected"))


async def test_without_a_pod_nothing_is_written(api: FakeApiServer, make: Replicas) -> None:
    """A controller on a laptop serves, and says why it writes nothing."""
    await api.apply(ingress("web"))
    replica = make("painless-1", *FLAGS)
    replica.environment = {"POD_NAME": "", "POD_NAMESPACE": ""}
    replica.start()
    await replica.ready()
    assert 1 == len(replica.events("answers_off"))
    assert 0 == await replica.end()
    assert {"get", "list", "watch"} >= {one.verb for one in api.requests}


PAGE = Path(__file__).resolve().parents[2] / "docs" / "explain" / "status-and-events.md"
READS = [
    {"apiGroups": [group], "resources": kinds, "verbs": ["get", "list", "watch"]}
    for group, kinds in (
        ("", ["services", "secrets", "configmaps"]),
        ("networking.k8s.io", ["ingresses", "ingressclasses"]),
        ("discovery.k8s.io", ["endpointslices"]),
    )
]


def permissions() -> Iterator[dict[str, Any]]:
    """Yield the roles that the page asks for, with what reading takes, and their bindings."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    own, watched, nodes = map(yaml.safe_load, blocks)
    subject = {"kind": "ServiceAccount", "name": "painless", "namespace": NAMESPACE}
    everywhere = [*READS, *watched, *nodes]
    places: list[tuple[str, list[Any], dict[str, str]]]
    places = [("Role", own, {"namespace": NAMESPACE}), ("ClusterRole", everywhere, {})]
    for kind, rules, place in places:
        version = "rbac.authorization.k8s.io/v1"
        rbac = {"apiVersion": version, "metadata": {"name": "painless", **place}}
        yield {**rbac, "kind": kind, "rules": rules}
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "painless"}
        yield {**rbac, "kind": f"{kind}Binding", "roleRef": ref, "subjects": [subject]}


async def test_the_permissions_of_the_page_are_enough(states: Any, tmp_path: Path) -> None:
    """From the election to the end nothing is refused; the addresses are the nodes', which asks for most."""
    account = f"system:serviceaccount:{NAMESPACE}:painless"
    async with FakeApiServer(tokens={"token": account}, with_rbac=True) as api:
        api.push({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        found = [{"type": "InternalIP", "address": "10.1.0.1"}]
        api.push(
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "status": {"addresses": found}}
        )
        await api.apply(CLASS, ingress("web"), permissions())
        async with replicas(api, states, tmp_path, "token") as make:
            replica = make("painless-1")
            replica.start()
            await replica.ready()
            await replica.sees(lambda: [{"ip": "10.1.0.1"}] == shown(api, "web"))
            await replica.sees(lambda: told(api, replica.pod, "RELOAD"))
            await replica.sees(lambda: told(api, "web", "ServiceNotFound"))
            assert 0 == await replica.end()
        assert shown(api, "web") is None
        assert [] == [one for one in api.requests if one.status == 403]
