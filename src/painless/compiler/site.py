"""What NGINX will serve, in NGINX's words: the value between Kubernetes objects and directives.

Everything that an author decided carries its origin; after this stage nobody looks at an annotation.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from painless.model.objects import ObjectRef


class Origin(Struct, frozen=True, order=True):
    """Which object and field something comes from."""

    ref: ObjectRef
    field: str


class EndpointsFeed(Struct, frozen=True):
    """Peers are the ready endpoints of a Service's port.

    ``port_name`` picks the port within the EndpointSlices.  ``number`` is the port number that all
    endpoints share and the configuration names; ``None`` when they may differ or when each peer needs a
    name of its own, so that the port travels with the address (SRV).
    """

    port_name: str
    number: int | None


class ExternalFeed(Struct, frozen=True):
    """Peers are the addresses of a name outside the cluster (a Service of type ExternalName)."""

    hostname: str
    number: int


class StaticFeed(Struct, frozen=True):
    """The one peer is an address that does not change: a Service's ClusterIP."""

    address: str
    number: int


Feed = EndpointsFeed | ExternalFeed | StaticFeed


class Upstream(Struct, frozen=True):
    """A group of peers that one Service port feeds.

    ``name`` is its identity in NGINX and in DNS, made of namespace, Service and port; it must not depend
    on anything else, since peers survive a reload only under the same name.  ``label`` is what
    ingress-nginx calls it, in logs and metrics.
    """

    name: str
    label: str
    namespace: str
    service: str
    port: str
    feed: Feed
    origin: Origin
