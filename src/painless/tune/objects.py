"""What the objects say that advice is about: autoscalers, what runs Pods, Pods, the ConfigMap, Ingresses.

Takes trees as manifests and kubectl have them.  Whatever they hold, nothing is raised: what is not as it
should be is as if it were absent.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from painless.advice.reaction import DEFAULT_POLICIES, Policy
from painless.tune.measured import Ref
from painless.tune.trees import at, items, labels_of, listed, mapping, number, ref, text

KINDS = (
    *("ConfigMap", "DaemonSet", "Deployment", "HorizontalPodAutoscaler", "Ingress"),
    *("Namespace", "Pod", "StatefulSet"),
)
"""What is looked for."""
_RUNS = frozenset({"DaemonSet", "Deployment", "StatefulSet"})
_CONTROLLERS = ("painless-controller", "ingress-nginx/controller")
"""Parts of the names of images that run a controller of Ingresses."""
_SLEEP = re.compile(r"\bsleep\s+(\d+(?:\.\d+)?)")
_GRACES = re.compile(r"--(?:post-)?shutdown-grace-period[= ](\d+(?:\.\d+)?)")
"""Seconds that a controller waits by itself, before NGINX ends and after."""
_RESOLUTION = re.compile(r"--metric-resolution=(\d+(?:\.\d+)?)(s|m)")
_WINDOW_UP, _WINDOW_DOWN = 0.0, 300.0
"""Kubernetes' own, where spec.behavior says nothing."""
_GRACE = 30.0
"""Kubernetes' own terminationGracePeriodSeconds."""
_TARGET = 80.0
"""Kubernetes' own averageUtilization, where there is no metric at all."""


class Probe(Struct, frozen=True):
    """When a readiness probe says that a Pod is ready, in seconds."""

    delay: float
    period: float
    successes: int


class Workload(Struct, frozen=True, kw_only=True):
    """What runs Pods; ``pre_stop`` is ``None`` where a hook waits for nobody knows how long.

    ``waits`` is how long a controller waits by its own flags.
    """

    kind: str
    ref: Ref
    grace: float = _GRACE
    pre_stop: float | None = 0.0
    waits: float = 0.0
    probe: Probe | None = None
    controller: bool = False
    host_network: bool = False
    sysctls: Mapping[str, str] = {}

    def __str__(self) -> str:
        return f"{self.kind} {self.ref[0]}/{self.ref[1]}"


class Autoscaler(Struct, frozen=True, kw_only=True):
    """A HorizontalPodAutoscaler; ``utilization`` is the target for CPU in percent, if it has one."""

    ref: Ref
    target: tuple[str, str]
    least: int
    most: int
    current: int | None = None
    desired: int | None = None
    utilization: float | None = None
    up_window: float = _WINDOW_UP
    up: tuple[Policy, ...] = DEFAULT_POLICIES
    up_largest: bool = True
    up_disabled: bool = False
    down_window: float = _WINDOW_DOWN

    def __str__(self) -> str:
        return f"HorizontalPodAutoscaler {self.ref[0]}/{self.ref[1]}"


class Ingress(Struct, frozen=True, kw_only=True):
    """An Ingress, with the whole tree, of which a copy is made."""

    ref: Ref
    ingress_class: str = ""
    hosts: tuple[str, ...] = ()
    annotations: Mapping[str, str] = {}
    tree: Mapping[str, Any] = {}


class Objects(Struct, frozen=True, kw_only=True):
    """All that was found.

    ``started`` are seconds from the creation of a Pod until it was ready, by namespace and what it belongs
    to.  ``resolution`` is metrics-server's, in seconds.
    """

    workloads: tuple[Workload, ...] = ()
    autoscalers: tuple[Autoscaler, ...] = ()
    ingresses: tuple[Ingress, ...] = ()
    configmaps: Mapping[Ref, Mapping[str, str]] = {}
    namespaces: Mapping[str, Mapping[str, str]] = {}
    started: Mapping[Ref, tuple[float, ...]] = {}
    resolution: float | None = None

    @property
    def controller(self) -> Workload | None:
        """What runs the controller, if that is known and there is one."""
        found = [one for one in self.workloads if one.controller]
        return found[0] if len(found) == 1 else None


def objects(trees: Iterable[object]) -> Objects:
    """Return what these trees say; lists are looked into."""
    by_kind: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for tree in trees:
        for one in items(tree):
            by_kind[text(one.get("kind"))].append(one)
    runs = [one for kind in sorted(_RUNS) for one in by_kind[kind]]
    started: dict[Ref, list[float]] = defaultdict(list)
    for one in by_kind["Pod"]:
        if (seconds := _started(one)) is not None:
            started[_owner(one)].append(seconds)
    return Objects(
        workloads=_sorted(_workload(one) for one in runs),
        autoscalers=_sorted(_autoscaler(one) for one in by_kind["HorizontalPodAutoscaler"]),
        ingresses=_sorted(_ingress(one) for one in by_kind["Ingress"]),
        configmaps={ref(one): _texts(one.get("data")) for one in by_kind["ConfigMap"]},
        namespaces={ref(one)[1]: labels_of(one) for one in by_kind["Namespace"]},
        started={owner: tuple(sorted(some)) for owner, some in started.items()},
        resolution=next((found for one in runs if (found := _resolution(one)) is not None), None),
    )


def _sorted(some: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted(some, key=lambda one: one.ref))


def _workload(tree: Mapping[str, Any]) -> Workload:
    pod = mapping(at(tree, "spec", "template", "spec"))
    containers = [one for one in listed(pod.get("containers")) if isinstance(one, Mapping)]
    probes = [_probe(one["readinessProbe"]) for one in containers if mapping(one.get("readinessProbe"))]
    sysctls = [one for one in listed(at(pod, "securityContext", "sysctls")) if isinstance(one, Mapping)]
    images = [text(one.get("image")) for one in containers]
    return Workload(
        kind=text(tree.get("kind")),
        ref=ref(tree),
        grace=number(pod.get("terminationGracePeriodSeconds"), _GRACE),
        pre_stop=_pre_stop(containers),
        waits=sum(float(one) for one in _GRACES.findall(" ".join(map(_arguments, containers)))),
        # The slowest decides when the Pod is ready.
        probe=max(probes, key=lambda one: one.delay + one.period * one.successes, default=None),
        controller=any(name in image for name in _CONTROLLERS for image in images),
        host_network=pod.get("hostNetwork") is True,
        sysctls={text(one.get("name")): text(one.get("value")) for one in sysctls},
    )


def _arguments(container: Mapping[str, Any]) -> str:
    words = [text(word) for key in ("command", "args") for word in listed(container.get(key))]
    return " ".join(words)


def _probe(tree: Mapping[str, Any]) -> Probe:
    return Probe(
        number(tree.get("initialDelaySeconds"), 0.0),
        number(tree.get("periodSeconds"), 10.0),
        int(number(tree.get("successThreshold"), 1)),
    )


def _pre_stop(containers: Iterable[Mapping[str, Any]]) -> float | None:
    """Return how long the hooks wait; they run at the same time."""
    found: list[float] = [0.0]
    for one in containers:
        hook = mapping(at(one, "lifecycle", "preStop"))
        if not hook:
            continue
        sleeps = _SLEEP.search(" ".join(map(text, listed(at(hook, "exec", "command")))))
        if sleeps:
            found.append(float(sleeps[1]))
        elif "sleep" in hook:
            found.append(number(at(hook, "sleep", "seconds"), 0.0))
        else:
            return None
    return max(found)


def _autoscaler(tree: Mapping[str, Any]) -> Autoscaler:
    spec, status = mapping(tree.get("spec")), mapping(tree.get("status"))
    up, down = mapping(at(spec, "behavior", "scaleUp")), mapping(at(spec, "behavior", "scaleDown"))
    policies = tuple(_policy(one) for one in listed(up.get("policies")) if isinstance(one, Mapping))
    return Autoscaler(
        ref=ref(tree),
        target=(text(at(spec, "scaleTargetRef", "kind")), text(at(spec, "scaleTargetRef", "name"))),
        least=int(number(spec.get("minReplicas"), 1)),
        most=int(number(spec.get("maxReplicas"), 0)),
        current=_count(status.get("currentReplicas")),
        desired=_count(status.get("desiredReplicas")),
        utilization=_utilization(spec),
        up_window=number(up.get("stabilizationWindowSeconds"), _WINDOW_UP),
        up=policies or DEFAULT_POLICIES,
        up_largest=up.get("selectPolicy", "Max") != "Min",
        up_disabled=up.get("selectPolicy") == "Disabled",
        down_window=number(down.get("stabilizationWindowSeconds"), _WINDOW_DOWN),
    )


def _policy(tree: Mapping[str, Any]) -> Policy:
    value, period = int(number(tree.get("value"), 0)), number(tree.get("periodSeconds"), 15.0)
    return Policy(pods=value, period=period) if tree.get("type") == "Pods" else Policy(0, value, period)


def _utilization(spec: Mapping[str, Any]) -> float | None:
    metrics = [one for one in listed(spec.get("metrics")) if isinstance(one, Mapping)]
    if not metrics:
        # What autoscaling/v1 has, and what no metric at all means.
        return number(spec.get("targetCPUUtilizationPercentage"), _TARGET)
    found = [
        at(one, kind, "target", "averageUtilization")
        for one in metrics
        for kind in ("resource", "containerResource")
        if at(one, kind, "name") == "cpu"
    ]
    return next((float(one) for one in found if isinstance(one, int)), None)


def _ingress(tree: Mapping[str, Any]) -> Ingress:
    annotations = _texts(at(tree, "metadata", "annotations"))
    rules = [one for one in listed(at(tree, "spec", "rules")) if isinstance(one, Mapping)]
    named = text(at(tree, "spec", "ingressClassName"))
    return Ingress(
        ref=ref(tree),
        ingress_class=named or annotations.get("kubernetes.io/ingress.class", ""),
        hosts=tuple(host for one in rules if (host := text(one.get("host")))),
        annotations=annotations,
        tree=tree,
    )


def _started(pod: Mapping[str, Any]) -> float | None:
    """Return how long a Pod took to be ready: of those that never lost it again."""
    states = [one for one in listed(at(pod, "status", "containerStatuses")) if isinstance(one, Mapping)]
    if any(number(one.get("restartCount"), 0) for one in states):
        return None
    for one in listed(at(pod, "status", "conditions")):
        if isinstance(one, Mapping) and one.get("type") == "Ready" and one.get("status") == "True":
            born, ready = (
                _when(at(pod, "metadata", "creationTimestamp")),
                _when(one.get("lastTransitionTime")),
            )
            return ready - born if born is not None and ready is not None and ready >= born else None
    return None


def _owner(pod: Mapping[str, Any]) -> Ref:
    """Return what a Pod belongs to; a Deployment's name is that of its ReplicaSet without the hash."""
    owners = [one for one in listed(at(pod, "metadata", "ownerReferences")) if isinstance(one, Mapping)]
    name = text(owners[0].get("name")) if owners else ref(pod)[1]
    if owners and owners[0].get("kind") == "ReplicaSet":
        name = name.rpartition("-")[0]
    return ref(pod)[0], name


def _resolution(tree: Mapping[str, Any]) -> float | None:
    """Return metrics-server's resolution, as its Deployment has it."""
    for one in listed(at(tree, "spec", "template", "spec", "containers")):
        if not isinstance(one, Mapping) or "metrics-server" not in text(one.get("image")):
            continue
        found = _RESOLUTION.search(_arguments(one))
        return float(found[1]) * (60 if found[2] == "m" else 1) if found else 60.0
    return None


def _when(value: object) -> float | None:
    try:
        return datetime.fromisoformat(text(value)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _texts(value: object) -> dict[str, str]:
    return {text(key): text(one) for key, one in mapping(value).items()}
