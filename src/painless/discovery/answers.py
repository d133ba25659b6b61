"""The records the responder serves: what the controller tells it, and what it keeps on disk."""

from msgspec import Struct

DOMAIN = "painless"
"""Our own top-level name; the responder answers below it and nothing else."""

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
