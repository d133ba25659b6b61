"""Which addresses may be a peer at all.

A user decides what an EndpointSlice or an outside name holds.  NGINX's own loopback, the node's metadata
service (link-local) and everything that is not one machine must not be reachable that way.
"""

import ipaddress

from painless.annotations.addresses import LOOPBACK, no_other_machine


def refusal(address: str, *, allow_loopback: bool) -> str:
    """Return why ``address`` may not be a peer, or nothing when it may."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "is not an IP address"
    if isinstance(found, ipaddress.IPv6Address) and found.scope_id:
        return "has a zone"
    says = no_other_machine(found)
    return "" if says == LOOPBACK and allow_loopback else says


def canonical(address: str) -> str:
    """Return the one spelling of an address that ``refusal`` accepted."""
    return str(ipaddress.ip_address(address))
