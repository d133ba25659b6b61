"""What the global ConfigMap means: for each feature the default, and what it writes for all servers alike."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from painless.annotations.base import Defaults, setting
from painless.annotations.configmap import read
from painless.features import (
    blocking,
    body_size,
    brotli,
    buffering,
    bulkheads,
    client_address,
    clients,
    connection,
    custom_errors,
    custom_headers,
    gzip,
    hsts,
    lifetimes,
    limits,
    log_files,
    log_format,
    logged,
    opentelemetry,
    proxy_cookies,
    proxy_redirect,
    relative_redirects,
    response_headers,
    retries,
    server_tls,
    snippets,
    status_page,
    timeouts,
    tls_redirect,
    workers,
)
from painless.features.bulkheads import Above as Bulkheads
from painless.features.registry import CONFIG
from painless.features.snippets import ForAll as Snippets
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ConfigMap
from painless.nginx.tokens import Expr, Token, Var
from painless.nginx.tree import Directive


class ConfigValues(Struct, frozen=True):
    """A ConfigMap's values: decoded, and hashable so that parsing can be memoised by them.

    ``added`` and ``sent`` are the headers of all answers and of all requests, from ConfigMaps that it names.
    ``dh_parameters`` is a cold file's name with its text, from a Secret that it names.  ``snippets`` are the
    operator's, and whether others count.
    """

    pairs: tuple[tuple[str, Any], ...] = ()
    added: custom_headers.Headers = ()
    sent: tuple[tuple[str, Expr], ...] = ()
    dh_parameters: tuple[str, str] = ("", "")
    snippets: Snippets = Snippets()

    def as_defaults(self) -> Defaults:
        return dict(self.pairs)


def parse_config(
    configmap: ConfigMap | None, has: Callable[[str], bool], *, allow_snippets: bool = False
) -> tuple[ConfigValues, tuple[Diagnostic, ...]]:
    """Decode the global ConfigMap; a bad or unknown key is said and dropped.

    ``has`` says whether NGINX is built with something, ``allow_snippets`` whether a flag allows them.
    """
    if configmap is None:
        none, _ = snippets.for_all(None, has, allowed=allow_snippets)
        return ConfigValues(snippets=none), ()
    values, diagnostics = read(configmap, CONFIG, has)
    fitting, together = _fitting(configmap, {**values, **opentelemetry.able(has)})
    allowed = allow_snippets or setting(values, snippets.ALLOWED)
    own, about_snippets = snippets.for_all(configmap, has, allowed=allowed)
    said = (*diagnostics, *together, *about_snippets)
    return ConfigValues(tuple(sorted(fitting.items())), snippets=own), said


_TOGETHER: tuple[tuple[Callable[[Defaults], str], tuple[str, ...], str], ...] = (
    (buffering.misfit, tuple(key.config for key in buffering.SIZES), "the default sizes are used"),
    (log_files.misfit, (log_files.SYSLOG.name,), "logs go where they would without it"),
    (opentelemetry.misfit, (opentelemetry.PORT.name,), f"{opentelemetry.OVER_HTTP} is used"),
)
"""What says that some settings do not fit together, which ones those are, and what holds without them."""


def _fitting(configmap: ConfigMap, values: Defaults) -> tuple[Defaults, tuple[Diagnostic, ...]]:
    """Return the values without those that NGINX would refuse together."""
    found = []
    for misfit, names, instead in _TOGETHER:
        if wrong := misfit(values):
            field = f"data[{next(name for name in names if name in values)}]"
            reason = Reason.INVALID_CONFIG_VALUE
            found.append(Diagnostic(configmap.ref, field, reason, Severity.ERROR, wrong, instead))
            values = {name: value for name, value in values.items() if name not in names}
    return values, tuple(found)


def http(config: ConfigValues) -> tuple[Directive, ...]:
    """Return what the features write for all servers alike."""
    defaults = config.as_defaults()
    return (
        *clients.http(defaults),
        *response_headers.http(defaults),
        *gzip.http(defaults),
        *brotli.http(defaults),
        *workers.http(defaults),
        *blocking.http(defaults),
        *server_tls.http(defaults, config.dh_parameters[0]),
        *limits.http(defaults),
        *bulkheads.http(),
        *body_size.http(defaults),
        *timeouts.http(defaults),
        *lifetimes.http(defaults),
        *retries.http(defaults),
        *buffering.http(defaults),
        *connection.http(defaults),
        *proxy_redirect.http(defaults),
        *proxy_cookies.http(defaults),
        *relative_redirects.http(defaults),
        *opentelemetry.http(defaults),
        *hsts.http(defaults),
        *custom_headers.written(config.added),
        *tls_redirect.http(defaults, client_address.scheme(defaults)),
    )


class Everywhere(Struct, frozen=True):
    """What holds in all locations, where NGINX inherits a list whole or not: locations with more repeat it.

    ``hidden`` are the application's headers that no client sees, ``added`` the directives that add headers
    to all answers, ``sent`` the headers of all requests beyond our own.  ``scheme`` is the variable with the
    one that the client used.  ``default_server`` is what only the server for names that nobody has says,
    ``servers`` what each of them begins with, ``status`` the page with NGINX's counters.
    ``pages`` are the statuses that become pages everywhere.  ``nobody`` is what locations say that no
    Ingress serves, ``asking`` what those do that ask whether a request may pass.  ``named`` are the variables
    that each location sets for the log.  ``snippets`` are the operator's, and ``error_pages`` what those of a
    server say about them.  ``bulkheads`` are the ceilings above all locations,
    and ``logs`` what those of a server say where requests are logged.
    """

    hidden: tuple[str, ...] = ()
    added: tuple[Directive, ...] = ()
    sent: tuple[tuple[str, Token], ...] = ()
    scheme: Var = Var("scheme")
    default_server: tuple[Directive, ...] = ()
    servers: tuple[Directive, ...] = ()
    status: Directive | None = None
    pages: tuple[int, ...] = ()
    nobody: tuple[Directive, ...] = ()
    asking: tuple[Directive, ...] = ()
    named: tuple[str, ...] = ()
    snippets: Snippets = Snippets()
    error_pages: tuple[Directive, ...] = ()
    bulkheads: Bulkheads = Bulkheads()
    logs: tuple[Directive, ...] = ()


def everywhere(config: ConfigValues, *, counted: bool = False) -> Everywhere:
    """Return what all locations share; ``counted``: requests are, by what locations know of them."""
    defaults = config.as_defaults()
    return Everywhere(
        hidden=tuple(
            dict.fromkeys(
                (
                    *hsts.hidden(defaults),
                    *response_headers.hidden(defaults),
                    *(name for name, _ in config.added),
                    *snippets.hidden(config.snippets.http.tree),
                )
            )
        ),
        added=tuple(one for one in (*http(config), *config.snippets.http.tree) if one.name == "add_header"),
        sent=(
            *client_address.sent(defaults).items(),
            *opentelemetry.sent(defaults).items(),
            *config.sent,
            *snippets.sent(config.snippets.http.tree),
        ),
        scheme=client_address.scheme(defaults),
        default_server=server_tls.default_server(defaults),
        servers=blocking.server(defaults),
        status=status_page.page(defaults),
        pages=custom_errors.for_all(defaults),
        nobody=logged.nobody(defaults),
        asking=logged.asking(defaults),
        named=log_format.named(defaults, every=counted),
        snippets=config.snippets,
    )
