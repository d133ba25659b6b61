"""Rules of many Ingresses become servers: who owns which path, which name and which certificate.

The order is the one precedence; what loses is told.  Each pass is a function of its own, and the state they
share is ``Draft``, which nobody sees outside.
"""

from collections.abc import Iterable, Mapping

from msgspec import structs

from painless.annotations.decode import Rejected, shown
from painless.compiler import match
from painless.compiler.certificates import Certificates
from painless.compiler.options import Options
from painless.compiler.resolve import Unresolved, diagnostic, resolve, spoken
from painless.compiler.site import (
    NOBODY,
    Answer,
    CanaryArm,
    Denied,
    NotFound,
    Proxy,
    Route,
    Server,
    Site,
    Unavailable,
    Upstream,
)
from painless.compiler.users import Users
from painless.features import Parsed
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress, ObjectRef, Origin, Path, PathType, ResourceBackend, ServiceBackend
from painless.model.snapshot import Snapshot
from painless.nginx.tokens import Expr

CATCH_ALL = ""
"""The host of the server that answers for every name nobody else has."""

DEFAULT_BACKEND = "spec.defaultBackend"
"""The field that an Ingress without rules is served by."""

Claimed = tuple[tuple[Ingress, Parsed], ...]


class Host:
    """The routes of one host while they are collected."""

    def __init__(self, owner: Ingress | None, owner_settings: Parsed) -> None:
        self.owner = owner
        self.owner_settings = owner_settings
        self.routes: dict[tuple[str, str], Route] = {}


class Draft:
    """What the passes have found so far."""

    def __init__(self, snapshot: Snapshot, options: Options, neutral: Parsed) -> None:
        self.snapshot = snapshot
        self.options = options
        self.hosts: dict[str, Host] = {CATCH_ALL: Host(None, neutral)}
        self.upstreams: dict[str, Upstream] = {}
        self.users = Users(snapshot, options.annotations_prefix)
        self.diagnostics: list[Diagnostic] = []

    def say(
        self, origin: Origin, reason: Reason, says: str, hint: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        self.diagnostics.append(Diagnostic(origin.ref, origin.field, reason, severity, says, hint))

    def entry(self, settings: Parsed, ref: ObjectRef) -> tuple[str, Denied | None]:
        """Return the hot file of the users who may enter, and the answer of a route that is closed."""
        users, denied = self.users.of(settings.basic_auth, ref, self.diagnostics)
        why = settings.denied or denied
        return users, Denied(why) if why else None

    def answer(self, backend: ServiceBackend, settings: Parsed, origin: Origin, instead: str = "") -> Answer:
        """Return what a Service backend comes to, and keep its upstream; ``instead`` is what else happens."""
        found = resolve(
            self.snapshot,
            self.options,
            backend,
            origin,
            one_peer=settings.service_upstream,
            affinity=settings.affinity,
        )
        if isinstance(found, Unresolved):
            told = diagnostic(found, origin)
            self.diagnostics.append(structs.replace(told, hint=instead or told.hint))
            return Unavailable(found.says)
        # The first Ingress that refers to a Service port decides how it is fed.
        found = spoken(found, settings.protocol)
        kept = self.upstreams.setdefault(found.name, found)
        return Proxy(kept.name, kept.label)

    def default_answer(self) -> Answer:
        """Return the answer for what nobody serves: the default backend, or 404."""
        name = self.options.default_backend
        service = self.snapshot.services.get(name) if name else None
        if name is None:
            return NotFound()
        origin = Origin(ObjectRef("Service", *name), "spec.ports")
        if service is None or not service.ports:
            found = "no such Service" if service is None else "no ports"
            says = f"found {found}, expected the Service of --default-backend-service with a port"
            self.say(origin, Reason.SERVICE_NOT_FOUND, says, "what nobody serves answers 404")
            return NotFound()
        neutral = self.hosts[CATCH_ALL].owner_settings
        answer = self.answer(ServiceBackend(service.name, service.ports[0].port), neutral, origin)
        return (
            structs.replace(answer, label="upstream-default-backend") if isinstance(answer, Proxy) else answer
        )


def merge(
    snapshot: Snapshot, options: Options, claimed: Claimed, neutral: Parsed
) -> tuple[Site, Users, Certificates, tuple[Diagnostic, ...]]:
    """Return the site that the Ingresses ask for together.

    ``neutral`` is what an Ingress without annotations means: the catch-all has it.
    """
    draft = Draft(snapshot, options, neutral)
    primaries = tuple((ingress, settings) for ingress, settings in claimed if settings.canary is None)
    canaries = tuple((ingress, settings) for ingress, settings in claimed if settings.canary is not None)
    # First, whatever their age: in ingress-nginx no rule takes the catch-all's root from them.
    for ingress, settings in primaries:
        _add_default_backend(draft, ingress, settings)
    for ingress, settings in primaries:
        _add_rules(draft, ingress, settings)
    _add_implicit_roots(draft)
    for ingress, settings in canaries:
        _add_canary(draft, ingress, settings)
    _drop_bad_expressions(draft)
    certificates = Certificates(snapshot, options)
    certificates.choose(primaries, draft.hosts)
    aliases = _aliases(draft, primaries)
    servers = _servers(draft, primaries, certificates, aliases)
    site = Site(
        servers=servers,
        upstreams=_used(draft.upstreams, servers),
        certificates=certificates.by_name(),
    )
    return site, draft.users, certificates, (*draft.diagnostics, *certificates.diagnostics)


def _add_rules(draft: Draft, ingress: Ingress, settings: Parsed) -> None:
    for at, rule in enumerate(ingress.rules):
        host = draft.hosts.setdefault(rule.host, Host(ingress, settings))
        for index, path in enumerate(rule.paths):
            origin = Origin(ingress.ref, f"spec.rules[{at}].http.paths[{index}]")
            _add_path(draft, host, path, settings, origin)


def _add_path(draft: Draft, host: Host, path: Path, settings: Parsed, origin: Origin) -> None:
    if isinstance(path.backend, ResourceBackend):
        draft.say(
            origin,
            Reason.UNSUPPORTED_BACKEND,
            f"found a backend of kind {path.backend.kind}, expected a Service",
            "the path is left out",
        )
        return
    if not match.fits(path.path):
        says = f"found a path of {len(path.path.encode())} bytes, expected at most 4000 with their escapes"
        draft.say(origin, Reason.INVALID_PATH, says, "the path is left out")
        return
    key = match.path_key(path.path, path.path_type)
    older = host.routes.get(key)
    if older is not None:
        # An Ingress that lists a path twice has only itself to ask.
        says = f"{shown(path.path or '/')} is already served for {older.origin.ref} ({older.origin.field})"
        rules = older.origin.field != DEFAULT_BACKEND
        kept = "the older Ingress" if rules else "an Ingress without rules"
        draft.say(origin, Reason.PATH_CONFLICT, says, f"{kept} keeps the path")
        return
    users, closed = draft.entry(settings, origin.ref)
    answer = closed or draft.answer(path.backend, settings, origin)
    host.routes[key] = Route(path.path or "/", path.path_type, answer, settings, origin, users)


def _add_default_backend(draft: Draft, ingress: Ingress, settings: Parsed) -> None:
    """Let an Ingress without rules answer the catch-all's ``/``; the oldest one does."""
    backend = ingress.default_backend
    if backend is None or ingress.rules:
        return
    origin = Origin(ingress.ref, DEFAULT_BACKEND)
    if isinstance(backend, ResourceBackend):
        says = f"found a backend of kind {backend.kind}, expected a Service"
        draft.say(origin, Reason.UNSUPPORTED_BACKEND, says, "the backend is left out")
        return
    routes = draft.hosts[CATCH_ALL].routes
    key = match.path_key("/", PathType.PREFIX)
    if key in routes:
        says = f"the catch-all is already served for {routes[key].origin.ref}"
        draft.say(origin, Reason.DEFAULT_BACKEND_CONFLICT, says, "the older Ingress keeps it")
        return
    users, closed = draft.entry(settings, origin.ref)
    answer = closed or draft.answer(backend, settings, origin)
    routes[key] = Route("/", PathType.PREFIX, answer, _without_redirects(settings), origin, users)


def _without_redirects(settings: Parsed) -> Parsed:
    """Return settings that neither redirect nor rewrite: ingress-nginx has it so for the catch-all."""
    redirect = structs.replace(settings.tls_redirect, preferred=False, forced=False)
    rewrite = structs.replace(settings.rewrite, regex=False, target=None)
    return structs.replace(settings, tls_redirect=redirect, rewrite=rewrite, app_root=None)


def _add_implicit_roots(draft: Draft) -> None:
    """Let every host answer ``/``: with its oldest Ingress's default backend and annotations, or ours."""
    for name, host in draft.hosts.items():
        key = match.path_key("/", PathType.PREFIX)
        if key in host.routes:
            continue
        owner, settings = host.owner, host.owner_settings
        origin = Origin(owner.ref, DEFAULT_BACKEND) if owner else NOBODY
        users, closed = draft.entry(settings, origin.ref)
        backend = owner.default_backend if owner else None
        if closed:
            answer: Answer = closed
        elif isinstance(backend, ServiceBackend) and name != CATCH_ALL:
            answer = draft.answer(backend, settings, origin)
        else:
            answer = draft.default_answer()
        host.routes[key] = Route("/", PathType.PREFIX, answer, settings, origin, users, implicit=True)


def _add_canary(draft: Draft, ingress: Ingress, settings: Parsed) -> None:
    """Hang each path of a canary on the equal path of another Ingress."""
    for at, rule in enumerate(ingress.rules):
        for index, path in enumerate(rule.paths):
            origin = Origin(ingress.ref, f"spec.rules[{at}].http.paths[{index}]")
            host = draft.hosts.get(rule.host)
            key = match.path_key(path.path, path.path_type)
            route = host.routes.get(key) if host else None
            if host is None or route is None or route.implicit:
                says = f"found no other Ingress with {rule.host or 'no host'} and {shown(path.path or '/')}"
                draft.say(origin, Reason.CANARY_WITHOUT_PRIMARY, f"{says}, expected one", "nothing is served")
            else:
                _hang(draft, host, key, path, settings, origin)


def _hang(
    draft: Draft, host: Host, key: tuple[str, str], path: Path, settings: Parsed, origin: Origin
) -> None:
    route = host.routes[key]
    if isinstance(path.backend, ResourceBackend) or not isinstance(route.answer, Proxy):
        return
    if route.answer.canary is not None:
        says = f"the path already has the canary {route.answer.canary.origin.ref}"
        draft.say(origin, Reason.CANARY_IGNORED, says, "the older canary is used")
        return
    assert settings.canary is not None, "only canaries are hung"
    alone = structs.replace(settings, affinity=None, protocol=route.settings.protocol)
    found = draft.answer(path.backend, alone, origin, "the canary gets no traffic")
    if isinstance(found, Proxy):
        arm = CanaryArm(found.upstream, found.label, settings.canary, origin)
        host.routes[key] = structs.replace(route, answer=structs.replace(route.answer, canary=arm))


def _drop_bad_expressions(draft: Draft) -> None:
    """On hosts with regular expressions every path is one: those that are not cannot be served."""
    for name, host in draft.hosts.items():
        culprits = [route for route in host.routes.values() if match.needs_regex(route)]
        if not culprits:
            continue
        for key, route in tuple(host.routes.items()):
            found = match.checked(route)
            if isinstance(found, Rejected):
                says = f"found {shown(route.path)}, expected {found.expected}"
                draft.say(route.origin, Reason.INVALID_PATH, says, "the path is left out", Severity.REJECTED)
                del host.routes[key]
                continue
            _warn_bystander(draft, name, route, culprits)


def _warn_bystander(draft: Draft, host: str, route: Route, culprits: list[Route]) -> None:
    if route.implicit or match.needs_regex(route):
        return
    others = sorted({one.origin.ref for one in culprits} - {route.origin.ref})
    if others:
        says = (
            f"{shown(route.path)} is read as a case-insensitive regular expression, since {others[0]} makes"
        )
        draft.say(
            route.origin,
            Reason.REGEX_HOST,
            f"{says} every path of {host or 'the catch-all'} one",
            "give the regular expressions a host of their own",
            Severity.WARNING,
        )


def _aliases(draft: Draft, primaries: Claimed) -> Mapping[str, tuple[str, ...]]:
    """Return the further names of each host; one that is somebody's host, or an older alias, is dropped."""
    owners: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for ingress, settings in primaries:
        origin = Origin(ingress.ref, f"metadata.annotations[{draft.options.annotations_prefix}/server-alias]")
        for alias in settings.aliases:
            # ingress-nginx writes the alias into every host's server, and NGINX keeps the first of them.
            host = min((rule.host for rule in ingress.rules if rule.host), default=None)
            if host is None:
                says = f"found the alias {alias} on an Ingress without a host, expected a host"
                draft.say(origin, Reason.ALIAS_CONFLICT, says, "the alias is left out")
            elif alias in draft.hosts or owners.get(alias, host) != host:
                owner = (
                    f"the host {alias} of an Ingress"
                    if alias in draft.hosts
                    else f"an alias of {owners[alias]}"
                )
                draft.say(
                    origin, Reason.ALIAS_CONFLICT, f"{alias} is {owner} already", "the alias is left out"
                )
            elif alias not in owners:
                owners[alias] = host
                found.setdefault(host, []).append(alias)
    return {host: tuple(sorted(names)) for host, names in found.items()}


def _servers(
    draft: Draft, primaries: Claimed, certificates: Certificates, aliases: Mapping[str, tuple[str, ...]]
) -> tuple[Server, ...]:
    roots = _app_roots(primaries, draft.options)
    servers = []
    for name in sorted(draft.hosts):
        host = draft.hosts[name]
        names = certificates.name_aliases(name, aliases.get(name, ()))
        locations = match.locations(host.routes.values())
        origin = Origin(host.owner.ref, "spec.rules") if host.owner else None
        # A name without TLS is not redirected, so it cannot share a block with one that is.
        for tls, same in ((True, names.with_tls), (False, names.without_tls)):
            if same:
                servers.append(Server(name, same, tls, locations, origin, roots.get(name)))
    return tuple(servers)


def _app_roots(primaries: Claimed, options: Options) -> dict[str, tuple[Expr, Origin]]:
    field = f"metadata.annotations[{options.annotations_prefix}/app-root]"
    roots: dict[str, tuple[Expr, Origin]] = {}
    for ingress, settings in primaries:
        if settings.app_root is not None:
            for rule in ingress.rules:
                roots.setdefault(rule.host, (settings.app_root, Origin(ingress.ref, field)))
    return roots


def _used(upstreams: Mapping[str, Upstream], servers: Iterable[Server]) -> tuple[Upstream, ...]:
    """Return the upstreams that some location uses, by name: nobody resolves what nobody asks for."""
    names: set[str] = set()
    for server in servers:
        for location in server.locations:
            if isinstance(answer := location.route.answer, Proxy):
                names.add(answer.upstream)
                if answer.canary:
                    names.add(answer.canary.upstream)
    return tuple(upstreams[name] for name in sorted(names))
