"""What ingress-nginx v1.15 makes of Ingresses today: a model of its own, beside the compiler.

It knows only what is needed to say where the two part: the rules by which paths, Services and the oldest
Ingress of a host affect one another.  A *habit* is a name that a row of the differences is about; then
Painless behaves otherwise.  Without a row both do the same, and it is a surprise.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from msgspec import Struct

from painless.migrate.picture import Picture, Route
from painless.migrate.report import many
from painless.model.objects import Ingress, ObjectRef, PathType

_GUARDS = (
    *("auth-url", "auth-type", "auth-tls-secret", "whitelist-source-range", "allowlist-source-range"),
    *("denylist-source-range", "permanent-redirect", "temporal-redirect", "rewrite-target"),
    *("limit-rps", "limit-rpm", "limit-connections", "backend-protocol", "upstream-vhost"),
)
"""Annotations whose effect on a path that nobody wrote is worth a word."""

_OF_SERVICE = (
    *("load-balance", "service-upstream", "upstream-hash-by", "upstream-hash-by-subset"),
    *("upstream-hash-by-subset-size", "affinity", "affinity-mode"),
)
"""Annotations that ingress-nginx keeps by Service port."""

_OF_BACKEND = ("proxy-ssl-secret", "proxy-ssl-verify", "proxy-ssl-name", "proxy-ssl-server-name")
"""Annotations that ingress-nginx keeps by host."""

_GROUPS = ("(?<", "(?P<", "(?'")
"""How a named group begins; ``(?<=`` and ``(?<!`` are none."""


class Noted(Struct, frozen=True):
    """A habit of ingress-nginx that takes effect.  ``where`` are the paths that it is about."""

    habit: str
    about: ObjectRef
    says: str
    mend: str = ""
    where: tuple[str, ...] = ()


def noted(seen: Picture) -> Iterator[Noted]:
    """Yield everything that is known to be odd, host by host, then Service by Service."""
    for host, routes in seen.hosts.items():
        if any(map(seen.rewrites, routes)):
            yield from _expressions(seen, host, routes)
        else:
            yield from _slashes(routes)
        yield from _types(routes)
        yield from _implicit_root(seen, host, routes)
        yield from _inside_wildcard(seen, host, routes)
        yield from _namespaces(host, routes)
        yield from _aliases(seen, host, routes)
        yield from _one_backend_tls(seen, routes)
    yield from _canaries(seen)
    yield from _first_decides(seen)


def _by_ingress(routes: Iterable[Route]) -> Iterator[tuple[Ingress, tuple[Route, ...]]]:
    for _, some in groupby(routes, lambda one: one.ingress.ref):
        each = tuple(some)
        yield each[0].ingress, each


def _expressions(seen: Picture, host: str, routes: tuple[Route, ...]) -> Iterator[Noted]:
    cause = next(one.ingress for one in routes if seen.rewrites(one))
    for ingress, own in _by_ingress(routes):
        plain = tuple(one for one in own if not seen.rewrites(one))
        if plain:
            whose = "another of its paths" if ingress is cause else f"{cause.ref}"
            first = plain[0].path
            yield Noted(
                "regex-host",
                ingress.ref,
                f"{whose} (use-regex or rewrite-target) turns every path of {host or 'the catch-all'} into "
                f"an expression: compared without case, and from its beginning only, so {first} is also "
                f"{first.upper()} and {first}more",
                "give the Ingress with expressions a host of its own",
                tuple(one.where for one in plain),
            )
        named = tuple(one.where for one in own if _names_groups(one.path))
        if named:
            yield Noted(
                "named-group", ingress.ref, "A group of a path has a name; it is a number here", where=named
            )


def _names_groups(path: str) -> bool:
    bare = path.replace("(?<=", "").replace("(?<!", "")
    return any(one in bare for one in _GROUPS)


def _slashes(routes: tuple[Route, ...]) -> Iterator[Noted]:
    paths = {(one.path, one.kind is PathType.EXACT) for one in routes}
    bare = {path for path, _ in paths}
    for one in routes:
        short = one.path.rstrip("/")
        if not short or short == one.path:
            continue
        exact = one.kind is PathType.EXACT
        if not exact and (short, False) in paths:
            says = f"{short} and {one.path} are two paths today and one path here: the older Ingress has it"
            yield Noted("slash-twins", one.ingress.ref, says, where=(one.where,))
        elif short not in bare:
            now = "goes to the Prefix path around it, or is not found" if exact else "is served like it"
            says = f"{short} is redirected to {one.path} today, with 301; here it {now}"
            habit = "exact-slash" if exact else "prefix-slash"
            yield Noted(habit, one.ingress.ref, says, where=(f"{one.host or '*'}{short}",))


def _types(routes: tuple[Route, ...]) -> Iterator[Noted]:
    """Yield paths that are written twice, since types that mean the same are two to ingress-nginx."""
    first: dict[str, Route] = {}
    for one in routes:
        if one.kind is PathType.EXACT:
            continue
        older = first.setdefault(one.path, one)
        if older.kind is not one.kind:
            says = (
                f"{one.path} is there twice today, as {older.kind} of {older.ingress.ref} and as {one.kind}, "
                "which NGINX may refuse; here the older one is served"
            )
            yield Noted("path-types", one.ingress.ref, says, where=(one.where,))


def _implicit_root(seen: Picture, host: str, routes: tuple[Route, ...]) -> Iterator[Noted]:
    """Yield who answers at "/" where nobody wrote it: the oldest Ingress, with its annotations."""
    if not host or any(one.path == "/" for one in routes):
        return
    owner = routes[0].ingress
    guards = [name for name in _GUARDS if name in seen.given[owner.ref]]
    if guards:
        yield Noted(
            "implicit-root",
            owner.ref,
            f'{host} has no path "/", and its oldest Ingress answers there all the same, with its '
            f"annotations: {', '.join(guards)}",
            'write a rule for "/" if that is not what is meant',
            (f"{host}/",),
        )


def _inside_wildcard(seen: Picture, host: str, routes: tuple[Route, ...]) -> Iterator[Noted]:
    """Yield hosts that hide a wildcard for paths that they do not have themselves."""
    _, dot, parent = host.partition(".")
    wildcard = seen.hosts.get(f"*.{parent}") if dot and not host.startswith("*") else None
    if wildcard and not any(one.path == "/" for one in routes):
        yield Noted(
            "inside-wildcard",
            routes[0].ingress.ref,
            f"*.{parent} of {wildcard[0].ingress.ref} answers nothing for {host}, not even the paths that "
            f"{host} does not have",
            'write a rule for "/" if the wildcard should answer there',
            (f"{host}/",),
        )


def _namespaces(host: str, routes: tuple[Route, ...]) -> Iterator[Noted]:
    first = routes[0].ingress
    others = {one.ingress.ref: one.ingress for one in routes if one.ingress.namespace != first.namespace}
    if host and others:
        spaces = sorted({first.namespace, *(one.namespace for one in others.values())})
        for ref in (first.ref, *others):
            yield Noted(
                "many-namespaces",
                ref,
                f"{host} has paths of {len(spaces)} namespaces ({', '.join(spaces)}); the oldest, "
                f"{first.ref}, decides about the certificate and the path that nobody has",
                "give each namespace a host of its own where they do not trust each other",
            )


def _aliases(seen: Picture, host: str, routes: tuple[Route, ...]) -> Iterator[Noted]:
    asking = list(
        dict.fromkeys(one.ingress.ref for one in routes if seen.given[one.ingress.ref].get("server-alias"))
    )
    for ref in asking[1:]:
        says = f"{asking[0]} is older, so these aliases are no names of {host} today; here they are"
        yield Noted("aliases", ref, says, where=(host,))
    for ref in asking:
        for alias in seen.given[ref]["server-alias"].replace(",", " ").split():
            _, dot, parent = alias.partition(".")
            if dot and f"*.{parent}" in seen.hosts:
                whose = seen.hosts[f"*.{parent}"][0].ingress.ref
                yield Noted(
                    "alias-in-wildcard",
                    ref,
                    f"the alias {alias} takes its traffic from *.{parent}, which is {whose}'s",
                    "remove the alias if the wildcard should answer",
                )


def _one_backend_tls(seen: Picture, routes: tuple[Route, ...]) -> Iterator[Noted]:
    oldest: tuple[ObjectRef, tuple[str, ...]] | None = None
    for ingress, own in _by_ingress(routes):
        given = seen.given[ingress.ref]
        asked = tuple(given.get(name, "") for name in _OF_BACKEND)
        where = tuple(one.where for one in own)
        if given.get("backend-protocol", "").upper() == "GRPCS" and any(asked):
            says = "proxy-ssl-* mean nothing for GRPCS today; here they hold"
            yield Noted("proxy-ssl-grpcs", ingress.ref, says, where=where)
        if oldest and oldest[1] != asked:
            says = f"proxy-ssl-* of {oldest[0]} hold for these paths today; here those of this Ingress do"
            yield Noted("proxy-ssl-shared", ingress.ref, says, where=where)
        elif any(asked) and oldest is None:
            oldest = (ingress.ref, asked)


def _canaries(seen: Picture) -> Iterator[Noted]:
    primaries = {(one.host, one.path, one.kind): one for some in seen.hosts.values() for one in some}
    users: dict[str, list[Route]] = {}
    for some in seen.hosts.values():
        for one in some:
            users.setdefault(one.upstream, []).append(one)
    named = {(one.ingress.ref, one.host, one.path) for one in seen.canaries}
    for arm in seen.canaries:
        primary = primaries.get((arm.host, arm.path, arm.kind))
        if primary is None:
            continue
        leaked = tuple(
            one.where
            for one in users[primary.upstream]
            if one is not primary and (arm.ingress.ref, one.host, one.path) not in named
        )
        if leaked:
            others = many(len(leaked), "other path", "other paths")
            says = (
                f"today it also takes its share of {others}, since they use the same Service as {arm.where} "
                f"({primary.upstream}); here of the paths that it names"
            )
            yield Noted("canary-leak", arm.ingress.ref, says, where=leaked)
        if "affinity" in seen.given[primary.ingress.ref]:
            says = (
                "clients that a cookie binds today are drawn again once: the canary has a cookie of its own"
            )
            yield Noted("canary-cookie", arm.ingress.ref, says, where=(arm.where,))


def _first_decides(seen: Picture) -> Iterator[Noted]:
    first: dict[str, tuple[ObjectRef, dict[str, str]]] = {}
    told: set[tuple[ObjectRef, str]] = set()
    for one in seen.by_age():
        given = seen.given[one.ingress.ref]
        own = {name: given[name] for name in _OF_SERVICE if name in given}
        owner, theirs = first.setdefault(one.upstream, (one.ingress.ref, own))
        if own == theirs or (one.ingress.ref, one.upstream) in told:
            continue
        told.add((one.ingress.ref, one.upstream))
        names = sorted(name for name in {*own, *theirs} if own.get(name) != theirs.get(name))
        says = (
            f"today {owner} decides for the Service {one.upstream} about {', '.join(names)}; here each "
            "Ingress does for its own paths"
        )
        yield Noted("first-decides", one.ingress.ref, says, where=(one.where,))
