"""Our view of the Kubernetes objects: the fields that decide what is served, and no others.

Objects are frozen, hashable and comparable by content, so that a pure function of one of them can be
memoised.  Missing optional fields have the value the API server's defaulting would give them.  The garbage
collector does not walk them (``gc=False``): they hold no cycles, and there are many.
"""

from enum import StrEnum

from msgspec import Struct

from painless.sensitive import Sensitive


class ObjectRef(Struct, frozen=True, order=True, gc=False):
    """Which object: kind, namespace (empty for cluster-wide kinds) and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Origin(Struct, frozen=True, order=True, gc=False):
    """Which object and field something comes from."""

    ref: ObjectRef
    field: str


class PathType(StrEnum):
    """How an Ingress path is compared with the path of a request."""

    EXACT = "Exact"
    PREFIX = "Prefix"
    IMPLEMENTATION_SPECIFIC = "ImplementationSpecific"


class ServiceBackend(Struct, frozen=True, gc=False, tag=True):
    """A Service in the Ingress's namespace and one of its ports, by number or by name."""

    name: str
    port: int | str


class ResourceBackend(Struct, frozen=True, gc=False, tag=True):
    """A backend that is an object of another kind; no Ingress controller of NGINX serves these."""

    kind: str
    name: str


Backend = ServiceBackend | ResourceBackend


class Path(Struct, frozen=True, gc=False):
    """One path of a rule; ``path`` is empty when the author left it out."""

    path: str
    path_type: PathType
    backend: Backend


class Rule(Struct, frozen=True, gc=False):
    """The paths of one host; the empty host means every host."""

    host: str
    paths: tuple[Path, ...]


class IngressTls(Struct, frozen=True, gc=False):
    """Hosts served with the certificate of one Secret; an empty name means the default certificate."""

    hosts: tuple[str, ...]
    secret: str


class Ingress(Struct, frozen=True, gc=False):
    """One Ingress; ``created`` is in seconds since 1970, 0 when unknown."""

    namespace: str
    name: str
    created: float = 0.0
    annotations: tuple[tuple[str, str], ...] = ()
    class_name: str | None = None
    default_backend: Backend | None = None
    rules: tuple[Rule, ...] = ()
    tls: tuple[IngressTls, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef("Ingress", self.namespace, self.name)


class IngressClass(Struct, frozen=True, gc=False):
    """A class of Ingresses and the controller that serves it."""

    name: str
    controller: str

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef("IngressClass", "", self.name)


class ServicePort(Struct, frozen=True, gc=False):
    """A port of a Service; ``target`` is the pods' port number, or its name when pods may differ."""

    port: int
    name: str = ""
    target: int | str = 0
    protocol: str = "TCP"

    @property
    def target_or_port(self) -> int | str:
        return self.target or self.port


class Service(Struct, frozen=True, gc=False):
    """A Service; ``cluster_ip`` is empty or ``None`` (the word) when headless."""

    namespace: str
    name: str
    type: str = "ClusterIP"
    cluster_ip: str = ""
    external_name: str = ""
    ports: tuple[ServicePort, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef("Service", self.namespace, self.name)


class Endpoint(Struct, frozen=True, gc=False):
    """The addresses of one pod, whether it may get traffic, and the zones it is hinted for, if any."""

    addresses: tuple[str, ...]
    ready: bool = True
    zones: tuple[str, ...] = ()


class EndpointPort(Struct, frozen=True, gc=False):
    """A port number that all endpoints of a slice share, under the Service port's name."""

    name: str
    port: int
    protocol: str = "TCP"


class EndpointSlice(Struct, frozen=True, gc=False):
    """Some of a Service's endpoints."""

    namespace: str
    name: str
    service: str
    address_type: str = "IPv4"
    ports: tuple[EndpointPort, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef("EndpointSlice", self.namespace, self.name)


class Secret(Struct, frozen=True, gc=False):
    """A Secret; its values cannot be printed."""

    namespace: str
    name: str
    type: str = "Opaque"
    data: tuple[tuple[str, Sensitive], ...] = ()

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef("Secret", self.namespace, self.name)

    def get(self, key: str) -> Sensitive | None:
        return next((value for name, value in self.data if name == key), None)


class ConfigMap(Struct, frozen=True, gc=False):
    """A ConfigMap's text values."""

    namespace: str
    name: str
    data: tuple[tuple[str, str], ...] = ()

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef("ConfigMap", self.namespace, self.name)


Object = Ingress | IngressClass | Service | EndpointSlice | Secret | ConfigMap
