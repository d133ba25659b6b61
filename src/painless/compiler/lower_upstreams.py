"""Upstream blocks: a group of peers each, resolved by NGINX itself where they can change."""

from typing import assert_never

from painless.compiler.resolve import cookie_id
from painless.compiler.site import EndpointsFeed, ExternalFeed, StaticFeed, Upstream
from painless.nginx.resolver import server_parameters
from painless.nginx.tokens import Expr, Var, expr
from painless.nginx.tree import Directive, block, directive

ZONE = "upstreams"
"""The one shared memory zone: its name never changes, since a renamed zone forgets its peers."""

_PER_UPSTREAM = 32  # KiB: an upstream takes about 2 and a peer 0.7, so this is room for some 40 peers each.
_LEAST = 1024  # KiB.

_KEEPALIVE = 32  # Idle connections kept to each upstream by each worker.


def zone_size(upstreams: int) -> str:
    """Return the zone's size: a power of two, so that one upstream more seldom changes every block."""
    wanted = max(_LEAST, upstreams * _PER_UPSTREAM)
    return f"{(1 << (wanted - 1).bit_length()) // 1024}m"


def lower_upstream(upstream: Upstream, zone: str) -> Directive:
    """Return the block; ``zone`` is the size of the zone that all share."""
    return block(
        "upstream",
        upstream.name,
        body=(
            directive("zone", ZONE, zone),
            *_balancing(upstream),
            directive("server", *_server(upstream), "max_fails=0"),
            directive("keepalive", _KEEPALIVE),
        ),
        comment=f"Service {upstream.namespace}/{upstream.service}, port {upstream.port}",
        origin=upstream.origin,
    )


def _balancing(upstream: Upstream) -> tuple[Directive, ...]:
    if upstream.affinity is None:
        return ()
    cookie, persistent = upstream.affinity
    if persistent:
        # The attributes differ between locations and sticky takes most of them literally, but a Domain may be
        # a variable, and what follows its semicolon is read as further attributes.
        return (directive("sticky", "cookie", cookie, _attribute("domain=", "affinity_attributes")),)
    return (directive("hash", Var(f"affinity_key_{cookie_id(cookie)}"), "consistent"),)


def _attribute(prefix: str, variable: str) -> Expr:
    return expr(prefix, Var(variable))


def _server(upstream: Upstream) -> tuple[str, ...]:
    match upstream.feed:
        case StaticFeed(address=address, number=number):
            return (f"[{address}]:{number}" if ":" in address else f"{address}:{number}",)
        case ExternalFeed(number=number) | EndpointsFeed(number=number):
            return server_parameters(upstream.name, number)
        case _:
            assert_never(upstream.feed)
