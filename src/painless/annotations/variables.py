"""The variables that a snippet may name beside NGINX's: ours that it may read, and those that it may not set.

NGINX refuses a whole configuration for one name that it does not know.
"""

from painless.nginx.variables import HTTP, HTTP_OPEN, STREAM

READABLE = frozenset(
    {
        *("best_http_host", "connection_upgrade", "pass_access_scheme", "pass_port", "req_id"),
        *("proxy_upstream_name", "proxy_alternative_upstream_name"),
    }
)
"""Ours, defined for every request, that ingress-nginx has under the same name."""

_OURS = frozenset({*READABLE, "certificate", "dollar", "no_endpoints", "other_name_in_handshake", "upstream"})
_OURS_BEGIN = (
    *("ingress_", "location_path", "loggable", "namespace", "route_", "service_"),
    *("believed", "full_x_forwarded_", "realip_", "samesite_", "this_"),
    *(
        "affinity_",
        "auth_",
        "backend_",
        "blocked",
        "canary_",
        "client_",
        "cors_",
        "error_",
        "hash_",
        "inflight",
    ),
    *(
        "host_without_",
        "limit_",
        "log_",
        "mirror_",
        "otel_",
        "redirect_",
        "request_uri_",
        "served_",
        "signin_",
    ),
    *("site_", "strict_transport_", "subject_", "trusted_", "failed_", "forwarded_", "real_", "the_real_"),
)


def is_ours(name: str) -> bool:
    """Whether a variable of this name is, or may become, one that our own directives set."""
    return name in _OURS or name.startswith(_OURS_BEGIN)


_MORE = frozenset(
    {"invalid_referer", "limit_rate", "request_body_file", "ssl_client_cert", "ssl_client_raw_cert"}
)
"""NGINX's variables that no log should name."""


_MORE_OF_STREAM = frozenset(
    {"ssl_preread_alpn_protocols", "ssl_preread_protocol", "ssl_preread_server_name", "ssl_server_name"}
)
OF_MODULES = {"ssl_preread_": "stream_ssl_preread_module", "ssl_": "stream_ssl_module"}
"""Beginnings of variables of stream, and the modules that they need; the first that fits counts."""


def is_nginx(name: str, *, stream: bool = False) -> bool:
    """Whether NGINX knows the variable by itself."""
    return name in STREAM | _MORE_OF_STREAM if stream else name in HTTP | _MORE or name.startswith(HTTP_OPEN)
