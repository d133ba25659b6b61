"""The part of a site that a request to one host can meet, as the directives that the compiler makes of it.

A host alone is lowered as it is among thousands, but with names in place of what is looked up by host
(docs/explain/shared-servers.md): so a question costs one host, and its lines have their own origins.
"""

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct, structs

from painless.compiler import Compiled, settings_for_all, with_listeners
from painless.compiler.lower import lower
from painless.compiler.lower_http import one_label
from painless.compiler.memory import Memory
from painless.compiler.options import Options
from painless.compiler.site import Passthrough, Server, Site, Twin, Upstream
from painless.explain.asked import Request
from painless.explain.expressions import Matched, match
from painless.features import ConfigValues
from painless.model.snapshot import Snapshot
from painless.nginx.tokens import Literal, Regex, Token
from painless.nginx.tree import Directive


class Known(Struct, frozen=True):
    """What explanations are made of.

    ``compiled`` is what ``snapshot`` and ``options`` come to.  ``peers`` are the addresses that may
    answer for an upstream, by its name; one that is not there is not known.
    """

    compiled: Compiled
    snapshot: Snapshot
    options: Options
    peers: Mapping[str, tuple[str, ...]] = {}


class Scene(Struct, frozen=True):
    """The servers that a host may meet.

    ``http`` are the directives above them, ``server`` is the one that NGINX takes, ``site`` what it was made
    of: a host's, the catch-all's, or a name that redirects.  ``named``: it has the host's name.
    """

    http: tuple[Directive, ...]
    server: Directive
    site: Server | Twin
    named: bool
    options: Options
    config: ConfigValues
    passed_on: Passthrough | None
    upstreams: Mapping[str, Upstream]

    @property
    def ports(self) -> dict[str, int]:
        return {"http": self.options.http_port, "https": self.options.https_port}


def scene(known: Known, request: Request) -> Scene:
    """Return what the request meets."""
    config, _ = settings_for_all(known.snapshot, known.options)
    options = with_listeners(known.options, config)
    site = known.compiled.site
    cut = _cut(site, request.host)
    http = _http(lower(cut, options, config, Memory()).tree)
    server, name = _taken(http, request.host)
    return Scene(
        http=tuple(one for one in http if one.name != "server"),
        server=server,
        site=_made_of(cut, name),
        named=name is not None,
        options=options,
        config=config,
        passed_on=_passed_on(site, request),
        upstreams={one.name: one for one in site.every_upstream},
    )


def _cut(site: Site, host: str) -> Site:
    """Return the site with nothing but what a host may meet."""
    servers = tuple(one for one in site.servers if not one.host or any(_may_be(host, n) for n in one.names))
    twins = tuple(one for one in site.twins if one.name == host)
    return structs.replace(
        site,
        servers=servers,
        twins=twins,
        certificates={},
        streams=(),
        passthrough=(),
        stream_upstreams=(),
        stream_snippets=(),
        upstreams=_of(servers, site.upstreams),
    )


def upstreams_of(site: Site, asked: Request) -> tuple[Upstream, ...]:
    """Return the upstreams that a request may come to."""
    passed = {one.upstream for one in site.passthrough if one.host == asked.host}
    return (*_cut(site, asked.host).upstreams, *(one for one in site.stream_upstreams if one.name in passed))


def _may_be(host: str, name: str) -> bool:
    return host == name or (name.startswith("*.") and host.endswith(name[1:]))


def _of(servers: Iterable[Server], upstreams: Iterable[Upstream]) -> tuple[Upstream, ...]:
    used = frozenset(name for one in servers for at in one.locations for name in at.route.upstreams)
    return tuple(one for one in upstreams if one.name in used)


def _http(tree: Iterable[Directive]) -> tuple[Directive, ...]:
    return next(one.block or () for one in tree if one.name == "http")


def _taken(http: Iterable[Directive], host: str) -> tuple[Directive, Token | None]:
    """Return the server that NGINX takes for a host, and the name by which: an exact one, an expression."""
    servers = [one for one in http if one.name == "server" and not _is_private(one)]
    names = [(one, arg) for one in servers for each in _all(one, "server_name") for arg in each.args]
    for one, arg in names:
        if arg == Literal(host):
            return one, arg
    for one, arg in names:
        if isinstance(arg, Regex) and isinstance(match(arg.pattern, host, case=arg.prefix != "~*"), Matched):
            return one, arg
    return next(one for one in servers if _is_default(one)), None


def _all(server: Directive, name: str) -> list[Directive]:
    return [one for one in server.block or () if one.name == name]


_PRIVATE = re.compile(r"unix:.*/run/(private|signin)\.sock")


def _is_private(server: Directive) -> bool:
    """Whether no client reaches the server."""
    sockets = (one.args[0] for one in _all(server, "listen"))
    return any(isinstance(one, Literal) and _PRIVATE.fullmatch(one.text) for one in sockets)


def _is_default(server: Directive) -> bool:
    return any(Literal("default_server") in one.args for one in _all(server, "listen"))


def _made_of(site: Site, name: Token | None) -> Server | Twin:
    """Return what of the site a server block is that has this name."""
    if twin := next((one for one in site.twins if name == Literal(one.name)), None):
        return twin
    spelled = {each: one for one in site.servers for each in map(_spelled, one.names)}
    return spelled.get(name) or next(one for one in site.servers if not one.host)


def _spelled(name: str) -> Token | None:
    return one_label(name, "~") if name.startswith("*.") else Literal(name)


def _passed_on(site: Site, request: Request) -> Passthrough | None:
    if request.scheme != "https":
        return None
    return next((one for one in site.passthrough if one.host == request.host), None)
