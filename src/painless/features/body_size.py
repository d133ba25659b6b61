"""How large a request body may be.

``proxy-body-size: 8m`` answers larger bodies with 413; ``0`` means no limit.  The default is 1m, or the
ConfigMap's.  Writes ``client_max_body_size``.
"""

from painless.annotations.base import Contribution, Defaults, Key, Place, Values
from painless.annotations.decode import size
from painless.nginx.tree import Directive, directive

LIMIT = Key(
    "proxy-body-size",
    size,
    default="1m",
    doc="The largest request body that is accepted; 0 is unlimited.",
    example="8m",
    config="proxy-body-size",
)

KEYS = (LIMIT,)
SETTINGS = ()


def http(defaults: Defaults) -> tuple[Directive, ...]:
    return (directive("client_max_body_size", str(defaults.get(LIMIT.config, LIMIT.default))),)


def parse(values: Values) -> str | None:
    """Return the limit when this Ingress has one of its own."""
    limit = values.get(LIMIT)
    return limit if limit != values.defaults.get(LIMIT.config, LIMIT.default) else None


def contribute(limit: str, _place: Place) -> Contribution:
    return Contribution(location=(directive("client_max_body_size", limit),))
