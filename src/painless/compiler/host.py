"""The rules of one host become its routes: who owns which path, and what answers it.

A function of the Ingresses that name the host and of the objects they refer to, and of nothing else, so that
its result is kept while those stay the same (memory.py).  What hosts share is decided in ``merge``.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

from painless.annotations.decode import Rejected, shown
from painless.compiler import match
from painless.compiler.backends import Backends
from painless.compiler.certificates import Chosen, choose
from painless.compiler.error_service import StandIns
from painless.compiler.lookup import Lookup
from painless.compiler.options import Options
from painless.compiler.own_tls import NOTHING, Files, decide
from painless.compiler.passthrough import Passing
from painless.compiler.redirecting import app_root, twin
from painless.compiler.resolve import Unresolved, diagnostic, for_canary, label_of, resolve
from painless.compiler.server_snippets import Had, Heard
from painless.compiler.shape import own_of, shape_of
from painless.compiler.site import (
    DEFAULT_LABEL,
    NOBODY,
    Answer,
    CanaryArm,
    Denied,
    Failing,
    Location,
    NotFound,
    Own,
    OwnTls,
    Proxy,
    Redirected,
    Route,
    Twin,
    Unavailable,
    Upstream,
)
from painless.compiler.url_service import UrlServices
from painless.compiler.users import Users
from painless.features import Parsed, backend_tls
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress, ObjectRef, Origin, Path, PathType, ResourceBackend, ServiceBackend
from painless.nginx.tokens import Expr
from painless.sensitive import Sensitive

CATCH_ALL = ""
"""The host of the server that answers for every name nobody else has."""

DEFAULT_BACKEND = "spec.defaultBackend"
"""The field that an Ingress without rules is served by."""

Rules = tuple[tuple[Ingress, Parsed, int], ...]
"""Ingresses in precedence, each with what its annotations mean and the place of its rule for the host."""

_ROOT = match.path_key("/", PathType.PREFIX)


class Claims(Struct, frozen=True):
    """Who says something about a host.

    ``rules`` serve paths, ``canaries`` take a part of their traffic.  ``defaults`` are Ingresses without
    rules, which answer for the catch-all.  ``neutral`` is what an Ingress without annotations means.
    """

    rules: Rules
    canaries: Rules
    defaults: Rules
    neutral: Parsed


class Hosted(Struct, frozen=True, gc=False):
    """What the rules of one host come to.

    ``shape`` names everything of the locations that hosts may share, ``own`` is the rest, by location.
    ``chosen`` is its certificate, ``None`` without TLS.  ``alone``: an Ingress asks for a block of its own.
    ``twin`` is the name that redirects to it, if one is asked for.
    ``own_tls`` is what it has of its own in TLS, ``files`` what NGINX reads for it.
    ``passed_on`` is the upstream for its TLS as it is, if that is passed on unread.
    ``pages`` is the upstream that makes the error pages of all Ingresses.
    ``had`` is the snippet that it has.
    """

    locations: tuple[Location, ...]
    shape: str
    own: tuple[Own, ...]
    origin: Origin | None
    app_root: tuple[Expr, Origin] | None
    upstreams: tuple[Upstream, ...]
    hot: tuple[tuple[str, Sensitive], ...]
    chosen: Chosen | None
    alone: bool
    twin: Twin | None
    diagnostics: tuple[Diagnostic, ...]
    own_tls: OwnTls | None = None
    files: Files = ()
    passed_on: Upstream | None = None
    pages: str = ""
    had: Had | None = None


def host(name: str, claims: Claims, lookup: Lookup, options: Options) -> Hosted:
    """Return what the host is served with."""
    draft = Draft(name, claims, lookup, options)
    # First, whatever their age: in ingress-nginx no rule takes the catch-all's root from them.
    for ingress, settings, _ in claims.defaults:
        _add_default_backend(draft, ingress, settings)
    for ingress, settings, at in claims.rules:
        for origin, path in _paths(ingress, at):
            _add_path(draft, path, settings, origin)
    _add_implicit_root(draft)
    for ingress, settings, at in claims.canaries:
        for origin, path in _paths(ingress, at):
            _add_canary(draft, path, settings, origin)
    _drop_bad_expressions(draft)
    pages = draft.standing_in.pages(claims.neutral, NOBODY, draft.diagnostics)
    locations = draft.heard.beside(match.locations(draft.routes.values()))
    chosen, about_tls = choose(name, claims.rules, lookup) if name else (None, ())
    own = decide(claims.rules, lookup, options.annotations_prefix) if name else NOTHING
    # The catch-all belongs to nobody.
    owner = claims.rules[0][0].ref if claims.rules and name else None
    return Hosted(
        locations=locations,
        shape=shape_of(locations),
        own=tuple(own_of(one.route) for one in locations),
        origin=Origin(owner, "spec.rules") if owner else None,
        app_root=app_root(claims.rules, options),
        upstreams=_used(draft.found(), locations, pages),
        hot=tuple({**draft.users.hot, **draft.backends.hot}.items()),
        chosen=chosen,
        # The catch-all is NGINX's default server.
        alone=not name or any(settings.own_server for _, settings, _ in claims.rules),
        twin=twin(name, claims.rules, options),
        diagnostics=(
            *draft.diagnostics,
            *about_tls,
            *own.diagnostics,
            *draft.passing.diagnostics(),
            *draft.heard.diagnostics,
        ),
        own_tls=own.tls,
        passed_on=draft.passing.upstream,
        files=(*own.files, *draft.backends.cold.items()),
        pages=pages,
        had=draft.heard.had,
    )


def without_primary(name: str, canaries: Rules) -> tuple[Diagnostic, ...]:
    """Return what the owners of canaries are told whose host nobody else names."""
    return tuple(
        _no_primary(origin, name, path) for ingress, _, at in canaries for origin, path in _paths(ingress, at)
    )


class Entry(Struct, frozen=True, gc=False):
    """Who may enter a path: the settings that count there, the hot file of the users, who is asked.

    ``backend`` are the files for TLS to the application, ``copied`` is who gets copies.  ``closed`` is
    the answer of a path that nobody may enter, ``failing`` who answers in place of the Service.
    """

    settings: Parsed
    users: str
    backend: backend_tls.Files | None
    asked: str
    copied: str
    closed: Denied | None
    failing: Failing | None

    def route(self, path: str, path_type: PathType, answer: Answer, origin: Origin) -> Route:
        """Return the route through this entry, which has ``answer`` where it is open."""
        return Route(
            path,
            path_type,
            answer,
            self.settings,
            origin,
            self.users,
            backend=self.backend,
            auth_upstream=self.asked,
            mirror_upstream=self.copied,
            failing=self.failing,
        )


class Draft:
    """The routes of one host while they are collected."""

    def __init__(self, name: str, claims: Claims, lookup: Lookup, options: Options) -> None:
        self.name = name
        self.claims = claims
        self.lookup = lookup
        self.options = options
        self.routes: dict[tuple[str, str], Route] = {}
        self.upstreams: dict[str, Upstream] = {}
        self.users = Users(lookup, options.annotations_prefix)
        self.backends = Backends(lookup, options.annotations_prefix)
        self.urls = UrlServices(name, lookup, options, claims.neutral)
        self.standing_in = StandIns(lookup, options, claims.neutral, self.default_answer)
        self.diagnostics: list[Diagnostic] = []
        self.passing = Passing(name, claims.rules, options)
        self.heard = Heard((*claims.defaults, *claims.rules), options.annotations_prefix)

    def say(
        self, origin: Origin, reason: Reason, says: str, hint: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        self.diagnostics.append(Diagnostic(origin.ref, origin.field, reason, severity, says, hint))

    def entry(
        self, settings: Parsed, origin: Origin, path: str, served: ServiceBackend | None = None
    ) -> Entry:
        """Return who may enter a path that ``served`` is the backend of."""
        if path.startswith(settings.open_paths):
            settings = structs.replace(settings, basic_auth=None, external_auth=None)
        users, denied = self.users.of(settings.basic_auth, origin.ref, self.diagnostics)
        backend, unusable = self.backends.of(settings.backend_tls, origin.ref, self.diagnostics)
        auth, mirror = settings.external_auth, settings.mirror
        asked = self.urls.asked(auth, origin, self.diagnostics) if auth else ""
        copied = self.urls.told(mirror, origin, self.diagnostics) if mirror else ""
        if asked is None:
            denied = denied or "nobody can be asked about requests to a host that is no full name"
        unheard = self.heard.closed(origin.ref)
        why = settings.denied or denied or unusable or unheard or self._not_without_host(settings, origin.ref)
        failing = None if why else self.standing_in.of(settings, origin, served, self.diagnostics)
        return Entry(settings, users, backend, asked or "", copied, Denied(why) if why else None, failing)

    def _not_without_host(self, settings: Parsed, ref: ObjectRef) -> str:
        """Return why the catch-all is closed to who asks for certificates: it has no name to ask by."""
        if self.name or settings.clients is None:
            return ""
        says = "found auth-tls-secret on a rule without a host, expected a host"
        field = f"metadata.annotations[{self.options.annotations_prefix}/auth-tls-secret]"
        hint = "its paths answer 503: a client is asked for a certificate by the name it calls"
        self.say(Origin(ref, field), Reason.LOCATION_DENIED, says, hint, Severity.REJECTED)
        return says

    def answer(self, backend: ServiceBackend, settings: Parsed, origin: Origin, instead: str = "") -> Answer:
        """Return what a Service backend comes to, and keep its upstream; ``instead`` is what else happens."""
        found = resolve(self.lookup, self.options, backend, origin, settings)
        if isinstance(found, Unresolved):
            told = diagnostic(found, origin)
            self.diagnostics.append(structs.replace(told, hint=instead or told.hint))
            return Unavailable(found.says)
        self.upstreams[found.name] = found
        return Proxy(found.name, found.label)

    def found(self) -> dict[str, Upstream]:
        """Return all upstreams, whoever found them."""
        return {**self.upstreams, **self.urls.upstreams, **self.standing_in.upstreams}

    def default_answer(self) -> Answer:
        """Return the answer for what nobody serves: the default backend, or 404."""
        name = self.options.default_backend
        service = self.lookup.services.get(name) if name else None
        if name is None:
            return NotFound()
        origin = Origin(ObjectRef("Service", *name), "spec.ports")
        if service is None or not service.ports:
            found = "no such Service" if service is None else "no ports"
            says = f"found {found}, expected the Service of --default-backend-service with a port"
            self.say(origin, Reason.SERVICE_NOT_FOUND, says, "what nobody serves answers 404")
            return NotFound()
        backend = ServiceBackend(service.name, service.ports[0].port)
        answer = self.answer(backend, self.claims.neutral, origin)
        return structs.replace(answer, label=DEFAULT_LABEL) if isinstance(answer, Proxy) else answer


def _paths(ingress: Ingress, at: int) -> Iterable[tuple[Origin, Path]]:
    ref = ingress.ref
    for index, path in enumerate(ingress.rules[at].paths):
        yield Origin(ref, f"spec.rules[{at}].http.paths[{index}]"), path


def _add_path(draft: Draft, path: Path, settings: Parsed, origin: Origin) -> None:
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
    older = draft.routes.get(key)
    if older is not None:
        # An Ingress that lists a path twice has only itself to ask.
        says = f"{shown(path.path or '/')} is already served for {older.origin.ref} ({older.origin.field})"
        rules = older.origin.field != DEFAULT_BACKEND
        kept = "the older Ingress" if rules else "an Ingress without rules"
        draft.say(origin, Reason.PATH_CONFLICT, says, f"{kept} keeps the path")
        return
    if draft.passing.wanted and key == _ROOT:
        settings = draft.passing.take(path.backend, origin, settings, draft.claims.neutral, draft.lookup)
    entry = draft.entry(settings, origin, path.path, path.backend)
    away = Redirected(label_of(path.backend, origin)) if settings.redirect else None
    answer = entry.closed or away or draft.answer(path.backend, settings, origin)
    draft.routes[key] = entry.route(path.path or "/", path.path_type, answer, origin)


def _add_default_backend(draft: Draft, ingress: Ingress, settings: Parsed) -> None:
    """Let an Ingress without rules answer the catch-all's ``/``; the oldest one does."""
    backend = ingress.default_backend
    origin = Origin(ingress.ref, DEFAULT_BACKEND)
    if isinstance(backend, ResourceBackend):
        says = f"found a backend of kind {backend.kind}, expected a Service"
        draft.say(origin, Reason.UNSUPPORTED_BACKEND, says, "the backend is left out")
        return
    assert backend is not None, "only Ingresses with a default backend answer for the catch-all"
    if _ROOT in draft.routes:
        says = f"the catch-all is already served for {draft.routes[_ROOT].origin.ref}"
        draft.say(origin, Reason.DEFAULT_BACKEND_CONFLICT, says, "the older Ingress keeps it")
        return
    entry = draft.entry(_without_redirects(settings), origin, "/", backend)
    answer = entry.closed or draft.answer(backend, settings, origin)
    draft.routes[_ROOT] = entry.route("/", PathType.PREFIX, answer, origin)


def _without_redirects(settings: Parsed) -> Parsed:
    """Return settings that neither redirect nor rewrite: ingress-nginx has it so for the catch-all."""
    redirect = structs.replace(settings.tls_redirect, preferred=False, forced=False)
    rewrite = structs.replace(settings.rewrite, regex=False, target=None)
    return structs.replace(settings, tls_redirect=redirect, rewrite=rewrite, app_root=None, redirect=None)


def _add_implicit_root(draft: Draft) -> None:
    """Let the host answer ``/``: with its oldest Ingress's default backend and annotations, or ours."""
    if _ROOT in draft.routes:
        return
    rules = draft.claims.rules
    owner, settings = (rules[0][0], rules[0][1]) if rules and draft.name else (None, draft.claims.neutral)
    origin = Origin(owner.ref, DEFAULT_BACKEND) if owner else NOBODY
    backend = owner.default_backend if owner else None
    service = backend if isinstance(backend, ServiceBackend) else None
    entry = draft.entry(settings, origin, "/", service)
    if entry.closed:
        answer: Answer = entry.closed
    elif settings.redirect:
        answer = Redirected(DEFAULT_LABEL)
    elif service:
        answer = draft.answer(service, settings, origin)
    else:
        answer = draft.default_answer()
    draft.routes[_ROOT] = structs.replace(entry.route("/", PathType.PREFIX, answer, origin), implicit=True)


def _add_canary(draft: Draft, path: Path, settings: Parsed, origin: Origin) -> None:
    """Hang a path of a canary on the equal path of another Ingress."""
    key = match.path_key(path.path, path.path_type)
    route = draft.routes.get(key)
    if route is None or route.implicit:
        draft.diagnostics.append(_no_primary(origin, draft.name, path))
        return
    if isinstance(path.backend, ResourceBackend) or not isinstance(route.answer, Proxy):
        return
    if route.answer.canary is not None:
        says = f"the path already has the canary {route.answer.canary.origin.ref}"
        draft.say(origin, Reason.CANARY_CONFLICT, says, "the older canary is used")
        return
    here = for_canary(settings, route.settings, label_of(path.backend, origin))
    assert here.canary is not None, "only canaries are hung"
    found = draft.answer(path.backend, here, origin, "the canary gets no traffic")
    if isinstance(found, Proxy):
        arm = CanaryArm(found.upstream, found.label, here.canary, origin)
        draft.routes[key] = structs.replace(route, answer=structs.replace(route.answer, canary=arm))


def _no_primary(origin: Origin, host_name: str, path: Path) -> Diagnostic:
    where = f"{host_name or 'no host'} and {shown(path.path or '/')}"
    says, hint = f"found no other Ingress with {where}, expected one", "nothing is served"
    return Diagnostic(origin.ref, origin.field, Reason.CANARY_WITHOUT_PRIMARY, Severity.ERROR, says, hint)


def _drop_bad_expressions(draft: Draft) -> None:
    """On hosts with regular expressions every path is one: those that are not cannot be served."""
    culprits = [route for route in draft.routes.values() if match.needs_regex(route)]
    if not culprits:
        return
    for key, route in tuple(draft.routes.items()):
        found = match.checked(route)
        if isinstance(found, Rejected):
            says = f"found {shown(route.path)}, expected {found.expected}"
            draft.say(route.origin, Reason.INVALID_PATH, says, "the path is left out", Severity.REJECTED)
            del draft.routes[key]
            continue
        _warn_bystander(draft, route, culprits)


def _warn_bystander(draft: Draft, route: Route, culprits: list[Route]) -> None:
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
            f"{says} every path of {draft.name or 'the catch-all'} one",
            "give the regular expressions a host of their own",
            Severity.WARNING,
        )


def _used(upstreams: dict[str, Upstream], locations: Sequence[Location], pages: str) -> tuple[Upstream, ...]:
    """Return the upstreams that some location uses: nobody resolves what nobody asks for."""
    # A path may have two locations.
    routes = {id(one.route): one.route for one in locations}.values()
    names = {pages}.union(*(one.upstreams for one in routes))
    return tuple(upstreams[name] for name in sorted(names - {""}))
