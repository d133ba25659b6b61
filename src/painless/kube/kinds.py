"""The kinds that are listed and watched, and where the API has them."""

from msgspec import Struct

from painless.model.objects import ObjectRef


class Kind(Struct, frozen=True):
    """One kind in the version that is read; ``fields`` leaves out at the server what nobody here needs."""

    name: str
    version: str
    plural: str
    namespaced: bool = True
    fields: str = ""

    def path(self, namespace: str = "", name: str = "") -> str:
        """Return the path of one object, of those of a namespace, or of all."""
        root = "/apis" if "/" in self.version else "/api"
        space = f"/namespaces/{namespace}" if namespace else ""
        return f"{root}/{self.version}{space}/{self.plural}{f'/{name}' if name else ''}"


INGRESS = Kind("Ingress", "networking.k8s.io/v1", "ingresses")
INGRESS_CLASS = Kind("IngressClass", "networking.k8s.io/v1", "ingressclasses", namespaced=False)
SERVICE = Kind("Service", "v1", "services")
ENDPOINT_SLICE = Kind("EndpointSlice", "discovery.k8s.io/v1", "endpointslices")
CONFIGMAP = Kind("ConfigMap", "v1", "configmaps")
# Helm keeps each release in a Secret of up to 1 MB, and no Ingress refers to one.
SECRET = Kind("Secret", "v1", "secrets", fields="type!=helm.sh/release.v1")
NAMESPACE = Kind("Namespace", "v1", "namespaces", namespaced=False)

BY_REFERENCE = {"ConfigMap": CONFIGMAP, "Secret": SECRET}
"""Kinds of which only those objects are kept that somebody refers to."""


class Feed(Struct, frozen=True):
    """What is listed and watched: a kind, in one namespace or all of them."""

    kind: Kind
    namespace: str = ""
    labels: str = ""

    @property
    def path(self) -> str:
        return self.kind.path(self.namespace)

    @property
    def query(self) -> dict[str, str]:
        found = {"fieldSelector": self.kind.fields, "labelSelector": self.labels}
        return {key: value for key, value in found.items() if value}

    def covers(self, ref: ObjectRef) -> bool:
        """Whether a list of it would have this object, if there is one."""
        return ref.kind == self.kind.name and self.namespace in {"", ref.namespace}
