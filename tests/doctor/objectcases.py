"""Objects for cases: an ingress controller that nothing is wrong with, and what it is made of."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from painless.doctor.objects import Some
from painless.doctor.parts import Part, part_of

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


EVERYTHING: tuple[Tree, ...] = (
    controller(),
    theirs(),
    config(worker_shutdown_timeout="10s"),
    budget(minAvailable=1),
    running("a", status={"containerStatuses": [{"restartCount": 1}]}),
    scaler(),
)
"""One of each, for tests that break them."""
