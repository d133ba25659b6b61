"""Who may enter: what NGINX asks of a request before the application gets it.

Addresses and passwords that are missing are known; whether a password is right, or a service lets somebody
pass, only they know.
"""

from ipaddress import ip_address, ip_network

from msgspec import Struct

from painless.explain.places import Levels
from painless.explain.values import Values
from painless.nginx.tokens import Literal
from painless.nginx.tree import Directive

FORBIDDEN, UNAUTHORIZED = 403, 401
NO_CERTIFICATE = 496
"""NGINX's own status for it, which error pages know; clients get 400."""


class Door(Struct, frozen=True):
    """One door: what it is, and whether the request passes; ``None`` where only the moment tells.

    ``status`` is what NGINX answers where it does not.
    """

    directive: Directive
    passes: bool | None
    status: int


def doors(levels: Levels, values: Values) -> tuple[tuple[Door, ...], int]:
    """Return the doors of a place in NGINX's order, and what the request is refused with, if it is."""
    found = tuple(
        one
        for one in (_by_address(levels, values), _by_password(levels, values), _by_service(levels, values))
        if one
    )
    satisfy = levels.first("satisfy")
    anyone = satisfy is not None and satisfy.args[0] == Literal("any")
    if not anyone:
        return found, next((one.status for one in found if one.passes is False), 0)
    if not found or any(one.passes is not False for one in found):
        return found, 0
    # NGINX asks for a password where one would do.
    return found, next((one.status for one in found if one.status == UNAUTHORIZED), found[-1].status)


def by_certificate(levels: Levels, values: Values) -> Door | None:
    """Return the door that TLS is: who has no certificate does not come to the others."""
    asked = levels.first("ssl_verify_client")
    if asked is None or values.request.scheme != "https" or asked.args[0] != Literal("on"):
        return None
    return Door(asked, None if values.request.certificate else False, NO_CERTIFICATE)


def _by_address(levels: Levels, values: Values) -> Door | None:
    rules = next(
        (
            some
            for block in reversed(levels.blocks)
            if (some := [one for one in block if one.name in {"allow", "deny"}])
        ),
        [],
    )
    if not rules:
        return None
    client = values.request.client
    if not client:
        return Door(rules[0], None, FORBIDDEN)
    for one in rules:
        if _covers(one, client):
            return Door(one, one.name == "allow", FORBIDDEN)
    return Door(rules[0], passes=True, status=FORBIDDEN)


def _covers(rule: Directive, client: str) -> bool:
    text = rule.args[0].text if isinstance(rule.args[0], Literal) else ""
    try:
        return text == "all" or ip_address(client) in ip_network(text)
    except ValueError:
        return False


def _by_password(levels: Levels, values: Values) -> Door | None:
    realm = levels.first("auth_basic")
    if realm is None or values.expand(realm.args[0]) == "off":
        return None
    given = values.request.header("authorization").lower().startswith("basic ")
    return Door(realm, None if given else False, UNAUTHORIZED)


def _by_service(levels: Levels, _values: Values) -> Door | None:
    asked = levels.first("auth_request")
    if asked is None or asked.args[0] == Literal("off"):
        return None
    return Door(asked, None, UNAUTHORIZED)
