"""Which protocol the application speaks.

``HTTP`` (default), ``HTTPS``, ``GRPC``, ``GRPCS`` and ``FCGI``; ``AUTO_HTTP`` uses the scheme of the request.
The certificate of the application is not verified unless ``proxy-ssl-verify`` says so.

Writes ``proxy_pass http://…``, ``https://…``, ``grpc_pass grpc://…`` or ``grpcs://…``,
``fastcgi_pass``.
"""

from painless.annotations.base import Key, Values
from painless.annotations.decode import one_of

PROTOCOL = Key(
    "backend-protocol",
    one_of("HTTP", "HTTPS", "GRPC", "GRPCS", "FCGI", "AUTO_HTTP", fold=True),
    default="HTTP",
    doc="The protocol between NGINX and the application.",
    example="GRPC",
)

KEYS = (PROTOCOL,)
SETTINGS = ()

GRPC = frozenset({"GRPC", "GRPCS"})


def module(protocol: str) -> str:
    """Return what the directives begin with that are about an application of this protocol."""
    return "grpc" if protocol in GRPC else "fastcgi" if protocol == "FCGI" else "proxy"


def parse(values: Values) -> str:
    return values.get(PROTOCOL)
