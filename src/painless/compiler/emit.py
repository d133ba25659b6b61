"""Tree to generation: the files, the origin of each line, and an id made of the content."""

import re
from collections.abc import Iterable, Mapping
from functools import partial

from painless.compiler.fit import fit
from painless.compiler.lower import lower, warm
from painless.compiler.lower_canary import markers
from painless.compiler.lower_stream import lower_stream_upstreams
from painless.compiler.lower_upstreams import lower_upstream, zone_size
from painless.compiler.memory import Memory
from painless.compiler.options import Options
from painless.compiler.site import Proxy, Server, Site, StaticFeed, Upstream
from painless.features import ConfigValues, server_tls, upstream_keepalive
from painless.nginx.generation import MAIN, STREAM_UPSTREAMS, UPSTREAMS, Generation, generation_id
from painless.nginx.printer import Printed, printed
from painless.nginx.tree import Directive
from painless.sensitive import Sensitive


def emit(
    site: Site, options: Options, config: ConfigValues, hot: Mapping[str, Sensitive], memory: Memory
) -> Generation:
    """Return the generation that serves ``site``; ``hot`` are its certificates and password files."""
    lowered = lower(site, options, config, memory)
    defaults = config.as_defaults()
    kept = upstream_keepalive.upstream(defaults, int(fit(options.machine, defaults).kept.value))
    files = {
        MAIN: printed(lowered.tree, memory.keep),
        UPSTREAMS: printed(_upstreams(site.upstreams, lowered.by_variable, kept, memory), memory.keep),
    }
    marked = {path: content for arm in lowered.arms for path, content in markers(arm).items()}
    return _generation(
        {**files, **_stream_upstreams(site, options, memory), **_pem(site, config)},
        hot={**hot, **marked, **dict(filter(None, [server_tls.ticket_key(defaults)]))},
        upstreams=frozenset(one.name for one in site.every_upstream if not isinstance(one.feed, StaticFeed)),
        routes=_routes(site.servers, memory),
    )


def _stream_upstreams(site: Site, options: Options, memory: Memory) -> dict[str, Printed]:
    """Return the file with the upstreams of stream, where it has a block."""
    if not (site.has_stream or options.https_socket):
        return {}
    blocks = lower_stream_upstreams(site.stream_upstreams, zone_size(len(site.stream_upstreams)))
    return {STREAM_UPSTREAMS: printed(blocks, memory.keep)}


def _pem(site: Site, config: ConfigValues) -> dict[str, Printed]:
    """Return the cold files that are no configuration; their lines are nobody's."""
    found = {**site.files, **dict([config.dh_parameters] if config.dh_parameters[0] else [])}
    return {name: Printed(text, (None,) * text.count("\n")) for name, text in sorted(found.items())}


def _upstreams(
    upstreams: tuple[Upstream, ...], by_variable: frozenset[str], kept: tuple[Directive, ...], memory: Memory
) -> tuple[Directive, ...]:
    """Return the upstreams' blocks; those that a variable names come first.

    NGINX finds an upstream that a variable names by looking at one after the other (docs/adr/0011).
    """
    size = zone_size(len(upstreams))
    ordered = sorted(upstreams, key=lambda one: one.name not in by_variable)
    return tuple(
        memory.upstreams.get(one.name, (one, size), partial(lower_upstream, one, size, kept))
        for one in ordered
    )


_RESOLVED = (UPSTREAMS, STREAM_UPSTREAMS)
# Our own spelling: an upstream's words hold no user's text but names without a dollar sign.
_VARIABLE = re.compile(r"\$\{?(\w+)")


def warm_generation(want: Generation, options: Options) -> Generation:
    """Return the generation that only resolves the upstreams of ``want``: the first step of a start."""
    variables = sorted(set(_VARIABLE.findall(want.cold[UPSTREAMS])))
    stream = STREAM_UPSTREAMS in want.cold
    main = printed(warm(options, len(want.upstreams), variables, stream=stream))
    cold = {MAIN: main.text, **{name: want.cold[name] for name in _RESOLVED if name in want.cold}}
    origins = {MAIN: main.origins, UPSTREAMS: want.origins.get(UPSTREAMS, ())}
    return Generation(generation_id(cold), cold, hot=want.hot, origins=origins, upstreams=want.upstreams)


def _generation(
    files: Mapping[str, Printed],
    *,
    hot: Mapping[str, Sensitive],
    upstreams: frozenset[str],
    routes: Mapping[str, frozenset[str]],
) -> Generation:
    cold = {name: file.text for name, file in files.items()}
    origins = {name: file.origins for name, file in files.items()}
    return Generation(generation_id(cold), cold, hot, origins, upstreams, routes)


def _routes(servers: Iterable[Server], memory: Memory) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for one in servers:
        found.update(memory.routes.get((one.host, one.tls), (one,), partial(_routes_of, one)))
    return found


def _routes_of(server: Server) -> dict[str, frozenset[str]]:
    """Return which upstreams each route of a server uses."""
    found = {}
    for location in server.locations:
        if isinstance(location.route.answer, Proxy):
            used = location.route.upstreams
            for name in server.names:
                found[f"{name} {location.modifier} {location.pattern}"] = used
    return found
