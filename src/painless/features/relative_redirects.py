"""Redirects of NGINX without scheme and host.

``relative-redirects: "true"`` has NGINX answer redirects to a path of its own with the path alone as
``Location``, for proxies in front that are reached by another name.  Redirects that name a URL stay as they
are.  Writes ``absolute_redirect``.
"""

from painless.annotations.base import Contribution, Defaults, Key, Place, Values, setting
from painless.annotations.decode import boolean
from painless.nginx.tree import Directive, directive

RELATIVE = Key(
    "relative-redirects",
    boolean,
    default=False,
    doc="Answer NGINX's own redirects without scheme and host.",
    example="true",
    config="relative-redirects",
)

KEYS = (RELATIVE,)
SETTINGS = ()

_ABSOLUTE = {True: "off", False: "on"}


def http(defaults: Defaults) -> tuple[Directive, ...]:
    """Return what differs from NGINX's own default."""
    return (directive("absolute_redirect", "off"),) if setting(defaults, RELATIVE) else ()


def parse(values: Values) -> str | None:
    """Return whether redirects are absolute, ``on`` or ``off``, where it is this Ingress's own."""
    own = values.get(RELATIVE)
    return _ABSOLUTE[own] if own != setting(values.defaults, RELATIVE) else None


def contribute(absolute: str, _place: Place) -> Contribution:
    return Contribution(location=(directive("absolute_redirect", absolute),))
