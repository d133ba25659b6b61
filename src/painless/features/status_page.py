"""NGINX's page with its counters, /nginx_status.

The catch-all server answers it where NGINX is built with ``stub_status``, to addresses of
``nginx-status-ipv4-whitelist`` (127.0.0.1) and ``nginx-status-ipv6-whitelist`` (::1), and to nobody else.
ConfigMap only.
"""

from painless.annotations.base import LONGEST_LIST, Defaults, Setting, setting
from painless.annotations.decode import networks
from painless.nginx.tree import Directive, block, directive


def _setting(name: str, default: str, example: str) -> Setting[tuple[str, ...]]:
    doc = "Who may read NGINX's counters."
    return Setting(name, networks, (default,), doc, example, longest=LONGEST_LIST, needs=MODULE)


MODULE = "http_stub_status_module"

IPV4 = _setting("nginx-status-ipv4-whitelist", "127.0.0.1", "127.0.0.1,10.0.0.0/8")
IPV6 = _setting("nginx-status-ipv6-whitelist", "::1", "::1,2001:db8::/32")

KEYS = ()
SETTINGS = (IPV4, IPV6)

PATH = "/nginx_status"


def page(defaults: Defaults) -> Directive:
    """Return the location that answers it."""
    allowed = (*setting(defaults, IPV4), *setting(defaults, IPV6))
    return block(
        "location",
        PATH,
        body=(
            *(directive("allow", one) for one in allowed),
            directive("deny", "all"),
            directive("access_log", "off"),
            directive("stub_status"),
        ),
    )
