"""How paths are compared, said in NGINX's locations: path types, regular expressions, the order.

The rules are ingress-nginx's.  One differs, for the sake of the Ingress specification: a Prefix path that
ends in a slash also serves the path without it, which ingress-nginx answers with a redirect.
"""

from collections.abc import Iterable
from itertools import islice

from painless.annotations.decode import Rejected
from painless.annotations.regex import CheckedRegex, regex
from painless.compiler.site import Location, Modifier, Route
from painless.model.objects import PathType

_LONGEST_PATH = 4000


def path_key(path: str, path_type: PathType) -> tuple[str, str]:
    """Return what makes two paths of a host the same path: the older of the two is served.

    ImplementationSpecific means Prefix, and to a Prefix path a trailing slash means nothing.
    """
    if path_type is PathType.EXACT:
        return path or "/", "Exact"
    return (path.rstrip("/") or "/"), "Prefix"


def needs_regex(route: Route) -> bool:
    """Whether this route turns all paths of its host into regular expressions."""
    return route.settings.rewrite.regex or route.settings.rewrite.replaces(route.path)


def checked(route: Route) -> CheckedRegex | Rejected:
    """Return the route's path as a regular expression, or why it is none."""
    return regex(route.path)


def fits(path: str) -> bool:
    """Whether NGINX can hold the path as a word: 4094 bytes, with escapes and room for what we add."""
    return len(path.encode()) + 8 * path.count("$") + path.count('"') + path.count("\\") <= _LONGEST_PATH


def locations(routes: Iterable[Route]) -> tuple[Location, ...]:
    """Return the locations of one host, in the order they have in the file.

    On a host with a regular expression NGINX takes the first that matches, and the longest text is first.
    """
    ordered = sorted(routes, key=lambda route: route.path, reverse=True)
    ordered.sort(key=lambda route: len(route.path), reverse=True)
    if any(needs_regex(route) for route in ordered):
        return tuple(location for route in ordered for location in _as_regex(route))
    exact = {route.path for route in ordered if route.path_type is PathType.EXACT}
    literal = tuple(location for route in ordered for location in _literal(route, exact))
    return (*literal, *_without_slash(ordered, literal))


def _without_slash(routes: list[Route], taken: tuple[Location, ...]) -> Iterable[Location]:
    """Yield what serves ``/x`` beside an Exact ``/x/``: NGINX would redirect to it by itself."""
    known = {location.pattern for location in taken if location.modifier is Modifier.EXACT}
    for route in routes:
        path = route.path.removesuffix("/")
        if route.path_type is PathType.EXACT and path and path != route.path and path not in known:
            known.add(path)
            above = (
                one for one in routes if one.path_type is not PathType.EXACT and _is_below(path, one.path)
            )
            # The longest comes first; each host has a Prefix path "/".
            yield from (Location(Modifier.EXACT, path, one) for one in islice(above, 1))


def _is_below(path: str, prefix: str) -> bool:
    return path.startswith(f"{prefix.rstrip('/')}/")


def _literal(route: Route, exact: set[str]) -> tuple[Location, ...]:
    if route.path_type is PathType.EXACT:
        return (Location(Modifier.EXACT, route.path, route),)
    whole = route.path.rstrip("/")
    below = Location(Modifier.PREFIX, f"{whole}/", route)
    if not whole or whole in exact:
        return (below,)
    return below, Location(Modifier.EXACT, whole, route)


def _as_regex(route: Route) -> tuple[Location, ...]:
    pattern = checked(route)
    # A path that is no expression was dropped by merge, with a diagnostic.
    assert isinstance(pattern, CheckedRegex), f"merge let a bad expression through: {route.path!r}"
    rewrite = route.settings.rewrite
    if rewrite.target and rewrite.replaces(route.path):
        replaced = (f"(?i){pattern.pattern}", rewrite.target.replacement)
        return (Location(Modifier.REGEX, f"^{pattern.pattern}", route, replaced),)
    whole = Location(Modifier.REGEX, f"^{pattern.pattern}", route)
    plain_prefix = route.path_type is not PathType.EXACT and not needs_regex(route) and route.path != "/"
    if not plain_prefix or route.path.endswith("/"):
        return (whole,)
    return Location(Modifier.REGEX, f"^{pattern.pattern}/", route), whole
