"""Promises of server blocks that hosts share: what a host is served with is the same as with its own."""

import re
from collections.abc import Iterable, Mapping

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.properties.clusters import PATIENT, SEVERAL, alone, clusters, compiled

from painless.model.objects import Backend, Ingress, Object, Path, Rule, ServiceBackend
from painless.nginx.generation import MAIN
from painless.nginx.reader import Shape, read, shape

pytestmark = PATIENT

_PLACE = re.compile(r"(?<=[@$_])[a-z0-9_-]+_[0-9a-f]{10}$|(?<=^_)(?:external-auth|mirror)-[0-9a-f]{10}$")
"""Names of places that are made of what they hold: there the two configurations may differ."""

_SITE = re.compile(r"\$\{?(site_\w+)\}?")


_turns = st.dictionaries(
    st.sampled_from(("d.test", "e.test", "*.e.test", "f.test", "g.test")),
    st.permutations(("web", "api", "other")),
)


@SEVERAL
@given(clusters(), _turns)
def test_a_shared_block_says_what_a_block_of_its_own_would(some, turns) -> None:
    """With each host's names in place of the variables, the two configurations have equal server blocks."""
    some = (*some, *(copy for host, turn in turns.items() for copy in _copies(some, host, turn)))
    shared = compiled(some).generation.cold[MAIN]
    own = compiled(alone(some)).generation.cold[MAIN]
    assert _by_name(own) == _by_name(shared)


def _copies(some: tuple[Object, ...], host: str, turn: Iterable[str]) -> tuple[Object, ...]:
    """Return Ingresses that look like those of ``a.test``, for another host and with other Services."""
    services = dict(zip(("web", "api", "other"), turn, strict=True))
    return tuple(
        structs.replace(one, name=f"{one.name}-{host.strip('*.')}", rules=rules, tls=())
        for one in some
        if isinstance(one, Ingress)
        and (rules := tuple(_rule(rule, host, services) for rule in one.rules if rule.host == "a.test"))
    )


def _rule(rule: Rule, host: str, services: Mapping[str, str]) -> Rule:
    return Rule(host, tuple(structs.replace(path, backend=_backend(path, services)) for path in rule.paths))


def _backend(path: Path, services: Mapping[str, str]) -> Backend:
    backend = path.backend
    if isinstance(backend, ServiceBackend):
        return structs.replace(backend, name=services.get(backend.name, backend.name))
    return backend


def _by_name(text: str) -> dict[str, tuple[Shape, ...]]:
    """Return the server block of each name, with the values of what is looked up for it."""
    http = next(body for words, body in shape(read(text)) if words == ("http",)) or ()
    maps = {
        words[2].lstrip("$"): {line[0]: line[1] for line, _ in body or () if len(line) == 2}
        for words, body in http
        if words[0] == "map"
    }
    found: dict[str, tuple[Shape, ...]] = {}
    for words, body in http:
        if words == ("server",):
            rest = tuple(one for one in body or () if one[0][0] != "server_name")
            for name in (name for line, _ in body or () if line[0] == "server_name" for name in line[1:]):
                found[name] = _numbered(_for(name, rest, maps), {})
    return found


def _numbered(tree: Iterable[Shape], seen: dict[str, str]) -> tuple[Shape, ...]:
    """Return the tree with such names replaced by their order."""

    def number(name: re.Match[str]) -> str:
        return seen.setdefault(name[0], f"place-{len(seen)}")

    return tuple(
        (tuple(_PLACE.sub(number, word) for word in words), None if body is None else _numbered(body, seen))
        for words, body in tree
    )


def _for(name: str, tree: Iterable[Shape], maps: Mapping[str, Mapping[str, str]]) -> tuple[Shape, ...]:
    host = "*." + name[len(r"~^[\w-]+\.") : -1].replace("\\.", ".") if name.startswith("~") else name

    def value(variable: re.Match[str]) -> str:
        return maps[variable[1]][host]

    return tuple(
        (tuple(_SITE.sub(value, word) for word in words), None if body is None else _for(name, body, maps))
        for words, body in tree
    )
