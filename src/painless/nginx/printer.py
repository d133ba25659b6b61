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


def printed(tree: Iterable[Directive], keep: Keep | None = None) -> Printed:
    """Return the text of ``tree``, a whole file or what will be included in ``http``.

    ``keep`` remembers the blocks of a file and of its ``http``, so that equal ones are not printed again.
    """
    lines: list[str] = []
    origins: list[object] = []
    _body(tuple(tree), "", "", None, lines, origins, keep)
    return Printed("".join(f"{line}\n" for line in lines), tuple(origins))


def _body(
    tree: tuple[Directive, ...],
    parent: str,
    indent: str,
    origin: object,
    lines: list[str],
    origins: list[object],
    keep: Keep | None = None,
) -> None:
    after_block = False
    for at, one in enumerate(tree):
        if at and (after_block or one.block is not None or one.comment):
            lines.append("")
            origins.append(origin)
        after_block = one.block is not None
        owner = origin if one.origin is None else one.origin
        if keep is None or one.block is None or one.name == "http":
            _one(one, parent, indent, owner, lines, origins, keep)
        else:
            part = keep(one, partial(_part, one, parent, indent, owner))
            lines.append(part.text)
            origins.extend(part.origins)


def _part(one: Directive, parent: str, indent: str, origin: object) -> Printed:
    """Return one block, without the last line's end."""
    lines: list[str] = []
    origins: list[object] = []
    _one(one, parent, indent, origin, lines, origins, None)
    return Printed("\n".join(lines), tuple(origins))


def _one(
    one: Directive,
    parent: str,
    indent: str,
    origin: object,
    lines: list[str],
    origins: list[object],
    keep: Keep | None,
) -> None:
    if one.comment:
        lines.append(f"{indent}# {_comment(one.comment)}")
        origins.append(origin)
    head = indent + " ".join(_words(one, parent))
    if one.block:
        lines.append(f"{head} {{")
        origins.append(origin)
        _body(one.block, one.name, indent + _INDENT, origin, lines, origins, keep)
        lines.append(f"{indent}}}")
    else:
        lines.append(f"{head};" if one.block is None else f"{head} {{}}")
    origins.append(origin)


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
