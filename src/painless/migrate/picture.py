"""The Ingresses of a class as ingress-nginx sees them: hosts, paths, canaries, the names of its upstreams.

What follows from them is ``theirs``.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from painless.model.objects import Ingress, ObjectRef, PathType, ServiceBackend

TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
"""What Go reads as booleans."""


class Route(Struct, frozen=True):
    """A path of an Ingress.  ``upstream`` is what ingress-nginx calls the Service with its port."""

    ingress: Ingress
    host: str
    path: str
    kind: PathType
    upstream: str

    @property
    def where(self) -> str:
        return f"{self.host or '*'}{self.path}"


class Picture(Struct, frozen=True):
    """The Ingresses as ingress-nginx orders them: hosts with their paths, and canaries.

    ``given`` are the annotations of each Ingress, without their prefix.
    """

    given: Mapping[ObjectRef, Mapping[str, str]]
    hosts: Mapping[str, tuple[Route, ...]]
    canaries: tuple[Route, ...]

    def true(self, ingress: Ingress, name: str) -> bool:
        return self.given[ingress.ref].get(name) in TRUE

    def rewrites(self, route: Route) -> bool:
        """Whether this path makes its host one of expressions."""
        target = self.given[route.ingress.ref].get("rewrite-target", "")
        return self.true(route.ingress, "use-regex") or target not in {"", route.path}

    def by_age(self) -> list[Route]:
        """Return all paths, those of the oldest Ingress first."""
        order = {ref: at for at, ref in enumerate(self.given)}
        routes = (one for some in self.hosts.values() for one in some)
        return sorted(routes, key=lambda one: order[one.ingress.ref])


def picture(ingresses: Iterable[Ingress], prefix: str) -> Picture:
    """Return the Ingresses of the class, which come in precedence."""
    given: dict[ObjectRef, Mapping[str, str]] = {}
    hosts: dict[str, list[Route]] = {}
    canaries: list[Route] = []
    start = f"{prefix}/"
    for ingress in ingresses:
        known = {
            name.removeprefix(start): text for name, text in ingress.annotations if name.startswith(start)
        }
        given[ingress.ref] = known
        for route in _routes(ingress):
            if known.get("canary") in TRUE:
                canaries.append(route)
            else:
                hosts.setdefault(route.host, []).append(route)
    return Picture(given, {name: tuple(some) for name, some in hosts.items()}, tuple(canaries))


def _routes(ingress: Ingress) -> Iterator[Route]:
    for rule in ingress.rules:
        for one in rule.paths:
            backend = one.backend
            if isinstance(backend, ServiceBackend):
                upstream = f"{ingress.namespace}-{backend.name}-{backend.port}"
                yield Route(ingress, rule.host, one.path or "/", one.path_type, upstream)
