"""Checks of what autoscalers do: whether they come in time, go back and forth, or stand still."""

from collections.abc import Iterator
from math import inf

from painless.advice import flapping, reaction
from painless.doctor.check import Check, Evidence, Finding, Limit, Severity
from painless.doctor.facts import Fact
from painless.doctor.objects import EVENTS, HPAS, PODS, WORKLOADS, Objects
from painless.doctor.parts import Part
from painless.doctor.pods import command, containers, controllers, labels, patch
from painless.doctor.scalers import (
    behavior,
    conditions,
    metric,
    scaler_of,
    targets,
    terms,
    utilization,
)
from painless.doctor.times import moment, since
from painless.model.objects import ObjectRef

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


def flaps(events: Fact[Objects]) -> Iterator[Finding]:
    """Each way back and forth starts Pods for nothing, and tells NGINX of endpoints twice.

    Verify: ``kubectl get events --field-selector reason=SuccessfulRescale``.

    Fix: a longer window for scaling down.

    Sources: Kubernetes, Horizontal Pod Autoscaling, Stabilization window; danielfm (2017).
    """
    grown: dict[tuple[str, str], list[Part]] = {}
    for one in events.value:
        if one["reason"].text == "SuccessfulRescale":
            about = one["involvedObject"]
            grown.setdefault((about["namespace"].text, about["name"].text), []).append(one)
    for name, some in sorted(grown.items()):
        series = sorted((at, size) for one in some if (at := _told(one)) and (size := _size(one)) is not None)
        found = flapping.flapping(series)
        if found is not None and found.verdict is not flapping.Verdict.CALM:
            window = flapping.window(found.period or 0.0)
            ref = ObjectRef("HorizontalPodAutoscaler", *name)
            yield Finding(
                str(ref),
                f"it went back and forth {found.reversals} times in {found.seconds / 60:.0f} minutes",
                (Evidence(f"replicas: {', '.join(str(size) for _, size in series)}", f"Events of {ref}"),),
                "fewer than 3 reversals an hour",
                behavior(ref, {"scaleDown": {"stabilizationWindowSeconds": window}}),
                None if found.verdict is flapping.Verdict.FLAPS else Severity.MEDIUM,
            )


def too_late(hpas: Fact[Objects], workloads: Fact[Objects], *, limit: float) -> Iterator[Finding]:
    """From a rise of the load to Pods that serve it takes a minute; with a high target they are full before.

    Verify: add up the terms: metrics, the look of the autoscaler, its window, the start and the probe.

    Fix: a lower target, or a shorter term.

    Sources: Kubernetes, Horizontal Pod Autoscaling; danielfm (2017).
    """
    for one, workload in targets(hpas.value, workloads.value):
        for name, percent in utilization(one):
            target = min(percent.number or 0, 99) / 100
            parts = terms(one, workload)
            seconds = sum(parts.values())
            survives = (1 / target - 1) / seconds * 60 if target > 0 else inf
            if survives < limit:
                best = reaction.highest_target(limit / 60, seconds)
                yield Finding(
                    str(one.ref),
                    f"it survives a load that grows by {survives:.0%} a minute",
                    (
                        percent.seen,
                        Evidence(", ".join(f"{k} {v:.0f} s" for k, v in parts.items()), workload.where),
                    ),
                    f"a target of {best:.0%} or less, for {limit:.0%} a minute",
                    patch(one.ref, {"spec": {"metrics": [metric(name, int(best * 100))]}}) + " --type merge",
                    None if survives < SURVIVES else Severity.MEDIUM,
                )


def maxed(hpas: Fact[Objects], *, limit: float) -> Iterator[Finding]:
    """At its limit it cannot grow: the next rise of the load is an outage.

    Verify: ``kubectl get hpa``: REPLICAS and MAXPODS.

    Fix: a higher ``maxReplicas``, if nodes and applications can take it.

    Sources: kubernetes-mixin, KubeHpaMaxedOut.
    """
    for one in hpas.value:
        most, now = one.at("spec.maxReplicas"), one.at("status.currentReplicas")
        at_limit = next(
            (c for c in conditions(one, "ScalingLimited") if c["reason"].text == "TooManyReplicas"), None
        )
        fixed = most.number == one.at("spec.minReplicas").number
        if at_limit and at_limit["status"].text == "True" and now.number == most.number and not fixed:
            lasts = since(at_limit["lastTransitionTime"], hpas.at)
            if lasts is None or lasts >= limit:
                yield Finding(
                    str(one.ref),
                    f"it wants more than its {most.number} replicas",
                    (now.seen, at_limit["reason"].seen),
                    "room to grow",
                    patch(one.ref, {"spec": {"maxReplicas": (most.number or 0) * 2}}),
                )


def frozen(hpas: Fact[Objects]) -> Iterator[Finding]:
    """It cannot tell how many there should be, and stays at what it has, whatever the load.

    Verify: ``kubectl describe hpa``: Conditions.

    Fix: by the message: the metrics server, a request, or the metric's name.

    Sources: Kubernetes, Horizontal Pod Autoscaling.
    """
    for one in hpas.value:
        for name in ("AbleToScale", "ScalingActive"):
            for condition in conditions(one, name):
                lasts = since(condition["lastTransitionTime"], hpas.at)
                disabled = condition["reason"].text == "ScalingDisabled"
                if (
                    condition["status"].text == "False"
                    and not disabled
                    and (lasts is None or lasts >= FROZEN)
                ):
                    yield Finding(
                        f"{one.ref} {name}",
                        f"it does not scale: {condition['reason'].text}",
                        (condition["message"].seen,),
                        f"{name} True",
                        command(one.ref, "describe"),
                    )


def slow_start(
    hpas: Fact[Objects], workloads: Fact[Objects], pods: Fact[Objects], *, limit: float
) -> Iterator[Finding]:
    """What takes long to become ready comes too late for the load that it was started for.

    Verify: ``kubectl get pods -o yaml``: from ``creationTimestamp`` to the condition Ready.

    Fix: images that are there before, a startup probe with a short period, less work at the start.

    Sources: Kubernetes, Pod Lifecycle.
    """
    spaces: dict[str, list[Part]] = {}
    for one in pods.value:
        spaces.setdefault(one.ref.namespace, []).append(one)
    for _, workload in targets(hpas.value, workloads.value):
        wanted = labels(workload).items()
        near = spaces.get(workload.ref.namespace, ())
        its = [one for one in near if wanted and one.labels.items() >= wanted]
        times = sorted(seconds for one in its if (seconds := _starts(one)) is not None)
        slowest = times[int(len(times) * 0.9)] if times else 0.0
        if slowest > limit:
            yield Finding(
                str(workload.ref),
                f"nine of ten Pods take up to {slowest:.0f} s to be ready",
                (Evidence(f"{len(times)} Pods: {times[0]:.0f} to {times[-1]:.0f} s", workload.where),),
                f"{limit:.0f} s or less",
                command(workload.ref, "edit") + "   # startupProbe with periodSeconds: 1",
            )


def wrong_signal(hpas: Fact[Objects], workloads: Fact[Objects]) -> Iterator[Finding]:
    """An ingress may be out of connections, or throttled, long before its CPU is busy.

    Verify: ``painless capacity``, and the CPU of its Pods.

    Fix: the metric painless_capacity_used_ratio beside CPU, where an adapter serves it.

    Sources: measured: a queue overflowed at 5 % of a CPU.
    """
    for controller in controllers(workloads.value):
        one = scaler_of(controller.workload, hpas.value)
        metrics = list(one.at("spec.metrics").each()) if one is not None else []
        if (
            one is not None
            and metrics
            and all(m["type"].text in {"Resource", "ContainerResource"} for m in metrics)
        ):
            yield Finding(
                str(one.ref),
                "connections do not count",
                (one.at("spec.metrics").seen,),
                "a metric of connections as well",
                command(one.ref, "edit") + "   # type: Pods, metric painless_capacity_used_ratio",
            )


def slow_metrics(workloads: Fact[Objects]) -> Iterator[Finding]:
    """Autoscalers see CPU as old as the metrics server looks seldom.

    Verify: ``kubectl -n kube-system get deploy metrics-server -o yaml | grep resolution``.

    Fix: ``--metric-resolution=15s``.

    Sources: metrics-server, FAQ.
    """
    for workload in workloads.value:
        for container in containers(workload):
            if "metrics-server" not in container["image"].text:
                continue
            for word in (*container["args"].words, *container["command"].words):
                name, _, text = word.partition("=")
                digits = text.removesuffix("s")
                if (
                    name == "--metric-resolution"
                    and digits.isdecimal()
                    and len(digits) < 6
                    and int(digits) > 30
                ):
                    yield Finding(
                        str(workload.ref),
                        f"metrics are up to {digits} s old",
                        (container["args"].seen,),
                        "15s",
                        command(workload.ref, "edit") + "   # --metric-resolution=15s",
                    )


def old_flags(pods: Fact[Objects]) -> Iterator[Finding]:
    """These flags of 2017 kept autoscalers from growing for three minutes; newer Kubernetes has other ones.

    Verify: ``kubectl -n kube-system get pod -l component=kube-controller-manager -o yaml``.

    Fix: ``behavior`` of each autoscaler.

    Sources: Kubernetes, Horizontal Pod Autoscaling; danielfm (2017).
    """
    for one in pods.value:
        if OWNER in one.ref.name:
            for container in one.at("spec.containers").each():
                for word in container["command"].words:
                    if word.startswith(OLD):
                        yield Finding(
                            f"{one.ref} {word.partition('=')[0]}",
                            "autoscalers wait as in 2017",
                            (Evidence(word, one.where),),
                            "no such flag",
                            "behavior: {scaleDown: {stabilizationWindowSeconds: 300}}   # in the autoscaler",
                        )


def _told(event: Part) -> float | None:
    return moment(event["lastTimestamp"] if event["lastTimestamp"].text else event["eventTime"])


def _size(event: Part) -> int | None:
    words = event["message"].text.replace(";", " ").split()
    digits = words[2] if words[:2] == ["New", "size:"] and len(words) > 2 else ""
    return int(digits) if digits.isdecimal() and len(digits) < 9 else None


def _starts(pod: Part) -> float | None:
    """Return how long a Pod took to be ready, if it never stopped being so."""
    again = any(one["restartCount"].number for one in pod.at("status.containerStatuses").each())
    for one in pod.at("status.conditions").each():
        if one["type"].text == "Ready" and one["status"].text == "True" and not again:
            made, ready = moment(pod.at("metadata.creationTimestamp")), moment(one["lastTransitionTime"])
            took = ready - made if made is not None and ready is not None else -1.0
            return took if 0 <= took < SLOWEST_START else None
    return None


CHECKS = (
    Check("H001", Severity.HIGH, "Back and forth", flaps, (EVENTS,)),
    Check(
        "H002",
        Severity.HIGH,
        "Full before it grows",
        too_late,
        (HPAS, WORKLOADS),
        limit=Limit(HARDLY, "of 1: growth of the load in a minute that has to be survived"),
    ),
    Check("H003", Severity.HIGH, "At its limit", maxed, (HPAS,), limit=Limit(LONG, "seconds at its limit")),
    Check("H007", Severity.HIGH, "It does not scale", frozen, (HPAS,)),
    Check("H012", Severity.LOW, "Old metrics", slow_metrics, (WORKLOADS,)),
    Check(
        "H015",
        Severity.HIGH,
        "Pods start slowly",
        slow_start,
        (HPAS, WORKLOADS, PODS),
        limit=Limit(SLOW, "seconds from a Pod to its readiness"),
    ),
    Check("H016", Severity.LOW, "Connections do not count", wrong_signal, (HPAS, WORKLOADS)),
    Check("H017", Severity.LOW, "Flags of 2017", old_flags, (PODS,)),
)
