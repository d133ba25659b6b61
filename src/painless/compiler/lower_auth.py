"""External authentication: the location that asks, what the guarded one does with its answer, the sign-in.

The one promise here is that nothing but an answer of the service lets a request pass.  A location that asks
inherits no ``error_page``: with one for 401 or 502 an error page would be the answer, and its 200 would open
the door.
"""

import hashlib

from msgspec import structs

from painless.annotations.base import Contribution
from painless.compiler.lower_failed import Headers, inherit
from painless.compiler.lower_snippets import merged
from painless.compiler.request_headers import of_trace
from painless.compiler.shape import Names
from painless.compiler.site import Route
from painless.features import Everywhere, snippets
from painless.features.external_auth import ExternalAuth
from painless.features.opentelemetry import HEADERS
from painless.nginx.tokens import Expr, Literal, Regex, Token, Var, expr
from painless.nginx.tree import Directive, block, directive

COOKIE = Var("auth_cookie")
"""The cookies of the service's answer."""

_CACHE = "auth_cache"
_RUN = "run/signin.sock"  # Below the state directory.
_TEMPORARY = "tmp/auth"  # Below the state directory.
_CERTIFICATE = "ssl-client-"
"""Headers that tell about the client's certificate begin so; the service is told, too."""
_NOT_BELIEVED = (
    *(f"X-Forwarded-{what}" for what in ("Host", "Port", "Proto", "Scheme", "Uri", "Method")),
    *("Forwarded", "Proxy"),
)
"""Headers in which services look for what was asked, and one that CGI programs take for a setting."""
_SIZES = frozenset({"proxy_buffer_size", "proxy_buffers", "proxy_busy_buffers_size"})
"""How large an answer's headers may be: for the service's what the author of a location says of both."""


def auth_contribution(
    route: Route,
    names: Names,
    added: tuple[Contribution, ...],
    state: str,
    common: Everywhere,
) -> tuple[Contribution, ...]:
    """Return what a route whose requests are asked about first adds; nothing where nobody is asked.

    ``names`` are what it has of its own, ``added`` is what its other features add, ``state`` the state
    directory, ``common`` what all locations share.
    """
    auth = route.settings.external_auth
    if auth is None or not route.auth_upstream:
        return ()
    kept = _cache(auth, route, names.ingress) if auth.cache else ()
    snippet = _snippet(route, auth, common)
    sizes = tuple(
        structs.replace(one, origin=None) for part in added for one in part.location if one.name in _SIZES
    )
    asking = (
        *_asking(auth),
        *common.asking,
        *kept,
        *sizes,
        *_sent(auth, added, snippet, common),
        *(one for one in snippet if one.name != "proxy_set_header"),
        *_passed(auth, names.auth_upstream),
    )
    # Not below "/": no client, rule or rewrite can name it.
    name = f"_external-auth-{_digest(asking)}"
    copied = tuple((header, Var(f"auth_header_{at}")) for at, header in enumerate(auth.response_headers))
    always = ("always",) if auth.always_set_cookie else ()
    return (
        Contribution(
            http=(_cache_path(state),) if kept else (),
            location=(
                directive("auth_request", name),
                directive("auth_request_set", COOKIE, Var("upstream_http_set_cookie")),
                *(directive("auth_request_set", into, _answered(header)) for header, into in copied),
                directive("add_header", "Set-Cookie", COOKIE, *always),
            ),
            # Also where the answer has no such header, so that nobody believes the client's.
            request_headers=copied,
            guarded=True,
            server=(block("location", "=", name, body=merged(asking, "location")),),
        ),
    )


def _asking(auth: ExternalAuth) -> tuple[Directive, ...]:
    return (
        directive("internal"),
        # Nothing ends with this status here, and the place does not exist: one of its own inherits no other.
        directive("error_page", 599, "@nowhere"),
        directive("proxy_intercept_errors", "off"),
        directive("proxy_pass_request_body", "off"),
        *((directive("proxy_method", auth.method),) if auth.method else ()),
    )


def _cache(auth: ExternalAuth, route: Route, ingress: Literal | Var) -> tuple[Directive, ...]:
    assert auth.cache, "only who keeps answers has a key"
    # Whoever asks differently, for another Ingress, host or path, is not answered with what was kept.
    path: tuple[str | Literal | Var, ...] = (
        f" {_digest(auth)} {route.path_type} {route.path} ",
        Var("host"),
        " ",
    )
    url = (*auth.url.target.parts, " ", *auth.cache.key.parts)
    return (
        directive("proxy_cache", _CACHE),
        directive("proxy_cache_key", expr(ingress, *path, *url)),
        *(directive("proxy_cache_valid", *words) for words in auth.cache.valid),
        directive("proxy_buffering", "on"),
    )


def _cache_path(state: str) -> Directive:
    # ingress-nginx's sizes.
    limits = ("levels=1:2", f"keys_zone={_CACHE}:10m", "max_size=128m", "inactive=30m", "use_temp_path=off")
    says = "Answers of services that are asked about requests."
    return directive("proxy_cache_path", f"{state}/{_TEMPORARY}", *limits, comment=says)


def _snippet(route: Route, auth: ExternalAuth, common: Everywhere) -> tuple[Directive, ...]:
    """Return what snippets say about the question: the author's, or the operator's of what all ask."""
    own, theirs = route.settings.auth_snippet, common.snippets.auth if auth.shared else None
    return tuple(one for part in (theirs, own) if part for one in part.tree)


def _sent(
    auth: ExternalAuth,
    added: tuple[Contribution, ...],
    snippet: tuple[Directive, ...],
    common: Everywhere,
) -> tuple[Directive, ...]:
    """Return all headers but those of the client that pass as they are."""
    redirect: Token = Literal(auth.request_redirect) if auth.request_redirect else Var("request_uri")
    own: dict[str, Token] = {
        "Host": auth.url.host_token,
        "Content-Length": Literal(""),
        "Connection": Literal(""),
        "X-Original-URL": expr(Var("pass_access_scheme"), "://", Var("best_http_host"), Var("request_uri")),
        "X-Original-URI": Var("request_uri"),
        "X-Original-Method": Var("request_method"),
        "X-Scheme": Var("pass_access_scheme"),
        "X-Sent-From": Literal("nginx-ingress-controller"),
        "X-Real-IP": Var("remote_addr"),
        "X-Forwarded-For": Var("remote_addr"),
        "X-Request-ID": Var("req_id"),
        "X-Auth-Request-Redirect": redirect,
        **dict.fromkeys(_NOT_BELIEVED, Literal("")),
    }
    certificate = (one for part in added for one in part.request_headers if one[0].startswith(_CERTIFICATE))
    traced = (*(one for one in common.sent if one[0] in HEADERS), *of_trace(added))
    more = (*certificate, *traced, *auth.headers, *snippets.sent(snippet))
    found = {name.lower(): (name, value) for name, value in (*own.items(), *more)}
    return tuple(directive("proxy_set_header", name, value) for name, value in found.values())


def _passed(auth: ExternalAuth, upstream: Literal | Var) -> tuple[Directive, ...]:
    scheme = "https" if auth.url.secure else "http"
    named = (directive("proxy_ssl_server_name", "on"), directive("proxy_ssl_name", auth.url.host_token))
    where = expr(f"{scheme}://", upstream, *auth.url.target.parts)
    return (*(named if auth.url.secure else ()), directive("proxy_pass", where))


def _answered(header: str) -> Var:
    return Var(f"upstream_http_{header.lower().replace('-', '_')}")


def to_sign_in(route: Route, headers: Headers, common: Headers, state: str) -> tuple[Contribution, ...]:
    """Return what sends a client to the sign-in that the service answers 401; nothing where there is none.

    ``headers`` are those that the location adds to its answers, ``common`` those of all servers.
    """
    auth = route.settings.external_auth
    if auth is None or not auth.signin or not route.auth_upstream:
        return ()
    body = (*headers, *inherit(headers, common), *_redirect(auth.signin, state))
    name = f"@signin_{_digest(body)}"
    return (
        Contribution(
            location=(directive("error_page", 401, "=", name),),
            server=(block("location", name, body=body),),
        ),
    )


def _redirect(pieces: tuple[Expr, ...], state: str) -> tuple[Directive, ...]:
    if len(pieces) == 1:
        return (directive("return", 302, pieces[0]),)
    # NGINX escapes a text only where it rewrites a URI that had escapes (see signin_server).
    where = expr(f"http://unix:{state}/{_RUN}:/%25{len(pieces) - 1}", Var("request_uri"))
    said = (("Host", "signin"), ("Content-Length", ""), ("Connection", ""))
    return (
        directive("proxy_method", "GET"),
        directive("proxy_pass_request_body", "off"),
        directive("proxy_pass_request_headers", "off"),
        # Room for the longest URI, three bytes for each of its own.
        directive("proxy_buffer_size", "64k"),
        directive("proxy_buffers", 4, "64k"),
        directive("proxy_busy_buffers_size", "128k"),
        directive("proxy_redirect", "off"),
        *(directive("proxy_set_header", name, value) for name, value in said),
        *(directive("proxy_set_header", f"X-Signin-{at}", one) for at, one in enumerate(pieces, 1)),
        directive("proxy_pass", where),
    )


def signs_in(location: Directive) -> bool:
    """Whether this location needs the server that escapes."""
    return any(_RUN in part.text for one in location.block or () for arg in one.args for part in _texts(arg))


def _texts(token: Token) -> tuple[Literal, ...]:
    return tuple(one for one in token.parts if isinstance(one, Literal)) if isinstance(token, Expr) else ()


def signin_server(state: str) -> Directive:
    """Return the server that answers with a redirect to the pieces of a URL and the escaped URI between them.

    A capture is escaped as a part of a query where the URI of the request had escapes: ``%25`` is one.  The
    digit after it says how often the URI is wanted.
    """
    first, second, third = (Var(f"http_x_signin_{at}") for at in (1, 2, 3))
    once, twice = expr(first, Var("1"), second, "?"), expr(first, Var("1"), second, Var("1"), third, "?")
    return block(
        "server",
        body=(
            directive("listen", f"unix:{state}/{_RUN}"),
            directive("server_name", "signin"),
            directive("access_log", "off"),
            directive("absolute_redirect", "off"),
            # The pieces and the URI, each as long as a client's line may be.
            directive("large_client_header_buffers", 4, "32k"),
            directive("rewrite", Regex("^"), Var("request_uri")),
            directive("rewrite", Regex("^/%251(.*)$"), once, "redirect"),
            directive("rewrite", Regex("^/%252(.*)$"), twice, "redirect"),
            directive("return", 404),
        ),
        comment="Private: sends clients to where they sign in, with the URL they asked for.",
    )


def _digest(value: object) -> str:
    # Made of the content: equal ones share a place, and nothing depends on order.
    return hashlib.blake2b(repr(value).encode(errors="replace"), digest_size=5).hexdigest()
