"""All objects at one moment, ordered and indexed: the one input of the compiler.

Endpoint addresses are not in it.  The compiler sees of a Service's endpoints only the port numbers they
use, so that a pod that comes or goes leaves the snapshot equal and nothing is compiled.
"""

from collections.abc import Iterable, Mapping
from typing import assert_never

from msgspec import Struct, field

from painless.model.objects import (
    ConfigMap,
    EndpointSlice,
    Ingress,
    IngressClass,
    Object,
    Secret,
    Service,
)

Name = tuple[str, str]
"""A namespace and a name."""

PortNumbers = frozenset[tuple[str, int, str]]
"""The port numbers that a Service's endpoints use, each with the port's name and the addresses' type."""


class Snapshot(Struct, frozen=True):
    """Every object of the kinds we read; ``ingresses`` are in precedence."""

    ingresses: tuple[Ingress, ...] = ()
    classes: Mapping[str, IngressClass] = field(default_factory=dict)
    services: Mapping[Name, Service] = field(default_factory=dict)
    port_numbers: Mapping[Name, PortNumbers] = field(default_factory=dict)
    secrets: Mapping[Name, Secret] = field(default_factory=dict)
    configmaps: Mapping[Name, ConfigMap] = field(default_factory=dict)


def in_precedence(ingresses: Iterable[Ingress]) -> tuple[Ingress, ...]:
    """Order Ingresses by the one rule for all conflicts: the oldest wins.

    At equal creation times the greater ``namespace/name`` comes first, as ingress-nginx has it: a
    migrating cluster must keep its winners (docs/adr/0005-precedence.md).
    """
    by_name = sorted(ingresses, key=lambda one: f"{one.namespace}/{one.name}", reverse=True)
    return tuple(sorted(by_name, key=lambda one: one.created))


def port_numbers(slices: Iterable[EndpointSlice]) -> PortNumbers:
    """Return what of a Service's endpoints decides configuration: ports and types of address in use."""
    return frozenset((port.name, port.port, one.address_type) for one in slices for port in one.ports)


def snapshot_of(objects: Iterable[Object]) -> Snapshot:
    """Order and index ``objects``; their order of arrival does not matter."""
    ingresses: list[Ingress] = []
    classes: dict[str, IngressClass] = {}
    services: dict[Name, Service] = {}
    slices: dict[Name, list[EndpointSlice]] = {}
    secrets: dict[Name, Secret] = {}
    configmaps: dict[Name, ConfigMap] = {}
    for one in objects:
        match one:
            case Ingress():
                ingresses.append(one)
            case IngressClass():
                classes[one.name] = one
            case Service():
                services[one.namespace, one.name] = one
            case EndpointSlice():
                slices.setdefault((one.namespace, one.service), []).append(one)
            case Secret():
                secrets[one.namespace, one.name] = one
            case ConfigMap():
                configmaps[one.namespace, one.name] = one
            case _:
                assert_never(one)
    return Snapshot(
        ingresses=in_precedence(ingresses),
        classes=classes,
        services=services,
        port_numbers={name: port_numbers(some) for name, some in slices.items()},
        secrets=secrets,
        configmaps=configmaps,
    )
