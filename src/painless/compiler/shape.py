"""Hosts that look alike: what they share, and what is looked up for each.

In NGINX the price of a host is the blocks it adds, in the master and in every worker, and again for each old
generation that drains.  Two hosts have the same *shape* when their locations are equal once names are left
out.  They share one server block, and the names are looked up by host.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, structs

from painless.compiler.site import (
    DEFAULT_LABEL,
    Answer,
    Denied,
    Failing,
    Location,
    NotFound,
    Own,
    Proxy,
    Redirected,
    Route,
    Server,
    Unavailable,
)
from painless.nginx.tokens import Literal, Var

Column = tuple[str, ...]
"""One value for each server of a shape."""

VARIABLE = "site"
"""Variables that are looked up by host begin with it: ``$site_upstream``, ``$site_upstream_2``."""

FIELDS = tuple(one.name for one in structs.fields(Own))


class Names(Struct, frozen=True, gc=False):
    """What a location calls its own: text where all its hosts agree, else a variable."""

    upstream: Literal | Var
    label: Literal | Var
    canary_upstream: Literal | Var
    canary_label: Literal | Var
    canary: Literal | Var
    users: Literal | Var
    ingress: Literal | Var
    why: Literal | Var
    auth_upstream: Literal | Var
    mirror_upstream: Literal | Var
    pages_upstream: Literal | Var
    instead_upstream: Literal | Var
    about: Literal | Var


class Shape(Struct, frozen=True, gc=False):
    """Servers that share a block, sorted by host.

    ``names`` has one entry for each location.  ``looked_up`` are the values of each variable in them, one
    for each server.
    """

    id: str
    servers: tuple[Server, ...]
    names: tuple[Names, ...]
    looked_up: Mapping[str, Column]

    @property
    def first(self) -> Server:
        """The server that stands for all in everything they share."""
        return self.servers[0]


def own_of(route: Route) -> Own:
    """Return what the route has of its own."""
    own, failing = _own_of(route), route.failing
    asked, copied = route.auth_upstream, route.mirror_upstream
    if asked or copied:
        own = structs.replace(own, auth_upstream=asked, mirror_upstream=copied)
    if failing is None:
        return own
    return structs.replace(
        own, pages_upstream=failing.pages, instead_upstream=failing.instead, about=failing.about
    )


def _own_of(route: Route) -> Own:
    ref = route.origin.ref
    ingress = f"{ref.namespace}/{ref.name}" if ref.name else ""
    match route.answer:
        case Proxy(upstream=upstream, label=label, canary=None):
            return Own(upstream, label, users=route.users, ingress=ingress)
        case Proxy(upstream=upstream, label=label, canary=arm):
            assert arm is not None, "the case above has none"
            # A namespace has no dots, so the two names cannot be mistaken for others.
            canary = f"{arm.origin.ref.namespace}.{arm.origin.ref.name}"
            return Own(upstream, label, arm.upstream, arm.label, canary, route.users, ingress)
        case Redirected(label=label):
            return Own(label=label, users=route.users, ingress=ingress)
        case Unavailable(why=why) | Denied(why=why):
            return Own(users=route.users, ingress=ingress, why=why)
        case NotFound():
            return Own(label=DEFAULT_LABEL, users=route.users, ingress=ingress)


def shape_of(locations: Iterable[Location]) -> str:
    """Return a name for everything of these locations but what they have of their own."""
    seen = [
        (
            one.modifier.value,
            one.pattern,
            one.rewrite,
            one.route.path,
            one.route.implicit,
            one.route.users != "",
            *(("asked",) if one.route.auth_upstream else ()),
            *(("copied",) if one.route.mirror_upstream else ()),
            one.route.settings.look,
            _kind(one.route.answer),
            *((one.route.backend,) if one.route.backend else ()),
            *(_failing(one.route.failing) if one.route.failing else ()),
        )
        for one in locations
    ]
    return _digest(seen)


def _failing(failing: Failing) -> tuple[object, ...]:
    return failing.codes, failing.own, failing.instead != ""


def _kind(answer: Answer) -> object:
    if not isinstance(answer, Proxy):
        return type(answer).__name__
    # A weight shows in marker files only.
    return structs.replace(answer.canary.rule, weight=0) if answer.canary else ""


def grouped(servers: Iterable[Server]) -> dict[object, tuple[Server, ...]]:
    """Return the servers that share a block, by what they share, in the order of their first hosts."""
    alike: dict[object, list[Server]] = {}
    for one in servers:
        root = one.app_root[0] if one.app_root else None
        key = (one.host, one.tls) if one.alone else (one.shape, one.tls, root, one.own_tls, one.snippet)
        alike.setdefault(key, []).append(one)
    return {key: tuple(some) for key, some in alike.items()}


def shape(servers: tuple[Server, ...]) -> Shape:
    """Return the shape of servers that share a block."""
    first = servers[0]
    more = (*((first.own_tls,) if first.own_tls else ()), *((first.snippet,) if first.snippet else ()))
    id_ = _digest((first.shape, first.tls, first.app_root[0] if first.app_root else None, *more))
    if len(servers) == 1:
        return Shape(id_, servers, tuple(_literal(one) for one in first.own), {})
    looked_up: dict[str, Column] = {}
    names = tuple(_names(own, looked_up) for own in zip(*(one.own for one in servers), strict=True))
    return Shape(id_, servers, names, looked_up)


def field_of(variable: str) -> str:
    """Return what a variable of a shape is about: a field of ``Own``."""
    return variable.removeprefix(f"{VARIABLE}_").rstrip("0123456789").rstrip("_")


def _literal(own: Own) -> Names:
    return Names(*(Literal(one) for one in structs.astuple(own)))


def _names(own: Sequence[Own], looked_up: dict[str, Column]) -> Names:
    """Return what the servers call their own in one location, and note what has to be looked up."""
    columns = zip(*(structs.astuple(one) for one in own), strict=True)
    return Names(*(_name(field, column, looked_up) for field, column in zip(FIELDS, columns, strict=True)))


def _name(field: str, column: Column, looked_up: dict[str, Column]) -> Literal | Var:
    if column.count(column[0]) == len(column):
        return Literal(column[0])
    if field == "why":
        # A comment, which cannot be looked up.
        return Literal("")
    # Locations of one Service look up the same variable.
    at = 1
    while (variable := _variable(field, at)) in looked_up and looked_up[variable] != column:
        at += 1
    looked_up[variable] = column
    return Var(variable)


def _variable(field: str, at: int) -> str:
    return f"{VARIABLE}_{field}" if at == 1 else f"{VARIABLE}_{field}_{at}"


def _digest(value: object) -> str:
    return hashlib.blake2b(repr(value).encode(errors="replace"), digest_size=5).hexdigest()
