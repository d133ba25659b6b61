"""The latest objects: the only mutable picture of the cluster.

Events only change what is here and say what has to be looked at again: the routing, or the endpoints of
single Services.  A pod that comes or goes touches one Service and no routing.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct, structs

from painless.controller.neighbours import Neighbours
from painless.model.objects import EndpointSlice, Ingress, Object, ObjectRef
from painless.model.snapshot import Name, PortNumbers, Snapshot, port_numbers, snapshot_of


class Touched(Struct, frozen=True):
    """What a change touches: whether a compile is due, and the Services whose endpoints moved."""

    routing: bool
    services: frozenset[Name]


class Taken(Struct, frozen=True):
    """What decides configuration, as it was at one moment: every object but slices, of which the ports."""

    objects: Mapping[ObjectRef, Object]
    port_numbers: Mapping[Name, PortNumbers]

    def snapshot(self) -> Snapshot:
        """Order and index the objects; at 5,000 Ingresses that is no work for the event loop."""
        return structs.replace(snapshot_of(self.objects.values()), port_numbers=self.port_numbers)


class Inbox:
    """Objects by reference, slices by Service."""

    def __init__(self) -> None:
        self._objects: dict[ObjectRef, Object] = {}
        self._slices: dict[Name, dict[ObjectRef, EndpointSlice]] = {}
        self._services: dict[ObjectRef, Name] = {}
        self._ports: dict[Name, PortNumbers] = {}
        self._neighbours = Neighbours()

    def take(self, upserts: Iterable[Object], removals: Iterable[ObjectRef]) -> Touched:
        """Keep the change and say what it touches."""
        routing = False
        services: set[Name] = set()
        for ref in removals:
            if ref in self._services:
                services.add(self._drop(ref))
            else:
                self._replace(ref, None)
                routing = True
        for one in upserts:
            if isinstance(one, EndpointSlice):
                if one.ref in self._services:
                    services.add(self._drop(one.ref))
                services.add(self._add(one))
            # An equal object stays the one it was: whoever compares thousands does so by identity first.
            elif self._objects.get(one.ref) != one:
                self._replace(one.ref, one)
                routing = True
        # Only the port numbers of endpoints decide configuration; every Service has to be looked at.
        ports_moved = [self._count_ports(name) for name in services]
        return Touched(routing or any(ports_moved), frozenset(services))

    def slices(self, service: Name) -> tuple[EndpointSlice, ...]:
        """Return the slices of one Service."""
        return tuple(self._slices.get(service, {}).values())

    def services_at(self, address: str) -> tuple[Name, ...]:
        """Return the Services that have an endpoint at this address, ready or not."""
        return tuple(
            name
            for name, slices in self._slices.items()
            if any(address in each.addresses for one in slices.values() for each in one.endpoints)
        )

    def has(self, ref: ObjectRef) -> bool:
        return ref in self._objects or ref in self._services

    def service_of(self, ref: ObjectRef) -> Name | None:
        """Return the Service whose endpoints a slice has, if there is that slice."""
        return self._services.get(ref)

    def neighbours(self, names: Iterable[str]) -> tuple[Ingress, ...]:
        """Return every Ingress that has one of these names as a host or an alias."""
        found = (self._objects[ref] for ref in self._neighbours.of(names))
        return tuple(one for one in found if isinstance(one, Ingress))

    def taken(self) -> Taken:
        """Return what decides configuration at the moment: two copies of references, for any thread."""
        return Taken(dict(self._objects), dict(self._ports))

    @property
    def objects(self) -> Mapping[ObjectRef, Object]:
        return self._objects

    def _replace(self, ref: ObjectRef, one: Object | None) -> None:
        """Keep the object that has this name now, if any."""
        before = self._objects.pop(ref, None)
        if isinstance(before, Ingress):
            self._neighbours.drop(before)
        if one is not None:
            self._objects[ref] = one
        if isinstance(one, Ingress):
            self._neighbours.add(one)

    def _add(self, one: EndpointSlice) -> Name:
        name = (one.namespace, one.service)
        self._slices.setdefault(name, {})[one.ref] = one
        self._services[one.ref] = name
        return name

    def _drop(self, ref: ObjectRef) -> Name:
        name = self._services.pop(ref)
        del self._slices[name][ref]
        if not self._slices[name]:
            del self._slices[name]
        return name

    def _count_ports(self, name: Name) -> bool:
        """Bring a Service's port numbers up to date; return whether they changed."""
        before = self._ports.pop(name, None)
        if name in self._slices:
            self._ports[name] = port_numbers(self._slices[name].values())
        return (before or frozenset()) != self._ports.get(name, frozenset())
