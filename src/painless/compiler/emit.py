"""Tree to generation: the files, the origin of each line, and an id made of the content."""

import re
from collections.abc import Iterable, Mapping

from painless.compiler.lower import arms_of, lower, warm
from painless.compiler.lower_canary import markers
from painless.compiler.lower_upstreams import lower_upstreams
from painless.compiler.options import Options
from painless.compiler.site import Proxy, Server, Site, StaticFeed
from painless.features import ConfigValues
from painless.nginx.generation import MAIN, UPSTREAMS, Generation, generation_id
from painless.nginx.printer import Printed, printed
from painless.sensitive import Sensitive


def emit(site: Site, options: Options, config: ConfigValues, hot: Mapping[str, Sensitive]) -> Generation:
    """Return the generation that serves ``site``; ``hot`` are its certificates and password files."""
    files = {
        MAIN: printed(lower(site, options, config)),
        UPSTREAMS: printed(lower_upstreams(site.upstreams)),
    }
    marked = {path: content for arm in arms_of(site) for path, content in markers(arm).items()}
    return _generation(
        files,
        hot={**hot, **marked},
        upstreams=frozenset(one.name for one in site.upstreams if not isinstance(one.feed, StaticFeed)),
        routes=dict(_routes(site.servers)),
    )


# Our own spelling: an upstream's words hold no user's text but names without a dollar sign.
_VARIABLE = re.compile(r"\$\{?(\w+)")


def warm_generation(want: Generation, options: Options) -> Generation:
    """Return the generation that only resolves the upstreams of ``want``: the first step of a start."""
    variables = sorted(set(_VARIABLE.findall(want.cold[UPSTREAMS])))
    main = printed(warm(options, len(want.upstreams), variables))
    cold = {MAIN: main.text, UPSTREAMS: want.cold[UPSTREAMS]}
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


def _routes(servers: Iterable[Server]) -> Iterable[tuple[str, frozenset[str]]]:
    for server in servers:
        for location in server.locations:
            answer = location.route.answer
            if isinstance(answer, Proxy):
                arms = {answer.upstream, *([answer.canary.upstream] if answer.canary else [])}
                for name in server.names:
                    yield f"{name} {location.modifier} {location.pattern}", frozenset(arms)
