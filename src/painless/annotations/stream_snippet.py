"""A stream snippet: servers of NGINX's own language for what is no HTTP, read item by item.

Each item of it (a server, an upstream, a map) is had whole or not at all: a server for TCP that lacks a line
is another server.  What a server names, its ports and who answers, is read here; which ports are free and
which Service is meant is the compiler's to say.  How a directive is read is in ``snippet``.
"""

import ipaddress
import re

from msgspec import Struct, structs

from painless.annotations.addresses import is_this_machine, no_other_machine
from painless.annotations.decode import Rejected, host_name, shown
from painless.annotations.snippet import MOST_TOLD, Around, Read, Snippet, nodes_of, read_nodes
from painless.annotations.snippet_policy import Author
from painless.nginx.tokens import Literal, Token
from painless.nginx.tree import Directive

_HIGHEST_PORT = 65_535
_PLACE = re.compile(r"(?:(?P<address>\*|[0-9.]+|\[[0-9a-fA-F:.]+\]):)?(?P<port>[0-9]{1,5})")
_TARGET = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<host>[A-Za-z0-9._-]+)):(?P<port>[0-9]{1,5})")
_GROUP = re.compile(r"[A-Za-z0-9_-]+")
_EVERYWHERE = frozenset({"", "*", "0.0.0.0", "[::]"})
"""Addresses that mean wherever NGINX listens."""
_TENANTS_ITEMS = frozenset({"geo", "map", "server", "split_clients", "upstream"})
_TENANTS_WORDS = frozenset({"udp", "proxy_protocol"})
"""Words of ``listen`` that say how a port is spoken to, and nothing of sockets or files."""
_HANDLERS = ("proxy_pass", "pass", "return")
_GROUP_OF = "upstream "  # Begins the name of a group of servers among the names that a snippet defines.


class Port(Struct, frozen=True):
    """Where a server listens; ``address`` is empty for wherever NGINX does, ``words`` are the rest."""

    number: int
    udp: bool
    address: str
    words: tuple[str, ...]


class Target(Struct, frozen=True):
    """Who answers, by a name that somebody has to be asked for."""

    host: str
    port: int


def read_stream(text: str, around: Around) -> Read:
    """Read a snippet of ``stream``; never raises.  It is never closed: what is not had serves nobody."""
    nodes = nodes_of(text)
    if isinstance(nodes, str):
        return Read(Snippet(), (nodes,), closed=False)
    tree: list[Directive] = []
    problems: list[str] = []
    names = around.names
    # Servers name what stands beside them, before or after.
    for node in sorted(nodes, key=lambda one: one.name == "server"):
        found = read_nodes((node,), structs.replace(around, names=names))
        why = found.problems or _wrong(found.snippet.tree[0], around.author, names)
        if why:
            problems += why if isinstance(why, tuple) else [f"line {node.line}: {shown(node.name)} {why}"]
            continue
        tree += found.snippet.tree
        names |= found.snippet.names | _named(found.snippet.tree[0])
    return Read(Snippet(tuple(tree), names=names - around.names), tuple(problems[:MOST_TOLD]), closed=False)


def port_of(listen: Directive) -> Port | Rejected:
    """Return the port that a ``listen`` of a stream server names."""
    words = tuple(one.text for one in listen.args if isinstance(one, Literal))
    place = _PLACE.fullmatch(words[0])
    if place is None or not _is_port(place["port"]):
        return Rejected("one port, perhaps with an address")
    address = place["address"] or ""
    # Which family an address is of, Painless says with the address.
    rest = tuple(one for one in words[1:] if one != "udp" and not one.startswith("ipv6only="))
    return Port(int(place["port"]), "udp" in words, "" if address in _EVERYWHERE else address, rest)


def target_of(token: Token) -> Target | None:
    """Return whom a ``proxy_pass`` names, where that is a host with a port and no address."""
    found = _TARGET.fullmatch(token.text) if isinstance(token, Literal) else None
    if found is None or found["v6"] or not found["host"].strip("0123456789."):
        return None
    host = found["host"].removesuffix(".").lower()
    if isinstance(host_name(host), Rejected) or is_this_machine(host) or not _is_port(found["port"]):
        return None
    return Target(host, int(found["port"]))


def _is_port(text: str) -> bool:
    return 1 <= int(text) <= _HIGHEST_PORT


def _named(one: Directive) -> frozenset[str]:
    """Return the name of a group of servers, as servers may name it."""
    return frozenset({_GROUP_OF + _text(one)}) if one.name == "upstream" else frozenset()


def _text(one: Directive) -> str:
    """Return the first word, if it is text."""
    return one.args[0].text if one.args and isinstance(one.args[0], Literal) else ""


def _wrong(one: Directive, author: Author, names: frozenset[str]) -> str:
    """Return what is wrong with an item, if anything is."""
    tenants = author is Author.TENANT
    if tenants and one.name not in _TENANTS_ITEMS:
        return "is not taken: outside a server it is about everybody's"
    if one.name == "upstream":
        return _wrong_group(one, names, tenants=tenants)
    return _wrong_server(one.block or (), names, tenants=tenants) if one.name == "server" else ""


def _wrong_group(one: Directive, names: frozenset[str], *, tenants: bool) -> str:
    # Groups of Painless have dots in their names.
    if not _GROUP.fullmatch(_text(one)):
        return f"has {shown(_text(one))}, expected a name of letters, digits, - and _"
    if _named(one) <= names:
        return f"has {shown(_text(one))}, which is a group of servers already"
    servers = [_text(each) for each in one.block or () if each.name == "server"]
    wrong = (_wrong_address(each, tenants=tenants) for each in servers)
    return next(filter(None, wrong), "") if servers else "has no server"


def _wrong_server(body: tuple[Directive, ...], names: frozenset[str], *, tenants: bool) -> str:
    listens = [one for one in body if one.name == "listen"]
    handlers = [one for one in body if one.name in _HANDLERS]
    if not listens or len(handlers) != 1:
        return "is not taken: expected listen, and one of proxy_pass and return"
    wrong = next(filter(None, (_wrong_listen(one, tenants=tenants) for one in listens)), "")
    return wrong or _wrong_handler(handlers[0], names, tenants=tenants)


def _wrong_handler(one: Directive, names: frozenset[str], *, tenants: bool) -> str:
    if one.name != "proxy_pass" or _GROUP_OF + _text(one) in names or target_of(one.args[0]):
        return ""
    if not isinstance(one.args[0], Literal):
        return "has a variable in proxy_pass, expected an address and a port" if tenants else ""
    return _wrong_address(_text(one), tenants=tenants)


def _wrong_listen(listen: Directive, *, tenants: bool) -> str:
    port = port_of(listen)
    if isinstance(port, Rejected):
        return f"has listen {shown(_text(listen))}, expected {port.expected}"
    if tenants and port.address:
        return f"has listen {shown(_text(listen))}, expected a port, without an address"
    other = [one for one in port.words if one not in _TENANTS_WORDS] if tenants else []
    return f"has {shown(other[0])} in listen, expected udp and proxy_protocol at most" if other else ""


def _wrong_address(text: str, *, tenants: bool) -> str:
    """Return why this cannot be the address and the port of a server."""
    if text.startswith("unix:") and not tenants:
        return ""
    found = _TARGET.fullmatch(text)
    host = (found["v6"] or found["host"]) if found and _is_port(found["port"]) else ""
    try:
        wrong = no_other_machine(ipaddress.ip_address(host))
    except ValueError:
        return f"has {shown(text)}, expected an address and a port"
    return f"has {host}, which {wrong}; expected another machine's" if wrong and tenants else ""
