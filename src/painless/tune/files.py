"""Advice as files to paste: a sysctl file for nodes, patches for kubectl, and commands that apply them."""

import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from painless.tune.advice import Annotation, Paste, Patch, Report, Setting, Sysctl, Told
from painless.tune.measured import Ref
from painless.tune.objects import Objects, Workload

NODE = "60-painless.conf"
"""Its place is /etc/sysctl.d of the node."""
_UNSAFE = "# Unsafe: the kubelet needs --allowed-unsafe-sysctls={}, or the Pod does not start.\n"
_RESOURCES = {
    "ConfigMap": "configmap",
    "DaemonSet": "daemonset",
    "Deployment": "deployment",
    "HorizontalPodAutoscaler": "hpa",
    "Ingress": "ingress",
    "StatefulSet": "statefulset",
}

_NAME = re.compile("[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
"""What Kubernetes calls objects; metrics may call them anything, and a file has the name."""

_HEAD = ("#!/bin/sh", "# Read it first, and each file that it names.", "set -eu", 'cd "$(dirname "$0")"')

Files = dict[str, str]


def files(report: Report, objects: Objects, told: Told) -> Files:
    """Return all files by name; ``apply.sh`` is the last."""
    pastes = [each for one in report.changes for each in one.paste]
    found: Files = {}
    commands: list[str] = []
    host = objects.controller is not None and objects.controller.host_network
    sysctls = [one for one in pastes if isinstance(one, Sysctl)]
    if node := [one for one in sysctls if one.node or host]:
        found[NODE] = _node(node)
        commands.append(f"# On each node: cp {NODE} /etc/sysctl.d/ && sysctl --system")
    patches = _patches(pastes, told)
    own = [] if host else [one for one in sysctls if not one.node]
    if own and objects.controller is None:
        found["pod-sysctls.yaml"] = _pod(own) + _yaml({"spec": {"template": {"spec": _context(own, {})}}})
        commands.append("# Into the controller's Deployment (chart: controller.sysctls): pod-sysctls.yaml")
    for (kind, ref), tree in _with_sysctls(patches, own, objects.controller).items():
        if not all(map(_NAME.fullmatch, ref)):
            continue
        name = f"{_RESOURCES.get(kind, kind.lower())}-{ref[0]}-{ref[1]}.yaml"
        notes = _pod(own) if objects.controller and (kind, ref) == _key(objects.controller) else ""
        found[name] = notes + _yaml(tree)
        commands.append(_command(kind, ref, name))
    settings = {one.key: one.value for one in pastes if isinstance(one, Setting)}
    if settings and told.configmap is None:
        found["configmap.yaml"] = _yaml({"data": settings})
        commands.append("# Into the controller's ConfigMap (chart: controller.config): configmap.yaml")
    if commands:
        found["apply.sh"] = "".join(f"{one}\n" for one in (*_HEAD, *commands))
    return found


Trees = dict[tuple[str, Ref], dict[str, Any]]


def _patches(pastes: Iterable[Paste], told: Told) -> Trees:
    found: Trees = defaultdict(dict)
    for one in pastes:
        match one:
            case Annotation(ref, key, value):
                _merge(found["Ingress", ref], {"metadata": {"annotations": {key: value}}})
            case Patch(kind, ref, tree):
                _merge(found[kind, ref], tree)
            case Setting(key, value) if told.configmap is not None:
                _merge(found["ConfigMap", told.configmap], {"data": {key: value}})
            case _:
                pass
    return found


def _with_sysctls(patches: Trees, own: list[Sysctl], controller: Workload | None) -> Trees:
    if own and controller is not None:
        # A list is replaced whole by a merge patch, so those that are there come along.
        _merge(patches[_key(controller)], {"spec": {"template": {"spec": _context(own, controller.sysctls)}}})
    return dict(sorted(patches.items()))


def _key(one: Workload) -> tuple[str, Ref]:
    return one.kind, one.ref


def _context(own: Iterable[Sysctl], there: Mapping[str, str]) -> dict[str, Any]:
    every = {**there, **{one.name: one.value for one in own}}
    return {"securityContext": {"sysctls": [{"name": name, "value": value} for name, value in every.items()]}}


def _merge(into: dict[str, Any], tree: Mapping[str, Any]) -> None:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            _merge(into.setdefault(key, {}), value)
        else:
            into[key] = value


def _node(some: Iterable[Sysctl]) -> str:
    lines = "".join(f"{one.name} = {one.value}\n" for one in some)
    return f"# The whole node's, and all Pods' on it.\n{lines}"


def _pod(own: Iterable[Sysctl]) -> str:
    return "".join(_UNSAFE.format(one.name) for one in own if not one.safe)


def _command(kind: str, ref: Ref, file: str) -> str:
    words = ("kubectl", "-n", ref[0], "patch", _RESOURCES.get(kind, kind.lower()), ref[1])
    return " ".join((*map(shlex.quote, words), "--type", "merge", "--patch-file", shlex.quote(file)))


def _yaml(tree: Mapping[str, Any]) -> str:
    return str(yaml.dump(dict(tree), Dumper=yaml.CSafeDumper, sort_keys=False))
