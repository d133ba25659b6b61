"""Cookies that keep a client on a pod."""

import hashlib
from collections.abc import Iterable

from painless.annotations.base import Contribution
from painless.compiler.resolve import cookie_id
from painless.compiler.site import Proxy, Route, Upstream
from painless.features.affinity import attributes
from painless.nginx.tokens import Literal, Regex, Var, expr, pattern_of
from painless.nginx.tree import Directive, block, directive, entry


def lower_affinity_maps(upstreams: Iterable[Upstream]) -> tuple[Directive, ...]:
    """Return the maps of balanced affinity, once for each cookie's name."""
    kept = [one.affinity for one in upstreams if one.affinity]
    if not kept:
        return ()
    secure = block(
        "map",
        Var("scheme"),
        Var("affinity_secure"),
        body=(directive("default", ""), entry(Literal("https"), Literal("; Secure"))),
        comment="Cookies that keep a client on a pod are Secure when the request was.",
    )
    balanced = sorted({cookie for cookie, persistent in kept if not persistent})
    return (secure, *(one for cookie in balanced for one in _maps(cookie)))


def cookie_contribution(route: Route) -> tuple[Contribution, ...]:
    """Return what a location does for its cookie; nothing without affinity."""
    affinity = route.settings.affinity
    if affinity is None or not isinstance(route.answer, Proxy):
        return ()
    secure: tuple[str | Var, ...] = () if affinity.always_secure else (Var("affinity_secure"),)
    given = directive("set", Var("affinity_attributes"), expr(attributes(affinity, route.path), *secure))
    if affinity.persistent:
        # The upstream's "sticky" sends the cookie.
        return (Contribution(rewrite=(given,)),)
    cookie = Var(f"affinity_cookie_{cookie_id(affinity.cookie)}")
    sent = directive("add_header", "Set-Cookie", cookie, "always")
    return (Contribution(rewrite=(given,), location=(sent,)),)


def _maps(cookie: str) -> tuple[Directive, ...]:
    at = cookie_id(cookie)
    held, key = f"affinity_{at}", f"affinity_key_{at}"
    # $cookie_NAME cannot hold every name a cookie may have, so the header is read.
    # PCRE takes 32 characters for the name of a group.
    value = f"affinity_{hashlib.blake2b(cookie.encode(), digest_size=5).hexdigest()}"
    found = Regex(rf"(?:^|;\s*){pattern_of(cookie)}=(?<{value}>[^;]+)", "~")
    new = expr(f"{cookie}=", Var("request_id"), Var("affinity_attributes"))
    return (
        block(
            "map",
            Var("http_cookie"),
            Var(held),
            body=(directive("default", ""), entry(found, Var(value))),
            comment=f"The cookie {cookie}: who has it keeps it, who has none is given one.",
        ),
        block(
            "map",
            Var(held),
            Var(key),
            body=(directive("default", Var(held)), entry(Literal(""), Var("request_id"))),
        ),
        block(
            "map",
            # Only what pods answer: on a redirect to HTTPS the cookie would be one without Secure.
            expr(Var("upstream_addr"), "|", Var(held)),
            Var(f"affinity_cookie_{at}"),
            body=(directive("default", ""), entry(Regex(r"^[^|]+\|$", "~"), new)),
        ),
    )
