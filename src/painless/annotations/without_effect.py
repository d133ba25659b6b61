"""Settings of ingress-nginx that change nothing here, each with what holds in any case.

A sentence for people: it follows "NAME changes nothing here:".  Beside them stands what stock NGINX cannot
do, which is told as an error where it is asked for.
"""

from collections.abc import Mapping

CONFIG_KEYS_WITHOUT_EFFECT: Mapping[str, str] = {
    "app-root": "ingress-nginx does not read it either; the annotation app-root works",
    "bind-address-ipv4": "ingress-nginx makes it of bind-address, which works",
    "bind-address-ipv6": "ingress-nginx makes it of bind-address, which works",
    "forwarded-for-proxy-protocol-header": "nothing needs a header to carry the address in",
    "enable-serial-reloads": "loads never overlap, a burst costs few, and old workers are not waited for",
    "http2-max-field-size": "NGINX has one limit for all versions of HTTP, large-client-header-buffers",
    "http2-max-header-size": "NGINX has one limit for all versions of HTTP, large-client-header-buffers",
    "http2-max-requests": "NGINX has one limit for all versions of HTTP, keep-alive-requests",
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
