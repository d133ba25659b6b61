"""What stands above the servers: processes, limits, logs, the resolver, TLS, the headers sent upstream."""

from collections.abc import Mapping
from itertools import cycle, islice

from painless.annotations.base import Defaults
from painless.compiler import lower_requests
from painless.compiler.fit import fit
from painless.compiler.options import Options
from painless.compiler.request_headers import request_headers
from painless.compiler.site import Site
from painless.features import (
    ConfigValues,
    Everywhere,
    brotli,
    client_address,
    everywhere,
    hash_tables,
    listening,
    log_files,
    log_format,
    logged,
    opentelemetry,
    server_tls,
    workers,
)
from painless.nginx.resolver import NO_ENDPOINTS
from painless.nginx.tokens import Literal, Regex, Var
from painless.nginx.tree import Directive, block, directive, entry

_TEMPORARY, LOGS = "tmp", "log"  # Below the state directory.
# 200 questions: NGINX has a socket for each address it is given, and its buffer holds some 270 small answers.
_UPSTREAMS_FOR_EACH_RESOLVER = 100


def main_preamble(options: Options, defaults: Defaults) -> tuple[Directive, ...]:
    """Return what stands before http."""
    fitted = fit(options.machine, defaults)
    user = (directive("user", *options.worker_user.split()),) if options.worker_user else ()
    needed = (
        *((opentelemetry.MODULE,) if opentelemetry.needs_module(defaults) else ()),
        *((brotli.MODULE,) if brotli.compresses(defaults) else ()),
    )
    return (
        *(directive("load_module", file) for file in map(options.build.to_load, needed) if file),
        *user,
        fitted.processes.directive,
        fitted.files.directive,
        *workers.main(defaults),
        directive("pid", f"{options.state}/run/nginx.pid"),
        *log_files.main(defaults, f"{options.state}/{LOGS}"),
        workers.events(defaults, fitted.connections.directive),
    )


def http_preamble(
    options: Options, site: Site, config: ConfigValues, upstreams: int, *, ipv6: bool
) -> tuple[Directive, ...]:
    """Return the settings that all servers inherit; so many ``upstreams`` are to be resolved."""
    defaults = config.as_defaults()
    names = (*(name for server in site.servers for name in server.names), *(one.name for one in site.twins))
    return (
        *hash_tables.http(defaults, names, logged.keys(defaults)),
        *_variables(),
        *client_address.http(defaults),
        *_logs(options, defaults),
        *_temporary(options),
        *resolver(options, upstreams, ipv6=ipv6 and not listening.only_ipv4_names(defaults)),
        _certificate_map(site.certificates),
        *_tls(options, defaults),
        *_upstream_side(everywhere(config)),
    )


def _certificate_map(certificates: Mapping[str, str]) -> Directive:
    """Return the map from a TLS client's server name to the hot file of its certificate."""
    exact = {name: file for name, file in certificates.items() if not name.startswith("*.")}
    wild = {name: file for name, file in certificates.items() if name.startswith("*.")}
    return block(
        "map",
        Var("ssl_server_name"),
        Var("certificate"),
        body=(
            directive("default", "default"),
            *(entry(Literal(name), Literal(file)) for name, file in exact.items()),
            *(entry(one_label(name, "~*"), Literal(file)) for name, file in wild.items()),
        ),
        comment="Which certificate a client is shown: a file that may change without a reload.",
    )


def private_server(options: Options) -> Directive:
    """Return the server nobody outside reaches: it holds the marker that says which generation runs."""
    return block(
        "server",
        body=(
            directive("listen", f"unix:{options.state}/run/private.sock"),
            directive("server_name", "painless"),
            directive("include", "generation.conf"),
            directive("access_log", "off"),
            *((_status(),) if options.build.has("http_stub_status_module") else ()),
            block("location", "/", body=(directive("return", 200),)),
        ),
        comment="Private: which generation runs, and whether workers answer.",
    )


def _status() -> Directive:
    return block("location", "=", "/status", body=(directive("stub_status"),))


def one_label(wildcard: str, prefix: str) -> Regex:
    """Return a wildcard host as NGINX has to match it: its own wildcard takes any number of labels."""
    return Regex("^[\\w-]+\\." + wildcard.removeprefix("*.").replace(".", "\\.") + "$", prefix)


def _variables() -> tuple[Directive, ...]:
    def mapped(source: str, target: str, *body: Directive, comment: str = "") -> Directive:
        return block("map", Var(source), Var(target), body=body, comment=comment)

    return (
        block(
            "geo",
            Var("dollar"),
            body=(directive("default", "$"),),
            comment="NGINX has no escape for a dollar.",
        ),
        mapped(
            "http_upgrade",
            "connection_upgrade",
            directive("default", "upgrade"),
            entry(Literal(""), Literal("")),
            comment="WebSockets work everywhere; other requests reuse connections to the application.",
        ),
        mapped(
            "upstream_addr",
            "no_endpoints",
            directive("default", "0"),
            entry(Regex(NO_ENDPOINTS.replace(".", "\\.") + ":\\d+$", "~"), Literal("1")),
            comment="The address our resolver gives for a Service without ready endpoints.",
        ),
        # Logs name both; a request that no location of ours saw has neither.
        mapped("host", "proxy_upstream_name", directive("default", "")),
        mapped("host", "proxy_alternative_upstream_name", directive("default", "")),
    )


def log_folder(options: Options) -> str:
    """Return where access logs are written; empty where nobody would carry them on."""
    return f"{options.state}/{LOGS}" if options.access_log else ""


def _logs(options: Options, defaults: Defaults) -> tuple[Directive, ...]:
    return (
        *logged.http(defaults),
        *log_format.http(
            defaults,
            client_address.scheme(defaults),
            realip=options.build.has("http_realip_module"),
            every=options.request_metrics,
            traced=opentelemetry.traces(defaults),
        ),
        *lower_requests.form(options),
        users_log(options, defaults),
    )


def users_log(options: Options, defaults: Defaults) -> Directive:
    """Return the log that is carried on."""
    condition = logged.condition(defaults)
    return log_files.http(defaults, log_folder(options), log_format.HTTP_FORMAT, condition)


def _temporary(options: Options) -> tuple[Directive, ...]:
    names = ("client_body", "proxy", "fastcgi", *options.build.temporary)
    return tuple(directive(f"{name}_temp_path", f"{options.state}/{_TEMPORARY}/{name}") for name in names)


def resolver(options: Options, upstreams: int, *, ipv6: bool) -> tuple[Directive, ...]:
    """Return who is asked for so many upstreams' peers."""
    wanted = 1 << max(0, (upstreams // _UPSTREAMS_FOR_EACH_RESOLVER).bit_length())
    # An address given again is another socket of NGINX, so a whole round fits in however many it needs.
    addresses = islice(cycle(options.resolvers), wanted)
    return (
        directive(
            "resolver",
            *addresses,
            # Half of the questions: NGINX asks for both types of address, though most clusters have one.
            *(() if ipv6 else ("ipv6=off",)),
            comment="Our responder: NGINX asks it each second for the peers of each upstream.",
        ),
        # A lost answer is asked for again after up to twice this.
        directive("resolver_timeout", "2s"),
    )


def _tls(options: Options, defaults: Defaults) -> tuple[Directive, ...]:
    key = server_tls.ticket_key(defaults)
    return (
        directive(
            "ssl_certificate_cache",
            "max=2000",
            "inactive=60s",
            "valid=1s",
            comment="A certificate that was replaced is served a second later.",
        ),
        *((directive("ssl_session_ticket_key", f"{options.state}/hot/{key[0]}"),) if key else ()),
    )


def _upstream_side(common: Everywhere) -> tuple[Directive, ...]:
    sent = request_headers(dict(common.sent))
    return (
        *(
            one
            for module in ("proxy", "grpc")
            for one in (
                *(directive(f"{module}_hide_header", name) for name in common.hidden),
                *(directive(f"{module}_set_header", *header) for header in sent.items()),
            )
        ),
        *(directive("fastcgi_hide_header", name) for name in common.hidden),
        directive("proxy_ssl_session_reuse", "on"),
    )


def listen_queues(options: Options) -> tuple[str, ...]:
    """Return how long the queues of a port are, and whether each worker has its own."""
    return (f"backlog={options.machine.backlog}", *(("reuseport",) if options.reuse_port else ()))
