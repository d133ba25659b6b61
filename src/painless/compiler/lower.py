"""Site to directive tree: the main file, from the first line to the last server."""

from collections.abc import Iterable
from functools import partial
from operator import itemgetter
from string import digits

from msgspec import Struct, structs

from painless.compiler.block import Block, lower_shape
from painless.compiler.lower_affinity import lower_affinity_maps
from painless.compiler.lower_auth import signin_server
from painless.compiler.lower_bulkheads import above, for_servers
from painless.compiler.lower_canary import lower_canary_maps
from painless.compiler.lower_http import http_preamble, main_preamble, private_server, users_log
from painless.compiler.lower_own_logs import is_silent
from painless.compiler.lower_snippets import for_http, merged, of_configmap
from painless.compiler.lower_stream import lower_stream, socket_of, warm_stream
from painless.compiler.lower_twins import lower_twins, twin_maps
from painless.compiler.lower_upstreams import lower_hash_maps
from painless.compiler.memory import Memory
from painless.compiler.options import Options
from painless.compiler.shape import FIELDS, field_of, grouped, shape
from painless.compiler.site import CanaryArm, EndpointsFeed, ExternalFeed, Server, Site, Upstream
from painless.features import ConfigValues, Everywhere, everywhere, listening
from painless.features import http as features_http
from painless.features.snippets import FOR_MAIN
from painless.nginx.generation import UPSTREAMS
from painless.nginx.tokens import Var
from painless.nginx.tree import Directive, block, directive

_SAYS = {
    "upstream": "Hosts that look alike share a server block: the Service of each.",
    "label": "The Service of each, as logs name it.",
    "canary_upstream": "The canary of each.",
    "canary_label": "The canary of each, as logs name it.",
    "canary": "Whose marker files give the canary of each its weight.",
    "users": "Who may enter each.",
    "ingress": "Whose each is.",
    "mirror_upstream": "Who gets copies of requests to each.",
    "pages_upstream": "Who makes the error pages of each.",
    "instead_upstream": "Who answers for each without endpoints.",
    "about": "What those are told about each: namespace, Ingress, Service, port, and their own name.",
    "auth_upstream": "Who is asked whether a request to each may pass.",
}


class Lowered(Struct, frozen=True):
    """The main file, the canaries in it, and the upstreams that a variable names."""

    tree: tuple[Directive, ...]
    arms: tuple[CanaryArm, ...]
    by_variable: frozenset[str]


def lower(site: Site, options: Options, config: ConfigValues, memory: Memory) -> Lowered:
    """Return the main file."""
    if site.passthrough:
        options = structs.replace(options, https_socket=socket_of(options, "https"))
    common = _common(options, config)
    blocks = tuple(
        memory.blocks.get(key, (servers, options.https_socket), partial(_block, servers, options, common))
        for key, servers in grouped(site.servers).items()
    )
    arms = tuple(arm for one in blocks for arm in one.arms)
    body = (
        *(one for one in _preamble(site, options, config) if not is_silent(one)),
        *features_http(config),
        *for_http(common, options),
        *for_servers(common.bulkheads, len(site.upstreams), common.snippets.http.tree),
        *lower_canary_maps(arms),
        *lower_affinity_maps(site.upstreams, common.scheme),
        *lower_hash_maps(site.upstreams),
        *twin_maps(site.twins),
        *_shared(blocks),
        *dict.fromkeys(log for one in blocks for log in one.logs),
        *_looked_up(blocks),
        directive("include", UPSTREAMS),
        private_server(options),
        *((signin_server(options.state),) if any(one.signs_in for one in blocks) else ()),
        *(one.server for one in blocks),
        *lower_twins(site.twins, options, common),
    )
    if common.snippets.http.tree:
        body = merged(body, "http")
    tree = (*_main(options, config), block("http", body=body), *_passed_on(site, options, config))
    return Lowered(tree, arms, frozenset[str]().union(*(one.by_variable for one in blocks)))


def warm(
    options: Options, upstreams: int, variables: Iterable[str], *, stream: bool = False
) -> tuple[Directive, ...]:
    """Return a main file that resolves the upstreams and serves nobody.

    NGINX has no peers until its first answers, so a start goes in two steps: this, then the real one.
    ``variables`` are those that the upstreams name and locations or maps of the real one define.  ``stream``:
    some upstreams are of stream.
    """
    neutral = Site(servers=(), twins=(), upstreams=(), certificates={})
    body = (
        *http_preamble(options, neutral, ConfigValues(), upstreams, ipv6=True),
        *(block("map", Var("host"), Var(one), body=(directive("default", ""),)) for one in variables),
        directive("include", UPSTREAMS),
        private_server(options),
    )
    passed_on = (warm_stream(options, upstreams),) if stream else ()
    return (*main_preamble(options, {}), block("http", body=body), *passed_on)


def _common(options: Options, config: ConfigValues) -> Everywhere:
    common = everywhere(config, counted=options.request_metrics)
    # A question is no request of a client: it is in the users' log at most.
    users = (users_log(options, config.as_defaults()),) if options.request_metrics and common.asking else ()
    return structs.replace(common, bulkheads=above(options, config), asking=(*common.asking, *users))


def _preamble(site: Site, options: Options, config: ConfigValues) -> tuple[Directive, ...]:
    ipv6 = any(map(_may_have_ipv6, site.upstreams))
    return http_preamble(options, site, config, len(site.upstreams), ipv6=ipv6)


def _main(options: Options, config: ConfigValues) -> tuple[Directive, ...]:
    """Return what stands before http; modules are loaded before ``events``."""
    written = of_configmap(config.snippets.main, FOR_MAIN.name, options)
    *ours, events = main_preamble(options, config.as_defaults())
    return (*merged((*ours, *written), "main"), events) if written else (*ours, events)


def _passed_on(site: Site, options: Options, config: ConfigValues) -> tuple[Directive, ...]:
    only_ipv4 = listening.only_ipv4_names(config.as_defaults())
    ipv6 = any(map(_may_have_ipv6, site.stream_upstreams)) and not only_ipv4
    needed = site.has_stream or options.https_socket
    return lower_stream(site, options, config, ipv6=ipv6) if needed else ()


def _may_have_ipv6(upstream: Upstream) -> bool:
    """Return whether its peers may have IPv6 addresses; of a name outside nobody knows."""
    feed = upstream.feed
    return isinstance(feed, ExternalFeed) or (isinstance(feed, EndpointsFeed) and feed.ipv6)


def _block(servers: tuple[Server, ...], options: Options, common: Everywhere) -> Block:
    return lower_shape(shape(servers), options, common)


def _shared(blocks: Iterable[Block]) -> tuple[Directive, ...]:
    """Return what the features of all locations put at http level, equal ones once, in a fixed order."""
    found = dict.fromkeys(one for each in blocks for one in each.shared)
    return tuple(sorted(found, key=repr))


def _looked_up(blocks: Iterable[Block]) -> tuple[Directive, ...]:
    """Return the maps from a request's host to what its site has of its own."""
    lines: dict[str, list[tuple[str, Directive]]] = {}
    for one in blocks:
        for variable, some in one.looked_up.items():
            lines.setdefault(variable, []).extend(some)
    by_field = sorted(lines, key=lambda variable: (FIELDS.index(field_of(variable)), variable))
    return tuple(_map(variable, lines[variable]) for variable in by_field)


def _map(variable: str, lines: list[tuple[str, Directive]]) -> Directive:
    lines.sort(key=itemgetter(0))
    # A wildcard host stands for one label here too: only its own server asks.
    wild = (directive("hostnames"),) if any(name.startswith("*.") for name, _ in lines) else ()
    body = (*wild, directive("default", ""), *(one for _, one in lines))
    return block("map", Var("host"), Var(variable), body=body, comment=_says(variable))


def _says(variable: str) -> str:
    says = _SAYS[field_of(variable)]
    return says if variable == variable.rstrip(digits) else f"{says.removesuffix('.')}, for other paths."
