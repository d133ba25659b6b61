"""TCP and UDP services: the lines of two ConfigMaps become ports that NGINX listens at.

Each line stands for itself: one that cannot be served is told, and the others are.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from painless.annotations.decode import shown
from painless.compiler.lookup import Lookup
from painless.compiler.options import Options
from painless.compiler.resolve import Unresolved, resolve
from painless.compiler.site import StreamServer, Upstream
from painless.features import Parsed
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ObjectRef, Origin, Service, ServiceBackend
from painless.model.snapshot import Name, Snapshot

_LINE = re.compile(
    r"(?P<namespace>[a-z0-9-]+)/(?P<service>[a-z0-9-]+):(?P<port>[A-Za-z0-9-]+)"
    r"(?::(?P<decode>PROXY|))?(?::(?P<encode>PROXY|))?",
    re.IGNORECASE,
)
_FORM = "namespace/service:port, for TCP perhaps with :PROXY from clients and :PROXY to pods"
_LEFT_OUT = "the port is not listened at"
_HIGHEST_PORT = 65_535


class Served(Struct, frozen=True):
    """The ports, the upstreams behind them, and what is wrong with the lines."""

    servers: tuple[StreamServer, ...] = ()
    upstreams: tuple[Upstream, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


class _Bad(Struct, frozen=True):
    """Why a line cannot be served."""

    reason: Reason
    says: str


def services(snapshot: Snapshot, options: Options, neutral: Parsed) -> Served:
    """Return what the ConfigMaps of TCP and UDP services come to."""
    found: dict[tuple[int, bool], tuple[StreamServer, Upstream]] = {}
    said: list[Diagnostic] = []
    lookup = Lookup(snapshot)
    for name, udp in ((options.tcp_services, False), (options.udp_services, True)):
        for key, text, origin in _lines(name, snapshot, said):
            server = _server(key, text, origin, udp=udp)
            if not isinstance(server, _Bad) and (server.port, udp) in found:
                server = _Bad(
                    Reason.INVALID_CONFIG_VALUE, f"found port {server.port} twice, expected it once"
                )
            result = server if isinstance(server, _Bad) else _resolved(server, text, lookup, options, neutral)
            if isinstance(result, _Bad):
                about = origin.ref, origin.field, result.reason, Severity.ERROR, result.says, _LEFT_OUT
                said.append(Diagnostic(*about))
            else:
                found[result[0].port, udp] = result
    if found and not options.build.has("stream"):
        return Served(diagnostics=(*said, *(_without_stream(one.origin) for one, _ in found.values())))
    upstreams = {one.name: one for _, one in found.values()}
    ports = tuple(found[at][0] for at in sorted(found))
    return Served(ports, tuple(upstreams[one] for one in sorted(upstreams)), tuple(said))


def _without_stream(origin: Origin) -> Diagnostic:
    says = "found an NGINX that was built without stream, expected one with it"
    return Diagnostic(origin.ref, origin.field, Reason.INVALID_CONFIG_VALUE, Severity.ERROR, says, _LEFT_OUT)


def _lines(
    name: Name | None, snapshot: Snapshot, said: list[Diagnostic]
) -> Iterator[tuple[str, str, Origin]]:
    """Yield each line of a ConfigMap with its origin."""
    if name is None:
        return
    configmap = snapshot.configmaps.get(name)
    if configmap is None:
        says = "found no such ConfigMap, expected one with TCP or UDP services"
        about = ObjectRef("ConfigMap", *name)
        said.append(
            Diagnostic(about, "data", Reason.CONFIGMAP_NOT_FOUND, Severity.WARNING, says, "there are none")
        )
        return
    for key, text in configmap.data:
        yield key, text, Origin(configmap.ref, f"data[{key}]")


def _server(key: str, text: str, origin: Origin, *, udp: bool) -> StreamServer | _Bad:
    """Read one line, as far as it says what it wants."""
    number = int(key) if re.fullmatch(r"[0-9]{1,5}", key) else 0
    if not 1 <= number <= _HIGHEST_PORT:
        return _Bad(Reason.INVALID_CONFIG_VALUE, f"found {shown(key)}, expected the number of a port")
    line = _LINE.fullmatch(text.strip())
    if line is None:
        return _Bad(Reason.INVALID_CONFIG_VALUE, f"found {shown(text)}, expected {_FORM}")
    if udp and (line["decode"] or line["encode"]):
        return _Bad(Reason.INVALID_CONFIG_VALUE, f"found {shown(text)}, expected no PROXY, which is TCP's")
    return StreamServer(number, udp, "", bool(line["decode"]), bool(line["encode"]), origin)


def _resolved(
    server: StreamServer, text: str, lookup: Lookup, options: Options, neutral: Parsed
) -> tuple[StreamServer, Upstream] | _Bad:
    """Return the port with the upstream that the line names."""
    if not server.udp and server.port in options.own_ports:
        says = f"found port {server.port}, expected one that Painless does not listen at"
        return _Bad(Reason.INVALID_CONFIG_VALUE, says)
    line = _LINE.fullmatch(text.strip())
    assert line is not None, "it has been read before"
    origin = Origin(ObjectRef("Service", line["namespace"], line["service"]), "spec")
    service = lookup.services.get((line["namespace"], line["service"]))
    wanted = service_port(service, line["port"], "UDP" if server.udp else "TCP") if service else line["port"]
    if service and wanted is None:
        says = f"found no port {line['port']} of that protocol in {service.ref}, expected one"
        return _Bad(Reason.PORT_NOT_FOUND, says)
    found = resolve(lookup, options, ServiceBackend(line["service"], wanted or 0), origin, neutral)
    if isinstance(found, Unresolved):
        return _Bad(found.reason, found.says)
    return StreamServer(
        server.port, server.udp, found.name, server.decode, server.encode, server.origin
    ), found


def service_port(service: Service, text: str, protocol: str) -> int | str | None:
    """Return the name or number of the Service's port of that protocol; two protocols may have one number."""
    if service.type == "ExternalName" and not service.ports and text.isdecimal():
        return int(text)
    return next(iter(_ports(service, text, protocol)), None)


def _ports(service: Service, text: str, protocol: str) -> Iterator[int | str]:
    for one in service.ports:
        if text in {str(one.port), str(one.target_or_port), one.name} and one.protocol == protocol:
            yield one.name or one.port
