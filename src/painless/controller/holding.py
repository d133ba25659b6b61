"""Who keeps old workers alive: from the addresses that they talk to, to hosts and their Ingresses.  Pure.

A socket says which pod it leads to, and objects say whose that pod is; which of several hosts that share a
Service is meant, nobody can tell.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import NamedTuple

from painless.compiler.site import Site, StaticFeed
from painless.model.objects import EndpointSlice, ObjectRef
from painless.model.snapshot import Name
from painless.plan.workers import Holder, Remote

MOST = 10
"""Holders that are told by name; a page with all hosts of a cluster helps nobody."""

OTHERS = ObjectRef("", "", "")


class Owner(NamedTuple):
    """A host that a Service answers for, and how many others it does."""

    host: str
    ingress: ObjectRef
    more: int = 0


def owners(site: Site) -> dict[Name, Owner]:
    """Return for each Service the first host that it answers for."""
    services = {one.name: (one.namespace, one.service) for one in site.every_upstream}
    found: dict[Name, dict[str, ObjectRef]] = {}
    for upstream, host, ref in _uses(site):
        if upstream in services:
            found.setdefault(services[upstream], {}).setdefault(host, ref)
    return {name: Owner(*next(iter(hosts.items())), len(hosts) - 1) for name, hosts in found.items()}


def fixed(site: Site) -> dict[str, Name]:
    """Return the Services that are spoken to at an address of their own."""
    return {
        one.feed.address: (one.namespace, one.service)
        for one in site.every_upstream
        if isinstance(one.feed, StaticFeed)
    }


def places(
    services: Iterable[Name], slices: Callable[[Name], tuple[EndpointSlice, ...]], wanted: Container[str]
) -> dict[str, Name]:
    """Return which of these Services has a pod at each of the ``wanted`` addresses."""
    return {
        address: name
        for name in services
        for part in slices(name)
        for endpoint in part.endpoints
        for address in endpoint.addresses
        if address in wanted
    }


def holders(remotes: Iterable[Remote], owned: Mapping[str, Owner | None]) -> tuple[Holder, ...]:
    """Return whose connections these are, the most first; the rest, and the unknown, together at the end."""
    counts: dict[Owner | None, int] = {}
    for one in remotes:
        owner = owned.get(one.address)
        counts[owner] = counts.get(owner, 0) + one.connections
    others = counts.pop(None, 0)
    ranked = sorted(
        ((count, owner) for owner, count in counts.items() if owner), key=lambda at: (-at[0], at[1])
    )
    named = tuple(Holder(owner.host, owner.ingress, count, owner.more) for count, owner in ranked[:MOST])
    others += sum(count for count, _ in ranked[MOST:])
    return (*named, Holder("", OTHERS, others)) if others else named


def _uses(site: Site) -> Iterator[tuple[str, str, ObjectRef]]:
    """Yield which upstream answers for which host, and who says so; a port that is passed on has no host."""
    for server in site.servers:
        for location in server.locations:
            ref = location.route.origin.ref
            yield from ((upstream, server.host, ref) for upstream in location.route.upstreams)
    yield from ((one.upstream, one.host, one.origin.ref) for one in site.passthrough)
    yield from ((one.upstream, f":{one.port}", one.origin.ref) for one in site.streams)
