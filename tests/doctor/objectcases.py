"""Objects for cases: an ingress controller that nothing is wrong with, and what it is made of."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from painless.doctor.objects import Pair, Some
from painless.doctor.parts import Part, part_of
from painless.model.objects import ObjectRef

Tree = dict[str, Any]
LABELS = {"app": "painless"}
FLAGS = ("serve", "--ingress-class=nginx", "--election-id=a", "--http-port=8080", "--https-port=8443")
THEIRS = "registry.k8s.io/ingress-nginx/controller:v1.15.1"


def some(*trees: Tree, whole: bool = True) -> Some[Part]:
    return Some(tuple(part_of(one) for one in trees), whole)


def thing(kind: str, name: str, *, namespace: str = "shop", **more: Any) -> Tree:
    """An object; what ``metadata`` says more is under that name."""
    metadata = {"name": name, "namespace": namespace, **more.pop("metadata", {})}
    return {"kind": kind, "metadata": metadata, **more}


def merged(tree: Any, change: Any) -> Any:
    """A copy of a tree with parts in another way, as a merge patch has it: ``None`` removes."""
    if not isinstance(change, Mapping) or not isinstance(tree, Mapping):
        return deepcopy(change)
    found = dict(tree)
    for key, value in change.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merged(found.get(key, {}), value)
    return found


CONTAINER: Tree = {
    "name": "controller",
    "image": "painless-controller:1.0.0",
    "args": list(FLAGS),
    "ports": [{"name": "http", "containerPort": 8080}, {"name": "healthz", "containerPort": 10254}],
    "livenessProbe": {
        "httpGet": {"path": "/healthz", "port": "healthz"},
        "failureThreshold": 5,
        "periodSeconds": 10,
        "timeoutSeconds": 5,
    },
    "readinessProbe": {"httpGet": {"path": "/readyz", "port": "healthz"}, "periodSeconds": 3},
    "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}},
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}

POD: Tree = {
    "terminationGracePeriodSeconds": 260,
    "priorityClassName": "ingress",
    "securityContext": {"runAsUser": 101},
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname"}],
}


def controller(container: Mapping[str, Any] = {}, pod: Mapping[str, Any] = {}, **spec: Any) -> Tree:
    """A controller, with other values in its container, its Pods, or itself."""
    template = {
        "metadata": {"labels": LABELS},
        "spec": {**merged(POD, pod), "containers": [merged(CONTAINER, container)]},
    }
    kind = spec.pop("kind", "Deployment")
    return thing(kind, "ingress", spec=merged({"replicas": 2, "template": template}, spec))


def theirs(container: Mapping[str, Any] = {}, pod: Mapping[str, Any] = {}, **spec: Any) -> Tree:
    """An ingress-nginx, with other values."""
    its = {
        "image": THEIRS,
        "args": ["/nginx-ingress-controller", "--configmap=$(POD_NAMESPACE)/config"],
        "ports": [{"name": "http", "containerPort": 80}],
    }
    return controller(merged(its, container), {"terminationGracePeriodSeconds": 300, **pod}, **spec)


def config(**data: str) -> Tree:
    return thing("ConfigMap", "config", data={key.replace("_", "-"): value for key, value in data.items()})


def budget(**spec: Any) -> Tree:
    return thing("PodDisruptionBudget", "ingress", spec={"selector": {"matchLabels": LABELS}, **spec})


def running(
    name: str, node: str = "a", *, labels: Mapping[str, Any] = LABELS, status: Mapping[str, Any] = {}
) -> Tree:
    """A Pod."""
    return thing("Pod", name, metadata={"labels": labels}, spec={"nodeName": node}, status=status)


def scaler(name: str = "ingress", kind: str = "Deployment", **spec: Any) -> Tree:
    return thing(
        "HorizontalPodAutoscaler",
        name,
        spec={"scaleTargetRef": {"kind": kind, "name": name}, "minReplicas": 2, "maxReplicas": 10, **spec},
    )


_INGRESS: Tree = {
    "namespace": "shop",
    "host": "shop.example",
    "path": "/",
    "path_type": "Prefix",
    "service": "web",
    "port": {"number": 80},
    "tls": "",
    "hosts": ["shop.example"],
    "metadata": {},
}


def ingress(name: str = "web", **given: Any) -> Tree:
    """An Ingress with one path; what is not of it is an annotation, dashes as underscores."""
    its = _INGRESS | {key: value for key, value in given.items() if key in _INGRESS}
    named = {
        f"nginx.ingress.kubernetes.io/{key.replace('_', '-')}": text
        for key, text in given.items()
        if key not in _INGRESS
    }
    path = {
        "path": its["path"],
        "pathType": its["path_type"],
        "backend": {"service": {"name": its["service"], "port": dict(its["port"])}},
    }
    spec: Tree = {"ingressClassName": "nginx", "rules": [{"host": its["host"], "http": {"paths": [path]}}]}
    if its["tls"]:
        spec["tls"] = [{"hosts": list(its["hosts"]), "secretName": its["tls"]}]
    metadata = merged({"annotations": named}, its["metadata"])
    return thing("Ingress", name, namespace=its["namespace"], metadata=metadata, spec=spec)


def service(name: str = "web", **spec: Any) -> Tree:
    ports = [{"name": "http", "port": 80}]
    return thing("Service", name, spec={"selector": {"app": "web"}, "ports": ports, **spec})


def endpoints(*addresses: str, ready: bool = True) -> Tree:
    some_ = [
        {"addresses": [one], "conditions": {"ready": ready}} for one in addresses or ("10.0.0.1", "10.0.0.2")
    ]
    labels = {"kubernetes.io/service-name": "web"}
    return thing("EndpointSlice", "web-1", metadata={"labels": labels}, endpoints=some_)


def pair(
    name: str = "pair", hosts: tuple[str, ...] = ("shop.example",), ends_in: float = 90.0, **more: Any
) -> Pair:
    return Pair(ObjectRef("Secret", "shop", name), hosts, ends_in, where=f"Secret shop/{name}", **more)


def pairs(*every: Pair) -> Some[Pair]:
    return Some(every)


EVERYTHING: tuple[Tree, ...] = (
    controller(),
    theirs(),
    config(worker_shutdown_timeout="10s"),
    budget(minAvailable=1),
    running("a", status={"containerStatuses": [{"restartCount": 1}]}),
    scaler(metrics=[{"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 90}}}]),
    ingress(tls="pair", rewrite_target="/$1", whitelist_source_range="10.0.0.0/8"),
    ingress("other", path="/a.*", use_regex="true"),
    service(),
    endpoints(),
    thing("IngressClass", "nginx"),
    thing("Namespace", "shop", metadata={"labels": {"env": "dev"}}),
    thing("Secret", "pair", data={"tls.crt": "", "tls.key": ""}),
    thing("ClusterRole", "a", rules=[{"resources": ["secrets"], "verbs": ["get"]}]),
    thing("ClusterRoleBinding", "a", subjects=[{"kind": "ServiceAccount"}], roleRef={"name": "a"}),
    thing(
        "Event",
        "e",
        reason="SuccessfulRescale",
        message="New size: 4; reason: x",
        lastTimestamp="2026-01-01T00:00:00Z",
        involvedObject={"namespace": "shop", "name": "ingress"},
    ),
)
"""One of each, for tests that break them."""
