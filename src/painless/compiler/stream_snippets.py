"""Stream snippets of all authors together: whose port is whose, and which upstream a server's name means.

The operator's comes first, then the oldest Ingress's.  A server that cannot be had is left out and told; what
stands in a snippet, and who may write it, is read in ``annotations.stream_snippet``.
"""

from collections.abc import Iterable

from msgspec import Struct, structs

from painless.annotations.decode import Rejected
from painless.annotations.snippet import Snippet
from painless.annotations.stream_snippet import Port, Target, port_of, target_of
from painless.compiler.lookup import Lookup
from painless.compiler.lower_stream import listen
from painless.compiler.options import Options
from painless.compiler.resolve import Unresolved, resolve
from painless.compiler.services import service_port
from painless.compiler.site import Site, Upstream
from painless.compiler.url_service import SERVICE, outside
from painless.features import ConfigValues, Parsed
from painless.features.snippets import FOR_STREAM, STREAM
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress, ObjectRef, Origin, ServiceBackend
from painless.nginx.tokens import Literal
from painless.nginx.tree import Directive


class Written(Struct, frozen=True):
    """A snippet and whose it is."""

    snippet: Snippet
    origin: Origin


class Added(Struct, frozen=True):
    """What the snippets add to ``stream``, the upstreams behind it, and what is wrong with them."""

    tree: tuple[Directive, ...] = ()
    upstreams: tuple[Upstream, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


class _Bad(Struct, frozen=True):
    """Why a server cannot be had."""

    says: str
    reason: Reason = Reason.SNIPPET_DIRECTIVE


def written(
    claimed: Iterable[tuple[Ingress, Parsed]], config: ConfigValues, options: Options
) -> tuple[Written, ...]:
    """Return all snippets in their order: the operator's, then by precedence."""
    field = f"metadata.annotations[{options.annotations_prefix}/{STREAM.name}]"
    tenants = (
        Written(settings.stream_snippet, Origin(ingress.ref, field))
        for ingress, settings in claimed
        if settings.stream_snippet
    )
    if not config.snippets.stream.tree or options.configmap is None:
        return tuple(tenants)
    about = Origin(ObjectRef("ConfigMap", *options.configmap), f"data[{FOR_STREAM.name}]")
    return (Written(config.snippets.stream, about), *tenants)


def stream_snippets(
    some: Iterable[Written], site: Site, lookup: Lookup, options: Options, neutral: Parsed
) -> Added:
    """Return what the snippets come to beside what ``site`` has."""
    found = _Adding(site, lookup, options, neutral)
    for one in some:
        found.add(one)
    return Added(tuple(found.tree), tuple(found.upstreams.values()), tuple(found.diagnostics))


class _Adding:
    """Adds one snippet after the other."""

    def __init__(self, site: Site, lookup: Lookup, options: Options, neutral: Parsed) -> None:
        self._lookup, self._options, self._neutral = lookup, options, neutral
        self._ports: dict[tuple[int, bool], tuple[Origin, Port | None]] = {
            (one.port, one.udp): (one.origin, None) for one in site.streams
        }
        self._names: dict[str, Origin] = {}
        self.tree: list[Directive] = []
        self.upstreams: dict[str, Upstream] = {}
        self.diagnostics: list[Diagnostic] = []

    def add(self, one: Written) -> None:
        if not self._options.build.has("stream"):
            self._say(one.origin, _Bad("found an NGINX that was built without stream, expected one with it"))
            return
        if twice := sorted(one.snippet.names & self._names.keys()):
            owner = self._names[twice[0]].ref
            self._say(one.origin, _Bad(f"found {twice[0]}, which {owner} defines already"))
            return
        self._names |= dict.fromkeys(one.snippet.names, one.origin)
        for item in one.snippet.tree:
            result = self._server(item, one.origin) if item.name == "server" else item
            if isinstance(result, _Bad):
                self._say(one.origin, result)
            else:
                comment = f"{one.origin.ref} {one.origin.field}" if item.name == "server" else ""
                self.tree.append(structs.replace(result, origin=one.origin, comment=comment))

    def _server(self, server: Directive, origin: Origin) -> Directive | _Bad:
        body = server.block or ()
        ports = tuple(dict.fromkeys(_port(one) for one in body if one.name == "listen"))
        if taken := next(filter(None, (self._taken(one, origin) for one in ports)), None):
            return taken
        upstream = self._answering(body, udp=all(one.udp for one in ports))
        if isinstance(upstream, _Bad):
            return upstream
        self._ports |= {(one.number, one.udp): (origin, one) for one in ports}
        rest = (one for one in body if one.name != "listen")
        if upstream:
            self.upstreams[upstream.name] = upstream
            name = (Literal(upstream.name),)
            rest = (structs.replace(one, args=name) if one.name == "proxy_pass" else one for one in rest)
        return structs.replace(server, block=(*self._listens(ports), *rest))

    def _taken(self, port: Port, origin: Origin) -> _Bad | None:
        """Say whose a port is, if it is somebody's; servers of one snippet share one, told apart by name."""
        says = f"found port {port.number}, expected one that Painless does not listen at"
        if not port.udp and port.number in self._options.own_ports:
            return _Bad(says)
        if any(one.endswith(f":{port.number}") for one in self._options.resolvers):
            return _Bad(says)
        owner, known = self._ports.get((port.number, port.udp), (origin, port))
        if owner != origin:
            return _Bad(f"found port {port.number}, which {owner.ref} has already")
        return None if known == port else _Bad(f"found port {port.number} twice, in different ways")

    def _listens(self, ports: Iterable[Port]) -> Iterable[Directive]:
        for one in ports:
            words = (*(("udp",) if one.udp else ()), *one.words)
            own = (one.address,) if one.address else self._options.bind_addresses
            yield from listen(one.number, structs.replace(self._options, bind_addresses=own), *words)

    def _answering(self, body: tuple[Directive, ...], *, udp: bool) -> Upstream | _Bad | None:
        """Return the upstream that a server's name means; ``None`` where it names none."""
        handler = next((one for one in body if one.name == "proxy_pass"), None)
        target = target_of(handler.args[0]) if handler else None
        if target is None:
            return None
        service = SERVICE.fullmatch(target.host)
        if service is None:
            return outside(target.host, target.port, "stream", "which a stream-snippet names")
        return self._of_service(service["namespace"], service["name"], target, udp=udp)

    def _of_service(self, namespace: str, name: str, target: Target, *, udp: bool) -> Upstream | _Bad:
        service = self._lookup.services.get((namespace, name))
        wanted = service_port(service, str(target.port), "UDP" if udp else "TCP") if service else target.port
        if wanted is None:
            says = f"found no port {target.port} of that protocol in Service {namespace}/{name}, expected one"
            return _Bad(says, Reason.PORT_NOT_FOUND)
        origin = Origin(ObjectRef("Service", namespace, name), "spec")
        backend = ServiceBackend(name, wanted)
        found = resolve(self._lookup, self._options, backend, origin, self._neutral)
        return _Bad(found.says, found.reason) if isinstance(found, Unresolved) else found

    def _say(self, origin: Origin, bad: _Bad) -> None:
        about = origin.ref, origin.field, bad.reason, Severity.ERROR, bad.says, "it is left out"
        self.diagnostics.append(Diagnostic(*about))


def _port(one: Directive) -> Port:
    port = port_of(one)
    assert not isinstance(port, Rejected), "it has been read before"
    return port
