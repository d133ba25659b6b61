"""Upstream blocks: a group of peers each, resolved by NGINX itself where they can change."""

from collections.abc import Iterable
from typing import assert_never

from painless.compiler.resolve import cookie_id
from painless.compiler.site import EndpointsFeed, ExternalFeed, StaticFeed, Upstream
from painless.features.balancing import Balancing, Method
from painless.features.external_auth import Pool
from painless.nginx.resolver import server_parameters
from painless.nginx.tokens import Literal, Var, expr
from painless.nginx.tree import Directive, block, directive, entry

ZONE = "upstreams"
"""The one shared memory zone: its name never changes, since a renamed zone forgets its peers."""

_PER_UPSTREAM = 32  # KiB: an upstream takes about 2 and a peer 0.7, so this is room for some 40 peers each.
_LEAST = 1024  # KiB.


def zone_size(upstreams: int) -> str:
    """Return the zone's size: a power of two, so that one upstream more seldom changes every block."""
    wanted = max(_LEAST, upstreams * _PER_UPSTREAM)
    return f"{(1 << (wanted - 1).bit_length()) // 1024}m"


def lower_upstream(upstream: Upstream, zone: str, kept: tuple[Directive, ...]) -> Directive:
    """Return the block; ``zone`` is the size of the zone that all share, ``kept`` about idle connections."""
    return block(
        "upstream",
        upstream.name,
        body=(
            directive("zone", ZONE, zone),
            *_balancing(upstream),
            directive("server", *server_words(upstream), "max_fails=0"),
            *(_idle(upstream.pool) if upstream.pool else kept),
        ),
        comment=f"{_whose(upstream)}, port {upstream.port}",
        origin=upstream.origin,
    )


def _whose(upstream: Upstream) -> str:
    if upstream.namespace:
        return f"Service {upstream.namespace}/{upstream.service}"
    return upstream.service


def _idle(pool: Pool) -> tuple[Directive, ...]:
    return (
        directive("keepalive", pool.connections),
        directive("keepalive_requests", pool.requests),
        directive("keepalive_timeout", f"{pool.seconds}s"),
    )


def _balancing(upstream: Upstream) -> tuple[Directive, ...]:
    binding, balancing = upstream.affinity, upstream.balancing
    if binding and binding.persistent:
        # The attributes differ between locations and sticky takes most of them literally, but a Domain may be
        # a variable, and what follows its semicolon is read as further attributes.
        attributes = expr("domain=", Var("affinity_attributes"))
        return (directive("sticky", "cookie", binding.cookie, attributes),)
    if binding:
        return (_hash(f"affinity_key_{cookie_id(binding.cookie)}", upstream),)
    if balancing is None:
        return ()
    match balancing.method:
        case Method.FASTEST:
            return (directive("least_time", "header"),)
        case Method.LEAST_CONNECTIONS:
            return (directive("least_conn"),)
        case Method.HASH:
            return (_hash(_key(balancing), upstream),)
        case _:
            assert_never(balancing.method)


def _hash(variable: str, upstream: Upstream) -> Directive:
    # Addresses of one outside name share its name, by which consistent hashing places them.
    consistent = () if isinstance(upstream.feed, ExternalFeed) else ("consistent",)
    return directive("hash", Var(variable), *consistent)


def lower_hash_maps(upstreams: Iterable[Upstream]) -> tuple[Directive, ...]:
    """Return the maps with the keys that upstreams hash, each once.

    An upstream names only variables of ours, so that a file that resolves it and no more can define them.
    """
    found = {one.balancing.name: one.balancing for one in upstreams if one.balancing}
    hashes = [found[name] for name in sorted(found) if found[name].method is Method.HASH]
    sizes = sorted({one.subset for one in hashes} - {1})
    return (*(_subset(size) for size in sizes), *(_key_map(one) for one in hashes))


def _key_map(balancing: Balancing) -> Directive:
    parts: tuple[str | Literal | Var, ...] = balancing.key.parts
    if balancing.subset > 1:
        parts = (*parts, "/", Var(f"hash_subset_{balancing.subset}"))
    body = (directive("default", expr(*parts)),)
    return block("map", "", Var(_key(balancing)), body=body, comment="Equal values go to the same pod.")


def _subset(size: int) -> Directive:
    # The last part takes the rest, so that the shares add up.
    shares = [f"{round(100 / size, 2):g}%"] * (size - 1) + ["*"]
    return block(
        "split_clients",
        expr(Var("request_id"), "subset"),
        Var(f"hash_subset_{size}"),
        body=(entry(Literal(share), Literal(str(at))) for at, share in enumerate(shares)),
        comment=f"Gives each value {size} keys, so that its requests go to as many pods.",
    )


def _key(balancing: Balancing) -> str:
    return balancing.name.replace("-", "_")


def server_words(upstream: Upstream) -> tuple[str, ...]:
    """Return what says where the peers are."""
    match upstream.feed:
        case StaticFeed(address=address, number=number):
            return (f"[{address}]:{number}" if ":" in address else f"{address}:{number}",)
        case ExternalFeed(number=number) | EndpointsFeed(number=number):
            return server_parameters(upstream.name, number)
        case _:
            assert_never(upstream.feed)
