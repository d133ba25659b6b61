"""Site to directive tree: the main file, from the first line to the last server."""

from collections.abc import Iterable

from painless.compiler.lower_affinity import lower_affinity_maps
from painless.compiler.lower_canary import lower_canary_maps
from painless.compiler.lower_failed import failed_location, to_failed
from painless.compiler.lower_http import http_preamble, main_preamble, one_label, private_server
from painless.compiler.lower_locations import Lowered, lower_location
from painless.compiler.options import Options
from painless.compiler.site import CanaryArm, Proxy, Server, Site
from painless.features import ConfigValues, hidden_headers
from painless.features import http as features_http
from painless.nginx.generation import UPSTREAMS
from painless.nginx.tokens import Literal, Regex, Var, expr
from painless.nginx.tree import Directive, block, directive, when


def lower(site: Site, options: Options, config: ConfigValues) -> tuple[Directive, ...]:
    """Return the main file."""
    hidden = hidden_headers(config)
    servers = tuple((one, _locations(one, options, hidden)) for one in site.servers)
    body = (
        *http_preamble(options, site, hidden, len(site.upstreams)),
        *features_http(config),
        *lower_canary_maps(arms_of(site)),
        *lower_affinity_maps(site.upstreams),
        *_shared(location for _, locations in servers for location in locations),
        directive("include", UPSTREAMS),
        private_server(options),
        *(_server(one, locations, options) for one, locations in servers),
    )
    return (*main_preamble(options), block("http", body=body))


def warm(options: Options, upstreams: int, variables: Iterable[str]) -> tuple[Directive, ...]:
    """Return a main file that resolves the upstreams and serves nobody.

    NGINX has no peers until its first answers, so a start goes in two steps: this, then the real one.
    ``variables`` are those that the upstreams name and locations or maps of the real one define.
    """
    neutral = Site(servers=(), upstreams=(), certificates={})
    body = (
        *http_preamble(options, neutral, (), upstreams),
        *(block("map", Var("host"), Var(one), body=(directive("default", ""),)) for one in variables),
        directive("include", UPSTREAMS),
        private_server(options),
    )
    return (*main_preamble(options), block("http", body=body))


def arms_of(site: Site) -> tuple[CanaryArm, ...]:
    """Return the canaries that some location has."""
    answers = (location.route.answer for server in site.servers for location in server.locations)
    return tuple(one.canary for one in answers if isinstance(one, Proxy) and one.canary)


def _locations(server: Server, options: Options, hidden: tuple[str, ...]) -> tuple[Lowered, ...]:
    return tuple(lower_location(one, options, tls=server.tls, hidden=hidden) for one in server.locations)


def _shared(locations: Iterable[Lowered]) -> tuple[Directive, ...]:
    """Return what the features of all locations put at http level, equal ones once, in a fixed order."""
    found: dict[str, Directive] = {}
    for location in locations:
        for one in location.shared:
            known = found.setdefault(repr(one), one)
            assert known == one, f"two features disagree about {one.name}"
    return tuple(found[key] for key in sorted(found))


def _server(server: Server, locations: tuple[Lowered, ...], options: Options) -> Directive:
    default = server.host == ""
    return block(
        "server",
        body=(
            *_listen(options, default=default),
            directive("server_name", *([Literal("_")] if default else [_name(one) for one in server.names])),
            *_app_root(server),
            to_failed(()),
            *(one.block for one in locations),
            *(_own_locations(server, options) if default else ()),
            *_failed(locations),
        ),
        comment=f"Host {server.host}" if server.host else "Every host that no Ingress names",
        origin=server.origin,
    )


def _name(host: str) -> Literal | Regex:
    return one_label(host, "~") if host.startswith("*.") else Literal(host)


def _listen(options: Options, *, default: bool) -> tuple[Directive, ...]:
    words: tuple[str, ...] = ("default_server", f"backlog={options.machine.backlog}") if default else ()
    return tuple(
        directive("listen", f"{address}:{port}" if address else str(port), *tls, *words)
        for port, tls in ((options.http_port, ()), (options.https_port, ("ssl",)))
        for address in options.bind_addresses
    )


def _app_root(server: Server) -> tuple[Directive, ...]:
    if server.app_root is None:
        return ()
    path, origin = server.app_root
    target = expr(Var("scheme"), "://", Var("best_http_host"), *path.parts)
    return (when(Var("uri"), "=", "/", body=(directive("return", 302, target),), origin=origin),)


def _own_locations(server: Server, options: Options) -> tuple[Directive, ...]:
    """Return the catch-all's own answers, unless an Ingress has the path."""
    taken = {location.pattern.rstrip("/") for location in server.locations}
    health = block(
        "location",
        "/healthz",
        body=(directive("access_log", "off"), directive("return", 200)),
        comment="For load balancers that ask on the data ports; our own probes never do.",
    )
    status = block(
        "location",
        "/nginx_status",
        body=(
            directive("allow", "127.0.0.1"),
            directive("allow", "::1"),
            directive("deny", "all"),
            directive("access_log", "off"),
            directive("stub_status"),
        ),
    )
    built = options.build.has("http_stub_status_module")
    return (
        *((health,) if "/healthz" not in taken else ()),
        *((status,) if built and "/nginx_status" not in taken else ()),
    )


def _failed(locations: tuple[Lowered, ...]) -> tuple[Directive, ...]:
    """Return the places for failures, one for each list of headers that a location of the server adds."""
    found = {one.failed for one in locations if one.failed}
    return (failed_location(()), *(failed_location(one) for one in sorted(found, key=repr)))
