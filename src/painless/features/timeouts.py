"""How long to wait for the application.

``proxy-connect-timeout`` (default 5), ``proxy-read-timeout`` and ``proxy-send-timeout`` (default 60), in
seconds.  The last two are between two reads or writes, not for the whole answer: a WebSocket that is silent
for longer is closed.  Writes ``proxy_*_timeout``, or ``grpc_*_timeout`` for gRPC and
``fastcgi_*_timeout`` for FastCGI.

``painless.dev/connection-max-idle`` makes ``proxy-read-timeout`` less, where that is more.
"""

from painless.annotations.base import Contribution, Defaults, Key, Place, Values, setting
from painless.annotations.decode import seconds
from painless.annotations.lifetimes import IDLE, KEEP_ALIVE, at_most
from painless.model.diagnostics import Reason, Severity
from painless.nginx.tree import Directive, directive


def _key(name: str, default: int, doc: str, example: str) -> Key[int]:
    return Key(name, seconds, default, doc, example, config=name)


CONNECT = _key("proxy-connect-timeout", 5, "Seconds to wait for a connection to the application.", "10")
SEND = _key("proxy-send-timeout", 60, "Seconds between two writes to the application.", "120")
READ = _key("proxy-read-timeout", 60, "Seconds between two reads from the application.", "3600")

KEYS = (CONNECT, SEND, READ)
SETTINGS = ()

_DIRECTIVE = {key: key.name.removeprefix("proxy-").replace("-", "_") for key in (CONNECT, SEND, READ)}
_READ = _DIRECTIVE[READ]

Timeouts = tuple[tuple[str, int], ...]
"""Names of directives without their module's prefix, and seconds."""


def http(defaults: Defaults) -> tuple[Directive, ...]:
    return tuple(
        directive(f"{module}_{name}", f"{value}s")
        for module in ("proxy", "grpc", "fastcgi")
        for name, value in _common(defaults).items()
    )


def parse(values: Values) -> Timeouts | None:
    """Return the time-outs that are this Ingress's own."""
    idle, common = values.get(IDLE), _common(values.defaults)
    mine = {name: values.get(key) for key, name in _DIRECTIVE.items()}
    keep = setting(values.defaults, KEEP_ALIVE)
    if values.given(IDLE) and idle >= max(mine[_READ], keep):
        says = f"silent connections are closed before: after {mine[_READ]} s, between requests after {keep} s"
        hint = f"a longer {READ.name} lets upgraded connections be silent for longer"
        values.say(IDLE.name, Reason.NO_EFFECT, says, hint, Severity.WARNING)
    mine[_READ] = at_most(mine[_READ], idle)
    own = tuple((name, value) for name, value in mine.items() if value != common[name])
    return own or None


def contribute(timeouts: Timeouts, place: Place) -> Contribution:
    module = place.module
    return Contribution(
        location=tuple(directive(f"{module}_{name}", f"{value}s") for name, value in timeouts)
    )


def _common(defaults: Defaults) -> dict[str, int]:
    """Return the seconds of all, by directive."""
    found = {name: setting(defaults, key) for key, name in _DIRECTIVE.items()}
    found[_READ] = at_most(found[_READ], setting(defaults, IDLE))
    return found
