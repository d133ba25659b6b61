"""Autoscalers as checks ask them: what they scale, by which share of what, and how long that takes."""

from collections.abc import Iterator

from painless.advice import reaction
from painless.doctor.objects import Objects
from painless.doctor.parts import Part
from painless.doctor.pods import containers, patch, probe
from painless.model.objects import ObjectRef

RESOLUTION = 15.0  # Seconds: metrics-server as its manifest ships it.
SYNC = 15.0  # Seconds between two looks of the autoscaler.
START = 10.0  # Seconds to schedule, pull and start, where nobody measured: an image that is there already.


def scaler_of(workload: Part, hpas: Objects) -> Part | None:
    """Return the autoscaler of a workload."""
    ref = workload.ref
    return next((one for one in hpas if named(one) == (ref.kind, ref.namespace, ref.name)), None)


def named(hpa: Part) -> tuple[str, str, str]:
    """Return kind, namespace and name of what it scales."""
    wanted = hpa.at("spec.scaleTargetRef")
    return wanted["kind"].text, hpa.ref.namespace, wanted["name"].text


def targets(hpas: Objects, workloads: Objects) -> Iterator[tuple[Part, Part]]:
    """Yield each autoscaler with what it scales."""
    known = {(one.ref.kind, one.ref.namespace, one.ref.name): one for one in workloads}
    for one in hpas:
        if (workload := known.get(named(one))) is not None:
            yield one, workload


def utilization(hpa: Part) -> Iterator[tuple[str, Part]]:
    """Yield the targets that are a share of requests, with what of."""
    for one in hpa.at("spec.metrics").each():
        for kind in ("resource", "containerResource"):
            percent = one[kind].at("target.averageUtilization")
            if percent.number:
                yield one[kind]["name"].text, percent


def metric(name: str, wanted: int) -> dict[str, object]:
    """Return a target that is a share of requests."""
    target = {"type": "Utilization", "averageUtilization": wanted}
    return {"type": "Resource", "resource": {"name": name, "target": target}}


def terms(hpa: Part, workload: Part) -> dict[str, float]:
    """Return what passes at worst until new Pods serve, by what it is for."""
    asked = [found for one in containers(workload) if (found := probe(one, "readinessProbe")) is not None]
    ready = max((reaction.readiness(one.delay, one.period)[1] for one in asked), default=0.0)
    window = hpa.at("spec.behavior.scaleUp.stabilizationWindowSeconds").number or 0
    return {
        "metrics": reaction.sampling(RESOLUTION)[1],
        "autoscaler": SYNC,
        "its window": float(window),
        "start": START,
        "readiness": ready,
    }


def conditions(hpa: Part, name: str) -> Iterator[Part]:
    """Return its conditions of this name, of which there is one or none."""
    return (one for one in hpa.at("status.conditions").each() if one["type"].text == name)


def behavior(ref: ObjectRef, change: dict[str, object]) -> str:
    """Return the command that changes how it moves."""
    return f"{patch(ref, {'spec': {'behavior': change}})} --type merge"
