"""How long idle connections to applications are kept for the next request.

ConfigMap only.  ``upstream-keepalive-connections`` (default 32) are kept by each worker to each Service, 0
for none; each is closed after ``upstream-keepalive-timeout`` idle seconds (60), after
``upstream-keepalive-requests`` (10000) requests or after ``upstream-keepalive-time`` (1h).
"""

from painless.annotations.base import Defaults, Setting, setting
from painless.annotations.decode import duration, whole_number
from painless.nginx.tree import Directive, directive

CONNECTIONS = Setting(
    "upstream-keepalive-connections",
    whole_number(0, 65_535),
    32,
    "Idle connections that each worker keeps to each Service; 0 is none.",
    "100",
)
REQUESTS = Setting(
    "upstream-keepalive-requests", whole_number(1, 2**31 - 1), 10_000, "Requests on one connection.", "1000"
)
TIME = Setting("upstream-keepalive-time", duration, "1h", "How long a connection is used.", "10m")
TIMEOUT = Setting(
    "upstream-keepalive-timeout", whole_number(1, 31_536_000), 60, "Idle seconds of a connection.", "20"
)

KEYS = ()
SETTINGS = (CONNECTIONS, REQUESTS, TIME, TIMEOUT)

# NGINX's own.
_DEFAULTS = {"keepalive_requests": "1000", "keepalive_time": "1h", "keepalive_timeout": "60s"}


def upstream(defaults: Defaults, connections: int) -> tuple[Directive, ...]:
    """Return what each upstream says of its so many idle connections, where it is not NGINX's default."""
    if not connections:
        return (directive("keepalive", 0),)
    more = {
        "keepalive_requests": str(setting(defaults, REQUESTS)),
        "keepalive_time": setting(defaults, TIME),
        "keepalive_timeout": f"{setting(defaults, TIMEOUT)}s",
    }
    return (
        directive("keepalive", connections),
        *(directive(name, value) for name, value in more.items() if value != _DEFAULTS[name]),
    )
