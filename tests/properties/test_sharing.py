"""Promises of server blocks that hosts share: what a host is served with is the same as with its own."""

import re
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.properties.clusters import OPTIONS, PATIENT, SEVERAL, clusters, compiled

from painless.model.objects import Ingress, Object, Rule
from painless.nginx.generation import MAIN
from painless.nginx.reader import Shape, read, shape

pytestmark = PATIENT

Words = tuple[str, ...]
_SITE = re.compile(r"\$\{?(site_\w+)\}?")


@SEVERAL
@given(clusters(), st.lists(st.sampled_from(("d.test", "e.test", "*.e.test", "f.test")), unique=True))
def test_a_shared_block_says_what_a_block_of_its_own_would(some, hosts) -> None:
    """With each host's names in place of the variables, the two configurations have equal server blocks."""
    some = (*some, *(copy for host in hosts for copy in _copies(some, host)))
    shared = compiled(some).generation.cold[MAIN]
    own = compiled(some, structs.replace(OPTIONS, share_servers=False)).generation.cold[MAIN]
    assert _by_name(own) == _by_name(shared)


def _copies(some: tuple[Object, ...], host: str) -> tuple[Object, ...]:
    """Return Ingresses that look like those of ``a.test``, for another host."""
    return tuple(
        structs.replace(one, name=f"{one.name}-{host.strip('*.')}", rules=rules, tls=())
        for one in some
        if isinstance(one, Ingress)
        and (rules := tuple(Rule(host, rule.paths) for rule in one.rules if rule.host == "a.test"))
    )


def _by_name(text: str) -> dict[str, Shape]:
    """Return the server block of each name, with the values of what is looked up for it."""
    http = next(body for words, body in shape(read(text)) if words == ("http",)) or ()
    maps = {
        words[2].lstrip("$"): {line[0]: line[1] for line, _ in body or () if len(line) == 2}
        for words, body in http
        if words[0] == "map"
    }
    found = {}
    for words, body in http:
        if words == ("server",):
            rest = tuple(one for one in body or () if one[0][0] != "server_name")
            for name in (name for line, _ in body or () if line[0] == "server_name" for name in line[1:]):
                found[name] = _for(name, rest, maps)
    return found


def _for(name: str, tree: Shape, maps: Mapping[str, Mapping[str, str]]) -> Shape:
    host = "*." + name[len(r"~^[\w-]+\.") : -1].replace("\\.", ".") if name.startswith("~") else name

    def value(variable: re.Match[str]) -> str:
        return maps[variable[1]][host]

    return tuple(
        (tuple(_SITE.sub(value, word) for word in words), None if body is None else _for(name, body, maps))
        for words, body in tree
    )
