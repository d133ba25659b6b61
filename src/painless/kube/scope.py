"""Which part of the cluster counts, and which lists and watches bring it.  Pure.

What flags name (the global ConfigMap, those of TCP and UDP services, the default backend, the default
certificate) counts wherever it is: of its kind, its namespace is read too.
"""

from collections.abc import Iterable

from msgspec import Struct

from painless.kube.kinds import (
    CONFIGMAP,
    ENDPOINT_SLICE,
    INGRESS,
    INGRESS_CLASS,
    NAMESPACE,
    SECRET,
    SERVICE,
    Feed,
    Kind,
)
from painless.kube.references import Referring
from painless.model.objects import ObjectRef
from painless.model.snapshot import Name


class Scope(Struct, frozen=True, kw_only=True):
    """What the operator decided; without a namespace or selector, all namespaces count.

    ``services`` are the ConfigMaps of TCP and UDP services.
    """

    namespace: str = ""
    selector: str = ""
    prefix: str = "nginx.ingress.kubernetes.io"
    configmap: Name | None = None
    default_backend: Name | None = None
    default_certificate: Name | None = None
    services: tuple[Name, ...] = ()

    @property
    def referring(self) -> Referring:
        return Referring(self.prefix, self.configmap)

    @property
    def fixed(self) -> frozenset[ObjectRef]:
        """Secrets and ConfigMaps that flags refer to."""
        configmaps = (self.configmap, *self.services)
        named = (*(("ConfigMap", one) for one in configmaps), ("Secret", self.default_certificate))
        return frozenset(ObjectRef(kind, *name) for kind, name in named if name)

    def feeds(self, kind: Kind) -> tuple[Feed, ...]:
        """Return what has to be watched to know what counts of a kind."""
        if not kind.namespaced:
            return (Feed(kind, labels=self.selector if kind is NAMESPACE else ""),)
        if not self.namespace:
            return (Feed(kind),)
        return tuple(Feed(kind, space) for space in sorted({self.namespace, *self._homes(kind)}))

    def accepts(self, ref: ObjectRef, selected: frozenset[str]) -> bool:
        """Whether an object counts, when ``selected`` are the namespaces that the selector matches."""
        kind = _KINDS[ref.kind]
        if not kind.namespaced or ref.namespace in self._homes(kind):
            return True
        if self.namespace:
            return ref.namespace == self.namespace
        return not self.selector or ref.namespace in selected

    def _homes(self, kind: Kind) -> frozenset[str]:
        named: Iterable[Name | None] = {
            CONFIGMAP: (self.configmap, *self.services),
            SECRET: (self.default_certificate,),
            SERVICE: (self.default_backend,),
            ENDPOINT_SLICE: (self.default_backend,),
        }.get(kind, ())
        return frozenset(name[0] for name in named if name)


STAGES = ((INGRESS, INGRESS_CLASS, SERVICE, ENDPOINT_SLICE), (CONFIGMAP,), (SECRET,))
"""Kinds in the order of their first lists: who refers to what comes before what is referred to."""


_KINDS = {kind.name: kind for stage in STAGES for kind in stage}
