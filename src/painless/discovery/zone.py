"""What each upstream's name stands for: the join of an upstream with the EndpointSlices of its Service.

Pure, and for one Service at a time, so that a pod that comes or goes costs the same in a small and in a
large cluster.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import assert_never

from msgspec import Struct, structs

from painless.compiler.site import EndpointsFeed, ExternalFeed, StaticFeed, Upstream
from painless.discovery.addresses import canonical, refusal
from painless.discovery.answers import Answer, Peer
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import EndpointSlice

_FAMILIES = frozenset({"IPv4", "IPv6"})  # slices of type FQDN are deprecated and were never served

Findings = tuple[Diagnostic, ...]


class Ours(Struct, frozen=True):
    """What listens on this machine and is ours: the ports, and what tells the machine's addresses."""

    ports: frozenset[int] = frozenset()
    is_own: Callable[[str], bool] = lambda _: False

    def has(self, peer: Peer) -> bool:
        # The port first: it is nearly never one of ours, and an address is asked of the kernel.
        return peer.port in self.ports and self.is_own(peer.address)


NOTHING = Ours()
"""For commands that look at a cluster from another machine."""


def answer(
    upstream: Upstream,
    slices: Iterable[EndpointSlice],
    *,
    allow_loopback: bool,
    ours: Ours = NOTHING,
    zone: str = "",
) -> tuple[Answer, Findings]:
    """Return what ``upstream`` stands for, and what in its endpoints cannot be served.

    ``slices`` may hold those of other Services; only the upstream's own count.  In a ``zone`` the endpoints
    that are hinted for it stand alone, if the hints are whole.
    """
    match upstream.feed:
        case EndpointsFeed():
            own = (one for one in slices if (one.namespace, one.service) == _service(upstream))
            near = _near(tuple(own), zone)
            return _from_endpoints(upstream, upstream.feed, near, allow_loopback=allow_loopback, ours=ours)
        case ExternalFeed():
            return _from_outside(upstream, upstream.feed, allow_loopback=allow_loopback, ours=ours)
        case StaticFeed(address, number):
            return Answer(upstream.name, (Peer(address, number),)), ()
        case _:
            assert_never(upstream.feed)


def _from_endpoints(
    upstream: Upstream,
    feed: EndpointsFeed,
    slices: Iterable[EndpointSlice],
    *,
    allow_loopback: bool,
    ours: Ours,
) -> tuple[Answer, Findings]:
    peers: set[Peer] = set()
    findings: list[Diagnostic] = []
    for one in slices:
        for field, peer in _ready(one, feed):
            why = refusal(peer.address, allow_loopback=allow_loopback)
            if not why and ours.has(peer):
                why = f"with port {peer.port} is a listener of Painless"
            if why:
                findings.append(_refused(one, field, peer.address, why))
            else:
                peers.add(Peer(canonical(peer.address), peer.port))
    return Answer(upstream.name, tuple(sorted(peers)), srv=feed.number is None), tuple(sorted(findings))


def _near(slices: tuple[EndpointSlice, ...], zone: str) -> tuple[EndpointSlice, ...]:
    """Return the slices with only what is hinted for ``zone`` ready.

    All count where an endpoint has no hint, which is so while the cluster changes its mind, and where none
    that is ready is hinted for the zone: a pod that is far is better than none.
    """
    endpoints = [one for some in slices for one in some.endpoints]
    whole = bool(zone) and all(one.zones for one in endpoints)
    if not whole or not any(one.ready and zone in one.zones for one in endpoints):
        return slices
    return tuple(
        structs.replace(
            some,
            endpoints=tuple(
                structs.replace(one, ready=one.ready and zone in one.zones) for one in some.endpoints
            ),
        )
        for some in slices
    )


def _service(upstream: Upstream) -> tuple[str, str]:
    return upstream.namespace, upstream.service


def _ready(one: EndpointSlice, feed: EndpointsFeed) -> Iterator[tuple[str, Peer]]:
    """Yield each peer of a slice that may get traffic, with the field its address is in.

    Where the configuration names the port, a peer at another one cannot be reached: it waits for the
    configuration that names no port.
    """
    ports = [port.port for port in one.ports if port.name == feed.port_name]
    ports = [port for port in ports if feed.number in (None, port)]
    if one.address_type not in _FAMILIES or not ports:
        return
    for at, endpoint in enumerate(one.endpoints):
        if endpoint.ready:
            for index, address in enumerate(endpoint.addresses):
                yield f"endpoints[{at}].addresses[{index}]", Peer(address, ports[0])


def _refused(one: EndpointSlice, field: str, address: str, why: str) -> Diagnostic:
    says = f"the endpoint {address!r} {why}; expected the address of a pod or another machine"
    return Diagnostic(one.ref, field, Reason.ENDPOINT_REFUSED, Severity.ERROR, says)


def _from_outside(
    upstream: Upstream, feed: ExternalFeed, *, allow_loopback: bool, ours: Ours
) -> tuple[Answer, Findings]:
    name = feed.hostname.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return _not_outside(upstream, f"the external name {feed.hostname!r} means NGINX's own machine")
    why = refusal(name, allow_loopback=allow_loopback)
    if not why and ours.is_own(name):
        why = "is an address of NGINX's own machine"
    if not why:
        return Answer(upstream.name, (Peer(canonical(name), feed.number),)), ()
    if why != refusal("not an address", allow_loopback=allow_loopback):
        return _not_outside(upstream, f"the external name {feed.hostname!r} {why}")
    return Answer(upstream.name, external=feed.hostname.lower()), ()


def _not_outside(upstream: Upstream, found: str) -> tuple[Answer, Findings]:
    says = f"{found}; expected a name outside the cluster"
    finding = Diagnostic(
        upstream.origin.ref, upstream.origin.field, Reason.EXTERNAL_NAME_REFUSED, Severity.ERROR, says
    )
    return Answer(upstream.name), (finding,)
