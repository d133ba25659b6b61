"""Error pages that a Service makes: where a status sends a request, and what that Service is told.

A page is a named location, so method and body stay, and no page is ever made of a page: NGINX sends a request
to one at most once.  It asks nobody whether the request may pass and never reaches the application.
"""

import hashlib
from collections.abc import Iterable

from msgspec import Struct

from painless.annotations.base import Contribution
from painless.compiler.lower_failed import Headers, added_headers, inherit, name_of_failed, to_failed
from painless.compiler.request_headers import request_headers
from painless.compiler.shape import Names
from painless.compiler.site import DEFAULT_LABEL, Denied, Failing, Proxy, Route, Server, Unavailable
from painless.features import Everywhere
from painless.features.backend_protocol import module
from painless.features.bulkheads import REFUSED
from painless.nginx.tokens import Expr, Literal, Regex, Token, Var, expr
from painless.nginx.tree import Directive, block, directive, entry, when

_BAD_GATEWAY = 502
_UNAVAILABLE = 503

_ABOUT = "error_about"
_PARTS = ("namespace", "ingress", "service", "port", "backend")
"""What ``Failing.about`` is made of, with slashes between."""


class Pages(Struct, frozen=True, gc=False):
    """What error pages add to a location, and whether its failures may go to the place without a page."""

    added: Contribution
    plain_failures: bool


class _Maker(Struct, frozen=True, gc=False):
    """Makes the places of pages: what they add to answers and hide of them, and the state directory."""

    headers: Headers
    hidden: tuple[str, ...]
    common: Everywhere
    state: str

    def page(self, code: int, upstream: Literal | Var, label: Token) -> Directive:
        """Return the place where ``/`` of an upstream is asked about a status."""
        told = {"X-Code": Literal(str(code)), **_told()}
        path = directive("rewrite", Regex("^"), "/", "break")
        # What is refused since one Service hangs must not pile up at another.
        refused = (when(Var(REFUSED), body=(directive("return", code),)),) if code == _UNAVAILABLE else ()
        asking = (*refused, *self._sent(told), path)
        return self._place(f"@error_{code}", code, upstream, label, asking)

    def instead(self, upstream: Literal | Var) -> Directive:
        """Return the place where an upstream answers for one that nobody is ready behind."""
        told = {"X-Code": Literal(str(_UNAVAILABLE)), **_told()}
        return self._place("@instead", _UNAVAILABLE, upstream, _named_label(), self._sent(told))

    def _place(
        self, kind: str, code: int, upstream: Literal | Var, label: Token, asking: tuple[Directive, ...]
    ) -> Directive:
        marker = expr(f"{self.state}/down/", upstream)
        body = (
            directive("set", Var("proxy_upstream_name"), label),
            # Nobody makes a page: the client gets the status itself.
            when(Literal("-f"), marker, body=(directive("return", code),)),
            *self.headers,
            *inherit(self.headers, self.common.added),
            *asking,
            directive("proxy_pass", expr("http://", upstream)),
        )
        return block("location", f"{kind}_{_digest(body)}", body=body)

    def _sent(self, told: dict[str, Token]) -> tuple[Directive, ...]:
        sent = request_headers(dict(self.common.sent), told)
        hidden = dict.fromkeys((*self.common.hidden, *self.hidden)) if self.hidden else ()
        return (
            *(directive("proxy_hide_header", name) for name in hidden),
            *(directive("proxy_set_header", *header) for header in sent.items()),
        )


def error_pages(
    route: Route,
    names: Names,
    added: tuple[Contribution, ...],
    server: Server,
    around: tuple[Everywhere, str],
) -> Pages | None:
    """Return what a route's error pages add to its location; ``None`` where it has none.

    ``names`` are what it has of its own, ``added`` is what its features add, ``around`` what all locations
    share and the state directory.
    """
    failing = route.failing
    if failing is None or isinstance(route.answer, Denied):
        return None
    places = _places(failing, names, added, server, around)
    return Pages(
        Contribution(
            http=(*_variables(), *places.chosen),
            rewrite=(directive("set", Var(_ABOUT), names.about),),
            location=(*places.lines, *_intercept(route)),
            # What has pages for 503 says 503 itself; where another Service answers, that one does.
            guarded=bool(failing.codes) and not failing.instead,
            server=places.blocks,
        ),
        plain_failures=isinstance(route.answer, Proxy) and _BAD_GATEWAY not in failing.codes,
    )


class _Places(Struct, frozen=True, gc=False):
    """Where statuses go, the locations there, and the maps that choose between two of them."""

    lines: tuple[Directive, ...] = ()
    blocks: tuple[Directive, ...] = ()
    chosen: tuple[Directive, ...] = ()


def _places(
    failing: Failing,
    names: Names,
    added: tuple[Contribution, ...],
    server: Server,
    around: tuple[Everywhere, str],
) -> _Places:
    headers = added_headers(added)
    hidden = tuple(name for part in added for name in part.hide_headers)
    # NGINX inherits all of them or none; the sign-in's is one.
    special = headers or hidden or failing.own or failing.instead or _error_pages_of(added)
    as_all = failing.codes == around[0].pages and names.pages_upstream == Literal(server.pages)
    if as_all and not special:
        return _Places()
    maker = _Maker(headers, hidden, *around)
    label = _named_label() if failing.own else Literal(DEFAULT_LABEL)
    pages = {code: maker.page(code, names.pages_upstream, label) for code in failing.codes}
    instead = (maker.instead(names.instead_upstream),) if failing.instead else ()
    chosen = _chosen(headers, pages, instead) if instead else ()
    return _Places(_lines(pages, headers, chosen), (*pages.values(), *instead), chosen)


def _intercept(route: Route) -> tuple[Directive, ...]:
    """Return what has the application's own answers replaced, too."""
    wanted = route.settings.custom_errors
    if not isinstance(route.answer, Proxy) or wanted is None or wanted.as_they_are:
        return ()
    codes = route.failing.codes if route.failing else ()
    return (directive(f"{module(route.settings.protocol)}_intercept_errors", "on"),) if codes else ()


def instead_of_nothing(route: Route, added: Iterable[Contribution]) -> str:
    """Return the name of the place that answers for a Service that does not exist; empty when none does."""
    if not isinstance(route.answer, Unavailable) or route.failing is None or not route.failing.instead:
        return ""
    places = (one.args[0] for part in added for one in part.server)
    return next(one.text for one in places if isinstance(one, Literal) and one.text.startswith("@instead"))


def server_pages(server: Server, around: tuple[Everywhere, str]) -> tuple[Directive, ...]:
    """Return the places of pages for what no location of a server answers."""
    return tuple(_pages_of(server, around).values())


def server_lines(server: Server, around: tuple[Everywhere, str]) -> tuple[Directive, ...]:
    """Return where statuses send requests of a server that no location has other places for."""
    return _lines(_pages_of(server, around), (), ())


def server_variables(server: Server) -> tuple[Directive, ...]:
    return _variables() if server.pages else ()


def _pages_of(server: Server, around: tuple[Everywhere, str]) -> dict[int, Directive]:
    if not server.pages:
        return {}
    maker = _Maker((), (), *around)
    common, _ = around
    where = Literal(server.pages)
    return {code: maker.page(code, where, Literal(DEFAULT_LABEL)) for code in common.pages}


def _lines(
    pages: dict[int, Directive], headers: Headers, chosen: tuple[Directive, ...]
) -> tuple[Directive, ...]:
    """Return the directives that send statuses to their places; the last is about failed upstreams."""
    to_pages = (_to(code, page.args[0]) for code, page in pages.items() if code != _BAD_GATEWAY)
    if chosen:
        failed = _to(_BAD_GATEWAY, chosen[0].args[1])
    elif _BAD_GATEWAY in pages:
        failed = _to(_BAD_GATEWAY, pages[_BAD_GATEWAY].args[0])
    else:
        failed = to_failed(headers)
    return (*to_pages, failed)


def _to(code: int, where: Token) -> Directive:
    return directive("error_page", code, "=", where)


def _chosen(
    headers: Headers, pages: dict[int, Directive], instead: tuple[Directive, ...]
) -> tuple[Directive, ...]:
    """Return the map from whether a Service has endpoints to where its failures go."""
    page = pages.get(_BAD_GATEWAY)
    elsewhere = page.args[0] if page else Literal(name_of_failed(headers))
    body = (directive("default", elsewhere), entry(Literal("1"), *(one.args[0] for one in instead)))
    variable = Var(f"failed_{_digest(body)}")
    says = "Where a failure goes: another Service answers where there are no endpoints."
    return (block("map", Var("no_endpoints"), variable, body=body, comment=says),)


def _error_pages_of(added: Iterable[Contribution]) -> tuple[Directive, ...]:
    return tuple(one for part in added for one in part.location if one.name == "error_page")


def _told() -> dict[str, Token]:
    return {
        "X-Format": Var("http_accept"),
        "X-Original-URI": Var("request_uri"),
        "X-Namespace": Var("error_namespace"),
        "X-Ingress-Name": Var("error_ingress"),
        "X-Service-Name": Var("error_service"),
        "X-Service-Port": Var("error_port"),
    }


def _named_label() -> Expr:
    """Return what ingress-nginx calls the Service that an Ingress names for its errors."""
    return expr("custom-default-backend-", Var("error_namespace"), "-", Var("error_backend"))


def _variables() -> tuple[Directive, ...]:
    """Return the maps from what a location says about itself to its parts; outside of all they are empty."""
    nothing = block("map", Var("host"), Var(_ABOUT), body=(directive("default", ""),))
    return (nothing, *(_part(at, name) for at, name in enumerate(_PARTS)))


def _part(at: int, name: str) -> Directive:
    others = len(_PARTS) - 1 - at
    pattern = Regex("^" + "[^/]*/" * at + "([^/]*)" + "/[^/]*" * others + "$", "~")
    body = (directive("default", ""), entry(pattern, Var("1")))
    return block("map", Var(_ABOUT), Var(f"error_{name}"), body=body)


def _digest(value: object) -> str:
    # Made of the content: equal places are one, and nothing depends on order.
    return hashlib.blake2b(repr(value).encode(errors="replace"), digest_size=5).hexdigest()
