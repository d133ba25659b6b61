"""Settings of ingress-nginx that change nothing here, each with what holds in any case.

A sentence for people: it follows "NAME changes nothing here:".
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
