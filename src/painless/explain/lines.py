"""A line of a configuration: what it does, where it stands, who put it there, and who else may set it."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from painless.explain.about import About, about
from painless.explain.answer import Source
from painless.explain.sources import of_origin
from painless.model.objects import Origin
from painless.nginx.reader import Node, read

_MOST = 5  # Objects that are named; a block may serve thousands.


class LineAbout(Struct, frozen=True, rename="camel"):
    """One line.

    ``within`` are the blocks around it, from the outermost.  ``sources`` are the objects behind it,
    ``more_sources`` how many are not listed.  ``notes`` are the comments above it, which say what was
    measured or why.
    """

    text: str
    within: tuple[str, ...]
    about: About | None
    sources: tuple[Source, ...]
    more_sources: int = 0
    notes: tuple[str, ...] = ()


class NoSuchLine(Struct, frozen=True):
    """There is nothing at the line; ``says`` is a sentence."""

    says: str


def line(text: str, origins: tuple[object, ...], number: int) -> LineAbout | NoSuchLine:
    """Return what line ``number`` of a file is; ``origins`` has for each line what put it there, if known.

    Raises ``ReadError`` for a file that is no configuration.
    """
    lines = text.splitlines()
    if not 1 <= number <= len(lines):
        return NoSuchLine(f"found {len(lines)} lines, expected one of them and not {number}")
    at = _of_directive(lines, number)
    if at is None:
        return NoSuchLine(f"line {number} is empty, and nothing comes after it")
    way = _way(read(text), lines, at)
    if not way:
        return NoSuchLine(f"line {number} belongs to no directive")
    name = way[-1].name
    origin = origins[at - 1] if at <= len(origins) else None
    found = [of_origin(one) for one in _all(origin)]
    return LineAbout(
        text=lines[number - 1].strip() or lines[at - 1].strip(),
        within=tuple(_head(one) for one in way[:-1]),
        about=about(name),
        sources=tuple(found[:_MOST]),
        more_sources=max(0, len(found) - _MOST),
        notes=tuple(_notes(lines, at)),
    )


def _of_directive(lines: list[str], number: int) -> int | None:
    """Return the line of the directive that a comment or an empty line stands above."""
    for at in range(number, len(lines) + 1):
        words = lines[at - 1].strip()
        if words and not words.startswith("#"):
            return at
    return None


def _way(nodes: Iterable[Node], lines: list[str], number: int) -> tuple[Node, ...]:
    """Return the directive of a line, with the blocks around it before it."""
    way: tuple[Node, ...] = ()
    level: Iterable[Node] = nodes
    while before := [one for one in level if one.line <= number]:
        way = (*way, before[-1])
        level = before[-1].block or ()
    # A closing bracket belongs to the block that it ends: the innermost one that is still open.
    closed = sum(one.strip() == "}" for one in lines[way[-1].line - 1 : number]) if way else 0
    if closed and way[-1].block is None:
        way = way[:-1]
    return way[: len(way) - closed + 1] if closed else way


def _all(origin: object) -> Iterator[Origin]:
    if isinstance(origin, Origin):
        yield origin
    elif isinstance(origin, tuple):
        yield from (one for one in origin if isinstance(one, Origin))


def _head(one: Node) -> str:
    names = [each for each in one.block or () if each.name == "server_name"]
    if names and names[0].args:
        return f"{one.name} {names[0].args[0].text}"
    return " ".join((one.name, *(word.text for word in one.args[:4])))


def _notes(lines: list[str], at: int) -> list[str]:
    found: list[str] = []
    while at > 1 and (words := lines[at - 2].strip()).startswith("#"):
        found.insert(0, words.lstrip("# "))
        at -= 1
    return found
