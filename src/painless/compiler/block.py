"""A shape becomes one server block, and what it needs beside it.

The block is the same for one host and for thousands; only where its hosts disagree it says a variable in
place of a name.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from painless.compiler.lower_auth import signs_in
from painless.compiler.lower_errors import server_lines, server_pages, server_variables
from painless.compiler.lower_failed import failed_location
from painless.compiler.lower_http import listen_queues, one_label
from painless.compiler.lower_locations import Lowered, lower_location
from painless.compiler.lower_snippets import (
    beside_snippets,
    locations_of,
    merged,
    of_server,
    snippet_lines,
    within,
)
from painless.compiler.lower_tls import asks, certificate_files, misdirected_map, own_context
from painless.compiler.options import Options
from painless.compiler.shape import Shape
from painless.compiler.site import CanaryArm, Proxy, Server
from painless.features import Everywhere, status_page
from painless.nginx.tokens import Expr, Literal, Regex, Token, Var, expr
from painless.nginx.tree import Directive, block, directive, entry, when


class Block(Struct, frozen=True, gc=False):
    """A server block; what its features put at http level; the lines of the maps that it looks up.

    ``logs`` come after all else there.  ``looked_up`` has for each variable a line for each of the hosts.
    ``by_variable`` are the upstreams that some ``proxy_pass`` names by a variable: those looked up by host,
    both of a path with a canary, and who is asked at a URL with variables.  ``signs_in``: it sends clients to
    the server that escapes URLs.
    """

    server: Directive
    shared: tuple[Directive, ...]
    logs: tuple[Directive, ...]
    looked_up: Mapping[str, tuple[tuple[str, Directive], ...]]
    arms: tuple[CanaryArm, ...]
    by_variable: frozenset[str]
    signs_in: bool


def lower_shape(shape: Shape, options: Options, common: Everywhere) -> Block:
    """Return the block that serves the hosts of a shape."""
    written = of_server(shape.first, common, options, _author(shape))
    inner = within(common, written)
    locations = tuple(
        lower_location(one, names, _owner(shape, at), options, server=shape.first, common=inner)
        for at, (one, names) in enumerate(zip(shape.first.locations, shape.names, strict=True))
    )
    server = _server(shape, locations, options, common, written)
    said = frozenset(_variables((server,)))
    looked_up = {name: _lines(shape, name) for name in shape.looked_up if name in said}
    columns = (shape.looked_up[name] for name in looked_up if "upstream" in name)
    looked_for = (name for column in columns for name in column)
    arms = tuple(_arms(shape.servers))
    chosen = (name for primary, arm in arms for name in (primary, arm.upstream))
    return Block(
        server=server,
        shared=(
            *((misdirected_map(),) if asks(shape.first.own_tls) else ()),
            *dict.fromkeys(
                (*server_variables(shape.first), *(one for each in locations for one in each.shared))
            ),
        ),
        logs=tuple(dict.fromkeys(log for one in locations for log in one.logs)),
        looked_up=looked_up,
        arms=tuple(arm for _, arm in arms),
        by_variable=frozenset((*looked_for, *chosen, *_asked(shape.servers))),
        signs_in=any(signs_in(one) for location in locations for one in location.beside),
    )


def _owner(shape: Shape, at: int) -> object:
    """Return where the lines of a location come from: a route's origin, or those of all that share it."""
    if len(shape.servers) == 1:
        return shape.first.locations[at].route.origin
    return tuple(one.locations[at].route.origin for one in shape.servers)


def _author(shape: Shape) -> object:
    """Return whose annotation the snippet of a server is, or whose all are."""
    origins = tuple(one.snippet_of for one in shape.servers)
    return origins[0] if len(origins) == 1 else origins


def _asked(servers: Iterable[Server]) -> Iterator[str]:
    """Yield who is asked, or gets copies, at a URL with variables."""
    for server in servers:
        for location in server.locations:
            route = location.route
            auth, mirror = route.settings.external_auth, route.settings.mirror
            if auth and any(isinstance(part, Var) for part in auth.url.target.parts):
                yield route.auth_upstream
            if mirror and any(isinstance(part, Var) for part in mirror.url.target.parts):
                yield route.mirror_upstream


def _arms(servers: Iterable[Server]) -> Iterator[tuple[str, CanaryArm]]:
    """Yield the canaries, each with the upstream that it takes a part from."""
    for server in servers:
        for location in server.locations:
            answer = location.route.answer
            if isinstance(answer, Proxy) and answer.canary:
                yield answer.upstream, answer.canary


def _lines(shape: Shape, variable: str) -> tuple[tuple[str, Directive], ...]:
    """Return the lines of the map that looks ``variable`` up: one for each name of each host, with it."""
    values = zip(shape.servers, shape.looked_up[variable], strict=True)
    return tuple(
        (name, entry(Literal(name), Literal(value), origin=server.origin))
        for server, value in values
        for name in server.names
    )


def _server(
    shape: Shape,
    locations: tuple[Lowered, ...],
    options: Options,
    common: Everywhere,
    written: tuple[Directive, ...],
) -> Directive:
    first = shape.first
    default = first.host == ""
    around = common, options.state
    asks_service = any(one.route.auth_upstream for one in first.locations)
    own = _own_locations(first, options, common) if default else ()
    tenants = len(first.snippet.tree) if first.snippet else 0
    body = (
        *listen(options, default=default),
        *_names(shape),
        *((*certificate_files(options), *common.default_server) if default else ()),
        *own_context(first.own_tls, options),
        *common.servers,
        *_app_root(shape, common.scheme),
        *(snippet_lines(written, common, asks=asks_service) if written else ()),
        *server_lines(first, around),
        # As in ingress-nginx: an Ingress's own before its paths, the operator's after them.
        *locations_of(written[:tenants]),
        *beside_snippets((one.block for one in locations), written),
        *dict.fromkeys(
            (*(beside for one in locations for beside in one.beside), *server_pages(first, around))
        ),
        *beside_snippets(own, written),
        *locations_of(written[tenants:]),
        *_failed(locations, within(common, written)),
    )
    return block(
        "server",
        body=merged(body, "server") if written else body,
        comment=_comment(shape),
        origin=first.origin if len(shape.servers) == 1 else None,
    )


def _comment(shape: Shape) -> str:
    first, count = shape.first, len(shape.servers)
    if count > 1:
        last = shape.servers[-1].host
        return f"Shape {shape.id}: {count:,} hosts that look alike, {first.host} to {last}"
    return f"Host {first.host}" if first.host else "Every host that no Ingress names"


def _names(shape: Shape) -> tuple[Directive, ...]:
    if shape.first.host == "":
        return (directive("server_name", "_"),)
    alone = len(shape.servers) == 1
    return tuple(
        directive("server_name", *map(_name, one.names), origin=None if alone else one.origin)
        for one in shape.servers
    )


def _name(host: str) -> Literal | Regex:
    return one_label(host, "~") if host.startswith("*.") else Literal(host)


def listen(options: Options, *, default: bool) -> tuple[Directive, ...]:
    """Return the listeners that all servers share; the default one says how long their queues are."""
    words = ("default_server",) if default else ()
    proxy = ("proxy_protocol",) if options.proxy_protocol else ()
    queues = listen_queues(options) if default else ()
    ports = (options.http_port, options.http_socket, ()), (options.https_port, options.https_socket, ("ssl",))
    found: list[Directive] = []
    for port, socket, tls in ports:
        if socket:
            found.append(directive("listen", socket, *tls, *words))
            continue
        at = (f"{address}:{port}" if address else str(port) for address in options.bind_addresses)
        found += (directive("listen", one, *tls, *proxy, *words, *queues) for one in at)
    return tuple(found)


def _app_root(shape: Shape, scheme: Var) -> tuple[Directive, ...]:
    if shape.first.app_root is None:
        return ()
    path, _ = shape.first.app_root
    origins = tuple(one.app_root[1] for one in shape.servers if one.app_root)
    target = expr(scheme, "://", Var("best_http_host"), *path.parts)
    owner = origins[0] if len(origins) == 1 else origins
    return (when(Var("uri"), "=", "/", body=(directive("return", 302, target),), origin=owner),)


def _own_locations(server: Server, options: Options, common: Everywhere) -> tuple[Directive, ...]:
    """Return the catch-all's own answers, unless an Ingress has the path."""
    taken = {location.pattern.rstrip("/") for location in server.locations}
    health = block(
        "location",
        "/healthz",
        body=(directive("access_log", "off"), directive("return", 200)),
        comment="For load balancers that ask on the data ports; our own probes never do.",
    )
    built = options.build.has(status_page.MODULE)
    return (
        *((health,) if "/healthz" not in taken else ()),
        *((common.status,) if common.status and built and status_page.PATH not in taken else ()),
    )


def _failed(locations: tuple[Lowered, ...], common: Everywhere) -> tuple[Directive, ...]:
    """Return the places for failures, one for each list of headers that a location of the server adds."""
    found = {one.failed for one in locations if one.failed}
    return tuple(failed_location(one, common.added) for one in ((), *sorted(found, key=repr)))


def _variables(tree: Iterable[Directive]) -> Iterator[str]:
    """Yield the variables that are named somewhere in ``tree``."""
    for one in tree:
        for token in one.args:
            yield from _named(token)
        yield from _variables(one.block or ())


def _named(token: Token) -> Iterator[str]:
    match token:
        case Var(name):
            yield name
        case Expr(parts):
            yield from (part.name for part in parts if isinstance(part, Var))
        case _:
            return
