"""How long to wait for the application.

``proxy-connect-timeout`` (default 5), ``proxy-read-timeout`` and ``proxy-send-timeout`` (default 60), in
seconds.  The last two are between two reads or writes, not for the whole answer: a WebSocket that is silent
for longer is closed.  Writes ``proxy_*_timeout``, or ``grpc_*_timeout`` for gRPC and
``fastcgi_*_timeout`` for FastCGI.
"""

from painless.annotations.base import Contribution, Defaults, Key, Place, Values
from painless.annotations.decode import seconds
from painless.nginx.tree import Directive, directive


def _key(name: str, default: int, doc: str, example: str) -> Key[int]:
    return Key(name, seconds, default, doc, example, config=name)


CONNECT = _key("proxy-connect-timeout", 5, "Seconds to wait for a connection to the application.", "10")
SEND = _key("proxy-send-timeout", 60, "Seconds between two writes to the application.", "120")
READ = _key("proxy-read-timeout", 60, "Seconds between two reads from the application.", "3600")

KEYS = (CONNECT, SEND, READ)
SETTINGS = ()

_DIRECTIVE = {key: key.name.removeprefix("proxy-").replace("-", "_") for key in KEYS}

Timeouts = tuple[tuple[str, int], ...]
"""Names of directives without their module's prefix, and seconds."""


def http(defaults: Defaults) -> tuple[Directive, ...]:
    return tuple(
        directive(f"{module}_{name}", f"{defaults.get(key.config, key.default)}s")
        for module in ("proxy", "grpc", "fastcgi")
        for key, name in _DIRECTIVE.items()
    )


def parse(values: Values) -> Timeouts | None:
    """Return the time-outs that are this Ingress's own."""
    own = tuple(
        (name, value)
        for key, name in _DIRECTIVE.items()
        if (value := values.get(key)) != values.defaults.get(key.config, key.default)
    )
    return own or None


def contribute(timeouts: Timeouts, place: Place) -> Contribution:
    module = place.module
    return Contribution(
        location=tuple(directive(f"{module}_{name}", f"{value}s") for name, value in timeouts)
    )
