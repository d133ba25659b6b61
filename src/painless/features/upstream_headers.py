"""What the application is told of the address that it was asked at.

``upstream-vhost: shop.internal`` is sent as ``Host``, for applications that know themselves by another name;
variables that read the request may stand in it.  ``x-forwarded-prefix: /shop`` is sent as
``X-Forwarded-Prefix`` where ``rewrite-target`` replaces the path, so that the application can make links that
lead back; ``$1`` to ``$9`` are what the path's brackets matched.

Writes ``proxy_set_header``, or ``grpc_set_header`` for gRPC.
"""

from msgspec import Struct

from painless.annotations.base import Contribution, Key, Place, Values
from painless.annotations.decode import Rejected, matching, with_variables
from painless.nginx.tokens import Expr

_host = matching(r"[-._A-Za-z0-9:\[\]${}]{1,512}", "a host, perhaps with a port")
_path = matching(r"/?[-._~A-Za-z0-9/:$]*", "a path of letters, digits and - . _ ~ / :")


def _vhost(text: str) -> Expr | Rejected:
    checked = _host(text)
    return checked if isinstance(checked, Rejected) else with_variables(checked)


def _prefix(text: str) -> Expr | Rejected:
    checked = _path(text)
    return checked if isinstance(checked, Rejected) else with_variables(checked, captures=9)


VHOST: Key[Expr | None] = Key(
    "upstream-vhost",
    _vhost,
    default=None,
    doc="The Host header that the application gets.",
    example="shop.internal",
)
PREFIX: Key[Expr | None] = Key(
    "x-forwarded-prefix",
    _prefix,
    default=None,
    doc="The X-Forwarded-Prefix header that the application gets where the path is rewritten.",
    example="/shop",
)

KEYS = (VHOST, PREFIX)
SETTINGS = ()


class Told(Struct, frozen=True):
    """The headers, where they are asked for."""

    host: Expr | None
    prefix: Expr | None


def parse(values: Values) -> Told | None:
    host, prefix = values.get(VHOST), values.get(PREFIX)
    return Told(host, prefix) if host or prefix else None


def contribute(told: Told, place: Place) -> Contribution:
    headers = {"Host": told.host, "X-Forwarded-Prefix": told.prefix if place.rewritten else None}
    return Contribution(request_headers=tuple((name, one) for name, one in headers.items() if one))
