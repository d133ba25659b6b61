"""Let pages of other origins call the application (CORS).

``enable-cors: "true"`` answers preflight requests (OPTIONS) itself with 204 and adds the
``Access-Control-*`` headers to all answers, errors included.  ``cors-allow-origin`` lists origins, each
``scheme://host[:port]``; ``*.`` as the first label stands for exactly one label.  The default ``*`` admits
all.  Requests from other origins pass without the headers, so browsers refuse them to the page.

Headers of the same names from the application are replaced.  Writes maps on ``$http_origin``,
``add_header … always`` and ``proxy_hide_header``.
"""

import hashlib
import re

from msgspec import Struct

from painless.annotations.base import Contribution, Key, Place, Values, decoded
from painless.annotations.decode import Rejected, boolean, comma_list, header_name, matching, whole_number
from painless.nginx.tokens import Literal, Regex, Token, Var, expr
from painless.nginx.tree import Directive, block, directive, entry, when

# A scheme, a host's 253 characters and a port: longer is no origin, and NGINX's words have an end.
_ORIGIN = re.compile(
    r"(?!.{300})(?:null|[A-Za-z][A-Za-z0-9+.-]*://(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?)"
)
_EXPECTED = 'origins such as https://*.example.com:8443, separated by commas, or a single "*"'


def _origin(text: str) -> str | Rejected:
    return text if text == "*" or _ORIGIN.fullmatch(text) else Rejected(_EXPECTED)


_origin_list = comma_list(_origin, expected=_EXPECTED)


def _origins(text: str) -> tuple[str, ...] | Rejected:
    origins = _origin_list(text)
    # "*" among others admits everyone in ingress-nginx too.
    return ("*",) if not isinstance(origins, Rejected) and "*" in origins else origins


_method = matching(r"[A-Za-z]{1,32}", "a method")
_exposed = matching(r"\*|[A-Za-z0-9_-]{1,256}", "a header name")

ENABLED = Key("enable-cors", boolean, default=False, doc="Switches CORS on.", example="true")
ORIGINS: Key[tuple[str, ...]] = Key(
    "cors-allow-origin",
    _origins,
    default=("*",),
    doc="Origins that may call the application.",
    example="https://*.example.com, https://app.example.org",
    instead="only those origins of the list that can be read may call",
)
METHODS: Key[tuple[str, ...]] = Key(
    "cors-allow-methods",
    comma_list(_method, expected="a comma separated list of methods"),
    default=("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"),
    doc="Methods that may be used.",
    example="GET, POST",
)
HEADERS: Key[tuple[str, ...]] = Key(
    "cors-allow-headers",
    comma_list(header_name, expected="a comma separated list of header names"),
    default=(
        "DNT",
        "Keep-Alive",
        "User-Agent",
        "X-Requested-With",
        "If-Modified-Since",
        "Cache-Control",
        "Content-Type",
        "Range",
        "Authorization",
    ),
    doc="Request headers that may be sent.",
    example="X-Requested-With, Authorization",
)
EXPOSED: Key[tuple[str, ...]] = Key(
    "cors-expose-headers",
    comma_list(_exposed, expected="a comma separated list of header names, or *"),
    default=(),
    doc="Response headers that pages may read.",
    example="X-Total-Count",
)
CREDENTIALS = Key(
    "cors-allow-credentials", boolean, default=True, doc="Whether cookies may be sent along.", example="false"
)
MAX_AGE = Key(
    "cors-max-age",
    whole_number(0, 2**31 - 1),
    default=1_728_000,
    doc="Seconds for which a browser remembers a preflight answer.",
    example="600",
)

KEYS = (ENABLED, ORIGINS, METHODS, HEADERS, EXPOSED, CREDENTIALS, MAX_AGE)
SETTINGS = ()

_ALLOW_ORIGIN = "Access-Control-Allow-Origin"


class Cors(Struct, frozen=True):
    """Who may call, and the other headers with their values."""

    origins: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]


def parse(values: Values) -> Cors | None:
    if not values.get(ENABLED):
        return None
    methods, sent, exposed = values.get(METHODS), values.get(HEADERS), values.get(EXPOSED)
    headers = {
        "Access-Control-Allow-Credentials": "true" if values.get(CREDENTIALS) else "",
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": ",".join(sent),
        "Access-Control-Max-Age": str(values.get(MAX_AGE)),
        "Access-Control-Expose-Headers": ",".join(exposed),
    }
    return Cors(_allowed(values), tuple((name, value) for name, value in headers.items() if value))


def _allowed(values: Values) -> tuple[str, ...]:
    """Return the origins that may call: of a list with bad items the good ones, never everybody."""
    origins, text = values.get(ORIGINS), values.text(ORIGINS)
    if values.given(ORIGINS) and isinstance(decoded(ORIGINS.decode, text), Rejected):
        return tuple(one for part in text.split(",") if _ORIGIN.fullmatch(one := part.strip()))
    return origins


def contribute(cors: Cors, _place: Place) -> Contribution:
    # The suffix is made of the content: equal settings share their maps, and nothing depends on order.
    suffix = hashlib.blake2b(repr(cors).encode(), digest_size=5).hexdigest()
    origin, preflight = f"cors_origin_{suffix}", f"cors_preflight_{suffix}"
    # Every header but the first is sent where that one is: a map that is empty for strangers.
    sent = [(_ALLOW_ORIGIN, Var(origin))]
    maps = [_origin_map(cors.origins, origin), _preflight_map(origin, preflight)]
    for name, value in cors.headers:
        variable = f"cors_{name.removeprefix('Access-Control-').lower().replace('-', '_')}_{suffix}"
        maps.append(
            block(
                "map",
                Var(origin),
                Var(variable),
                body=(directive("default", value), entry(Literal(""), Literal(""))),
            )
        )
        sent.append((name, Var(variable)))
    vary: tuple[tuple[str, Token], ...] = () if cors.origins == ("*",) else (("Vary", Literal("Origin")),)
    return Contribution(
        http=tuple(maps),
        rewrite=(when(Var(preflight), body=(directive("return", 204),)),),
        location=tuple(directive("add_header", name, value, "always") for name, value in (*sent, *vary)),
        hide_headers=tuple(name for name, _ in sent),
    )


def _origin_map(origins: tuple[str, ...], variable: str) -> Directive:
    """Return the map from the request's origin to the one allowed, empty for strangers."""
    if origins == ("*",):
        return block("map", Var("host"), Var(variable), body=(directive("default", "*"),))
    # Origins are compared without case.  Both ends are anchored; ingress-nginx anchors the end only.
    patterns = (re.escape(one).replace(r"\*", "[A-Za-z0-9-]+", 1) for one in origins)
    return block(
        "map",
        Var("http_origin"),
        Var(variable),
        body=(
            directive("default", ""),
            *(entry(Regex(f"^{pattern}$", "~*"), Var("http_origin")) for pattern in patterns),
        ),
        comment=f"CORS: {', '.join(origins)}",
    )


def _preflight_map(origin: str, variable: str) -> Directive:
    return block(
        "map",
        expr(Var("request_method"), ":", Var(origin)),
        Var(variable),
        body=(directive("default", "0"), entry(Regex("^OPTIONS:.", "~"), Literal("1"))),
    )
