"""Redirect plain HTTP to HTTPS.

A host that an Ingress lists under ``spec.tls`` answers plain HTTP with 308 to the same URL on https.
``ssl-redirect: "false"`` leaves plain HTTP open; ``force-ssl-redirect: "true"`` redirects hosts without TLS
too, for a load balancer in front that ends TLS.  Paths under ``no-tls-redirect-locations`` (by default those
of ACME challenges) are never redirected.  One trailing slash of the URL is dropped, as ingress-nginx does,
unless ``preserve-trailing-slash`` is true.

The redirect comes before access lists, authentication and the answer for a Service without endpoints.
Writes ``if ($redirect_to_https) { return 308 …; }`` into the location.
"""

from msgspec import Struct

from painless.annotations.base import Defaults, Key, Setting, Values, setting
from painless.annotations.decode import Rejected, boolean, comma_list, matching
from painless.nginx.tokens import Expr, Literal, Regex, Var, expr, pattern_of
from painless.nginx.tree import Directive, block, directive, entry, when

PREFERRED = Key(
    "ssl-redirect",
    boolean,
    default=True,
    doc="Redirect plain HTTP to HTTPS when the host has TLS.",
    example="false",
    config="ssl-redirect",
)
FORCED = Key(
    "force-ssl-redirect",
    boolean,
    default=False,
    doc="Redirect plain HTTP to HTTPS even when the host has no TLS here.",
    example="true",
    config="force-ssl-redirect",
)
WITH_PORT = Key(
    "use-port-in-redirects",
    boolean,
    default=False,
    doc="Name the port of the HTTPS listener in the redirect.",
    example="true",
    config="use-port-in-redirects",
)
KEEP_SLASH = Key(
    "preserve-trailing-slash",
    boolean,
    default=False,
    doc="Keep a trailing slash of the URL in the redirect.",
    example="true",
    config="preserve-trailing-slash",
)


def _redirect_code(text: str) -> int | Rejected:
    return int(text) if text in {"301", "302", "307", "308"} else Rejected("301, 302, 307 or 308")


_path_prefix = matching(r"/[\x21-\x7e]{0,1023}", "a path that begins with /")

CODE = Setting("http-redirect-code", _redirect_code, 308, "The status of redirects to HTTPS.", "301")
EXEMPT: Setting[tuple[str, ...]] = Setting(
    "no-tls-redirect-locations",
    comma_list(_path_prefix, expected="a comma separated list of paths that begin with /"),
    ("/.well-known/acme-challenge",),
    "Paths whose prefix is listed are never redirected to HTTPS.",
    "/.well-known/acme-challenge,/ping",
)

KEYS = (PREFERRED, FORCED, WITH_PORT, KEEP_SLASH)
SETTINGS = (CODE, EXEMPT)


class TlsRedirect(Struct, frozen=True):
    """When to redirect, and to which form of the URL."""

    preferred: bool
    forced: bool
    with_port: bool
    keep_slash: bool
    code: int


def parse(values: Values) -> TlsRedirect:
    return TlsRedirect(
        preferred=values.get(PREFERRED),
        forced=values.get(FORCED),
        with_port=values.get(WITH_PORT),
        keep_slash=values.get(KEEP_SLASH),
        code=setting(values.defaults, CODE),
    )


def http(defaults: Defaults, scheme: Var) -> tuple[Directive, ...]:
    """Return the maps that decide for each request whether it may be redirected, and to what.

    ``scheme`` is the variable with the one that the client used.
    """
    exempt = (entry(_prefix_of(path), Literal("0")) for path in setting(defaults, EXEMPT))
    return (
        block(
            "map",
            Var("uri"),
            Var("redirect_exempt"),
            body=(directive("default", "1"), *exempt),
            comment="Paths that are never redirected to HTTPS (ConfigMap no-tls-redirect-locations).",
        ),
        block(
            "map",
            expr(scheme, ":", Var("redirect_exempt")),
            Var("redirect_to_https"),
            body=(directive("default", "0"), entry(Literal("http:1"), Literal("1"))),
        ),
        block(
            "map",
            Var("request_uri"),
            Var("request_uri_trimmed"),
            body=(
                directive("default", Var("request_uri")),
                entry(Regex("^(?<trimmed>.*)/$", "~"), Var("trimmed")),
            ),
            comment="The URL as sent, without its last slash.",
        ),
    )


def _prefix_of(path: str) -> Regex:
    return Regex(f"^{pattern_of(path, plain='/_-')}", "~")


def rewrite(redirect: TlsRedirect, https_port: int) -> tuple[Directive, ...]:
    """Return the rewrite-phase directives of a location that redirects."""
    port = f":{https_port}" if redirect.with_port and https_port != 443 else ""
    uri = Var("request_uri" if redirect.keep_slash else "request_uri_trimmed")
    target: Expr = expr("https://", Var("host"), port, uri) if port else expr("https://", Var("host"), uri)
    return (when(Var("redirect_to_https"), body=(directive("return", redirect.code, target),)),)
