"""The records the responder serves: what the controller tells it, and what it keeps on disk.

An upstream's name is asked for in one of two ways, as the upstream block says it:

- addresses (A and AAAA): ``server shop.web.80.painless:8080 resolve;``
- peers with their ports (SRV): ``server shop.web.80.painless service=http resolve;``, which makes NGINX
  ask for ``_http._tcp.shop.web.80.painless``.  It refuses a port there.

``resolver`` has all addresses of the responder and no ``valid=``, which would overrule TTL 0; with
``resolver_timeout 2s`` a question that was lost is asked again within 4 s (by default 60).
"""

from msgspec import Struct

from painless.nginx.resolver import DOMAIN, NO_ENDPOINTS, SERVICE, dns_name, server_parameters

__all__ = ["DOMAIN", "NO_ENDPOINTS", "SERVICE", "Answer", "Peer", "dns_name", "server_parameters"]


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
