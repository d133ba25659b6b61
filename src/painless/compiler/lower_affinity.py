"""Cookies that keep a client on a pod."""

import hashlib
from collections.abc import Iterable

from painless.annotations.base import Contribution
from painless.compiler.resolve import cookie_id
from painless.compiler.site import Proxy, Route, Upstream
from painless.features.affinity import INCOMPATIBLE, KNOWS_NONE, Affinity, attributes
from painless.nginx.tokens import Literal, Regex, Var, expr, pattern_of
from painless.nginx.tree import Directive, block, directive, entry


def lower_affinity_maps(upstreams: Iterable[Upstream], scheme: Var) -> tuple[Directive, ...]:
    """Return the maps of balanced affinity, once for each cookie's name."""
    kept = {one.affinity for one in upstreams if one.affinity}
    if not kept:
        return ()
    secure = block(
        "map",
        scheme,
        Var("affinity_secure"),
        body=(directive("default", ""), entry(Literal("https"), Literal("; Secure"))),
        comment="Cookies that keep a client on a pod are Secure when the request was.",
    )
    balanced = sorted((one.cookie, one.canary) for one in kept if not one.persistent)
    return (
        secure,
        *(one for cookie in dict(balanced) for one in _maps(cookie)),
        *(_given(cookie, canary=canary) for cookie, canary in balanced),
    )


def cookie_contribution(route: Route) -> tuple[Contribution, ...]:
    """Return what a location does for its cookies; nothing without affinity."""
    affinity, answer = route.settings.affinity, route.answer
    if affinity is None or not isinstance(answer, Proxy):
        return ()
    secure: tuple[str | Var, ...] = () if affinity.always_secure else (Var("affinity_secure"),)
    attributed = directive(
        "set", Var("affinity_attributes"), expr(*attributes(affinity, route.path), *secure)
    )
    if affinity.persistent:
        # The upstream's "sticky" sends the cookie.
        return (Contribution(rewrite=(attributed,), http=_known(affinity)),)
    given = [_given_variable(affinity.cookie, canary=False)]
    if answer.canary and answer.canary.rule.bound_here:
        given.append(_given_variable(answer.canary.rule.bound_here, canary=True))
    sent = tuple(directive("add_header", "Set-Cookie", Var(one), "always") for one in given)
    return (Contribution(rewrite=(attributed,), location=sent, http=_known(affinity)),)


def _known(affinity: Affinity) -> tuple[Directive, ...]:
    """Return the map of the browsers that mishandle SameSite=None, where a cookie asks for it."""
    if not affinity.conditional:
        return ()
    browsers = (entry(Regex(one, "~"), Literal("")) for one in INCOMPATIBLE)
    return (
        block(
            "map",
            Var("http_user_agent"),
            Var(KNOWS_NONE),
            body=(directive("default", "; SameSite=None"), *browsers),
            comment="Browsers that mishandle SameSite=None get cookies without.",
        ),
    )


def _maps(cookie: str) -> tuple[Directive, ...]:
    at = cookie_id(cookie)
    held, key = f"affinity_{at}", f"affinity_key_{at}"
    # $cookie_NAME cannot hold every name a cookie may have, so the header is read.
    # PCRE takes 32 characters for the name of a group.
    value = f"affinity_{hashlib.blake2b(cookie.encode(), digest_size=5).hexdigest()}"
    found = Regex(rf"(?:^|;\s*){pattern_of(cookie)}=(?<{value}>[^;]+)", "~")
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
    )


def _given(cookie: str, *, canary: bool) -> Directive:
    """Return the map to the cookie that an answer gives: what pods answer, and only those it is for."""
    # On a redirect to HTTPS, which no pod answers, the cookie would be one without Secure.
    by = r"[^|]+" if canary else ""
    return block(
        "map",
        expr(
            *(Var("upstream_addr"), "|", Var("proxy_alternative_upstream_name"), "|"),
            Var(f"affinity_{cookie_id(cookie)}"),
        ),
        Var(_given_variable(cookie, canary=canary)),
        body=(
            directive("default", ""),
            entry(
                Regex(rf"^[^|]+\|{by}\|$", "~"),
                expr(f"{cookie}=", Var("request_id"), Var("affinity_attributes")),
            ),
        ),
    )


def _given_variable(cookie: str, *, canary: bool) -> str:
    return f"affinity_{'canary_' if canary else ''}cookie_{cookie_id(cookie)}"
