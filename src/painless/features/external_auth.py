"""Ask a service whether a request may pass.

``auth-url: https://auth.example/check`` has every request asked about first, without its body: an answer of
2xx lets it pass, 401 and 403 are what the client gets, and anything else, a service that is down included,
is 500.  The host is a Service (``name.namespace.svc.cluster.local``) or a name outside, found again as pods
and addresses change.  It is asked with ``auth-method``, and told the request by ``X-Original-URL``,
``X-Original-Method``, ``X-Original-URI``, ``X-Scheme``, ``X-Real-IP``, ``X-Forwarded-For``, ``X-Request-ID``
and ``X-Auth-Request-Redirect`` (the URI, or ``auth-request-redirect``), by the headers of the ConfigMap that
``auth-proxy-set-headers`` names, and by the client's other headers.

``auth-signin: https://login.example/start`` sends whom it answers 401 there, with the URL asked for in the
parameter ``rd`` or ``auth-signin-redirect-param``, unless the URL has that parameter already.
``auth-response-headers: X-User`` copies headers of its answer to the request that goes to the application,
in place of the client's.  Cookies of its answer reach the client, with ``auth-always-set-cookie`` on errors
too.

``auth-cache-key: $cookie_session`` keeps its answers for ``auth-cache-duration``; what tells clients apart
has to be in the key.  ``auth-keepalive`` says how many idle connections to it are kept.

``global-auth-url`` and its companions in the ConfigMap are for every Ingress without an ``auth-url`` of its
own; ``enable-global-auth: "false"`` lets one out.  Paths below ``no-auth-locations`` ask nobody, for no
password either.  In the host of a URL ``$host`` is the host of the rule; elsewhere variables that read the
request have their values, but for those that are decoded (``$uri``) and ``$request``.

A value that cannot be read closes the location with 503.  Writes ``auth_request``, ``auth_request_set`` and
a location that asks.
"""

import re
from typing import Any, TypeVar

from msgspec import Struct

from painless.annotations.base import Key, Setting, Values, setting
from painless.annotations.decode import (
    Decoder,
    Rejected,
    boolean,
    comma_list,
    header_name,
    matching,
    one_of,
    whole_number,
    with_variables,
)
from painless.annotations.urls import UNREADABLE, Target, Url, browser_url, pieces, service_url
from painless.model.diagnostics import Reason
from painless.nginx.tokens import Expr, Var

T = TypeVar("T")


def _key(text: str) -> Expr | Rejected:
    found = _key_text(text.replace(" ", ""))
    return found if isinstance(found, Rejected) else with_variables(found)


_key_text = matching(r"[A-Za-z0-9_${}-]*", "letters, digits, - and _ with variables such as $cookie_session")

_CODES = r"(?:any|[1-5][0-9]{2})"
# NGINX wants the units in this order, each once.  Six digits of each stay far below its largest time.
_TIME = (
    r"(?=[0-9])(?:\d{1,2}y)?(?:\d{1,3}M)?(?:\d{1,3}w)?(?:\d{1,4}d)?(?:\d{1,5}h)?(?:\d{1,6}m)?(?:\d{1,6}s?)?"
)
_duration = matching(rf"(?:{_CODES} +)*{_TIME}", "durations such as 200 202 5m")


def _durations(text: str) -> tuple[tuple[str, ...], ...] | Rejected:
    found = _duration_list(text)
    return found if isinstance(found, Rejected) else tuple(tuple(one.split()) for one in found)


_duration_list = comma_list(_duration, expected="a comma separated list of durations such as 200 202 401 5m")

_FRAMING = frozenset({"connection", "content-length", "transfer-encoding", "upgrade"})


def _copied(text: str) -> str | Rejected:
    if text.lower().replace("_", "-") in _FRAMING:
        return Rejected("headers that do not say where a request ends")
    return header_name(text)


_CONFIGMAP = re.compile(r"([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)/([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)")


def _configmap(text: str) -> tuple[str, str] | Rejected:
    found = _CONFIGMAP.fullmatch(text.replace(" ", ""))
    return (found[1], found[2]) if found else Rejected("the namespace/name of a ConfigMap")


_methods = one_of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE")
_parameter = matching(r"[-._~A-Za-z0-9]{1,256}", "the name of a parameter: letters, digits and - . _ ~")
_redirect = matching(r"[-._~A-Za-z0-9/:,?&=]*", "letters, digits and - . _ ~ / : , ? & =")
_headers: Decoder[tuple[str, ...]] = comma_list(_copied, expected="a comma separated list of header names")
_CACHED = (("200", "202", "401", "5m"),)
_MOST_IDLE = 10_000  # Connections kept by each worker: NGINX sets room for all of them aside.

URL: Key[Url | None] = Key(
    "auth-url",
    service_url,
    default=None,
    doc="The service that says whether a request may pass.",
    example="https://auth.example/check",
    denies=True,
)
METHOD = Key(
    "auth-method",
    _methods,
    default="",
    doc="The method it is asked with; without it GET.",
    example="HEAD",
    denies=True,
)
SIGNIN: Key[Target | None] = Key(
    "auth-signin",
    browser_url,
    default=None,
    doc="Where a client goes that it answers 401.",
    example="https://login.example/start",
    instead="the client gets 401",
)
SIGNIN_PARAM = Key(
    "auth-signin-redirect-param",
    _parameter,
    default="rd",
    doc="The parameter of auth-signin with the URL that was asked for.",
    example="next",
)
RESPONSE_HEADERS: Key[tuple[str, ...]] = Key(
    "auth-response-headers",
    _headers,
    default=(),
    doc="Headers of its answer that the application gets, in place of the client's.",
    example="X-User, X-Groups",
    denies=True,
)
REQUEST_REDIRECT = Key(
    "auth-request-redirect",
    _redirect,
    default="",
    doc="What X-Auth-Request-Redirect says; without it the URI.",
    example="https://app.example/",
)
CACHE_KEY: Key[Expr | None] = Key(
    "auth-cache-key",
    _key,
    default=None,
    doc="Keep its answers by this, and by Ingress, host, path and the URL asked.",
    example="$cookie_session",
    instead="nothing is kept",
)
CACHE_DURATION: Key[tuple[tuple[str, ...], ...]] = Key(
    "auth-cache-duration",
    _durations,
    default=_CACHED,
    doc="For how long an answer of which status is kept.",
    example="200 202 1h, 401 1m",
    denies=True,
)
ALWAYS_SET_COOKIE = Key(
    "auth-always-set-cookie",
    boolean,
    default=False,
    doc="Send cookies of its answer with errors too.",
    example="true",
)
PROXY_SET_HEADERS: Key[tuple[str, str] | None] = Key(
    "auth-proxy-set-headers",
    _configmap,
    default=None,
    doc="The ConfigMap of the same namespace that holds further headers for it.",
    example="shop/auth-headers",
    denies=True,
)
KEEPALIVE = Key(
    "auth-keepalive",
    whole_number(0, _MOST_IDLE),
    default=0,
    doc="Idle connections to it that each worker keeps; without it 32.",
    example="16",
)
KEEPALIVE_REQUESTS = Key(
    "auth-keepalive-requests",
    whole_number(1, 1_000_000_000),
    default=1000,
    doc="Requests on one of those connections.",
    example="500",
)
KEEPALIVE_TIMEOUT = Key(
    "auth-keepalive-timeout",
    whole_number(1, 31_536_000),
    default=60,
    doc="Seconds that one of those connections may be idle.",
    example="30",
)
SHARE_VARS = Key(
    "auth-keepalive-share-vars",
    boolean,
    default=False,
    doc="Accepted; a request and the question about it always share their variables in NGINX.",
    example="true",
)
GLOBAL = Key(
    "enable-global-auth",
    boolean,
    default=True,
    doc="Ask the service of global-auth-url where the Ingress has no auth-url.",
    example="false",
    instead="the service is asked",
)

_COMPANIONS: tuple[Key[Any], ...] = (
    METHOD,
    SIGNIN,
    SIGNIN_PARAM,
    RESPONSE_HEADERS,
    REQUEST_REDIRECT,
    CACHE_KEY,
    CACHE_DURATION,
    ALWAYS_SET_COOKIE,
    PROXY_SET_HEADERS,
    KEEPALIVE,
    KEEPALIVE_REQUESTS,
    KEEPALIVE_TIMEOUT,
    SHARE_VARS,
)
KEYS: tuple[Key[Any], ...] = (URL, *_COMPANIONS, GLOBAL)


def _global(key: Key[T]) -> Setting[T]:
    doc = f"As {key.name}, for global-auth-url."
    return Setting(f"global-{key.name}", key.decode, key.default, doc, key.example)


GLOBAL_METHOD = _global(METHOD)
GLOBAL_SIGNIN = _global(SIGNIN)
GLOBAL_SIGNIN_PARAM = _global(SIGNIN_PARAM)
GLOBAL_REQUEST_REDIRECT = _global(REQUEST_REDIRECT)
GLOBAL_CACHE_KEY = _global(CACHE_KEY)
GLOBAL_CACHE_DURATION = _global(CACHE_DURATION)
GLOBAL_ALWAYS_SET_COOKIE = _global(ALWAYS_SET_COOKIE)
_CLOSED = "the paths of Ingresses that global-auth-url is for answer 503"
_NO_HEADERS = ("",)
"""Headers that cannot be read: without them the application would believe the client's."""

GLOBAL_URL: Setting[Url | None] = Setting(
    "global-auth-url",
    service_url,
    None,
    "The service that is asked for each Ingress without auth-url.",
    "https://auth.example/check",
    salvage=lambda _: UNREADABLE,
    instead=_CLOSED,
)
GLOBAL_RESPONSE_HEADERS: Setting[tuple[str, ...]] = Setting(
    "global-auth-response-headers",
    _headers,
    (),
    "As auth-response-headers, for global-auth-url.",
    "X-User",
    salvage=lambda text: _NO_HEADERS if text.strip(" ,") else (),
    instead=_CLOSED,
)
_path_prefix = matching(r"/[\x21-\x7e]{0,1023}", "a path that begins with /")
OPEN: Setting[tuple[str, ...]] = Setting(
    "no-auth-locations",
    comma_list(_path_prefix, expected="a comma separated list of paths that begin with /"),
    ("/.well-known/acme-challenge",),
    "Paths of rules that begin so ask nobody, neither for a password nor a service.",
    "/.well-known/acme-challenge,/ping",
)
SETTINGS: tuple[Setting[Any], ...] = (
    GLOBAL_URL,
    GLOBAL_METHOD,
    GLOBAL_SIGNIN,
    GLOBAL_SIGNIN_PARAM,
    GLOBAL_RESPONSE_HEADERS,
    GLOBAL_REQUEST_REDIRECT,
    GLOBAL_CACHE_KEY,
    GLOBAL_CACHE_DURATION,
    GLOBAL_ALWAYS_SET_COOKIE,
    OPEN,
)


MOST_PIECES = 3
"""Pieces of a URL with the escaped URI between them: one that its author wrote, and the parameter's."""


class Pool(Struct, frozen=True):
    """Idle connections: how many each worker keeps, for how many requests and for how many idle seconds."""

    connections: int
    requests: int
    seconds: int


class Cache(Struct, frozen=True):
    """By what answers are kept, and which for how long."""

    key: Expr
    valid: tuple[tuple[str, ...], ...]


class ExternalAuth(Struct, frozen=True):
    """Whom to ask, how, and what becomes of the answer.

    ``signin`` is the URL for browsers in pieces; between two of them stands the escaped URI of the request.
    ``configmap`` has further ``headers`` for the service, which the compiler puts in place.  ``shared``: it
    is what the global ConfigMap asks for.
    """

    url: Url
    method: str
    signin: tuple[Expr, ...]
    response_headers: tuple[str, ...]
    request_redirect: str
    cache: Cache | None
    always_set_cookie: bool
    pool: Pool | None = None
    configmap: tuple[str, str] | None = None
    headers: tuple[tuple[str, Expr], ...] = ()
    shared: bool = False


def parse(values: Values) -> ExternalAuth | None:
    wanted = values.get(GLOBAL)
    if values.given(URL):
        return _own(values)
    for key in _COMPANIONS:
        if values.given(key):
            says = f"found {key.name} without {URL.name}, expected both"
            values.say(key.name, Reason.INCOMPLETE_ANNOTATION, says, "it is ignored")
    return _of_all(values) if wanted else None


def open_paths(values: Values) -> tuple[str, ...]:
    """Return the beginnings of the paths that ask nobody."""
    return setting(values.defaults, OPEN)


def _own(values: Values) -> ExternalAuth | None:
    url, idle = values.get(URL), values.get(KEEPALIVE)
    values.get(SHARE_VARS)
    asked = ExternalAuth(
        url=url or UNREADABLE,
        method=values.get(METHOD),
        signin=_signin(values.get(SIGNIN), values.get(SIGNIN_PARAM), values),
        response_headers=values.get(RESPONSE_HEADERS),
        request_redirect=values.get(REQUEST_REDIRECT),
        cache=_cache(values.get(CACHE_KEY), values.get(CACHE_DURATION), values),
        always_set_cookie=values.get(ALWAYS_SET_COOKIE),
        pool=Pool(idle, values.get(KEEPALIVE_REQUESTS), values.get(KEEPALIVE_TIMEOUT)) if idle else None,
        configmap=values.get(PROXY_SET_HEADERS),
    )
    if asked.configmap and not values.may_name(asked.configmap[0]):
        found, own = asked.configmap[0], values.ingress.namespace
        says = f"found a ConfigMap of namespace {found}, expected one of {own}"
        hint = "references to other namespaces are not allowed"
        values.deny(PROXY_SET_HEADERS.name, Reason.LOCATION_DENIED, says, hint)
    return asked if url else None


def _of_all(values: Values) -> ExternalAuth | None:
    """Return whom the ConfigMap has asked; what is wrong there was said of the ConfigMap."""
    defaults = values.defaults
    url, headers = setting(defaults, GLOBAL_URL), setting(defaults, GLOBAL_RESPONSE_HEADERS)
    if url is None:
        return None
    if url == UNREADABLE or headers == _NO_HEADERS:
        values.denied = values.denied or "the service of global-auth-url cannot be asked"
        return None
    return ExternalAuth(
        url=url,
        method=setting(defaults, GLOBAL_METHOD),
        signin=_signin(setting(defaults, GLOBAL_SIGNIN), setting(defaults, GLOBAL_SIGNIN_PARAM)),
        response_headers=headers,
        request_redirect=setting(defaults, GLOBAL_REQUEST_REDIRECT),
        cache=_cache(setting(defaults, GLOBAL_CACHE_KEY), setting(defaults, GLOBAL_CACHE_DURATION)),
        always_set_cookie=setting(defaults, GLOBAL_ALWAYS_SET_COOKIE),
        shared=True,
    )


def _cache(
    key: Expr | None, valid: tuple[tuple[str, ...], ...], values: Values | None = None
) -> Cache | None:
    if key is None or any(isinstance(part, Var) for part in key.parts):
        return Cache(key, valid) if key else None
    if values is not None:
        says = "found a key without variables, expected one that tells clients apart"
        values.say(CACHE_KEY.name, Reason.INVALID_ANNOTATION_VALUE, says, CACHE_KEY.instead)
    return None


def _signin(target: Target | None, param: str, values: Values | None = None) -> tuple[Expr, ...]:
    found = pieces(target, param) if target else ()
    if len(found) <= MOST_PIECES:
        return found
    if values is not None:
        says = f"found {len(found) - 1} places for the URL asked for, expected at most {MOST_PIECES - 1}"
        values.say(SIGNIN.name, Reason.INVALID_ANNOTATION_VALUE, says, SIGNIN.instead)
    return ()
