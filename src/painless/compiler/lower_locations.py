"""Location blocks: one route each, in the order in which a request meets what they hold."""

from collections.abc import Iterable

from msgspec import Struct, structs

from painless.annotations.base import Contribution, Place
from painless.compiler.lower_affinity import cookie_contribution
from painless.compiler.lower_auth import auth_contribution, to_sign_in
from painless.compiler.lower_bulkheads import counted_at, own_limits
from painless.compiler.lower_canary import choose_arm
from painless.compiler.lower_errors import error_pages, instead_of_nothing
from painless.compiler.lower_failed import Headers, added_headers, inherit, to_failed
from painless.compiler.lower_fastcgi import asked_with
from painless.compiler.lower_mirror import mirror_contribution
from painless.compiler.lower_own_logs import logged_in
from painless.compiler.lower_snippets import has_own, merged, to_location
from painless.compiler.lower_tls import plain_closed, told_upstream
from painless.compiler.options import Options
from painless.compiler.request_headers import request_headers
from painless.compiler.shape import Names
from painless.compiler.site import (
    NOBODY,
    Denied,
    Location,
    Modifier,
    NotFound,
    Proxy,
    Route,
    Server,
    Unavailable,
)
from painless.features import Everywhere, backend_tls, basic_auth, log_format, tls_redirect
from painless.features.backend_protocol import module
from painless.model.objects import Origin
from painless.nginx.spans import FOLDER, FORMAT
from painless.nginx.tokens import Literal, Regex, Token, Var, expr
from painless.nginx.tree import Directive, block, directive, when


class Lowered(Struct, frozen=True, gc=False):
    """A location's block, what it needs at http level and beside it, and the headers its failures carry.

    ``logs`` are ours, for http level.  ``failed`` is ``None`` where no upstream is asked, so none can fail.
    """

    block: Directive
    shared: tuple[Directive, ...]
    logs: tuple[Directive, ...]
    beside: tuple[Directive, ...]
    failed: Headers | None


def lower_location(
    location: Location, names: Names, owner: object, options: Options, *, server: Server, common: Everywhere
) -> Lowered:
    """Return the location.

    ``names`` are what it has of its own.  ``owner`` is the origin of its lines: the route's, or those of all
    hosts that share it.  ``server`` is the one it is in, or one that is like it.  ``common`` is what all
    locations share.
    """
    route = location.route
    added = (
        *_added_to(location, names, options, common, alone=owner == route.origin),
        *told_upstream(server.own_tls),
    )
    added += auth_contribution(route, names, added, options.state, common)
    added += to_sign_in(route, added_headers(added), common.added, options.state)
    added += mirror_contribution(route, names, added, common)
    pages = error_pages(route, names, added, server, (common, options.state))
    added += (pages.added,) if pages else ()
    lowered = block(
        "location",
        *pattern_of(location),
        body=_body(location, names, added, options, server=server, common=common),
        comment=_comment(route, alone=owner == route.origin),
        origin=None if owner == NOBODY else owner,
    )
    plain = pages.plain_failures if pages else isinstance(route.answer, Proxy)
    failed = added_headers(added) if plain else None
    # A closed location has nothing of its features, so nothing may refer to what it would have set.
    parts = () if isinstance(route.answer, Denied) else added
    return Lowered(
        lowered,
        shared=tuple(one for part in parts for one in part.http),
        logs=tuple(one for part in parts for one in part.log),
        beside=tuple(one for part in parts for one in part.server),
        failed=failed,
    )


def pattern_of(location: Location) -> tuple[Token, ...]:
    if location.modifier is Modifier.REGEX:
        return Literal(location.modifier.value), Regex(location.pattern)
    path = Literal(location.pattern)
    return (Literal(location.modifier.value), path) if location.modifier.value else (path,)


def _comment(route: Route, *, alone: bool) -> str:
    if route.origin == NOBODY:
        return "What no Ingress serves."
    if not alone:
        return f"{route.path} of each host" + (", where no rule names it" if route.implicit else "")
    what = f"{route.origin.ref} {route.origin.field}"
    return f"{what}: / of this host, for no rule names it" if route.implicit else what


def _body(
    location: Location,
    names: Names,
    added: tuple[Contribution, ...],
    options: Options,
    *,
    server: Server,
    common: Everywhere,
) -> tuple[Directive, ...]:
    route = location.route
    answer = route.answer
    if isinstance(answer, Denied):
        return (*_for_log(route, names, common), directive("return", 503, comment=_why("Closed", names)))
    headers = added_headers(added)
    own_pages = bool(headers) or any(one.name == "error_page" for part in added for one in part.location)
    counted = counted_at(route, names, added, common.bulkheads)
    # NGINX runs a location's phases in its own order: what rewrites stands first, as it happens.
    body = (
        directive("set", Var("proxy_upstream_name"), names.label),
        *_for_log(route, names, common),
        *(one for part in added for one in part.rewrite),
        *(_elsewhere(route) or _to_https(route, options, tls=server.tls)),
        *(plain_closed(server.own_tls) if route.settings.clients else ()),
        # The canary first: it may have endpoints where the other Service has none.
        *(choose_arm(answer, names, options) if isinstance(answer, Proxy) else ()),
        *counted,
        # Before the 503, so that a path that only redirects needs no pods.
        *(one for part in added for one in part.late),
        *_answer_before_access(route, names, options, added),
        *_rewrite(location),
        *(one for part in added for one in part.location),
        *own_limits(route, added, common.bulkheads),
        *inherit(headers, common.added),
        *(common.error_pages if own_pages else ()),
        *((to_failed(headers),) if own_pages and isinstance(answer, Proxy) and not route.failing else ()),
        *_content(route, names, added, common),
    )
    counts = counted or options.request_metrics
    body = logged_in(body, added, common.bulkheads.log if counts else (), common.logs)
    return merged(body, "location") if has_own(route, common) else body


def _for_log(route: Route, names: Names, common: Everywhere) -> tuple[Directive, ...]:
    """Return what the log has to know of the route, and that it is not in it."""
    values = {
        log_format.INGRESS: names.ingress,
        log_format.UPSTREAM: names.upstream,
        log_format.PATH: Literal(route.path),
    }
    silent = common.nobody if route.origin == NOBODY else ()
    return (*(directive("set", Var(one), values[one]) for one in common.named), *silent)


def _added_to(
    location: Location, names: Names, options: Options, common: Everywhere, *, alone: bool
) -> tuple[Contribution, ...]:
    """Return what the features of a route add to its location."""
    route = location.route
    place = Place(
        f"{options.state}/hot",
        module=module(route.settings.protocol),
        ingress=names.ingress,
        rewritten=location.rewrite is not None,
        path=route.path,
        upstream=_upstream(route.answer, names) if isinstance(route.answer, Proxy) else Literal(""),
        spans=f"{options.state}/{FOLDER}/{FORMAT}",
    )
    users = (
        (basic_auth.contribute(route.settings.basic_auth.realm, names.users, place),)
        if route.users and route.settings.basic_auth
        else ()
    )
    over_tls = (
        (backend_tls.contribute(route.settings.backend_tls, route.backend, place),)
        if route.settings.backend_tls and route.backend
        else ()
    )
    parts = (
        *route.settings.contributions(place),
        *users,
        *over_tls,
        *cookie_contribution(route),
        *to_location(route, common, place, options),
    )
    # Among hosts that share the location, no single one's annotation asks for it.
    return tuple(_owned(part, route) for part in parts) if alone else parts


def _owned(part: Contribution, route: Route) -> Contribution:
    """Return the contribution with the annotation that asks for it as its directives' origin."""
    if not part.field:
        return part
    origin = Origin(route.origin.ref, part.field)
    return structs.replace(
        part,
        rewrite=tuple(structs.replace(one, origin=origin) for one in part.rewrite),
        late=tuple(structs.replace(one, origin=origin) for one in part.late),
        location=tuple(structs.replace(one, origin=origin) for one in part.location),
    )


def _why(what: str, names: Names) -> str:
    """Return the comment of an answer that is no Service's; hosts may have reasons of their own."""
    return f"{what}: {why}" if isinstance(names.why, Literal) and (why := names.why.text) else what


def _elsewhere(route: Route) -> tuple[Directive, ...]:
    redirect = route.settings.redirect
    return (directive("return", redirect.code, redirect.target),) if redirect else ()


def _to_https(route: Route, options: Options, *, tls: bool) -> tuple[Directive, ...]:
    redirect = route.settings.tls_redirect
    wanted = redirect.forced or (redirect.preferred and tls)
    return tls_redirect.rewrite(redirect, options.https_port) if wanted else ()


def _answer_before_access(
    route: Route, names: Names, options: Options, added: Iterable[Contribution]
) -> tuple[Directive, ...]:
    """Return the 503 that comes before access rules, where there are any."""
    match route.answer:
        case Unavailable() if instead_of_nothing(route, added):
            return ()
        case Unavailable():
            return (directive("return", 503, comment=_why("Unavailable", names)),)
        case Proxy() if route.failing and route.failing.instead:
            # The other Service is asked like this one, after access rules.
            return ()
        case Proxy() as proxy if any(part.guarded for part in added):
            # Elsewhere the resolver's answer says the same for nothing; a file costs a system call.
            marker = expr(f"{options.state}/down/", _upstream(proxy, names))
            return (when(Literal("-f"), marker, body=(directive("return", 503),)),)
        case _:
            return ()


def _rewrite(location: Location) -> tuple[Directive, ...]:
    if location.rewrite is None or not isinstance(location.route.answer, Proxy):
        return ()
    # "break" ends this phase, so it comes last.
    pattern, replacement = location.rewrite
    return (directive("rewrite", Regex(pattern), replacement, "break"),)


def _content(
    route: Route, names: Names, added: tuple[Contribution, ...], common: Everywhere
) -> tuple[Directive, ...]:
    answer = route.answer
    if isinstance(answer, NotFound):
        # In the content phase, after access rules: "return" would come before them.
        return (directive("try_files", "/-", "=404"),)
    if instead := instead_of_nothing(route, added):
        return (directive("try_files", "/-", instead),)
    if not isinstance(answer, Proxy):
        return ()
    return (*_headers(route, added, common), _pass(answer, names, route.settings.protocol))


def _headers(route: Route, added: tuple[Contribution, ...], common: Everywhere) -> tuple[Directive, ...]:
    """Return complete lists of headers where this location adds any: NGINX inherits a list whole or not."""
    kind = module(route.settings.protocol)
    own = dict(header for part in added for header in part.request_headers)
    hide = tuple(name for part in added for name in part.hide_headers)
    hidden = dict.fromkeys((*common.hidden, *hide)) if hide else ()
    hiding = tuple(directive(f"{kind}_hide_header", name) for name in hidden)
    if kind == "fastcgi":
        return (*hiding, *asked_with(route.settings.fastcgi, own, common))
    sent = request_headers(dict(common.sent), own) if own else {}
    return (*hiding, *(directive(f"{kind}_set_header", *header) for header in sent.items()))


_SCHEME: dict[str, Literal | Var] = {
    "HTTP": Literal("http"),
    "HTTPS": Literal("https"),
    "AUTO_HTTP": Var("scheme"),
    "GRPC": Literal("grpc"),
    "GRPCS": Literal("grpcs"),
}


def _pass(answer: Proxy, names: Names, protocol: str) -> Directive:
    kind, upstream = module(protocol), _upstream(answer, names)
    return directive(
        f"{kind}_pass", upstream if kind == "fastcgi" else expr(_SCHEME[protocol], "://", upstream)
    )


def _upstream(answer: Proxy, names: Names) -> Literal | Var:
    return Var("upstream") if answer.canary else names.upstream
