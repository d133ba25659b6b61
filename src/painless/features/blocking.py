"""Turn clients away from all hosts.

ConfigMap only.  ``block-cidrs`` lists addresses, ``block-user-agents`` and ``block-referers`` texts of these
headers; who is on one of the lists is answered with 403, before everything else.  A text is compared as a
whole and without case; one that begins with ``~`` is a regular expression, with ``~*`` one without case.

Of a list with bad items the others count, and the bad ones are told.  Writes lookups and ``if ($blocked) {
return 403; }`` into each server.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from painless.annotations.base import LONGEST_LIST, Defaults, Setting, setting
from painless.annotations.decode import Decoder, Rejected, matching, network, shown
from painless.annotations.regex import regex
from painless.nginx.tokens import Literal, Regex, Token, Var, expr
from painless.nginx.tree import Directive, block, directive, entry, when

T = TypeVar("T")

Pattern = tuple[str, str]
"""What a text is compared with: nothing, ``~`` or ``~*``, and the text or the expression."""


_plain = matching(r"[^\x00-\x1f\x7f]{1,1024}", "text")


def _pattern(text: str) -> Pattern | Rejected:
    prefix = "~*" if text.startswith("~*") else "~" if text.startswith("~") else ""
    if not prefix:
        # NGINX compares texts without case, and refuses one that is there twice.
        plain = _plain(text)
        return plain if isinstance(plain, Rejected) else ("", plain.lower())
    checked = regex(text.removeprefix(prefix))
    return checked if isinstance(checked, Rejected) else (prefix, checked.pattern)


def _items(text: str) -> Iterable[str]:
    return filter(None, map(str.strip, text.split(",")))


def _good(item: Decoder[T]) -> Callable[[str], tuple[T, ...]]:
    """Return what reads the items of a list that can be read."""

    def read(text: str) -> tuple[T, ...]:
        found = (item(one) for one in _items(text))
        return tuple(dict.fromkeys(one for one in found if not isinstance(one, Rejected)))

    return read


def _list(name: str, item: Decoder[T], kind: str, doc: str, example: str) -> Setting[tuple[T, ...]]:
    def decode(text: str) -> tuple[T, ...] | Rejected:
        bad = next((one for one in _items(text) if isinstance(item(one), Rejected)), None)
        expected = f"a comma separated list of {kind}"
        return _good(item)(text) if bad is None else Rejected(f"{expected}; {shown(bad)} is none")

    instead = "the others of the list are blocked"
    return Setting(name, decode, (), doc, example, _good(item), instead, LONGEST_LIST)


ADDRESSES: Setting[tuple[str, ...]] = _list(
    "block-cidrs",
    network,
    "IP addresses and CIDR blocks",
    "Addresses of clients that get 403.",
    "203.0.113.0/24,198.51.100.7",
)
AGENTS: Setting[tuple[Pattern, ...]] = _list(
    "block-user-agents",
    _pattern,
    "texts and expressions",
    "User-Agents of clients that get 403.",
    "~*bot,BadClient/1.0",
)
REFERERS: Setting[tuple[Pattern, ...]] = _list(
    "block-referers",
    _pattern,
    "texts and expressions",
    "Referers of requests that get 403.",
    r"~*^https?://spam\.example/",
)

KEYS = ()
SETTINGS = (ADDRESSES, AGENTS, REFERERS)


def http(defaults: Defaults) -> tuple[Directive, ...]:
    """Return the lookup of each list, and ``$blocked``, which is 1 for who is on one of them."""
    addresses = setting(defaults, ADDRESSES)
    agents, referers = setting(defaults, AGENTS), setting(defaults, REFERERS)
    lookups = (
        *((_addresses(addresses),) if addresses else ()),
        *((_texts("blocked_agent", "http_user_agent", agents),) if agents else ()),
        *((_texts("blocked_referer", "http_referer", referers),) if referers else ()),
    )
    if not lookups:
        return ()
    names = [one.args[-1] for one in lookups]
    blocked = block(
        "map",
        expr(*(one for one in names if isinstance(one, Var))),
        Var("blocked"),
        body=(directive("default", "0"), entry(Regex("1", "~"), Literal("1"))),
    )
    return (*lookups, blocked)


def server(defaults: Defaults) -> tuple[Directive, ...]:
    """Return what each server begins with."""
    if not any(defaults.get(key.name) for key in SETTINGS):
        return ()
    return (when(Var("blocked"), body=(directive("return", 403),)),)


def _addresses(addresses: tuple[str, ...]) -> Directive:
    lines = (entry(Literal(one), Literal("1")) for one in addresses)
    comment = "Who is turned away from all hosts (ConfigMap block-*)."
    return block("geo", Var("blocked_address"), body=(directive("default", "0"), *lines), comment=comment)


def _texts(name: str, of: str, patterns: tuple[Pattern, ...]) -> Directive:
    lines = (entry(_compared(*one), Literal("1")) for one in patterns)
    return block("map", Var(of), Var(name), body=(directive("default", "0"), *lines))


def _compared(prefix: str, text: str) -> Token:
    return Regex(text, prefix) if prefix else Literal(text)
