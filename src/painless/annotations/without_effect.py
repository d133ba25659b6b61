"""Settings of ingress-nginx that change nothing here, each with what holds in any case.

A sentence for people: it follows "NAME changes nothing here:".  Beside them stands what stock NGINX cannot
do, which is told as an error where it is asked for.
"""

from collections.abc import Mapping

_NOR_THERE = "ingress-nginx does not read it any more"

_JAEGER = """
jaeger-baggage-header jaeger-collector-host jaeger-collector-port jaeger-debug-header jaeger-endpoint
jaeger-propagation-format jaeger-sampler-host jaeger-sampler-param jaeger-sampler-port jaeger-sampler-type
jaeger-service-name jaeger-trace-baggage-header-prefix jaeger-trace-context-header-name
"""
"""Documented, and not in the code of v1.15."""

CONFIG_KEYS_WITHOUT_EFFECT: Mapping[str, str] = {
    **dict.fromkeys(_JAEGER.split(), _NOR_THERE),
    "app-root": "ingress-nginx does not read it either; the annotation app-root works",
    "forwarded-for-proxy-protocol-header": "nothing needs a header to carry the address in",
    "enable-serial-reloads": "loads never overlap, a burst costs few, and old workers are not waited for",
    "http2-max-field-size": "NGINX has one limit for all versions of HTTP, large-client-header-buffers",
    "http2-max-header-size": "NGINX has one limit for all versions of HTTP, large-client-header-buffers",
    "http2-max-requests": "NGINX has one limit for all versions of HTTP, keep-alive-requests",
    "geoip2-autoreload-in-minutes": "there are no databases to load again; see use-geoip2",
    "use-geoip": _NOR_THERE,
    "strict-validate-path-type": "paths are text here, whatever is in them",
    "opentelemetry-config": "there is no file of settings; the other keys say it all",
    "lua-shared-dicts": "there is no Lua",
}
"""Keys of the ConfigMap."""

ANNOTATIONS_WITHOUT_EFFECT: Mapping[str, str] = {
    "http2-push-preload": "NGINX has no HTTP/2 push since 1.25.1, and browsers take none",
}
"""Annotations."""

FIREWALL = frozenset(
    {
        *("enable-modsecurity", "enable-owasp-core-rules", "enable-owasp-modsecurity-crs"),
        *("modsecurity-snippet", "modsecurity-transaction-id"),
    }
)
"""Annotations and keys that want requests inspected by ModSecurity, which stock NGINX has not."""

INSTEAD_OF_FIREWALL = "requests are not inspected: put a firewall in front of NGINX or in the application"

_OFF = frozenset({"", "0", "f", "false"})


def wants_firewall(name: str, text: str) -> bool:
    """Whether a value asks for requests to be inspected, and not for the contrary."""
    return name in FIREWALL and text.strip().lower() not in _OFF
