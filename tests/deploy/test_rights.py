"""The chart's rights are enough and not more: the program uses them, and RBAC refuses the rest."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.controllers import PATIENCE, Replica
from tests.deploy.chart import NAMESPACE, WITHOUT_HELM, Rendered, helm, render
from tests.fakes.apiserver import FakeApiServer
from tests.front.clients import until
from tests.front.program import ended

pytestmark = pytest.mark.skipif(helm is None, reason=WITHOUT_HELM)

NAME = "painless-controller"
ADDRESS = "192.0.2.7"
POD = "painless-controller-1"
RIGHTS = ("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
#: Flags of the chart that say what is asked of the API server; the others are about ports and folders.
ASKS = (
    "configmap",
    "publish-service",
    "election-id",
    "watch-namespace",
    "controller-class",
    "ingress-class",
    "ingress-class-by-name",
    "enable-topology-aware-routing",
)

#: Rights that a short and quiet life does not use, and who does.
SELDOM = {
    ("patch", "events"): "the same words again are one Event with a count",
    ("get", "secrets"): "a Secret that comes to be named after the first list is asked for by name",
    ("get", "configmaps"): "likewise",
    ("get", "ingresses"): "a status that somebody else has changed meanwhile is looked at",
}


@pytest.fixture
def state() -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="painless-", dir="/tmp"))
    root.chmod(0o711)
    yield root
    shutil.rmtree(root)


@pytest.fixture
async def api() -> AsyncIterator[FakeApiServer]:
    account = f"system:serviceaccount:{NAMESPACE}:painless"
    async with FakeApiServer(tokens={"word": account}, with_rbac=True) as one:
        yield one


def objects(namespace: str) -> list[dict[str, Any]]:
    """What a cluster has that somebody uses."""
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {"host": "shop.test", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    labels = {"app.kubernetes.io/name": "painless", "pod-template-hash": "1"}
    return [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "web", "namespace": namespace},
            "spec": {
                "ingressClassName": "nginx",
                "rules": [rule],
                "tls": [{"hosts": ["shop.test"], "secretName": "absent"}],
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
            "status": {"loadBalancer": {"ingress": [{"ip": ADDRESS}]}},
        },
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": POD, "namespace": NAMESPACE, "labels": labels},
            "spec": {"nodeName": "n1"},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        },
    ]


async def lived(api: FakeApiServer, made: Rendered, served: str, state: Path, files: Path) -> None:
    """Let a controller with the chart's flags live from its start to its end."""
    for name in {NAMESPACE, served}:
        api.push({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    kinds = (*RIGHTS, "IngressClass", "ConfigMap")
    api.push(*(one for kind in kinds for one in made.all(kind)), *objects(served))
    given = made.flags()
    flags = [
        f"--{name}={given[name].replace('$(POD_NAMESPACE)', NAMESPACE)}" for name in ASKS if name in given
    ]
    kubeconfig = api.kubeconfig(files / "kubeconfig", token="word")
    one = Replica(POD, state, kubeconfig, files / "log", *flags)
    one.environment["POD_NAMESPACE"] = NAMESPACE
    try:
        one.start()
        await one.ready()
        await one.sees(lambda: status(api, served) == [{"ip": ADDRESS}])
        await one.sees(lambda: {"RELOAD"} <= {each["reason"] for each in api.list("Event")})
        await one.end()
        await until(lambda: not status(api, served), PATIENCE, lambda: "the status is still there")
    finally:
        await ended(one)


def status(api: FakeApiServer, namespace: str) -> list[dict[str, str]]:
    found = api.get("Ingress", "web", namespace)
    assert found is not None
    return list(found.get("status", {}).get("loadBalancer", {}).get("ingress", ()))


def rules(made: Rendered) -> set[tuple[str, str]]:
    """Verbs and resources that the chart gives."""
    return {
        (verb, resource)
        for kind in ("ClusterRole", "Role")
        for one in made.all(kind)
        for rule in one["rules"]
        for verb in rule["verbs"]
        for resource in rule.get("resources", ())
    }


@pytest.mark.parametrize(
    ("values", "served"),
    [
        ({"controller": {"enableTopologyAwareRouting": True}}, "shop"),
        ({"controller": {"scope": {"enabled": True}}, "rbac": {"scope": True}}, NAMESPACE),
    ],
    ids=["the whole cluster, by zones", "one namespace"],
)
async def test_the_program_lives_with_the_charts_rights(api, state, tmp_path, values, served):
    """Nothing that it needs is refused, and no right is given that it does not use.

    Classes apart, which nobody may list who has one namespace: it is told, and they are known by name.
    """
    made = render(values)
    await lived(api, made, served, state, tmp_path)
    refused = {(one.verb, one.resource) for one in api.requests if one.status == 403}
    used = {(one.verb, one.resource) for one in api.requests if one.status != 403}
    assert refused <= ({("list", "ingressclasses")} if values else set())
    assert set() == rules(made) - used - SELDOM.keys()
    assert set() == used - rules(made)
