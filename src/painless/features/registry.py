"""The features, in order.

*Additive* ones contribute directives to a location and are all alike.  *Structural* ones change what is
routed where; the compiler reads their values by name (``parsed``).  To add one: a module beside this one, a
line below, cases.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from painless.annotations.base import Contribution, Key, Place, Setting, Values
from painless.features import (
    access_lists,
    admitted,
    affinity,
    app_root,
    backend_protocol,
    backend_service,
    backend_tls,
    balancing,
    basic_auth,
    blocking,
    body_size,
    brotli,
    buffering,
    bulkheads,
    canary,
    client_address,
    client_certificates,
    clients,
    connection,
    cors,
    custom_errors,
    custom_headers,
    doctor_silence,
    external_auth,
    fastcgi,
    gzip,
    hash_tables,
    hsts,
    lifetimes,
    limits,
    listening,
    location_logs,
    log_files,
    log_format,
    logged,
    mirror,
    opentelemetry,
    own_server,
    proxy_cookies,
    proxy_redirect,
    redirects,
    relative_redirects,
    response_headers,
    retries,
    rewrite,
    satisfy,
    server_alias,
    server_tls,
    snippets,
    ssl_passthrough,
    status_page,
    streams,
    timeouts,
    tls_redirect,
    upstream_headers,
    upstream_keepalive,
    workers,
    www,
)


class Feature(Protocol):
    """A family of keys; its module's docstring is its page."""

    @property
    def KEYS(self) -> tuple[Key[Any], ...]: ...  # noqa: N802
    @property
    def SETTINGS(self) -> tuple[Setting[Any], ...]: ...  # noqa: N802


class Additive(Feature, Protocol):
    """A feature that only adds directives to a location."""

    # What one returns the other takes; nobody else looks at it.
    def parse(self, values: Values, /) -> Any: ...  # noqa: ANN401
    def contribute(self, value: Any, place: Place, /) -> Contribution: ...  # noqa: ANN401


#: The order of a location's directives: preflight answers of CORS come first, since browsers send them
#: without credentials.
ADDITIVE: tuple[Additive, ...] = (
    cors,
    limits,
    access_lists,
    body_size,
    timeouts,
    retries,
    buffering,
    connection,
    upstream_headers,
    proxy_redirect,
    proxy_cookies,
    relative_redirects,
    location_logs,
    opentelemetry,
    custom_headers,
    satisfy,
    lifetimes,
)

FEATURES: tuple[Feature, ...] = (
    tls_redirect,
    hsts,
    app_root,
    redirects,
    www,
    server_alias,
    server_tls,
    client_certificates,
    ssl_passthrough,
    streams,
    own_server,
    rewrite,
    canary,
    affinity,
    balancing,
    bulkheads,
    backend_protocol,
    fastcgi,
    backend_tls,
    backend_service,
    basic_auth,
    external_auth,
    custom_errors,
    mirror,
    client_address,
    clients,
    response_headers,
    gzip,
    brotli,
    log_files,
    log_format,
    logged,
    blocking,
    listening,
    workers,
    upstream_keepalive,
    hash_tables,
    status_page,
    doctor_silence,
    *ADDITIVE,
    admitted,
    snippets,
)

KEYS: Mapping[str, Key[Any]] = {
    name: key for feature in FEATURES for key in feature.KEYS for name in (key.name, *key.aliases)
}
CONFIG: Mapping[str, Key[Any] | Setting[Any]] = {
    **{key.config: key for feature in FEATURES for key in feature.KEYS if key.config},
    **{one.name: one for feature in FEATURES for one in feature.SETTINGS},
}
