"""When to split, as a plan: which Ingresses should move, what that gains, and how to do it without a gap.

Two controllers serve a host while its traffic moves: a copy of each Ingress in the new class comes first, and
the Ingress itself goes when nobody asks the old address any more.  It cannot follow into the new class, where
a webhook refuses who wants the paths that another one has.
"""

import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml
from msgspec import Struct

from painless.advice.split import MAIN, Facts, Group, Move, Ref, Why, split
from painless.tune import numbers
from painless.tune.environments import environment
from painless.tune.measured import Measured, Traffic
from painless.tune.objects import Ingress, Objects

_CLASS = "kubernetes.io/ingress.class"
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_LEFT_OUT = (
    "kubectl.kubernetes.io/",
    "cert-manager.io/",
    "external-dns.alpha.kubernetes.io/",
    "acme.cert-manager.io/",
)
"""Annotations that have somebody else do something: once is enough."""
_ADDRESS = "{.items[0].status.loadBalancer.ingress[0].ip}{.items[0].status.loadBalancer.ingress[0].hostname}"
_NAME = 200
"""Letters of a copy's name that are its original's; a name has 253."""
_HOUR = 3600
_VALUES: Mapping[Why, Mapping[str, Any]] = {
    Why.ENVIRONMENT: {"replicaCount": 1},
    # Its own loads are rare, so old workers may wait; the Pod has to wait as long.
    Why.LONG_LIVED: {
        "config": {"worker-shutdown-timeout": "1h"},
        "terminationGracePeriodSeconds": _HOUR + 5,
    },
    Why.CHURN: {},
    Why.HEAVY: {},
}


class Target(Struct, frozen=True):
    """The class that is looked at, and the Helm release that has it."""

    name: str = "nginx"
    release: str = "painless"
    namespace: str = "painless"


class Step(Struct, frozen=True):
    """Something to do, its commands, and what has to be so before the next one."""

    title: str
    commands: tuple[str, ...]
    then: str


class Plan(Struct, frozen=True, kw_only=True):
    """All moves, the steps for each pool, the files that they name, and why there may be none."""

    source: str
    ingresses: int
    moves: tuple[Move, ...] = ()
    steps: Mapping[str, tuple[Step, ...]] = {}
    files: Mapping[str, str] = {}
    missing: tuple[str, ...] = ()


def planned(measured: Measured, objects: Objects, target: Target) -> Plan:
    """Return the plan."""
    mine = {one.ref: one for one in objects.ingresses if one.ingress_class in {"", target.name}}
    moves = split(facts(measured, objects, mine))
    files: dict[str, str] = {}
    if moves:
        files["pools.yaml"] = _yaml({"pools": {one.pool: dict(_VALUES[one.why]) for one in moves}})
    for move in moves:
        some = [mine[ref] for ref in move.refs]
        copies = (_yaml(_copy(one, move.pool, target)) for one in some)
        files[f"copies-{move.pool}.yaml"] = "---\n".join(copies)
        files[_taking_over(move.pool)] = _script(some, move.pool)
    return Plan(
        source=measured.source,
        ingresses=len(mine),
        moves=moves,
        steps={one.pool: tuple(_steps(one, mine, target)) for one in moves},
        files=files,
        missing=tuple(_missing(measured, mine)),
    )


def facts(measured: Measured, objects: Objects, mine: Mapping[Ref, Ingress]) -> Facts:
    """Return what the decision is made of."""
    traffic = {one.ref: one for one in measured.traffic}
    slots, seconds = measured.value(numbers.SLOTS), measured.seconds
    return Facts(
        groups=tuple(
            _group(some, objects, [traffic[one.ref] for one in some if one.ref in traffic], seconds)
            for some in _sharing_hosts(mine.values())
        ),
        loads=measured.churn,
        hours=seconds / _HOUR if seconds else None,
        clients=None if slots is None else slots * measured.pods,
    )


def _group(some: list[Ingress], objects: Objects, traffic: list[Traffic], seconds: float | None) -> Group:
    environments = {
        environment(one.ref[0], objects.namespaces.get(one.ref[0], {}), one.hosts) for one in some
    }
    # Who shares a host with production is production.
    name = next(iter(environments)) if len(environments) == 1 else MAIN
    return Group(
        refs=tuple(sorted(one.ref for one in some)),
        environment=name,
        requests=sum(one.requests for one in traffic),
        # Little's law: what all took together, in the time in which they did.
        open=sum(one.seconds for one in traffic) / seconds if seconds else 0.0,
        staying=sum(one.upgraded_seconds for one in traffic) / seconds if seconds else 0.0,
    )


def _sharing_hosts(ingresses: Iterable[Ingress]) -> list[list[Ingress]]:
    """Return Ingresses in groups, so that no host is in two; one without hosts is alone."""
    by_host: dict[str, list[Ref]] = defaultdict(list)
    leader: dict[Ref, Ref] = {}
    every = {one.ref: one for one in ingresses}
    for one in every.values():
        leader[one.ref] = one.ref
        for host in one.hosts:
            by_host[host].append(one.ref)

    def find(ref: Ref) -> Ref:
        while leader[ref] != ref:
            ref = leader[ref]
        return ref

    for refs in by_host.values():
        for ref in refs[1:]:
            leader[find(ref)] = find(refs[0])
    groups: dict[Ref, list[Ingress]] = defaultdict(list)
    for ref, one in every.items():
        groups[find(ref)].append(one)
    return list(groups.values())


def _copy(one: Ingress, pool: str, target: Target) -> dict[str, Any]:
    """Return a copy of an Ingress in the new class, without what others would do for it a second time."""
    kept = {
        key: value
        for key, value in one.annotations.items()
        if key != _CLASS and not key.startswith(_LEFT_OUT)
    }
    spec = one.tree.get("spec")
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": _named(one.ref, pool),
            "namespace": one.ref[0],
            **({"annotations": kept} if kept else {}),
        },
        "spec": {**(spec if isinstance(spec, Mapping) else {}), "ingressClassName": f"{target.name}-{pool}"},
    }


def _named(ref: Ref, pool: str) -> str:
    return f"{ref[1][:_NAME]}-{pool}"


def _steps(move: Move, mine: Mapping[Ref, Ingress], target: Target) -> Iterator[Step]:
    pool, release = move.pool, shlex.quote(target.release)
    n = shlex.quote(target.namespace)
    labels = f"app.kubernetes.io/instance={release},app.kubernetes.io/component=controller-{pool}"
    yield Step(
        f"Start a controller for the class {target.name}-{pool}",
        (f"helm -n {n} upgrade {release} deploy/chart --reuse-values -f pools.yaml --wait",),
        "It has its own Pods, Service and class; nothing is served by it yet.",
    )
    yield Step(
        "Have it serve copies",
        (f"kubectl apply -f copies-{pool}.yaml",),
        "Both controllers serve these hosts now, each at its address.",
    )
    host = next(
        (host for ref in move.refs for host in mine[ref].hosts if "*" not in host), "shop.example.com"
    )
    port = 443 if mine[move.refs[0]].tree.get("spec", {}).get("tls") else 80
    scheme = "https" if port == 443 else "http"
    yield Step(
        "Compare",
        (
            f"ADDRESS=$(kubectl -n {n} get services -l {labels} -o 'jsonpath={_ADDRESS}')",
            f"curl -sSi --connect-to ::$ADDRESS:{port} {shlex.quote(f'{scheme}://{host}/')}",
        ),
        "The answer is the one that the old address gives.",
    )
    hosts = sorted({host for ref in move.refs for host in mine[ref].hosts})
    yield Step(
        "Move traffic",
        (),
        f"Point the DNS records of {_some(hosts)} to the new address. Go on when their TTL is over and "
        "nginx_ingress_controller_requests of the old Pods no longer grows for these Ingresses.",
    )
    yield Step(
        "Have the copies take over",
        (f"sh {_taking_over(pool)}",),
        "It deletes what they are copies of, and gives them the annotations that were left out. In a "
        "repository or a chart the Ingresses have the names and the class of the copies from now on. Until "
        "here the way back is the DNS record.",
    )


def _taking_over(pool: str) -> str:
    return f"take-over-{pool}.sh"


def _script(some: list[Ingress], pool: str) -> str:
    """Return the commands after which only the copies are there."""
    commands = [
        *(f"kubectl -n {_q(one.ref[0])} delete ingress {_q(one.ref[1])}" for one in some),
        *filter(None, (_annotate(one, pool) for one in some)),
    ]
    return "\n".join(["#!/bin/sh", "# When nobody asks the old address any more.", "set -eu", *commands, ""])


def _annotate(one: Ingress, pool: str) -> str:
    """Return the command that gives a copy what was left out of it, once the original is gone."""
    left = {
        key: value for key, value in one.annotations.items() if key.startswith(_LEFT_OUT) and key != _APPLIED
    }
    if not left:
        return ""
    words = " ".join(_q(f"{key}={value}") for key, value in sorted(left.items()))
    return f"kubectl -n {_q(one.ref[0])} annotate ingress {_q(_named(one.ref, pool))} {words}"


def _q(text: str) -> str:
    return shlex.quote(text)


def _some(hosts: list[str]) -> str:
    return ", ".join(hosts[:5]) + (f" and {len(hosts) - 5} more" if len(hosts) > 5 else "")


def _missing(measured: Measured, mine: Mapping[Ref, Ingress]) -> Iterator[str]:
    if not mine:
        yield "Ingresses of the class: kubectl get ingresses,namespaces -A -o yaml > all.yaml, --hpa all.yaml"
    if not measured.traffic:
        yield "requests and connections that stay: painless serve --enable-metrics counts them"
    if not measured.churn:
        yield f"{numbers.CHURN}_total, loads by namespace: there were none, or they are not in what was read"
    if measured.seconds is None:
        yield "for how long was counted: no load and no open request has a rate"


def _yaml(tree: Mapping[str, Any]) -> str:
    return str(yaml.dump(dict(tree), Dumper=yaml.CSafeDumper, sort_keys=False))
