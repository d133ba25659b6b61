"""The kinds of Kubernetes that checks ask about, and the facts that objects of them become.

A fact has all objects of one kind.  A kind of which nothing was read is missing, with why: a folder without
a Secret says nothing about which Secrets there are.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct

from painless.doctor.facts import Fact
from painless.doctor.parts import Part
from painless.kube import kinds
from painless.kube.kinds import Kind
from painless.model.objects import ObjectRef

INGRESSES = "Ingresses"
CLASSES = "IngressClasses"
SERVICES = "Services"
SLICES = "EndpointSlices"
CONFIGMAPS = "ConfigMaps"
NAMESPACES = "Namespaces"
PODS = "Pods"
WORKLOADS = "Deployments, DaemonSets and StatefulSets"
HPAS = "HorizontalPodAutoscalers"
VPAS = "VerticalPodAutoscalers"
BUDGETS = "PodDisruptionBudgets"
ROLES = "ClusterRoles"
BINDINGS = "ClusterRoleBindings"
EVENTS = "Events"
SECRETS = "Secrets"


class Named(Protocol):
    """What has a reference."""

    @property
    def ref(self) -> ObjectRef: ...


T = TypeVar("T", bound=Named)


class Some(Struct, Generic[T], frozen=True, eq=False):
    """All objects of a kind that were found; ``whole`` unless they are those of a folder."""

    found: tuple[T, ...]
    whole: bool = True

    def __iter__(self) -> Iterator[T]:
        return iter(self.found)

    @property
    def by_name(self) -> dict[tuple[str, str], T]:
        return {(one.ref.namespace, one.ref.name): one for one in self.found}

    def tells(self, namespace: str) -> bool:
        """Whether an object of this namespace that was not found does not exist.

        Who keeps a namespace's objects of a kind in a folder at all is taken to keep all of them there.
        """
        return self.whole or any(one.ref.namespace == namespace for one in self.found)


Objects = Some[Part]


class Source(Struct, frozen=True):
    """A kind, the fact it becomes, and whether the API server may not know it at all."""

    kind: Kind
    fact: str
    optional: bool = False


_EVENTS = Kind("Event", "v1", "events", fields="involvedObject.kind!=Node")

SOURCES = (
    Source(kinds.INGRESS, INGRESSES),
    Source(kinds.INGRESS_CLASS, CLASSES),
    Source(kinds.SERVICE, SERVICES),
    Source(kinds.ENDPOINT_SLICE, SLICES),
    Source(kinds.CONFIGMAP, CONFIGMAPS),
    Source(kinds.NAMESPACE, NAMESPACES),
    Source(Kind("Pod", "v1", "pods"), PODS),
    Source(Kind("Deployment", "apps/v1", "deployments"), WORKLOADS),
    Source(Kind("DaemonSet", "apps/v1", "daemonsets"), WORKLOADS),
    Source(Kind("StatefulSet", "apps/v1", "statefulsets"), WORKLOADS),
    Source(Kind("HorizontalPodAutoscaler", "autoscaling/v2", "horizontalpodautoscalers"), HPAS),
    Source(
        Kind("VerticalPodAutoscaler", "autoscaling.k8s.io/v1", "verticalpodautoscalers"), VPAS, optional=True
    ),
    Source(Kind("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets"), BUDGETS),
    Source(Kind("ClusterRole", "rbac.authorization.k8s.io/v1", "clusterroles", namespaced=False), ROLES),
    Source(
        Kind("ClusterRoleBinding", "rbac.authorization.k8s.io/v1", "clusterrolebindings", namespaced=False),
        BINDINGS,
    ),
    Source(_EVENTS, EVENTS),
    Source(kinds.SECRET, SECRETS),
)
"""What is looked at, each with where the API has it."""


class Pair(Struct, frozen=True):
    """What a Secret holds for TLS: its names, when it ends in days, and why it cannot be used, if so.

    Nothing of its key is kept.
    """

    ref: ObjectRef
    hosts: tuple[str, ...] = ()
    ends_in: float = 0.0
    problem: str = ""
    rsa_bits: int = 0
    where: str = ""


class Listed(Struct, frozen=True, eq=False):
    """What was read: objects by kind, why other kinds are missing, and where all of it is from."""

    objects: Mapping[str, Iterable[Part]]
    missing: Mapping[str, str]
    source: str
    whole: bool = True
    problems: tuple[str, ...] = ()


def facts_of(
    listed: Listed, read: Callable[[Part], Pair], at: float
) -> tuple[dict[str, Fact[Any]], dict[str, str]]:
    """Return the facts that lists become, and why others are missing; ``read`` makes a pair of a Secret."""
    found: dict[str, list[Any]] = {}
    missing: dict[str, str] = {}
    for one in SOURCES:
        if one.kind.name in listed.objects:
            objects = listed.objects[one.kind.name]
            some = map(read, objects) if one.fact == SECRETS else objects
            found.setdefault(one.fact, []).extend(some)
        elif listed.whole:
            # Of three kinds that are one fact, two say nothing about what there is not.
            missing[one.fact] = listed.missing.get(one.kind.name, f"{one.fact} were not listed")
    if not listed.whole:
        missing |= {
            one.fact: f"{listed.source} has no {one.fact}" for one in SOURCES if one.fact not in found
        }
    facts = {
        name: Fact(Some(tuple(some), listed.whole), listed.source, at)
        for name, some in found.items()
        if name not in missing
    }
    return facts, missing
