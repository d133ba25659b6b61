"""Who the client is, when load balancers stand in front.

ConfigMap only.  Without any of these settings the connection says it, and what clients send of
``X-Forwarded-*`` is replaced.

``use-proxy-protocol``: every connection begins with a PROXY header, which has the client's address and the
port it asked; one without is closed.  ``use-forwarded-headers``: ``X-Forwarded-For`` has the client's
address, ``X-Forwarded-Proto``, ``-Host`` and ``-Port`` what it asked; ``forwarded-for-header`` names another
header for the first.  ``enable-real-ip``: the address only.  ``proxy-real-ip-cidr`` lists who is believed,
which is everybody unless said: set it to the addresses of your load balancers.  With PROXY and forwarded
headers together the PROXY header says who is in front, and that one is believed or not.

``compute-full-forwarded-for`` has applications see the whole chain in ``X-Forwarded-For``, not the client
alone.  ``proxy-add-original-uri-header`` sends them the URL as ``X-Original-URI``, and
``generate-request-id`` (true) an ``X-Request-ID`` where the client sent none.  The client's own headers go on
as ``X-Original-Forwarded-For`` and ``-Host``; ``forwarded-host-header`` names another one for the latter.
"""

from collections.abc import Iterator, Mapping

from painless.annotations.base import LONGEST_LIST, Defaults, Setting, setting
from painless.annotations.decode import boolean, duration, header_name, networks
from painless.nginx.tokens import Expr, Literal, Regex, Var, expr
from painless.nginx.tree import Directive, block, directive, entry

_MODULE = "http_realip_module"


def _switch(name: str, doc: str, needs: str = "") -> Setting[bool]:
    return Setting(name, boolean, default=False, doc=doc, example="true", needs=needs)


FORWARDED = _switch("use-forwarded-headers", "Believe X-Forwarded-* of who is in front.", _MODULE)
PROXY = _switch("use-proxy-protocol", "Connections begin with a PROXY header.", _MODULE)
REAL_IP = _switch("enable-real-ip", "Believe the address in X-Forwarded-For, and nothing else.", _MODULE)
FULL = _switch("compute-full-forwarded-for", "Send applications the whole chain of addresses.")
ORIGINAL_URI = _switch("proxy-add-original-uri-header", "Send applications X-Original-URI.")
REQUEST_ID = Setting(
    "generate-request-id",
    boolean,
    default=True,
    doc="Make an X-Request-ID where there is none.",
    example="false",
)
FOR_HEADER = Setting(
    "forwarded-for-header",
    header_name,
    "X-Forwarded-For",
    "The header with the client's address.",
    "X-Real-IP",
)
HOST_HEADER = Setting(
    "forwarded-host-header",
    header_name,
    "X-Forwarded-Host",
    "The header that goes on as X-Original-Forwarded-Host.",
    "X-Original-Host",
)
EVERYBODY = ("0.0.0.0/0", "::/0")
# NGINX takes a whole family for the default, and warns of two.
_HALVES = {"0.0.0.0/0": ("0.0.0.0/1", "128.0.0.0/1"), "::/0": ("::/1", "8000::/1")}
TRUSTED: Setting[tuple[str, ...]] = Setting(
    "proxy-real-ip-cidr",
    networks,
    default=EVERYBODY,
    doc="Who is believed about clients.",
    example="10.0.0.0/8,192.168.0.0/16",
    salvage=lambda _: (),
    instead="nobody is believed",
    longest=LONGEST_LIST,
)

PROXY_TIMEOUT = Setting(
    "proxy-protocol-header-timeout",
    duration,
    "5s",
    "How long a stream server waits for the PROXY header.",
    "10s",
)

KEYS = ()
SETTINGS = (
    PROXY_TIMEOUT,
    FORWARDED,
    PROXY,
    REAL_IP,
    FULL,
    ORIGINAL_URI,
    REQUEST_ID,
    FOR_HEADER,
    HOST_HEADER,
    TRUSTED,
)

_SCHEME = "pass_access_scheme"
_CLIENT_PORT = "proxy_protocol_server_port"


def listens_for_proxy(defaults: Defaults) -> bool:
    """Whether connections begin with a PROXY header."""
    return setting(defaults, PROXY)


def is_told_twice(defaults: Defaults) -> bool:
    """Whether a PROXY header says who is in front, and X-Forwarded-For who the client is."""
    return setting(defaults, PROXY) and (setting(defaults, FORWARDED) or setting(defaults, REAL_IP))


def taken_off(defaults: Defaults) -> tuple[Directive, ...]:
    """Return what a stream server says that takes PROXY headers off."""
    return (
        directive("proxy_protocol_timeout", setting(defaults, PROXY_TIMEOUT)),
        # Who may connect at all is the network's matter; the list is about those that it names.
        *(directive("set_real_ip_from", one) for one in EVERYBODY),
    )


def scheme(defaults: Defaults) -> Var:
    """Return the variable with the scheme that the client used."""
    return Var(_SCHEME if setting(defaults, FORWARDED) or setting(defaults, PROXY) else "scheme")


def sent(defaults: Defaults) -> Mapping[str, Literal | Var | Expr]:
    """Return the headers of requests that differ from what is sent without any of the settings."""
    asked, header = scheme(defaults), setting(defaults, FOR_HEADER)
    full = setting(defaults, FORWARDED) and setting(defaults, FULL)
    found: dict[str, Literal | Var | Expr] = {}
    if asked != Var("scheme"):
        found |= dict.fromkeys(("X-Forwarded-Proto", "X-Forwarded-Scheme", "X-Scheme"), asked)
    if full:
        found["X-Forwarded-For"] = Var("full_x_forwarded_for")
    if header != FOR_HEADER.default:
        found["X-Original-Forwarded-For"] = _of(header)
    if (host := setting(defaults, HOST_HEADER)) != HOST_HEADER.default:
        found["X-Original-Forwarded-Host"] = _of(host)
    if setting(defaults, ORIGINAL_URI):
        found["X-Original-URI"] = Var("request_uri")
    return found


def http(defaults: Defaults) -> tuple[Directive, ...]:
    """Return what says who the client is and what it asked."""
    return (
        *_believed(defaults),
        *_host(defaults),
        *_asked_scheme(defaults),
        *_port(defaults),
        *_rest(defaults),
    )


def _of(header: str) -> Var:
    return Var(f"http_{header.lower().replace('-', '_')}")


def _believed(defaults: Defaults) -> Iterator[Directive]:
    """Yield how the client's address is found, and who is believed about the rest."""
    forwarded, proxy = setting(defaults, FORWARDED), setting(defaults, PROXY)
    if not (forwarded or proxy or setting(defaults, REAL_IP)):
        return
    trusted = setting(defaults, TRUSTED)
    yield directive(
        "real_ip_header",
        "proxy_protocol" if proxy and not is_told_twice(defaults) else setting(defaults, FOR_HEADER),
        comment="Who the client is: what those in front say, where they are believed.",
    )
    yield directive("real_ip_recursive", "on")
    for one in trusted:
        yield directive("set_real_ip_from", one)
    if forwarded:
        everybody = set(EVERYBODY) <= set(trusted)
        listed = () if everybody else (half for one in trusted for half in _HALVES.get(one, (one,)))
        yield block(
            "geo",
            Var("realip_remote_addr"),
            Var("believed"),
            body=(
                directive("default", "1" if everybody else "0"),
                *(entry(Literal(one), Literal("1")) for one in listed),
            ),
        )


def _host(defaults: Defaults) -> Iterator[Directive]:
    forwarded = setting(defaults, FORWARDED)
    yield _map(
        Var("host"),
        "this_http_host" if forwarded else "best_http_host",
        # A request line with a whole URL says the host, whatever the header Host says.
        expr(Var("host"), Var("is_request_port"), Var("request_port")),
        comment="The host that the client asked, with its port.",
    )
    if forwarded:
        # Proxies in a row make a list; the first is what the client asked.
        first = Regex(r"^1:\s*(?<forwarded_host>[A-Za-z0-9._:\[\]-]+)", "~")
        yield _map(
            expr(Var("believed"), ":", Var("http_x_forwarded_host")),
            "best_http_host",
            Var("this_http_host"),
            entry(first, Var("forwarded_host")),
        )


def _asked_scheme(defaults: Defaults) -> Iterator[Directive]:
    forwarded, proxy = setting(defaults, FORWARDED), setting(defaults, PROXY)
    if forwarded:
        yield _map(
            expr(Var("believed"), ":", Var("http_x_forwarded_proto")),
            "forwarded_scheme" if proxy else _SCHEME,
            Var("scheme"),
            *(entry(Regex(rf"^1:\s*{one}\s*(?:,|$)", "~*"), Literal(one)) for one in ("http", "https")),
            comment="The scheme that the client used.",
        )
    if proxy:
        yield _map(
            Var(_CLIENT_PORT),
            _SCHEME,
            Var("forwarded_scheme" if forwarded else "scheme"),
            entry(Literal("443"), Literal("https")),
        )
    if not (forwarded or proxy):
        yield _map(Var("scheme"), _SCHEME, Var("scheme"), comment="The scheme that the client used.")


def _port(defaults: Defaults) -> Iterator[Directive]:
    """Yield the port that the client asked; behind a Service it is not the one NGINX listens on."""
    forwarded, proxy = setting(defaults, FORWARDED), setting(defaults, PROXY)
    yield _map(
        Var("scheme"),
        "this_port" if forwarded else "pass_port",
        Var(_CLIENT_PORT if proxy else "server_port"),
        *(() if proxy else (entry(Literal("https"), Literal("443")),)),
    )
    if forwarded:
        yield _map(
            expr(Var("believed"), ":", Var("http_x_forwarded_port")),
            "pass_port",
            Var("this_port"),
            entry(Regex(r"^1:\s*(?<forwarded_port>\d{1,5})\s*(?:,|$)", "~"), Var("forwarded_port")),
        )


def _rest(defaults: Defaults) -> Iterator[Directive]:
    if setting(defaults, FORWARDED) and setting(defaults, FULL):
        # NGINX's own variable for this is made after the address was replaced.
        chain = _of(setting(defaults, FOR_HEADER))
        peer = Var("realip_remote_addr")
        yield _map(chain, "full_x_forwarded_for", expr(chain, ", ", peer), entry(Literal(""), peer))
    made = Var("request_id") if setting(defaults, REQUEST_ID) else Literal("")
    yield _map(Var("http_x_request_id"), "req_id", Var("http_x_request_id"), entry(Literal(""), made))


def _map(
    source: Var | Expr, name: str, default: Var | Expr, *lines: Directive, comment: str = ""
) -> Directive:
    return block("map", source, Var(name), body=(directive("default", default), *lines), comment=comment)
