"""Checks of how many Pods there are, where, and what may take them away at once."""

import shlex
from collections import Counter
from collections.abc import Iterator

from painless.doctor.check import Check, Evidence, Finding, Severity, at
from painless.doctor.facts import Fact
from painless.doctor.objects import BUDGETS, HPAS, PODS, WORKLOADS, Objects
from painless.doctor.parts import Part, selects
from painless.doctor.pods import Controller, controllers, in_pod, labels, patch, pod, replicas
from painless.doctor.scalers import scaler_of

FEW = 3  # Replicas of which one is a third of what there is.
HALF = 0.5
ROLLING = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


def alone(workloads: Fact[Objects], hpas: Fact[Objects] | None) -> Iterator[Finding]:
    """With one Pod every restart, and every drain of its node, is an outage.

    Verify: ``kubectl get deploy``.

    Fix: two replicas or more.

    Sources: kube-linter, minimum-three-replicas; polaris, deploymentMissingReplicas.
    """
    for one in controllers(workloads.value):
        least, part = _least(one.workload, hpas)
        if least is not None and least < 2:
            yield Finding(
                str(one.workload.ref),
                f"there may be {least} of it",
                (part.seen,),
                "2 or more",
                patch(part.ref, {"spec": {"minReplicas" if part.ref != one.workload.ref else "replicas": 2}}),
            )


def crowded(workloads: Fact[Objects], pods: Fact[Objects] | None) -> Iterator[Finding]:
    """When most Pods are on one node, its end is an outage.

    Verify: ``kubectl get pods -o wide``.

    Fix: ``topologySpreadConstraints`` over nodes and zones.

    Sources: kube-linter, no-anti-affinity; Kubernetes, Pod Topology Spread Constraints.
    """
    for one in controllers(workloads.value):
        if one.workload.ref.kind == "DaemonSet":
            continue
        spread = pod(one.workload)["topologySpreadConstraints"]
        fix = patch(one.workload.ref, in_pod({"topologySpreadConstraints": [_spread(one)]}))
        nodes = _nodes(one, pods.value) if pods else Counter()
        most = max(nodes.values(), default=0)
        if sum(nodes.values()) > 1 and most / sum(nodes.values()) > HALF:
            name = next(node for node, count in nodes.items() if count == most)
            yield Finding(
                f"{one.workload.ref} nodes",
                f"{most} of {sum(nodes.values())} Pods are on node {name}",
                at(
                    one.workload.where, ", ".join(f"{node}: {count}" for node, count in sorted(nodes.items()))
                ),
                "at most half of them",
                fix,
            )
        elif not nodes and not spread.value and not pod(one.workload).at("affinity.podAntiAffinity").there:
            yield Finding(
                str(one.workload.ref),
                "nothing keeps its Pods from being on one node",
                (spread.seen,),
                "topologySpreadConstraints or podAntiAffinity",
                fix,
                Severity.MEDIUM,
            )


def budgets(
    workloads: Fact[Objects], budgets_: Fact[Objects], hpas: Fact[Objects] | None
) -> Iterator[Finding]:
    """Without a budget a drain takes all Pods at once; with one that allows nothing it never ends.

    Verify: ``kubectl get pdb``: ALLOWED DISRUPTIONS.

    Fix: ``maxUnavailable: 1``.

    Sources: Kubernetes, Specifying a Disruption Budget; popeye 206, 900, 901.
    """
    for one in controllers(workloads.value):
        ref, count = one.workload.ref, _least(one.workload, hpas)[0]
        its = [
            budget
            for budget in budgets_.value
            if budget.ref.namespace == ref.namespace
            and selects(budget.at("spec.selector"), labels(one.workload))
        ]
        if not its and ref.kind != "DaemonSet" and budgets_.value.tells(ref.namespace):
            wanted = ",".join(f"{key}={value}" for key, value in sorted(labels(one.workload).items()))
            yield Finding(
                str(ref),
                "no budget keeps some of its Pods when nodes are drained",
                at(one.workload.where, f"labels {wanted}"),
                "a PodDisruptionBudget that selects them",
                shlex.join(("kubectl", "-n", ref.namespace, "create", "pdb", ref.name))
                + " "
                + shlex.join((f"--selector={wanted}", "--max-unavailable=1")),
            )
        for budget in its:
            yield from _stuck(budget, count)


def blocked(workloads: Fact[Objects], budgets_: Fact[Objects]) -> Iterator[Finding]:
    """Pods that never become ready block the drain of their node, unless the budget lets them go.

    Verify: ``kubectl get pdb NAME -o yaml | grep unhealthyPodEvictionPolicy``.

    Fix: ``AlwaysAllow``.

    Sources: Kubernetes, Unhealthy Pod Eviction Policy; kube-linter.
    """
    for one in controllers(workloads.value):
        for budget in budgets_.value:
            policy = budget.at("spec.unhealthyPodEvictionPolicy")
            same = budget.ref.namespace == one.workload.ref.namespace
            if (
                same
                and policy.text != "AlwaysAllow"
                and selects(budget.at("spec.selector"), labels(one.workload))
            ):
                yield Finding(
                    str(budget.ref),
                    "Pods that are not ready may block a drain",
                    (policy.seen,),
                    "AlwaysAllow",
                    patch(budget.ref, {"spec": {"unhealthyPodEvictionPolicy": "AlwaysAllow"}}),
                )


def takes_away(workloads: Fact[Objects]) -> Iterator[Finding]:
    """A rollout first takes Pods away and then makes new ones: of few Pods that is much of what there is.

    Verify: ``strategy.rollingUpdate`` of the Deployment.

    Fix: ``maxUnavailable: 0``, ``maxSurge: 1``.

    Sources: Kubernetes, Deployments, Rolling Update; kube-linter, no-rolling-update-strategy.
    """
    for one in controllers(workloads.value):
        count, strategy = replicas(one.workload), one.workload.at("spec.strategy")
        if one.workload.ref.kind != "Deployment" or count is None or not 1 < count <= FEW:
            continue
        gone = count if strategy["type"].text == "Recreate" else _unavailable(strategy, count)
        if gone:
            yield Finding(
                str(one.workload.ref),
                f"a rollout takes {gone} of {count} Pods away before there are new ones",
                (strategy.seen,),
                "maxUnavailable: 0",
                patch(one.workload.ref, {"spec": {"strategy": {"type": "RollingUpdate", **ROLLING}}}),
            )


def displaced(workloads: Fact[Objects]) -> Iterator[Finding]:
    """Without a priority the ingress has to make room for whatever has one.

    Verify: ``kubectl get deploy NAME -o yaml | grep priorityClassName``.

    Fix: a PriorityClass of its own.

    Sources: Kubernetes, Pod Priority and Preemption.
    """
    for one in controllers(workloads.value):
        name = pod(one.workload)["priorityClassName"]
        if not name.text:
            yield Finding(
                str(one.workload.ref),
                "its Pods have no priority",
                (name.seen,),
                "priorityClassName",
                patch(one.workload.ref, in_pod({"priorityClassName": "ingress"})),
            )


def _least(workload: Part, hpas: Fact[Objects] | None) -> tuple[int | None, Part]:
    """Return how few Pods of a workload there may be, and what says so; ``None`` where nobody knows."""
    scaler = scaler_of(workload, hpas.value) if hpas else None
    if scaler is not None:
        part = scaler.at("spec.minReplicas")
        return part.number or 1, part
    part = workload.at("spec.replicas")
    # Whoever has an autoscaler leaves the number to it.
    left_out = part.number is None and (hpas is None or not hpas.value.whole)
    if workload.ref.kind == "DaemonSet" or left_out:
        return None, part
    return 1 if part.number is None else part.number, part


def _stuck(budget: Part, count: int | None) -> Iterator[Finding]:
    least, gone = budget.at("spec.minAvailable"), budget.at("spec.maxUnavailable")
    all_ = least.text == "100%" or (count is not None and least.number is not None and least.number >= count)
    if all_ or gone.number == 0 or gone.text == "0%":
        yield Finding(
            str(budget.ref),
            "it allows no Pod to go, so a drain never ends",
            ((least if all_ else gone).seen, Evidence(f"replicas {count}", budget.where)),
            "maxUnavailable: 1",
            patch(budget.ref, {"spec": {"minAvailable": None, "maxUnavailable": 1}}) + " --type merge",
        )


def _unavailable(strategy: Part, count: int) -> int:
    part = strategy.at("rollingUpdate.maxUnavailable")
    text = part.text or "25%"
    if part.number is not None:
        return min(part.number, count)
    share = text.removesuffix("%")
    # The controller rounds it down.
    return count * int(share) // 100 if share.isdecimal() and len(share) < 4 else 0


def _nodes(one: Controller, pods: Objects) -> Counter[str]:
    wanted = labels(one.workload).items()
    return Counter(
        each.at("spec.nodeName").text
        for each in pods
        if each.ref.namespace == one.workload.ref.namespace
        and each.labels.items() >= wanted
        and each.at("spec.nodeName").text
        and not each.at("metadata.deletionTimestamp").there
    )


def _spread(one: Controller) -> dict[str, object]:
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels(one.workload)},
    }


CHECKS = (
    Check("D008", Severity.HIGH, "One Pod alone", alone, (WORKLOADS,), (HPAS,)),
    Check("D018", Severity.HIGH, "All Pods on one node", crowded, (WORKLOADS,), (PODS,)),
    Check(
        "D009", Severity.HIGH, "Drains take all Pods, or never end", budgets, (WORKLOADS, BUDGETS), (HPAS,)
    ),
    Check("D010", Severity.LOW, "Broken Pods block drains", blocked, (WORKLOADS, BUDGETS)),
    Check("D011", Severity.MEDIUM, "Rollouts take Pods away first", takes_away, (WORKLOADS,)),
    Check("D012", Severity.LOW, "The ingress has no priority", displaced, (WORKLOADS,)),
)
