"""How large a request body may be, and how much of it is kept in memory.

``proxy-body-size: 8m`` answers larger bodies with 413; ``0`` means no limit.  The default is 1m, or the
ConfigMap's.  Of a body that NGINX reads whole, ``client-body-buffer-size`` (default 8k) is kept in memory and
the rest in a file.  Writes ``client_max_body_size`` and ``client_body_buffer_size``.
"""

from painless.annotations.base import Contribution, Defaults, Key, Place, Values, setting
from painless.annotations.decode import memory_size, size
from painless.nginx.tree import Directive, directive

LIMIT = Key(
    "proxy-body-size",
    size,
    default="1m",
    doc="The largest request body that is accepted; 0 is unlimited.",
    example="8m",
    config="proxy-body-size",
)
BUFFER = Key(
    "client-body-buffer-size",
    memory_size(1, 2**30),  # A request in memory; NGINX asks the system for all of it at once.
    default="8k",
    doc="How much of a request body is kept in memory.",
    example="64k",
    config="client-body-buffer-size",
)

KEYS = (LIMIT, BUFFER)
SETTINGS = ()

_DIRECTIVE = {LIMIT: "client_max_body_size", BUFFER: "client_body_buffer_size"}

Sizes = tuple[tuple[str, str], ...]
"""Names of directives and their argument."""


def http(defaults: Defaults) -> tuple[Directive, ...]:
    return tuple(directive(name, setting(defaults, key)) for key, name in _DIRECTIVE.items())


def parse(values: Values) -> Sizes | None:
    """Return the sizes that are this Ingress's own."""
    own = tuple(
        (name, value)
        for key, name in _DIRECTIVE.items()
        if (value := values.get(key)) != setting(values.defaults, key)
    )
    return own or None


def contribute(sizes: Sizes, _place: Place) -> Contribution:
    return Contribution(location=tuple(directive(name, value) for name, value in sizes))
