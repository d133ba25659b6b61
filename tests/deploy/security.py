"""The Pod Security Standards, profile *restricted*, as rules that name what breaks them.

https://kubernetes.io/docs/concepts/security/pod-security-standards/, Kubernetes 1.37, for Linux.
"""

from collections.abc import Iterator
from typing import Any

_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
}
_PROFILES = {"RuntimeDefault", "Localhost"}

Spec = dict[str, Any]


def violations(pod: Spec) -> list[str]:
    """Return what the profile *restricted* refuses in the spec of a Pod."""
    found = list(_of_pod(pod))
    for one in (*pod.get("initContainers", ()), *pod["containers"]):
        found += [f"{one['name']}: {wrong}" for wrong in _of_container(one, pod.get("securityContext", {}))]
    return found


def _of_pod(pod: Spec) -> Iterator[str]:
    yield from (name for name in ("hostNetwork", "hostPID", "hostIPC") if pod.get(name))
    for volume in pod.get("volumes", ()):
        yield from (f"volume {kind}" for kind in volume.keys() - {"name"} - _VOLUMES)
    for one in pod.get("securityContext", {}).get("sysctls", ()):
        if one["name"] not in _SYSCTLS:
            yield f"sysctl {one['name']}"


def _of_container(one: Spec, pod: Spec) -> Iterator[str]:
    own = one.get("securityContext", {})
    drops, adds = (set(own.get("capabilities", {}).get(what, ())) for what in ("drop", "add"))
    both = {**pod, **own}
    rules = {
        "hostPort": not any(port.get("hostPort") for port in one.get("ports", ())),
        "privileged": not own.get("privileged"),
        "procMount": own.get("procMount", "Default") == "Default",
        "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
        "runAsNonRoot": both.get("runAsNonRoot") is True,
        "runAsUser": both.get("runAsUser") != 0,
        "seccompProfile": both.get("seccompProfile", {}).get("type") in _PROFILES,
        "capabilities": "ALL" in drops and adds <= {"NET_BIND_SERVICE"},
    }
    yield from (name for name, kept in rules.items() if not kept)
