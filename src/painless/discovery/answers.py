"""The records the responder serves: what the controller tells it, and what it keeps on disk.

An upstream's name is asked for in one of two ways, as the upstream block says it:

- addresses (A and AAAA): ``server shop.web.80.painless:8080 resolve;``
- peers with their ports (SRV): ``server shop.web.80.painless service=http resolve;``, which makes NGINX
  ask for ``_http._tcp.shop.web.80.painless``.  It refuses a port there.
"""

from msgspec import Struct

DOMAIN = "painless"
"""Our own top-level name; the responder answers below it and nothing else."""

SERVICE = "http"
"""The value of ``service=`` in SRV mode; without a dot NGINX asks for ``_http._tcp.NAME``."""

NO_ENDPOINTS = "255.255.255.255"
"""The answer when a Service has no ready endpoints.

Never an empty answer: NGINX then takes up to 10 s to see new endpoints.  Connecting to the broadcast
address fails at once without a packet (ENETUNREACH or EACCES), for every port and protocol.
"""


class Peer(Struct, frozen=True, order=True):
    """One address and its port."""

    address: str
    port: int


class Answer(Struct, frozen=True):
    """What one upstream's name stands for: addresses, or peers each with a port, or an outside name.

    ``peers`` is sorted and empty when nothing is ready.  With ``srv`` the name answers SRV questions, each
    target a name of its own below the upstream's; without it A and AAAA questions, and ports do not count.
    ``external`` is a name to be resolved outside, again and again, in place of peers.
    """

    upstream: str
    peers: tuple[Peer, ...] = ()
    srv: bool = False
    external: str = ""


def dns_name(upstream: str) -> str:
    """Return the name that NGINX asks for, without a final dot."""
    return f"{upstream}.{DOMAIN}"


def server_parameters(upstream: str, number: int | None) -> tuple[str, ...]:
    """Return the arguments of ``server`` in the upstream block, for one port number or for SRV."""
    name = dns_name(upstream)
    return (name, f"service={SERVICE}", "resolve") if number is None else (f"{name}:{number}", "resolve")
