"""The one place where configuration becomes text.

The text is made to be read by people: four spaces, a blank line around each block, comments above.  Each line
knows its origin, so that what NGINX says about a line can be told to whoever wrote the object behind it.
How a single word is spelled is in ``quoting``; what a directive means is in ``catalog``.
"""

import re
from collections.abc import Callable, Iterable
from functools import partial

from msgspec import Struct

from painless.nginx.catalog import expands
from painless.nginx.quoting import PLAIN, map_key, spelled
from painless.nginx.tokens import Literal, Token
from painless.nginx.tree import Directive

_INDENT = "    "
_COMMENT_LENGTH = 200  # Comments may quote what a user wrote; a longer one helps no reader.
_UNSEEN = re.compile(r"[^\S ]|[\0-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""What must not reach a comment: line breaks, control characters, and those that reorder what one sees."""


class Printed(Struct, frozen=True):
    r"""Text and, for each of its lines (ended by ``\n`` alone, as NGINX counts), what put it there."""

    text: str
    origins: tuple[object, ...]


Keep = Callable[[Directive, Callable[[], Printed]], Printed]
"""Returns what a block came to before, or what the function makes of it now."""


class _Lines:
    """The lines so far, what put each there, and who remembers blocks."""

    def __init__(self, keep: Keep | None) -> None:
        self.keep = keep
        self._text: list[str] = []
        self._origins: list[object] = []

    def add(self, line: str, origin: object) -> None:
        self._text.append(line)
        self._origins.append(origin)

    def add_all(self, part: Printed) -> None:
        self._text.append(part.text)
        self._origins.extend(part.origins)

    def printed(self) -> Printed:
        """Return all lines, without the last one's end."""
        return Printed("\n".join(self._text), tuple(self._origins))


def printed(tree: Iterable[Directive], keep: Keep | None = None) -> Printed:
    """Return the text of ``tree``, a whole file or what will be included in ``http``.

    ``keep`` remembers the blocks of a file and of its ``http``, so that equal ones are not printed again.
    """
    lines = _Lines(keep)
    _body(tuple(tree), "", "", None, lines)
    whole = lines.printed()
    return Printed(f"{whole.text}\n" if whole.origins else "", whole.origins)


def _body(tree: tuple[Directive, ...], parent: str, indent: str, origin: object, lines: _Lines) -> None:
    after_block = False
    for at, one in enumerate(tree):
        if at and (after_block or one.block is not None or one.comment):
            lines.add("", origin)
        after_block = one.block is not None
        owner = origin if one.origin is None else one.origin
        if lines.keep is None or one.block is None or one.name == "http":
            _one(one, parent, indent, owner, lines)
        else:
            lines.add_all(lines.keep(one, partial(_part, one, parent, indent, owner)))


def _part(one: Directive, parent: str, indent: str, origin: object) -> Printed:
    lines = _Lines(None)
    _one(one, parent, indent, origin, lines)
    return lines.printed()


def _one(one: Directive, parent: str, indent: str, origin: object, lines: _Lines) -> None:
    if one.comment:
        lines.add(f"{indent}# {_comment(one.comment)}", origin)
    head = indent + " ".join(_words(one, parent))
    if one.block:
        lines.add(f"{head} {{", origin)
        _body(one.block, one.name, indent + _INDENT, origin, lines)
        lines.add(f"{indent}}}", origin)
    else:
        lines.add(f"{head};" if one.block is None else f"{head} {{}}", origin)


def _words(one: Directive, parent: str) -> list[str]:
    name = one.name
    if name == "if":
        return [name, *_condition(one.args)]
    args = one.args
    words = [name]
    if not name:
        words = []
        args = (map_key(args[0]), *args[1:]) if parent == "map" else args
    for at, token in enumerate(args):
        # Nine words in ten are plain, and printing them must cost nothing.
        if type(token) is Literal and PLAIN.fullmatch(token.text):
            words.append(token.text)
        else:
            words.append(spelled(token, expands=expands(name, at, parent)))
    return words


def _condition(args: tuple[Token, ...]) -> list[str]:
    """Return the words of an ``if``, as people write them: NGINX lets a bracket follow a quote."""
    closed = len(args) > 1 and args[-1] == Literal(")")
    words = [spelled(one, expands=True) for one in (args[:-1] if closed else args)]
    if closed:
        words[-1] = spelled(args[-2], expands=True, quotes=True) + ")"
    return words


def _comment(text: str) -> str:
    seen = _UNSEEN.sub("?", text.strip())
    return seen if len(seen) <= _COMMENT_LENGTH else f"{seen[: _COMMENT_LENGTH - 1]}…"
