"""Cases of checks about autoscalers."""

from typing import Any

from tests.doctor.objectcases import LABELS, Tree, controller, merged, scaler, some, thing

from painless.doctor.objects import EVENTS, HPAS, NAMESPACES, PODS, VPAS, WORKLOADS

Given = dict[str, Any]


def scaled(bad: Tree, good: Tree) -> tuple[Given, Given]:
    return {HPAS: some(bad)}, {HPAS: some(good)}


def by_cpu(percent: int, **spec: Any) -> Tree:
    target = {"type": "Utilization", "averageUtilization": percent}
    return scaler(metrics=[{"type": "Resource", "resource": {"name": "cpu", "target": target}}], **spec)


def status(tree: Tree, kind: str, value: str, reason: str, **more: Any) -> Tree:
    condition = {"type": kind, "status": value, "reason": reason, "message": f"the {reason} it has"}
    made: Tree = merged(tree, {"status": {"conditions": [condition], **more}})
    return made


def sizes(*every: int) -> Any:
    """Events of an autoscaler, two minutes apart."""
    return some(
        *(
            thing(
                "Event",
                f"e{at}",
                reason="SuccessfulRescale",
                message=f"New size: {size}; reason: cpu resource utilization above target",
                lastTimestamp=f"2026-01-01T00:{2 * at:02}:00Z",
                involvedObject={"namespace": "shop", "name": "ingress"},
            )
            for at, size in enumerate(every)
        )
    )


def started(seconds: int) -> Tree:
    ready = {
        "type": "Ready",
        "status": "True",
        "lastTransitionTime": f"2026-01-01T00:{seconds // 60:02}:{seconds % 60:02}Z",
    }
    return thing(
        "Pod",
        "a",
        metadata={"labels": LABELS, "creationTimestamp": "2026-01-01T00:00:00Z"},
        status={"conditions": [ready]},
    )


def owned(manager: str) -> Tree:
    field = {"manager": manager, "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    made: Tree = merged(controller(), {"metadata": {"managedFields": [field]}})
    return made


def server(resolution: str) -> Tree:
    image = {"image": "registry.k8s.io/metrics-server/metrics-server:v0.8.0"}
    return controller(image | {"args": [f"--metric-resolution={resolution}"]})


def manager(flag: str) -> Tree:
    return thing("Pod", "kube-controller-manager-a", spec={"containers": [{"command": ["x", flag]}]})


def vertical(mode: str) -> Tree:
    return thing(
        "VerticalPodAutoscaler",
        "v",
        spec={"targetRef": {"kind": "Deployment", "name": "ingress"}, "updatePolicy": {"updateMode": mode}},
    )


def behavior(**parts: Any) -> Tree:
    return scaler(behavior=parts)


SLOW = {"readinessProbe": {"initialDelaySeconds": 60, "periodSeconds": 10}}
LIMITED = {"resources": {"limits": {"cpu": "500m"}}}
SMALL = scaler(maxReplicas=4)
FULL = scaler(maxReplicas=4, minReplicas=2)

CASES: dict[str, tuple[Given, Given]] = {
    "H001": ({EVENTS: sizes(4, 8, 4, 8, 4, 8)}, {EVENTS: sizes(4, 5, 6, 7, 8, 9)}),
    "H002": (
        {HPAS: some(by_cpu(90)), WORKLOADS: some(controller(SLOW))},
        {HPAS: some(by_cpu(60)), WORKLOADS: some(controller(SLOW))},
    ),
    "H003": scaled(
        status(FULL, "ScalingLimited", "True", "TooManyReplicas", currentReplicas=4),
        status(FULL, "ScalingLimited", "True", "TooManyReplicas", currentReplicas=3),
    ),
    "H004": (
        {HPAS: some(scaler(minReplicas=1)), NAMESPACES: some()},
        {
            HPAS: some(scaler(minReplicas=1)),
            NAMESPACES: some(thing("Namespace", "shop", metadata={"labels": {"env": "dev"}})),
        },
    ),
    "H005": scaled(scaler(maxReplicas=2), scaler()),
    "H006": (
        {
            HPAS: some(by_cpu(60)),
            WORKLOADS: some(controller({"resources": {"requests": {"cpu": None}}})),
        },
        {HPAS: some(by_cpu(60)), WORKLOADS: some(controller())},
    ),
    "H007": scaled(
        status(scaler(), "ScalingActive", "False", "FailedGetResourceMetric"),
        status(scaler(), "ScalingActive", "False", "ScalingDisabled"),
    ),
    "H008": scaled(
        behavior(scaleDown={"stabilizationWindowSeconds": 60}),
        behavior(scaleDown={"stabilizationWindowSeconds": 600}),
    ),
    "H009": scaled(behavior(scaleUp={"selectPolicy": "Min"}), behavior(scaleUp={"selectPolicy": "Max"})),
    "H010": (
        {HPAS: some(scaler()), WORKLOADS: some(owned("kubectl-client-side-apply"))},
        {HPAS: some(scaler()), WORKLOADS: some(owned("kube-controller-manager"))},
    ),
    "H012": ({WORKLOADS: some(server("60s"))}, {WORKLOADS: some(server("15s"))}),
    "H013": (
        {HPAS: some(by_cpu(60)), VPAS: some(vertical("Auto"))},
        {HPAS: some(by_cpu(60)), VPAS: some(vertical("Off"))},
    ),
    "H014": scaled(
        behavior(scaleDown={"policies": [{"type": "Percent", "value": 50, "periodSeconds": 60}]}),
        behavior(scaleDown={"policies": [{"type": "Percent", "value": 10, "periodSeconds": 60}]}),
    ),
    "H015": (
        {HPAS: some(scaler()), WORKLOADS: some(controller()), PODS: some(started(90))},
        {HPAS: some(scaler()), WORKLOADS: some(controller()), PODS: some(started(20))},
    ),
    "H016": (
        {HPAS: some(by_cpu(60)), WORKLOADS: some(controller())},
        {HPAS: some(scaler(metrics=[{"type": "Pods"}])), WORKLOADS: some(controller())},
    ),
    "H017": (
        {PODS: some(manager("--horizontal-pod-autoscaler-upscale-delay=3m"))},
        {PODS: some(manager("--horizontal-pod-autoscaler-sync-period=15s"))},
    ),
    "H018": (
        {HPAS: some(by_cpu(100)), WORKLOADS: some(controller(LIMITED))},
        {HPAS: some(by_cpu(60)), WORKLOADS: some(controller(LIMITED))},
    ),
    "H019": (
        {HPAS: some(scaler("other")), WORKLOADS: some(controller())},
        {HPAS: some(scaler()), WORKLOADS: some(controller())},
    ),
}
