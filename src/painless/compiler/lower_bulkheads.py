"""Bulkheads in NGINX's words: zones and ceilings above all servers, and what locations say of theirs.

NGINX inherits limits and logs whole or not at all.  So whoever has limits of their own, from annotations or a
snippet, has the bulkheads after them: ``features.bulkheads`` tells a refusal of theirs from one of ours by
that order.
"""

from collections.abc import Iterable

from msgspec import structs

from painless.annotations.base import Contribution
from painless.compiler import lower_requests
from painless.compiler.fit import fit
from painless.compiler.lower_errors import instead_of_nothing
from painless.compiler.options import Options
from painless.compiler.shape import Names
from painless.compiler.site import Proxy, Route
from painless.features import ConfigValues, bulkheads, limits
from painless.features.bulkheads import AT, IN_REQUESTS, IN_UPGRADED, REFUSED, Above
from painless.nginx.tokens import Var, expr
from painless.nginx.tree import Directive, directive

FOLDER = "counted"
"""Below the state directory: what NGINX writes for us to count."""

_FOR_EACH = 1
"""KiB of a zone for each upstream: twice what the longest name takes, since old ones drain beside new ones.
NGINX refuses everybody when a zone is full."""
_LEAST = 1024  # KiB.

Tree = tuple[Directive, ...]


def above(options: Options, config: ConfigValues) -> Above:
    """Return what all servers inherit."""
    defaults = config.as_defaults()
    asked, share = bulkheads.for_all(defaults), int(fit(options.machine, defaults).share.value)
    file, seldom = f"{options.state}/{FOLDER}/{REFUSED}", ("buffer=4k", "flush=1s")
    found = Above(
        requests=share if asked.requests == "auto" else asked.requests,
        upgraded=asked.upgraded,
        share=share,
        log=(
            directive("access_log", file, REFUSED, *seldom, expr("if=", Var(REFUSED))),
            *lower_requests.log(options),
        ),
        beside=limits.refusing(defaults),
    )
    return below(found, config.snippets.http.tree)


def below(found: Above, tree: Tree) -> Above:
    """Return what is inherited below a level with the directives ``tree``."""
    theirs = tuple(structs.replace(one, origin=None) for one in tree if one.name == "limit_conn")
    return structs.replace(found, others=theirs) if theirs else found


def for_servers(found: Above, upstreams: int, tree: Tree) -> Tree:
    """Return what stands in http, whose snippet is ``tree``: room for so many ``upstreams`` to be counted."""
    size = f"{(1 << (max(_LEAST, upstreams * _FOR_EACH) - 1).bit_length()) // 1024}m"
    zones = (
        directive("limit_conn_zone", Var(one), f"zone={one}:{size}") for one in (IN_REQUESTS, IN_UPGRADED)
    )
    quiet = (directive("limit_conn_log_level", "info"),)
    return (
        *zones,
        *_limits(found.requests, found.upgraded),
        *(_missing(found.beside if found.others else quiet, tree)),
        directive("log_format", REFUSED, Var(REFUSED)),
        *found.log,
    )


def beside_snippet(tree: Tree, found: Above) -> Tree:
    """Return what a server has to repeat whose snippet is ``tree``."""
    if not any(one.name == "limit_conn" for one in tree):
        return ()
    return (*_limits(found.requests, found.upgraded), *_missing(found.beside, tree))


def counted_at(route: Route, names: Names, added: Iterable[Contribution], found: Above) -> Tree:
    """Return the directive of the rewrite phase that says where a location's requests count, if they do."""
    if not any(_ceilings(route, found)):
        return ()
    if isinstance(route.answer, Proxy):
        upstream = Var("upstream") if route.answer.canary else names.upstream
    elif instead_of_nothing(route, added):
        upstream = names.instead_upstream
    else:
        return ()
    return (directive("set", Var(AT), upstream),)


def own_limits(route: Route, added: Iterable[Contribution], found: Above) -> Tree:
    """Return the limits of a location and what it has to repeat, where it does not inherit all of them."""
    tree = tuple(one for part in added for one in part.location)
    ours = _limits(*_ceilings(route, found))
    if any(one.name == "limit_conn" for one in tree):
        return (*ours, *_missing(found.beside, tree))
    if ours and ours != _limits(found.requests, found.upgraded):
        return (*found.others, *ours)
    return ()


def _ceilings(route: Route, found: Above) -> tuple[int, int]:
    own = route.settings.ceilings
    if own is None:
        return found.requests, found.upgraded
    return found.share if own.requests == "auto" else own.requests, own.upgraded


def _limits(requests: int, upgraded: int) -> Tree:
    both = ((IN_REQUESTS, requests), (IN_UPGRADED, upgraded))
    return tuple(directive("limit_conn", zone, most) for zone, most in both if most)


def _missing(some: Tree, tree: Tree) -> Tree:
    """Return those that a snippet does not say itself."""
    said = {one.name for one in tree}
    return tuple(one for one in some if one.name not in said)
