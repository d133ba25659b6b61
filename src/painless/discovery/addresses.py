"""Which addresses may be a peer at all.

A user decides what an EndpointSlice or an outside name holds.  NGINX's own loopback, the node's metadata
service (link-local) and everything that is not one machine must not be reachable that way.
"""

import ipaddress

_BROADCAST = ipaddress.IPv4Address("255.255.255.255")
_THIS_HOST = ipaddress.IPv4Network("0.0.0.0/8")


def refusal(address: str, *, allow_loopback: bool) -> str:
    """Return why ``address`` may not be a peer, or nothing when it may."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "is not an IP address"
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id:
            return "has a zone"
        found = found.ipv4_mapped or found
    # 0.0.0.0/8 reaches the host itself, like 0.0.0.0.
    if found.is_unspecified or found in _THIS_HOST:
        return "is unspecified"
    if found.is_loopback:
        return "" if allow_loopback else "is a loopback address"
    kinds = (
        (found.is_link_local, "is a link-local address"),
        (found.is_multicast, "is a multicast address"),
        (found == _BROADCAST, "is the broadcast address"),
    )
    return next((says for holds, says in kinds if holds), "")


def canonical(address: str) -> str:
    """Return the one spelling of an address that ``refusal`` accepted."""
    return str(ipaddress.ip_address(address))
