"""How old upgraded connections to a pod may become: from what Ingresses say, to addresses.  Pure.

A socket says which pod it leads to, and not by which path, so where several paths lead to a Service the
largest of their limits holds; where one of them has none, there is none.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from painless.compiler.site import Proxy, Route, Site
from painless.model.objects import EndpointSlice, ObjectRef
from painless.model.snapshot import Name


class Limit(NamedTuple):
    """How many seconds, and whose that is; infinite where there is no limit."""

    seconds: float
    host: str
    ingress: ObjectRef


class Limits(NamedTuple):
    """The limit of each Service, and those that do not hold, with the one that does."""

    services: Mapping[Name, Limit]
    overruled: tuple[tuple[Limit, Limit], ...]

    @property
    def any(self) -> bool:
        return any(one.seconds < math.inf for one in self.services.values())


def limits(site: Site) -> Limits:
    """Return what the Ingresses of a site come to."""
    services = {one.name: (one.namespace, one.service) for one in site.every_upstream}
    asked: dict[Name, dict[Limit, None]] = {}
    for upstream, limit in _uses(site):
        if upstream in services:
            asked.setdefault(services[upstream], {})[limit] = None
    hold = {name: max(some, key=lambda one: one.seconds) for name, some in asked.items()}
    lost = {
        (one.ingress, hold[name].ingress): (one, hold[name])
        for name, some in asked.items()
        for one in some
        if one.seconds < hold[name].seconds
    }
    return Limits(hold, tuple(lost.values()))


def addresses(
    services: Iterable[tuple[Name, Limit]], slices: Callable[[Name], tuple[EndpointSlice, ...]]
) -> Iterator[tuple[str, Limit]]:
    """Yield the pods of each of these Services with its limit."""
    for name, limit in services:
        for part in slices(name):
            for endpoint in part.endpoints:
                yield from ((address, limit) for address in endpoint.addresses)


def _uses(site: Site) -> Iterator[tuple[str, Limit]]:
    """Yield which upstream is used by whom."""
    for server in site.servers:
        for location in server.locations:
            route = location.route
            ref, age = route.origin.ref, route.settings.max_age or math.inf
            asked = _asked(route)
            for one in route.upstreams:
                # Questions and copies are no connections of clients: whoever has them has no limit.
                yield one, Limit(age if one in asked else math.inf, server.host, ref)
    # What is passed on unread looks as upgraded connections do.
    for passed in site.passthrough:
        yield passed.upstream, Limit(math.inf, passed.host, passed.origin.ref)
    for stream in site.streams:
        yield stream.upstream, Limit(math.inf, f":{stream.port}", stream.origin.ref)


def _asked(route: Route) -> frozenset[str]:
    """Return the upstreams that the requests of clients go to."""
    if not isinstance(route.answer, Proxy):
        return frozenset()
    arm = route.answer.canary
    return frozenset({route.answer.upstream, arm.upstream if arm else route.answer.upstream})
