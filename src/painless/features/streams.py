"""TCP and UDP services, and what else is passed on without being read.

``--tcp-services-configmap`` and ``--udp-services-configmap`` name ConfigMaps with a line for each port:
``"9000": "shop/database:5432"`` listens at 9000 and asks the pods of that Service's port, a number or name.
For TCP, ``shop/database:5432:PROXY`` reads the PROXY protocol from clients, ``shop/database:5432::PROXY``
speaks it to the pods, and ``:PROXY:PROXY`` does both.  A line that cannot be served is told, and the others
are; ports of NGINX's own are no one's.  Pods come and go without a reload.

The keys below are of the global ConfigMap and hold for hosts with ``ssl-passthrough``, too.
Writes ``stream`` with ``proxy_timeout``, ``proxy_responses`` and ``proxy_next_upstream``.
"""

from painless.annotations.base import Defaults, Key, Setting, setting
from painless.annotations.decode import boolean, duration, whole_number
from painless.nginx.tree import Directive, directive

TIMEOUT = Setting(
    "proxy-stream-timeout", duration, "600s", "How long a connection may be without a word.", "1h"
)
NEXT = Setting(
    "proxy-stream-next-upstream",
    boolean,
    default=True,
    doc="Whether another pod is tried when one takes no connection.",
    example="false",
)
NEXT_TIMEOUT = Setting(
    "proxy-stream-next-upstream-timeout", duration, "600s", "How long pods are tried.", "30s"
)
NEXT_TRIES = Setting(
    "proxy-stream-next-upstream-tries",
    whole_number(0, 1000),  # More than a Service has pods that fail at a time; 0 is no limit.
    3,
    "How many pods are tried.",
    "2",
)
RESPONSES = Setting(
    "proxy-stream-responses",
    whole_number(0, 2**31 - 1),  # What NGINX takes.
    1,
    "How many datagrams answer one of a client, for UDP.",
    "2",
)

KEYS: tuple[Key[str], ...] = ()
SETTINGS = (TIMEOUT, NEXT, NEXT_TIMEOUT, NEXT_TRIES, RESPONSES)


def stream(defaults: Defaults) -> tuple[Directive, ...]:
    """Return what all TCP and UDP services have."""
    return (
        directive("proxy_timeout", setting(defaults, TIMEOUT)),
        directive("proxy_next_upstream", "on" if setting(defaults, NEXT) else "off"),
        directive("proxy_next_upstream_timeout", setting(defaults, NEXT_TIMEOUT)),
        directive("proxy_next_upstream_tries", setting(defaults, NEXT_TRIES)),
    )


def datagrams(defaults: Defaults) -> tuple[Directive, ...]:
    """Return what UDP services have beyond that."""
    return (directive("proxy_responses", setting(defaults, RESPONSES)),)
