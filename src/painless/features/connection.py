"""How the connection to the application is made.

``proxy-http-version: "1.0"`` asks the application in that version; the default is 1.1.
``connection-proxy-header: keep-alive`` (or ``close``) is sent as ``Connection`` in place of what a request
needs; WebSockets do not work then.  gRPC has a protocol of its own.  Writes ``proxy_http_version`` and
``proxy_set_header Connection``.
"""

from msgspec import Struct

from painless.annotations.base import Contribution, Defaults, Key, Place, Values, setting
from painless.annotations.decode import one_of
from painless.nginx.tokens import Literal
from painless.nginx.tree import Directive, directive

VERSION = Key(
    "proxy-http-version",
    one_of("1.0", "1.1"),
    default="1.1",
    doc="The version of HTTP that the application is asked in.",
    example="1.0",
    config="proxy-http-version",
)
HEADER = Key(
    "connection-proxy-header",
    one_of("close", "keep-alive"),
    default="",
    doc="The Connection header that the application gets.",
    example="keep-alive",
)

KEYS = (VERSION, HEADER)
SETTINGS = ()


class Connection(Struct, frozen=True):
    """The version where it is this Ingress's own, and the header; empty where there is none."""

    version: str
    header: str


def http(defaults: Defaults) -> tuple[Directive, ...]:
    return (directive("proxy_http_version", setting(defaults, VERSION)),)


def parse(values: Values) -> Connection | None:
    version, header = values.get(VERSION), values.get(HEADER)
    own = version if version != setting(values.defaults, VERSION) else ""
    return Connection(own, header) if own or header else None


def contribute(connection: Connection, place: Place) -> Contribution:
    if place.module != "proxy":
        return Contribution()
    return Contribution(
        location=(directive("proxy_http_version", connection.version),) if connection.version else (),
        request_headers=(("Connection", Literal(connection.header)),) if connection.header else (),
    )
