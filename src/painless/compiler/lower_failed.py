"""Where a request goes whose upstream failed: 503 for a Service without endpoints, else 502.

A named location has headers of its own, so locations that add different ones go to different places.
"""

import hashlib
from collections.abc import Iterable

from msgspec import structs

from painless.annotations.base import Contribution
from painless.nginx.tokens import Literal, Var
from painless.nginx.tree import Directive, block, directive, when

_NAME = "@upstream_failed"

Headers = tuple[Directive, ...]
"""The ``add_header`` directives of a location."""


def added_headers(added: Iterable[Contribution]) -> Headers:
    """Return the headers that a location adds to its answers; whose they are makes no difference."""
    directives = (one for part in added for one in part.location)
    return tuple(structs.replace(one, origin=None) for one in directives if one.name == "add_header")


def to_failed(headers: Headers) -> Directive:
    """Return the directive that sends failures to the place with these headers."""
    return directive("error_page", 502, "=", name_of_failed(headers))


def failed_location(headers: Headers, common: Headers) -> Directive:
    answers = (when(Var("no_endpoints"), body=(directive("return", 503),)), directive("return", 502))
    return block("location", name_of_failed(headers), body=(*headers, *inherit(headers, common), *answers))


def inherit(headers: Headers, common: Headers) -> tuple[Directive, ...]:
    """Return what keeps those headers of all servers that a location with its own does not replace."""
    replaced = {_header(one) for one in headers}
    kept = tuple(one for one in common if _header(one) not in replaced)
    if len(kept) < len(common):
        return kept
    return (directive("add_header_inherit", "merge"),) if headers else ()


def _header(one: Directive) -> str:
    name = one.args[0]
    assert isinstance(name, Literal), "NGINX takes names of headers literally"
    return name.text.lower()


def name_of_failed(headers: Headers) -> str:
    """Return the name of the place with these headers."""
    # Made of the content: equal headers share a place, and nothing depends on order.
    return (
        f"{_NAME}_{hashlib.blake2b(repr(headers).encode(), digest_size=5).hexdigest()}" if headers else _NAME
    )
