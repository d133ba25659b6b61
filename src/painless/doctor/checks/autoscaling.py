"""Checks of how autoscalers are set."""

from collections.abc import Iterator

from painless.doctor.check import Check, Evidence, Finding, Limit, Severity
from painless.doctor.facts import Fact
from painless.doctor.objects import HPAS, NAMESPACES, VPAS, WORKLOADS, Objects
from painless.doctor.parts import Part
from painless.doctor.pods import command, containers, patch, quantity
from painless.doctor.routes import production
from painless.doctor.scalers import (
    behavior,
    metric,
    named,
    targets,
    utilization,
)

RESOLUTION = 15.0  # Seconds: metrics-server as its manifest ships it.
SYNC = 15.0  # Seconds between two looks of the autoscaler.
START = 10.0  # Seconds to schedule, pull and start, where nobody measured: an image that is there already.
SURVIVES, HARDLY = 0.05, 0.10  # Growth of the load a minute: a usual morning has 5 %, a campaign more.
WINDOW = 300  # Seconds: Kubernetes' own window for scaling down.
FROZEN = 60.0  # Seconds: some looks of the autoscaler, so that a passing failure is none.
LONG = 900.0  # Seconds at the limit, as KubeHpaMaxedOut has it.
SLOW = 60.0  # Seconds from a Pod's creation to its readiness: half of what one may wait for capacity.
SLOWEST_START = 3600.0  # Seconds: what became ready later, did so again.
CLIFF = 25  # Percent of Pods that may go in one period.
FEW = 4  # Replicas of which a quarter is one.
OLD = ("--horizontal-pod-autoscaler-upscale-delay", "--horizontal-pod-autoscaler-downscale-delay")
OWNER = "kube-controller-manager"
APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def low_minimum(hpas: Fact[Objects], namespaces: Fact[Objects] | None) -> Iterator[Finding]:
    """At night it leaves one Pod, and every restart of that is an outage.

    Verify: ``kubectl get hpa``: MINPODS.

    Fix: two or more.

    Sources: kube-linter, hpa-minimum-three-replicas; polaris, hpaMinAvailability.
    """
    spaces = namespaces.value.by_name if namespaces else {}
    for one in hpas.value:
        least, live = one.at("spec.minReplicas"), production(one.ref.namespace, spaces)
        if (1 if least.number is None else least.number) < 2 and live is not False:
            yield Finding(
                str(one.ref),
                f"it may leave {1 if least.number is None else least.number}",
                (least.seen,),
                "2 or more",
                patch(one.ref, {"spec": {"minReplicas": 2}}),
                None if live else Severity.LOW,
            )


def inert(hpas: Fact[Objects]) -> Iterator[Finding]:
    """With the same minimum and maximum it never does anything.

    Verify: ``kubectl get hpa``.

    Fix: a higher maximum, or no autoscaler.

    Sources: polaris, hpaMaxAvailability.
    """
    for one in hpas.value:
        least, most = one.at("spec.minReplicas"), one.at("spec.maxReplicas")
        if most.number is not None and most.number == (least.number or 1):
            yield Finding(
                str(one.ref),
                f"it always has {most.number}",
                (least.seen, most.seen),
                "a maximum above the minimum",
                patch(one.ref, {"spec": {"maxReplicas": most.number * 2}}),
            )


def cannot_compute(hpas: Fact[Objects], workloads: Fact[Objects]) -> Iterator[Finding]:
    """A utilization is a part of a request: with one container without, the autoscaler does nothing.

    Verify: ``kubectl describe hpa``: "missing request for cpu".

    Fix: requests in every container, or a metric of one container.

    Sources: Kubernetes, Horizontal Pod Autoscaling; popeye 600.
    """
    for one, workload in targets(hpas.value, workloads.value):
        for each in one.at("spec.metrics").each():
            name = each.at("resource.name").text
            used = each.at("resource.target.type").text == "Utilization"
            bare = [
                container
                for container in containers(workload)
                if not container.at("resources.requests")[name].there
                and not container.at("resources.limits")[name].there
            ]
            if name and used and bare:
                yield Finding(
                    f"{one.ref} {name}",
                    f"container {bare[0]['name'].text} requests no {name}",
                    (each.at("resource.target").seen, bare[0]["resources"].seen),
                    f"a request of {name} in every container",
                    command(workload.ref, "set resources", f"--requests={name}=100m"),
                )


def no_target(hpas: Fact[Objects], workloads: Fact[Objects]) -> Iterator[Finding]:
    """What it should scale does not exist.

    Verify: ``kubectl describe hpa``: FailedGetScale.

    Fix: the name of a Deployment or StatefulSet.

    Sources: popeye 600.
    """
    known = {(one.ref.kind, one.ref.namespace, one.ref.name) for one in workloads.value}
    for one in hpas.value:
        wanted = one.at("spec.scaleTargetRef")
        ours = wanted["kind"].text in {"Deployment", "StatefulSet"}
        if ours and named(one) not in known and workloads.value.tells(one.ref.namespace):
            yield Finding(
                str(one.ref),
                f"there is no {wanted['kind'].text} {wanted['name'].text}",
                (wanted.seen,),
                "what it should scale",
                command(one.ref, "edit") + "   # spec.scaleTargetRef",
            )


def short_window(hpas: Fact[Objects], *, limit: float) -> Iterator[Finding]:
    """Pods that go at the first lull are started again at the next rise.

    Verify: ``kubectl get hpa NAME -o yaml | grep stabilizationWindowSeconds``.

    Fix: 300 s, as is the default, or twice the time between two rises.

    Sources: Kubernetes, Horizontal Pod Autoscaling, Stabilization window.
    """
    for one in hpas.value:
        window = one.at("spec.behavior.scaleDown.stabilizationWindowSeconds")
        if window.number is not None and window.number < limit:
            yield Finding(
                str(one.ref),
                f"Pods go after {window.number} s of less load",
                (window.seen,),
                f"{limit:g} or more",
                patch(
                    one.ref,
                    {"spec": {"behavior": {"scaleDown": {window.field.rpartition(".")[2]: int(limit)}}}},
                ),
            )


def braked(hpas: Fact[Objects]) -> Iterator[Finding]:
    """What makes it grow later or less is time in which the Pods that there are get all the load.

    Verify: ``kubectl get hpa NAME -o yaml``, ``behavior.scaleUp``.

    Fix: the defaults: no window, and four Pods or as many again each 15 s.

    Sources: Kubernetes, Horizontal Pod Autoscaling, Scaling policies.
    """
    for one in hpas.value:
        up = one.at("spec.behavior.scaleUp")
        window, select = up["stabilizationWindowSeconds"], up["selectPolicy"]
        for part, bad in ((window, bool(window.number)), (select, select.text in {"Min", "Disabled"})):
            if bad:
                yield Finding(
                    f"{one.ref} {part.field.rpartition('.')[2]}",
                    "it grows later than it could",
                    (part.seen,),
                    "the default",
                    patch(one.ref, {"spec": {"behavior": {"scaleUp": None}}}),
                )


def cliff(hpas: Fact[Objects], *, limit: float) -> Iterator[Finding]:
    """When all that is too much goes at once, all its connections begin anew elsewhere.

    Verify: ``kubectl get hpa NAME -o yaml``, ``behavior.scaleDown.policies``.

    Fix: 10 % a minute.

    Sources: Kubernetes, Horizontal Pod Autoscaling, Example: limit scale down rate.
    """
    for one in hpas.value:
        policies = list(one.at("spec.behavior.scaleDown.policies").each())
        steep = [p for p in policies if p["type"].text == "Percent" and (p["value"].number or 0) > limit]
        if (one.at("spec.maxReplicas").number or 0) > FEW and (steep or not policies):
            part = steep[0]["value"] if steep else one.at("spec.behavior.scaleDown.policies")
            yield Finding(
                str(one.ref),
                f"{steep[0]['value'].number if steep else 100} % of its Pods may go at once",
                (part.seen,),
                f"{limit:g} % or less in a period",
                behavior(
                    one.ref,
                    {"scaleDown": {"policies": [{"type": "Percent", "value": 10, "periodSeconds": 60}]}},
                ),
                None if steep else Severity.LOW,
            )


def two_owners(hpas: Fact[Objects], workloads: Fact[Objects]) -> Iterator[Finding]:
    """Each time its manifest is applied, the number of Pods jumps to what that says.

    Verify: ``kubectl get deploy NAME -o yaml --show-managed-fields``: who owns ``f:replicas``.

    Fix: leave ``replicas`` out of the manifest.

    Sources: Kubernetes, Migrating Deployments and StatefulSets to horizontal autoscaling.
    """
    for one, workload in targets(hpas.value, workloads.value):
        if owner := _owner(workload):
            yield Finding(
                str(workload.ref),
                f"its replicas are the autoscaler's and {owner}'s",
                (workload.at("spec.replicas").seen, Evidence(f"scaled by {one.ref}", one.where)),
                "no replicas in the manifest",
                command(workload.ref, "apply edit-last-applied") + "   # without spec.replicas",
            )


def two_scalers(hpas: Fact[Objects], vpas: Fact[Objects]) -> Iterator[Finding]:
    """One changes the requests of which the other takes a share: they follow each other.

    Verify: ``kubectl get hpa,vpa``.

    Fix: ``updateMode: "Off"`` of the VerticalPodAutoscaler, or a metric that is no share of a request.

    Sources: Kubernetes, Vertical Pod Autoscaler, Known limitations.
    """
    for vpa in vpas.value:
        mode, wanted = vpa.at("spec.updatePolicy.updateMode"), vpa.at("spec.targetRef")
        for one in hpas.value:
            same = (wanted["kind"].text, vpa.ref.namespace, wanted["name"].text) == named(one)
            if same and mode.text != "Off" and any(True for _ in utilization(one)):
                yield Finding(
                    str(vpa.ref),
                    f"it and {one.ref} change the same Pods",
                    (mode.seen, wanted.seen),
                    "one of them",
                    patch(vpa.ref, {"spec": {"updatePolicy": {"updateMode": "Off"}}}) + " --type merge",
                )


def out_of_reach(hpas: Fact[Objects], workloads: Fact[Objects]) -> Iterator[Finding]:
    """Above its limit no container gets CPU, so that a target above limit and request is never reached.

    Verify: compare the target with the limit divided by the request.

    Fix: a target below.

    Sources: Kubernetes, Resource Management for Pods and Containers.
    """
    for one, workload in targets(hpas.value, workloads.value):
        requests, limits = (
            [quantity(c["resources"][k]["cpu"]) for c in containers(workload)] for k in ("requests", "limits")
        )
        asked, most = sum(r or 0 for r in requests), sum(limit or 0 for limit in limits)
        if not asked or not all(requests) or not all(limits):
            continue
        for name, percent in utilization(one):
            if name == "cpu" and (percent.number or 0) >= most / asked * 100:
                yield Finding(
                    str(one.ref),
                    f"it waits for {percent.number} %, and there is no more than {most / asked:.0%}",
                    (percent.seen, Evidence(f"requests {asked:g} CPUs, limits {most:g}", workload.where)),
                    f"less than {most / asked:.0%}",
                    patch(one.ref, {"spec": {"metrics": [metric(name, 60)]}}) + " --type merge",
                )


def _owner(workload: Part) -> str:
    """Return who sets the number of Pods besides the autoscaler; empty for nobody."""
    for one in workload.at("metadata.managedFields").each():
        if one.at("fieldsV1.f:spec.f:replicas").there and one["subresource"].text != "scale":
            return "" if one["manager"].text == OWNER else one["manager"].text
    return "its manifest" if workload.file and workload.at("spec.replicas").there else ""


CHECKS = (
    Check("H004", Severity.MEDIUM, "One Pod at night", low_minimum, (HPAS,), (NAMESPACES,)),
    Check("H005", Severity.LOW, "It never does anything", inert, (HPAS,)),
    Check("H006", Severity.HIGH, "It cannot compute", cannot_compute, (HPAS, WORKLOADS)),
    Check(
        "H008",
        Severity.MEDIUM,
        "Pods go at the first lull",
        short_window,
        (HPAS,),
        limit=Limit(WINDOW, "seconds of less load before Pods go"),
    ),
    Check("H009", Severity.MEDIUM, "It grows late", braked, (HPAS,)),
    Check("H010", Severity.MEDIUM, "Two owners of replicas", two_owners, (HPAS, WORKLOADS)),
    Check("H013", Severity.HIGH, "Two autoscalers for one", two_scalers, (HPAS, VPAS)),
    Check(
        "H014",
        Severity.MEDIUM,
        "All at once",
        cliff,
        (HPAS,),
        limit=Limit(CLIFF, "percent of Pods that may go at once"),
    ),
    Check("H018", Severity.HIGH, "A target that is never reached", out_of_reach, (HPAS, WORKLOADS)),
    Check("H019", Severity.HIGH, "Nothing to scale", no_target, (HPAS, WORKLOADS)),
)
