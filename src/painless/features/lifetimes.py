"""Close connections that are old, or silent.

``painless.dev/connection-max-idle: 10m`` (default 0, no limit): no connection is kept that is silent for
longer.  Where it is less, it stands in for ``proxy-read-timeout``, which is how long NGINX waits for the
application and, in upgraded connections such as WebSockets, for a word of either side; and for the
ConfigMap's ``keep-alive``, in ``keepalive_timeout``. It makes neither longer.

``painless.dev/connection-max-age: 4h`` (default 0, no limit): no connection becomes older.  Upgraded ones
live until somebody ends them, and old workers with them.  With a limit they are closed one after the
other, 50 a second at most, each at a moment of its own between nine tenths of the limit and all of it; to
the client that is as if the application had ended it (docs/how-to/long-lived-connections.md). Their age
counts from when a controller first saw them.  A client's connection of HTTP is closed after the request
that it has at the limit: that NGINX does (``keepalive_time``), after an hour in any case; of HTTP/2 it
knows the ConfigMap's limits only.

Upgraded connections are told apart from others only where the application is spoken to over HTTP and
bodies of requests are buffered, and closed only where the kernel lets the controller touch NGINX's
connections.  Where another path leads to the same pods, the larger limit holds, or none.  Whose limit
does not hold is told.
"""

from painless.annotations.base import Contribution, Defaults, Key, Place, Values, setting
from painless.annotations.lifetimes import IDLE, KEEP_ALIVE, at_most, lifetime
from painless.model.diagnostics import Reason, Severity
from painless.nginx.tree import Directive, directive

AGE = Key(
    "painless.dev/connection-max-age",
    lifetime,
    default=0,
    doc="How old a connection may become; 0 is no limit.",
    example="4h",
    config="connection-max-age",
)

KEYS = (AGE, IDLE)
SETTINGS = ()

_HOUR = 3600  # Seconds that NGINX gives a client's connection of HTTP, whatever we say.


Lifetimes = tuple[tuple[str, int], ...]
"""Names of directives, and seconds."""


def http(defaults: Defaults) -> tuple[Directive, ...]:
    age = setting(defaults, AGE)
    return (directive("keepalive_time", f"{age}s"),) if 0 < age < _HOUR else ()


def parse(values: Values) -> Lifetimes | None:
    """Return what is this Ingress's own of how long a client's connection of HTTP lasts."""
    keep = setting(values.defaults, KEEP_ALIVE)
    common = _clients(keep, setting(values.defaults, IDLE), setting(values.defaults, AGE))
    own = _clients(keep, values.get(IDLE), values.get(AGE))
    return tuple(one for one in own if one not in common) or None


def contribute(lifetimes: Lifetimes, _: Place) -> Contribution:
    return Contribution(location=tuple(directive(name, f"{value}s") for name, value in lifetimes))


def of_upgraded(values: Values, unclear: str) -> int:
    """Return the age of upgraded connections in seconds, 0 for no limit.

    ``unclear`` says why nobody can tell which those are, if that is so.
    """
    age = values.get(AGE)
    if not age or not unclear:
        return age
    if values.given(AGE):
        says = f"upgraded connections are not told apart from others, since {unclear}"
        hint = f"the limit holds between requests; {IDLE.name} is for all connections"
        values.say(AGE.name, Reason.NO_EFFECT, says, hint, Severity.WARNING)
    return 0


def _clients(keep: int, idle: int, age: int) -> Lifetimes:
    return ("keepalive_timeout", at_most(keep, idle)), ("keepalive_time", at_most(_HOUR, age))
