"""What NGINX passes on without reading it: TCP and UDP services, and TLS by the name in its handshake."""

from collections.abc import Iterable

from msgspec import Struct

from painless.annotations.base import Defaults
from painless.compiler.lower_http import listen_queues, log_folder, one_label, resolver
from painless.compiler.lower_snippets import merged
from painless.compiler.lower_upstreams import server_words
from painless.compiler.options import Options
from painless.compiler.site import Passthrough, Site, StreamServer, Upstream
from painless.features import ConfigValues, client_address, log_files, log_format, streams
from painless.nginx.generation import STREAM_UPSTREAMS
from painless.nginx.tokens import Literal, Regex
from painless.nginx.tree import Directive, block, directive

ZONE = "stream_upstreams"
"""The shared memory zone, whose name never changes, since a renamed zone forgets its peers."""

_ANYONE = ("0.0.0.0/0", "::/0")


def socket_of(options: Options, scheme: str) -> str:
    """Return where the http servers take connections while a stream server stands in front of them."""
    return f"unix:{options.state}/run/{scheme}.sock"


def lower_stream(site: Site, options: Options, config: ConfigValues, *, ipv6: bool) -> tuple[Directive, ...]:
    """Return the block; ``ipv6``: some peers may have such addresses."""
    defaults = config.as_defaults()
    body = (
        *log_format.stream(defaults, realip=options.build.has("stream_realip_module")),
        log_files.stream(defaults, log_folder(options), log_format.STREAM_FORMAT),
        *resolver(options, len(site.stream_upstreams), ipv6=ipv6),
        *streams.stream(defaults),
        directive("include", STREAM_UPSTREAMS),
        *(_service(one, options, config) for one in site.streams),
        *_in_front(site, options, config.as_defaults()),
        *site.stream_snippets,
    )
    return (block("stream", body=merged(body, "stream") if site.stream_snippets else body),)


def warm_stream(options: Options, upstreams: int) -> Directive:
    """Return a block that resolves the upstreams and serves nobody."""
    body = (*resolver(options, upstreams, ipv6=True), directive("include", STREAM_UPSTREAMS))
    return block("stream", body=body)


def lower_stream_upstreams(upstreams: Iterable[Upstream], size: str) -> tuple[Directive, ...]:
    """Return the upstreams' blocks; ``size`` is that of the zone which all share."""
    return tuple(
        block(
            "upstream",
            one.name,
            body=(
                directive("zone", ZONE, size),
                directive("server", *server_words(one), "max_fails=0"),
            ),
            comment=f"Service {one.namespace}/{one.service}, port {one.port}",
            origin=one.origin,
        )
        for one in upstreams
    )


def _service(one: StreamServer, options: Options, config: ConfigValues) -> Directive:
    words = (*(("udp",) if one.udp else ()), *(("proxy_protocol",) if one.decode else ()))
    trusted = _ANYONE if one.decode and options.build.has("stream_realip_module") else ()
    return block(
        "server",
        body=(
            *listen(one.port, options, *words),
            *(directive("set_real_ip_from", network) for network in trusted),
            *(streams.datagrams(config.as_defaults()) if one.udp else ()),
            *((directive("proxy_protocol", "on"),) if one.encode else ()),
            directive("proxy_pass", one.upstream),
        ),
        comment=f"{'UDP' if one.udp else 'TCP'} service {one.origin.ref} {one.origin.field}",
        origin=one.origin,
    )


def _in_front(site: Site, options: Options, defaults: Defaults) -> tuple[Directive, ...]:
    """Return the servers that take connections in place of the http servers, and hand them on."""
    names = (directive("server_name", "_"), directive("ssl_preread", "on")) if site.passthrough else ()
    http, tls = (
        "HTTP: the PROXY header is taken off.",
        "TLS for all other names: handed on to the http servers.",
    )
    handed = (
        _HandedOn(options.http_port, options.http_socket, (), http),
        _HandedOn(options.https_port, options.https_socket, names, tls),
    )
    return (
        *_tables(site.passthrough),
        *(_hand_on(one, options, defaults) for one in handed if one.socket),
        *(_by_name(one, options) for one in site.passthrough),
    )


class _HandedOn(Struct, frozen=True):
    """A port whose connections go to a socket of the http servers; ``names`` where names are looked at."""

    port: int
    socket: str
    names: tuple[Directive, ...]
    says: str


def _tables(passed: tuple[Passthrough, ...]) -> tuple[Directive, ...]:
    """Return the sizes of tables, as large as the names they hold: a bucket has one and a pointer."""
    if not passed:
        return ()
    longest = max(len(one.host) for one in passed)
    return (
        directive("server_names_hash_max_size", 1 << max(10, (2 * len(passed)).bit_length())),
        directive("server_names_hash_bucket_size", 1 << max(7, (longest + 24 - 1).bit_length())),
    )


def _hand_on(one: _HandedOn, options: Options, defaults: Defaults) -> Directive:
    words = (*_proxied(options), *(("default_server",) if one.names else ()), *listen_queues(options))
    body = (
        *listen(one.port, options, *words),
        *(client_address.taken_off(defaults) if options.proxy_protocol else ()),
        *one.names,
        directive("pass", one.socket),
    )
    return block("server", body=body, comment=one.says)


def _by_name(one: Passthrough, options: Options) -> Directive:
    return block(
        "server",
        body=(
            *listen(options.https_port, options, *_proxied(options)),
            directive("server_name", _name(one.host)),
            directive("ssl_preread", "on"),
            directive("proxy_pass", one.upstream),
        ),
        comment=f"TLS for {one.host} is passed on as it is",
        origin=one.origin,
    )


def _proxied(options: Options) -> tuple[str, ...]:
    return ("proxy_protocol",) if options.proxy_protocol else ()


def _name(host: str) -> Literal | Regex:
    return one_label(host, "~") if host.startswith("*.") else Literal(host)


def listen(port: int, options: Options, *words: str) -> tuple[Directive, ...]:
    return tuple(
        directive("listen", f"{address}:{port}" if address else str(port), *words)
        for address in options.bind_addresses
    )
