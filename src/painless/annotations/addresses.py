"""Which addresses are no other machine's, whoever wrote them: one answer for all that a user may name.

NGINX's own loopback, the node's metadata service (link-local) and what is not one machine must not be
reachable because somebody wrote an address.  Whether text is an address at all is its reader's to say.
"""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LOOPBACK = "is a loopback address"
_BROADCAST = ipaddress.IPv4Address("255.255.255.255")
_THIS_HOST = ipaddress.IPv4Network("0.0.0.0/8")  # Reaches the host itself, like 0.0.0.0.


def no_other_machine(address: Address) -> str:
    """Return what the address is instead of another machine's; empty when it may be one's."""
    plain = getattr(address, "ipv4_mapped", None) or address
    kinds = (
        (plain.is_unspecified or plain in _THIS_HOST, "is unspecified"),
        (plain.is_loopback, LOOPBACK),
        (plain.is_link_local, "is a link-local address"),
        (plain.is_multicast, "is a multicast address"),
        (plain == _BROADCAST, "is the broadcast address"),
    )
    return next((says for holds, says in kinds if holds), "")


def is_this_machine(host: str) -> bool:
    """Whether a host, a name or an address, can be no other machine's."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return no_other_machine(ipaddress.ip_address(host)) != ""
    except ValueError:
        return False
