"""Mend the cookies of the application.

``proxy-cookie-domain: "internal.example shop.example"`` replaces the ``Domain`` of the application's cookies,
``proxy-cookie-path: "/app/ /"`` the beginning of their ``Path``: what they have, a space, and what replaces
it, in which variables that read the request may stand.  The default is ``off``, nothing is replaced.  Cookies
of ours, such as those of affinity, stay as they are.

gRPC has no cookies.  Writes ``proxy_cookie_domain`` and ``proxy_cookie_path``.
"""

from painless.annotations.base import Contribution, Defaults, Key, Place, Values, setting
from painless.annotations.decode import Decoder, Rejected, matching, with_variables
from painless.nginx.tokens import Expr, Literal
from painless.nginx.tree import Directive, directive

Replaced = tuple[Expr, ...]
"""What is replaced and by what, or ``off`` alone: the arguments of a directive."""

_OFF: Replaced = (Expr((Literal("off"),)),)


def _two(word: Decoder[str], expected: str) -> Decoder[Replaced]:
    """Return a decoder of two words of a kind, or ``off``."""

    def decode(text: str) -> Replaced | Rejected:
        if text == "off":
            return _OFF
        words = text.split()
        if len(words) != 2 or any(isinstance(word(one), Rejected) for one in words):
            return Rejected(expected)
        replaced = [with_variables(one) for one in words]
        bad = next((one for one in replaced if isinstance(one, Rejected)), None)
        return bad or tuple(one for one in replaced if isinstance(one, Expr))

    return decode


# NGINX reads what begins with ~ as an expression.
_domain = matching(r"[A-Za-z0-9.$][-_A-Za-z0-9.$]*", "a domain")
_path = matching(r"[/$][-._~A-Za-z0-9/:,?&=$]*", "a path")

DOMAIN: Key[Replaced] = Key(
    "proxy-cookie-domain",
    _two(_domain, '"off", or two domains with a space between them'),
    default=_OFF,
    doc="The Domain of cookies that is replaced, and what by.",
    example="internal.example shop.example",
    config="proxy-cookie-domain",
)
PATH: Key[Replaced] = Key(
    "proxy-cookie-path",
    _two(_path, '"off", or two paths with a space between them'),
    default=_OFF,
    doc="The beginning of the Path of cookies that is replaced, and what by.",
    example="/app/ /",
    config="proxy-cookie-path",
)

KEYS = (DOMAIN, PATH)
SETTINGS = ()

_DIRECTIVE = {DOMAIN: "proxy_cookie_domain", PATH: "proxy_cookie_path"}

Cookies = tuple[tuple[str, Replaced], ...]
"""Names of directives and their arguments."""


def http(defaults: Defaults) -> tuple[Directive, ...]:
    """Return what differs from NGINX's own default, which is ``off``."""
    found = ((name, setting(defaults, key)) for key, name in _DIRECTIVE.items())
    return _written(tuple(one for one in found if one[1] != _OFF))


def parse(values: Values) -> Cookies | None:
    """Return what is replaced where it is this Ingress's own."""
    own = tuple(
        (name, value)
        for key, name in _DIRECTIVE.items()
        if (value := values.get(key)) != setting(values.defaults, key)
    )
    return own or None


def contribute(cookies: Cookies, place: Place) -> Contribution:
    return Contribution() if place.module != "proxy" else Contribution(location=_written(cookies))


def _written(cookies: Cookies) -> tuple[Directive, ...]:
    return tuple(directive(name, *replaced) for name, replaced in cookies)
