"""Mend the redirects of the application.

An application that does not know where it is reached from sends clients to its own address.
``proxy-redirect-from: http://internal.example/`` with ``proxy-redirect-to: https://shop.example/`` replaces
the beginning of its ``Location`` and ``Refresh``.  The default is ``off``, nothing is replaced; ``default``
means the same, since no application calls itself what NGINX calls it.  Variables that read the request may
stand in both texts.

One text without the other is told, and nothing is replaced.  gRPC knows no redirects.  Writes
``proxy_redirect``.
"""

from painless.annotations.base import Contribution, Defaults, Key, Place, Values, setting
from painless.annotations.decode import Rejected, matching, with_variables
from painless.model.diagnostics import Reason
from painless.nginx.tokens import Expr, Literal
from painless.nginx.tree import Directive, directive

# NGINX reads what begins with ~ as an expression.
_text = matching(r"[-._A-Za-z0-9/:,?&=$][-._~A-Za-z0-9/:,?&=$]*", "letters, digits and - . _ ~ / : , ? & =")

_OFF = Expr((Literal("off"),))
_NOTHING = frozenset({"off", "default"})


def _address(text: str) -> Expr | Rejected:
    if text in _NOTHING:
        return _OFF
    checked = _text(text)
    return checked if isinstance(checked, Rejected) else with_variables(checked)


def _key(name: str, doc: str, example: str) -> Key[Expr]:
    return Key(name, _address, _OFF, doc, example, config=name)


FROM = _key("proxy-redirect-from", "What redirects begin with, or `off`.", "http://internal.example/")
TO = _key("proxy-redirect-to", "What replaces it.", "https://shop.example/")

KEYS = (FROM, TO)
SETTINGS = ()

ProxyRedirect = tuple[Expr, ...]
"""The arguments of ``proxy_redirect``."""


def http(defaults: Defaults) -> tuple[Directive, ...]:
    return _written(_arguments(setting(defaults, FROM), setting(defaults, TO)))


def parse(values: Values) -> ProxyRedirect | None:
    """Return what is replaced where it is this Ingress's own."""
    begins, instead = values.get(FROM), values.get(TO)
    if (begins == _OFF) != (instead == _OFF) and (values.given(FROM) or values.given(TO)):
        alone, other = (TO, FROM) if begins == _OFF else (FROM, TO)
        says = f"found no {other.name}, expected one beside {alone.name}"
        given = alone if values.given(alone) else other
        values.say(given.name, Reason.INCOMPLETE_ANNOTATION, says, "nothing is replaced")
    own = _arguments(begins, instead)
    common = _arguments(setting(values.defaults, FROM), setting(values.defaults, TO))
    return own if own != common else None


def contribute(redirect: ProxyRedirect, place: Place) -> Contribution:
    return Contribution() if place.module != "proxy" else Contribution(location=_written(redirect))


def _arguments(begins: Expr, instead: Expr) -> ProxyRedirect:
    return (_OFF,) if _OFF in {begins, instead} else (begins, instead)


def _written(redirect: ProxyRedirect) -> tuple[Directive, ...]:
    return (directive("proxy_redirect", *redirect),)
