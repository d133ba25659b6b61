"""Checks of what the Pods of an ingress controller ask for, may use, and may do."""

from collections.abc import Iterator

from painless.doctor.check import Check, Evidence, Finding, Limit, Severity
from painless.doctor.facts import THROTTLED, Fact, Moved
from painless.doctor.objects import PODS, WORKLOADS, Objects
from painless.doctor.parts import Part
from painless.doctor.pods import (
    Controller,
    command,
    containers,
    controllers,
    in_container,
    in_pod,
    patch,
    pod,
    quantity,
)
from painless.doctor.units import mib

ROOM = (
    256 << 20
)  # Bytes: NGINX while it reloads and a controller of some hundred Ingresses, as it is shipped.
NEEDED = frozenset({"NET_BIND_SERVICE"})
"""What a process needs beyond a user's rights to serve port 80."""


def no_memory(workloads: Fact[Objects]) -> Iterator[Finding]:
    """Without a limit the node's memory decides who is killed; without a request it is this Pod first.

    Verify: ``kubectl get deploy NAME -o yaml``, ``resources`` of each container.

    Fix: a request of what it uses, and a limit with room for the generations that drain.

    Sources: Kubernetes, Node-pressure Eviction; popeye 106 and 107.
    """
    for one in controllers(workloads.value):
        resources = one.proxy["resources"]
        lacking = [name for name in ("requests", "limits") if not resources[name]["memory"].there]
        if lacking:
            change = {"resources": {name: {"memory": _memory(resources, name)} for name in lacking}}
            yield Finding(
                _about(one, one.proxy),
                f"NGINX's container has no {' and no '.join(lacking)} of memory",
                (resources.seen,),
                "both",
                patch(one.workload.ref, in_container(one.proxy, change)),
                None if "requests" in lacking else Severity.MEDIUM,
            )


def small(workloads: Fact[Objects], *, limit: float) -> Iterator[Finding]:
    """While NGINX loads, the old and the new configuration are both in memory.

    Verify: ``kubectl top pod --containers`` during a reload.

    Fix: a larger limit.

    Sources: measured: 5,000 servers take 75 MB, and twice that during a reload.
    """
    for one in controllers(workloads.value):
        part = one.proxy.at("resources.limits.memory")
        value = quantity(part)
        if value is not None and value < limit:
            yield Finding(
                _about(one, one.proxy),
                f"NGINX may use {mib(value)}",
                (part.seen,),
                f"{mib(limit)} or more",
                patch(
                    one.workload.ref, in_container(one.proxy, {"resources": {"limits": {"memory": "512Mi"}}})
                ),
            )


def no_cpu(workloads: Fact[Objects]) -> Iterator[Finding]:
    """On a busy node a container without a request of CPU gets what others leave.

    Verify: ``kubectl get deploy NAME -o yaml``, ``resources.requests.cpu``.

    Fix: a request of what it uses when it is busy.

    Sources: Kubernetes, Resource Management for Pods and Containers.
    """
    for one in controllers(workloads.value):
        request = one.proxy.at("resources.requests.cpu")
        # Without a request, the limit is one.
        if not request.there and not one.proxy.at("resources.limits.cpu").there:
            yield Finding(
                _about(one, one.proxy),
                "NGINX asks for no CPU",
                (request.seen,),
                "a request",
                patch(
                    one.workload.ref, in_container(one.proxy, {"resources": {"requests": {"cpu": "500m"}}})
                ),
            )


def quota(workloads: Fact[Objects], throttled: Fact[Moved] | None) -> Iterator[Finding]:
    """A CPU limit stops NGINX for the rest of each tenth of a second, and nobody accepts meanwhile.

    Verify: ``nr_throttled`` in the container's ``cpu.stat``.

    Fix: a request without a limit.

    Sources: measured: throttling alone lost 163 connections; Linux, CFS Bandwidth Control.
    """
    for one in controllers(workloads.value):
        limit = one.proxy.at("resources.limits.cpu")
        stopped = throttled.value.now.get("throttled", 0) if throttled else None
        if limit.there and stopped != 0:
            # The limit was the request as well, where there is none.
            asked = one.proxy.at("resources.requests.cpu")
            resources = {
                "limits": {"cpu": None},
                "requests": {"cpu": (asked if asked.there else limit).value},
            }
            count = (Evidence(f"throttled {stopped} times", throttled.source),) if throttled else ()
            yield Finding(
                _about(one, one.proxy),
                f"NGINX stops when it has used its {limit.text or limit.value} CPUs of each period",
                (limit.seen, *count),
                "a request without a limit",
                patch(one.workload.ref, in_container(one.proxy, {"resources": resources})),
            )


def refused_sysctls(workloads: Fact[Objects]) -> Iterator[Finding]:
    """On the host's network the kubelet refuses a Pod with sysctls of the network.

    Verify: ``kubectl describe pod``: SysctlForbidden.

    Fix: set them on the node.

    Sources: Kubernetes, Using sysctls in a Kubernetes Cluster.
    """
    for workload in workloads.value:
        spec = pod(workload)
        named = [
            one for one in spec.at("securityContext.sysctls").each() if one["name"].text.startswith("net.")
        ]
        if spec["hostNetwork"].true and named:
            yield Finding(
                str(workload.ref),
                f"its Pods are refused for {named[0]['name'].text}",
                (named[0].seen, spec["hostNetwork"].seen),
                "no net.* sysctl in a Pod of the host's network",
                patch(workload.ref, in_pod({"securityContext": {"sysctls": None}})),
            )


def forbidden(pods: Fact[Objects]) -> Iterator[Finding]:
    """The kubelet allows few sysctls by itself; a Pod that asks for others never starts.

    Verify: ``kubectl describe pod``: SysctlForbidden.

    Fix: allow it on nodes that the Pod is bound to, or leave it out.

    Sources: Kubernetes, Using sysctls in a Kubernetes Cluster.
    """
    for one in pods.value:
        reason = one.at("status.reason")
        if reason.text == "SysctlForbidden":
            node = one.at("spec.nodeName").text
            yield Finding(
                str(one.ref),
                f"node {node} refuses its sysctls",
                (reason.seen, one.at("status.message").seen),
                "sysctls that the node allows",
                "kubelet --allowed-unsafe-sysctls=net.core.somaxconn   # on that node",
            )


def rights(workloads: Fact[Objects]) -> Iterator[Finding]:
    """Who breaks into NGINX has what its container may do: root, the node's files, the kernel.

    Verify: ``kubectl get deploy NAME -o yaml``, ``securityContext``.

    Fix: a user of its own, no privileges, no capabilities beyond NET_BIND_SERVICE.

    Sources: Kubernetes, Pod Security Standards; popeye 301 to 306.
    """
    for one in controllers(workloads.value):
        for container in containers(one.workload):
            for part, says, change in _too_much(one, container):
                yield Finding(
                    f"{_about(one, container)} {part.field.rpartition('.')[2]}",
                    says,
                    (part.seen,),
                    "no more than serving takes",
                    patch(one.workload.ref, in_container(container, {"securityContext": change})),
                )
        for volume in pod(one.workload)["volumes"].each():
            path = volume["hostPath"]["path"]
            if path.there and not _mounted_read_only(one, volume["name"].text):
                yield Finding(
                    f"{one.workload.ref} {volume['name'].text}",
                    f"it may write {path.text} of the node",
                    (path.seen,),
                    "no hostPath",
                    command(one.workload.ref, "edit") + "   # an emptyDir in its place",
                )


def more_rights(workloads: Fact[Objects]) -> Iterator[Finding]:
    """A program may get more rights than it was started with, where nothing forbids it.

    Verify: ``kubectl get deploy NAME -o yaml | grep allowPrivilegeEscalation``.

    Fix: ``allowPrivilegeEscalation: false``.

    Sources: Kubernetes, Pod Security Standards (restricted).
    """
    for one in controllers(workloads.value):
        for container in containers(one.workload):
            part = container.at("securityContext.allowPrivilegeEscalation")
            if part.value is not False and not container.at("securityContext.privileged").true:
                yield Finding(
                    _about(one, container),
                    "it may get more rights than it starts with",
                    (part.seen,),
                    "allowPrivilegeEscalation: false",
                    patch(
                        one.workload.ref,
                        in_container(container, {"securityContext": {"allowPrivilegeEscalation": False}}),
                    ),
                )


def _too_much(one: Controller, container: Part) -> Iterator[tuple[Part, str, dict[str, object]]]:
    context = container["securityContext"]
    user = context["runAsUser"]
    user = user if user.there else pod(one.workload).at("securityContext.runAsUser")
    if context["privileged"].true:
        yield (
            context["privileged"],
            "it is privileged",
            {"privileged": False, "allowPrivilegeEscalation": False},
        )
    if user.number == 0:
        yield user, "it runs as root", {"runAsUser": 101, "runAsNonRoot": True}
    added = context.at("capabilities.add")
    extra = [word for word in added.words if word not in NEEDED]
    if extra:
        yield (
            added,
            f"it has {', '.join(extra)}",
            {"capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}},
        )


def _mounted_read_only(one: Controller, name: str) -> bool:
    mounts = [
        mount
        for container in containers(one.workload)
        for mount in container["volumeMounts"].each()
        if mount["name"].text == name
    ]
    return all(mount["readOnly"].true for mount in mounts)


def _memory(resources: Part, name: str) -> str:
    """Return the memory to ask for, or to limit to, beside what the other one of both is."""
    limit, request = (quantity(resources[one]["memory"]) for one in ("limits", "requests"))
    if name == "requests":
        return f"{int(limit) >> 20 or 1}Mi" if limit else "512Mi"
    return f"{max(512, 2 * int(request or 0) >> 20)}Mi"


def _about(one: Controller, container: Part) -> str:
    return f"{one.workload.ref} {container['name'].text}"


CHECKS = (
    Check("L010", Severity.HIGH, "No limit or request of memory", no_memory, (WORKLOADS,)),
    Check(
        "L019",
        Severity.MEDIUM,
        "Little memory for a reload",
        small,
        (WORKLOADS,),
        limit=Limit(ROOM, "bytes that NGINX needs at least"),
    ),
    Check("L012", Severity.MEDIUM, "No request of CPU", no_cpu, (WORKLOADS,)),
    Check("D016", Severity.LOW, "A CPU limit on the ingress", quota, (WORKLOADS,), (THROTTLED,)),
    Check("K026", Severity.HIGH, "Sysctls that a Pod cannot have", refused_sysctls, (WORKLOADS,)),
    Check("D015", Severity.MEDIUM, "A node refuses sysctls", forbidden, (PODS,)),
    Check("S005", Severity.HIGH, "More rights than serving takes", rights, (WORKLOADS,)),
    Check("S014", Severity.MEDIUM, "Rights may grow", more_rights, (WORKLOADS,)),
)
