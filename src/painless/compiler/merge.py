"""Rules of many Ingresses become servers: each host by itself, then what hosts have to do with each other.

The order is the one precedence; what loses is told.  Which path of a host is whose is decided in ``host``.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from operator import attrgetter

from msgspec import Struct

from painless.compiler.certificates import Certificates
from painless.compiler.host import CATCH_ALL, Claims, Hosted, Rules, without_primary
from painless.compiler.lookup import Lookup
from painless.compiler.memory import Memory
from painless.compiler.options import Options
from painless.compiler.services import services
from painless.compiler.site import Passthrough, Server, Site, Twin, Upstream
from painless.features import Parsed
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress, Origin
from painless.model.snapshot import Snapshot
from painless.sensitive import Sensitive

Claimed = tuple[tuple[Ingress, Parsed], ...]


class Merged(Struct, frozen=True):
    """The site, its hot files, and what is wrong with the objects behind it."""

    site: Site
    hot: Mapping[str, Sensitive]
    diagnostics: frozenset[Diagnostic]


def merge(snapshot: Snapshot, options: Options, claimed: Claimed, neutral: Parsed, memory: Memory) -> Merged:
    """Return the site that the Ingresses ask for together.

    ``neutral`` is what an Ingress without annotations means: the catch-all has it.
    """
    claims, alone = _claims(claimed, neutral)
    lookup = Lookup(snapshot)
    hosted = {name: memory.hosts.get(name, claims[name], lookup, options) for name in sorted(claims)}
    certificates = Certificates(
        lookup, options, {name: one.chosen for name, one in hosted.items() if one.chosen}
    )
    aliases, about_aliases = _aliases(claimed, claims, options)
    servers = tuple(_servers(hosted, certificates, aliases, memory))
    twins, about_twins = _twins(hosted, servers, certificates)
    ports = services(snapshot, options, neutral)
    diagnostics = frozenset(
        (
            *ports.diagnostics,
            *(said for one in hosted.values() for said in one.diagnostics),
            *(said for name, canaries in alone.items() for said in without_primary(name, canaries)),
            *certificates.diagnostics,
            *about_aliases,
            *about_twins,
        )
    )
    files = {name: text for one in hosted.values() for name, text in one.files}
    upstreams = _upstreams(hosted.values())
    passed = _passed(hosted)
    site = Site(
        servers,
        twins,
        upstreams,
        certificates.by_name(),
        dict(sorted(files.items())),
        ports.servers,
        tuple(one for one, _ in passed),
        by_name((*(one for _, one in passed), *ports.upstreams)),
    )
    hot = {**certificates.hot(), **{path: text for one in hosted.values() for path, text in one.hot}}
    return Merged(site, hot, diagnostics)


def _claims(claimed: Claimed, neutral: Parsed) -> tuple[dict[str, Claims], dict[str, Rules]]:
    """Return who says something about each host, and canaries for hosts that nobody serves."""
    rules: dict[str, list[tuple[Ingress, Parsed, int]]] = {CATCH_ALL: []}
    canaries: dict[str, list[tuple[Ingress, Parsed, int]]] = {}
    defaults: list[tuple[Ingress, Parsed, int]] = []
    for ingress, settings in claimed:
        into = rules if settings.canary is None else canaries
        for at, rule in enumerate(ingress.rules):
            into.setdefault(rule.host, []).append((ingress, settings, at))
        if settings.canary is None and ingress.default_backend is not None and not ingress.rules:
            defaults.append((ingress, settings, 0))
    claims = {
        name: Claims(
            rules=tuple(some),
            canaries=tuple(canaries.pop(name, ())),
            defaults=tuple(defaults) if name == CATCH_ALL else (),
            neutral=neutral,
        )
        for name, some in rules.items()
    }
    return claims, {name: tuple(some) for name, some in canaries.items()}


def _aliases(
    claimed: Claimed, hosts: Mapping[str, object], options: Options
) -> tuple[Mapping[str, tuple[str, ...]], tuple[Diagnostic, ...]]:
    """Return the further names of each host; one that is somebody's host, or an older alias, is dropped."""
    owners: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    diagnostics: list[Diagnostic] = []
    for ingress, settings in claimed:
        if not settings.aliases or settings.canary is not None:
            continue
        # ingress-nginx writes the alias into every host's server, and NGINX keeps the first of them.
        host_name = min((rule.host for rule in ingress.rules if rule.host), default=None)
        for alias in settings.aliases:
            if why := _why_no_alias(alias, host_name, hosts, owners):
                origin = Origin(
                    ingress.ref, f"metadata.annotations[{options.annotations_prefix}/server-alias]"
                )
                diagnostics.append(_no_alias(origin, why))
            elif host_name is not None and alias not in owners:
                owners[alias] = host_name
                found.setdefault(host_name, []).append(alias)
    return {name: tuple(sorted(names)) for name, names in found.items()}, tuple(diagnostics)


def _why_no_alias(
    alias: str, host_name: str | None, hosts: Mapping[str, object], owners: Mapping[str, str]
) -> str:
    if host_name is None:
        return f"found the alias {alias} on an Ingress without a host, expected a host"
    if alias in hosts:
        return f"{alias} is the host {alias} of an Ingress already"
    if owners.get(alias, host_name) != host_name:
        return f"{alias} is an alias of {owners[alias]} already"
    return ""


def _no_alias(origin: Origin, why: str) -> Diagnostic:
    return Diagnostic(
        origin.ref, origin.field, Reason.ALIAS_CONFLICT, Severity.ERROR, why, "the alias is left out"
    )


def _servers(
    hosted: Mapping[str, Hosted],
    certificates: Certificates,
    aliases: Mapping[str, tuple[str, ...]],
    memory: Memory,
) -> Iterable[Server]:
    for name, one in hosted.items():
        names = certificates.name_aliases(name, aliases.get(name, ()))
        # A name without TLS is not redirected, so it cannot share a block with one that is.
        for tls, same in ((True, names.with_tls), (False, names.without_tls)):
            if same:
                make = partial(_server, name, same, one, tls=tls)
                yield memory.servers.get((name, tls), (one, same), make)


def _twins(
    hosted: Mapping[str, Hosted], servers: Iterable[Server], certificates: Certificates
) -> tuple[tuple[Twin, ...], tuple[Diagnostic, ...]]:
    """Return the names that redirect to a host; one that is served already stays what it is."""
    asked = {name: one.twin for name, one in hosted.items() if one.twin}
    if not asked:
        return (), ()
    served = {name for one in servers for name in one.names}
    told = tuple(_no_twin(one) for one in asked.values() if one.name in served)
    found = {name: one for name, one in asked.items() if one.name not in served}
    for name, one in found.items():
        certificates.lend(name, one.name)
    return tuple(found.values()), told


def _no_twin(twin: Twin) -> Diagnostic:
    says = f"{twin.name} is the host or an alias of an Ingress already"
    about = twin.origin.ref, twin.origin.field
    return Diagnostic(*about, Reason.TWIN_SERVED, Severity.WARNING, says, "it is served and not redirected")


def _server(name: str, names: tuple[str, ...], one: Hosted, *, tls: bool) -> Server:
    return Server(
        name,
        names,
        tls,
        one.locations,
        one.shape,
        one.own,
        one.origin,
        one.app_root,
        one.alone,
        one.own_tls,
        one.pages,
        one.had.snippet if one.had else None,
        one.had.origin if one.had else None,
    )


def _passed(hosted: Mapping[str, Hosted]) -> tuple[tuple[Passthrough, Upstream], ...]:
    """Return the hosts whose TLS is passed on unread, each with its upstream."""
    return tuple(
        (Passthrough(name, one.passed_on.name, one.origin), one.passed_on)
        for name, one in hosted.items()
        if one.passed_on and one.origin
    )


def _upstreams(hosted: Iterable[Hosted]) -> tuple[Upstream, ...]:
    return by_name(upstream for one in hosted for upstream in one.upstreams)


def by_name(upstreams: Iterable[Upstream]) -> tuple[Upstream, ...]:
    """Return the upstreams by name, each once."""
    return tuple(sorted({one.name: one for one in upstreams}.values(), key=attrgetter("name")))
