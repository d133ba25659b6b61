"""The latest objects: the only mutable picture of the cluster.

Events only change what is here and say what has to be looked at again: the routing, or the endpoints of
single Services.  A pod that comes or goes touches one Service and no routing.
"""

from collections.abc import Iterable

from msgspec import Struct

from painless.model.objects import EndpointSlice, Object, ObjectRef
from painless.model.snapshot import Name, Snapshot, port_numbers, snapshot_of


class Touched(Struct, frozen=True):
    """What a change touches: whether a compile is due, and the Services whose endpoints moved."""

    routing: bool
    services: frozenset[Name]


class Inbox:
    """Objects by reference, slices by Service."""

    def __init__(self) -> None:
        self._objects: dict[ObjectRef, Object] = {}
        self._slices: dict[Name, dict[ObjectRef, EndpointSlice]] = {}

    def take(self, upserts: Iterable[Object], removals: Iterable[ObjectRef]) -> Touched:
        """Keep the change and say what it touches."""
        routing = False
        services: dict[Name, object] = {}
        for ref in removals:
            known = self._objects.pop(ref, None)
            if isinstance(known, EndpointSlice):
                self._touch(known, services)
                self._slices[known.namespace, known.service].pop(ref, None)
            else:
                routing = True
        for one in upserts:
            known = self._objects.get(one.ref)
            self._objects[one.ref] = one
            for each in (known, one):
                if isinstance(each, EndpointSlice):
                    self._touch(each, services)
            if isinstance(known, EndpointSlice):
                self._slices[known.namespace, known.service].pop(known.ref, None)
            if isinstance(one, EndpointSlice):
                self._slices.setdefault((one.namespace, one.service), {})[one.ref] = one
            else:
                routing = True
        # Only the port numbers of endpoints decide configuration.
        routing = routing or any(
            port_numbers(self.slices(name)) != before for name, before in services.items()
        )
        return Touched(routing, frozenset(services))

    def slices(self, service: Name) -> tuple[EndpointSlice, ...]:
        """Return the slices of one Service."""
        return tuple(self._slices.get(service, {}).values())

    def snapshot(self) -> Snapshot:
        return snapshot_of(self._objects.values())

    def _touch(self, one: EndpointSlice, services: dict[Name, object]) -> None:
        name = (one.namespace, one.service)
        services.setdefault(name, port_numbers(self.slices(name)))
