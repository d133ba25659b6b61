"""Tell browsers to use HTTPS only (HTTP Strict Transport Security).

Every answer over HTTPS carries ``Strict-Transport-Security``, on by default; it replaces a header of the same
name from the application.  Over plain HTTP the application's header passes unchanged.  ConfigMap only.
Writes a map on ``$scheme``, ``add_header`` and ``proxy_hide_header``.
"""

from painless.annotations.base import Defaults, Setting, setting
from painless.annotations.decode import boolean, whole_number
from painless.nginx.tokens import Literal, Var
from painless.nginx.tree import Directive, block, directive, entry

ENABLED = Setting(
    "hsts", boolean, default=True, doc="Send Strict-Transport-Security over HTTPS.", example="false"
)
SUBDOMAINS = Setting(
    "hsts-include-subdomains", boolean, default=True, doc="Add includeSubDomains.", example="false"
)
MAX_AGE = Setting(
    "hsts-max-age",
    whole_number(0, 2**31 - 1),
    31_536_000,
    "Seconds for which browsers remember.",
    "63072000",
)
PRELOAD = Setting("hsts-preload", boolean, default=False, doc="Add preload.", example="true")

KEYS = ()
SETTINGS = (ENABLED, SUBDOMAINS, MAX_AGE, PRELOAD)

HEADER = "Strict-Transport-Security"


def http(defaults: Defaults) -> tuple[Directive, ...]:
    """Return the directives that all servers inherit; none when switched off."""
    if not setting(defaults, ENABLED):
        return ()
    value = f"max-age={setting(defaults, MAX_AGE)}"
    value += "; includeSubDomains" if setting(defaults, SUBDOMAINS) else ""
    value += "; preload" if setting(defaults, PRELOAD) else ""
    return (
        block(
            "map",
            Var("scheme"),
            Var("strict_transport_security"),
            body=(
                directive("default", Var("upstream_http_strict_transport_security")),
                entry(Literal("https"), Literal(value)),
            ),
            comment="HSTS: ours over HTTPS, the application's own over HTTP.",
        ),
        directive("add_header", HEADER, Var("strict_transport_security"), "always"),
    )


def hidden(defaults: Defaults) -> tuple[str, ...]:
    """Return the application's headers that ours replace."""
    return (HEADER,) if setting(defaults, ENABLED) else ()
