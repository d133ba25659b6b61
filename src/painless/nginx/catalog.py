"""What NGINX says about each directive that Painless may emit: where, how many arguments, which expand.

The printer asks it which dollar signs mean something; our tests and assertions ask it whether a tree is one
that NGINX will take.  The facts themselves are in ``directives``.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from msgspec import Struct

from painless.nginx.directives import TABLES
from painless.nginx.quoting import MAX_BYTES, spelled
from painless.nginx.tokens import Expr, Token, Var
from painless.nginx.tree import Directive

ENTRY = "(entry)"
"""The name in the tables of a line whose first word is data; in a tree such a line has an empty name."""

CONTEXTS: Mapping[str, str] = MappingProxyType(
    {
        "m": "main",
        "e": "events",
        "h": "http",
        "s": "server",
        "l": "location",
        "i": "if in server",
        "f": "if in location",
        "x": "limit_except",
        "u": "upstream",
        "H": "stream",
        "S": "stream server",
        "U": "stream upstream",
        "M": "map",
        "G": "geo",
        "C": "split_clients",
        "T": "types",
        "O": "otel_exporter",
    }
)
"""The places a directive can stand, by their letter in the tables."""

_LETTERS = MappingProxyType({name: letter for letter, name in CONTEXTS.items()})
_LOOKUPS = MappingProxyType(
    {"map": "M", "geo": "G", "split_clients": "C", "types": "T", "otel_exporter": "O", "limit_except": "x"}
)
_INSIDE = MappingProxyType(
    {
        "m": {"events": "e", "http": "h", "stream": "H"},
        "h": {"server": "s", "upstream": "u"},
        "s": {"location": "l", "if": "i"},
        "l": {"location": "l", "if": "f"},
        "H": {"server": "S", "upstream": "U"},
    }
)
"""The context within a block, by the context that the block stands in; ``_LOOKUPS`` are the same anywhere."""

_ROW = re.compile(
    r"(?P<name>\S+) +(?P<contexts>[A-Za-z]+) +(?P<least>\d)(?P<most>\+|-\d|)"
    r" *(?P<block>block|) *(?P<many>many|) *(?:\$(?P<expands>[\d,+*]+)|)"
    r" *(?:=(?P<names>[\d+]+)|) *(?P<since>\d+\.\d+\.\d+|)"
)


class Positions(Struct, frozen=True):
    """Some of a directive's arguments, counted from 0: the ``listed``, and all from ``onward``."""

    listed: frozenset[int] = frozenset()
    onward: int | None = None

    def __contains__(self, index: int) -> bool:
        return index in self.listed or (self.onward is not None and index >= self.onward)


class Entry(Struct, frozen=True, kw_only=True):
    """One directive in some of its contexts; ``most`` is ``None`` when there is no upper limit.

    ``names`` are the arguments that name a variable to define.  ``module`` is the option of NGINX's build
    that it needs, and ``since`` the version, where a build may lack it.
    """

    name: str
    contexts: str
    least: int
    most: int | None
    block: bool
    repeats: bool
    expands: Positions
    names: Positions
    module: str
    since: str


def _entry(line: str, module: str) -> Entry:
    row = _ROW.fullmatch(line)
    assert row, f"not a line of the catalog: {line!r}"
    least = int(row["least"])
    most = {"": least, "+": None}.get(row["most"], least)
    return Entry(
        name=row["name"],
        contexts=row["contexts"],
        least=least,
        most=int(row["most"][1:]) if row["most"].startswith("-") else most,
        block=bool(row["block"]),
        repeats=bool(row["many"]),
        expands=_positions(row["expands"]),
        names=_positions(row["names"]),
        module=module,
        since=row["since"],
    )


def _positions(text: str | None) -> Positions:
    parts = text.replace("*", "0+").split(",") if text else []
    onward = [int(part[:-1]) for part in parts if part.endswith("+")]
    listed = frozenset(int(part) for part in parts if not part.endswith("+"))
    return Positions(listed, onward[0] if onward else None)


def _catalog() -> Mapping[str, tuple[Entry, ...]]:
    found: dict[str, tuple[Entry, ...]] = {}
    for module, table in TABLES:
        for line in table.strip().splitlines():
            entry = _entry(line, module)
            found[entry.name] = (*found.get(entry.name, ()), entry)
    return MappingProxyType(found)


CATALOG = _catalog()
"""All entries by name; a name has several when it is not the same everywhere."""


@lru_cache(maxsize=4096)  # Asked for nearly every word; the answers are few.
def expands(name: str, index: int, parent: str) -> bool:
    """Return whether NGINX expands variables in this argument of a directive in a block called ``parent``.

    Yes where it is unknown or differs: a dollar sign written out in too many places is ugly, one that a
    user wrote and NGINX obeys is a hole.
    """
    entries = CATALOG.get(name or ENTRY, ())
    letters = {inside[parent] for inside in (_LOOKUPS, *_INSIDE.values()) if parent in inside}
    near = [entry for entry in entries if letters & set(entry.contexts)] or entries
    return not near or any(index in entry.expands for entry in near)


def find(name: str, context: str) -> Entry | None:
    """Return the entry of directive ``name`` in ``context``, as ``CONTEXTS`` calls it."""
    letter = _LETTERS[context]
    return next((entry for entry in CATALOG.get(name or ENTRY, ()) if letter in entry.contexts), None)


def inside(name: str, context: str) -> str:
    """Return the context within a block called ``name`` that stands in ``context``; empty for none."""
    letter = _LOOKUPS.get(name) or _INSIDE.get(_LETTERS[context], {}).get(name, "")
    return CONTEXTS[letter] if letter else ""


def check(tree: Iterable[Directive], context: str = "main") -> tuple[str, ...]:
    """Return what NGINX would not accept in ``tree``, or would not do as meant; empty when all is well."""
    return tuple(_check(tree, _LETTERS[context]))


def _check(tree: Iterable[Directive], letter: str) -> Iterator[str]:
    seen: set[str] = set()
    for one in tree:
        shown, where = one.name or _shown(one), CONTEXTS[letter]
        entry = find(one.name, where)
        if entry is None:
            yield _misplaced(one.name, shown, where)
            continue
        yield from (f'"{shown}" in {where}: {problem}' for problem in _problems(one, entry))
        if one.name in seen and not entry.repeats:
            yield f'"{shown}" in {where}: stands there twice, and NGINX accepts it once'
        seen.add(one.name)
        if one.block is not None:
            inner = _LOOKUPS.get(one.name) or _INSIDE.get(letter, {}).get(one.name)
            yield from _check(one.block, inner) if inner else ()


def _misplaced(name: str, shown: str, where: str) -> str:
    places = [CONTEXTS[letter] for entry in CATALOG.get(name or ENTRY, ()) for letter in entry.contexts]
    if not places:
        return f'"{shown}" in {where}: no directive of this name is in the catalog'
    return f'"{shown}" in {where}: is allowed only in {", ".join(places)}'


def _problems(one: Directive, entry: Entry) -> Iterator[str]:
    count = len(one.args)
    if count < entry.least or (entry.most is not None and count > entry.most):
        yield f"has {count} argument{'' if count == 1 else 's'}, and NGINX wants {_wanted(entry)}"
    if entry.block and one.block is None:
        yield "needs a block"
    if one.block is not None and not entry.block:
        yield "has a block, and NGINX wants none"
    for index, arg in enumerate(one.args):
        if _variable(arg) and index not in entry.expands and index not in entry.names:
            yield f"argument {index + 1} has a variable, and NGINX does not expand it there"
        spelling = spelled(arg, expands=index in entry.expands, quotes=True)
        if len(spelling.encode()) - 2 > MAX_BYTES:
            yield f"argument {index + 1} is longer than the {MAX_BYTES} bytes that NGINX can read"


def _variable(arg: Token) -> bool:
    return isinstance(arg, Var) or (isinstance(arg, Expr) and any(isinstance(one, Var) for one in arg.parts))


def _wanted(entry: Entry) -> str:
    if entry.most is None:
        return f"{entry.least} or more"
    return f"{entry.least}" if entry.least == entry.most else f"{entry.least} to {entry.most}"


def _shown(one: Directive) -> str:
    return spelled(one.args[0], expands=False)[:80] if one.args else ""
