"""The configuration as a tree of directives: plain, frozen, comparable values."""

from collections.abc import Iterable

from msgspec import Struct

from painless.nginx.tokens import Literal, Token, Var, expr


# A tree has no cycles, and the garbage collector must not walk it: 5,000 Ingresses are 170,000 of these, and
# looking for cycles among them took a third of the time of a compile.  The same holds for tokens.
class Directive(Struct, frozen=True, gc=False):
    """A directive; ``block`` is ``None`` for a simple one.

    ``name`` is empty for a line whose first word is data, see ``entry``.  ``comment`` is a line for readers
    that the printer writes above it.  ``origin`` says what put the directive there; the language does not
    look into it, and children without one have their parent's.
    """

    name: str
    args: tuple[Token, ...] = ()
    block: "tuple[Directive, ...] | None" = None
    comment: str = ""
    origin: object = None


def directive(name: str, *args: str | int | Token, comment: str = "", origin: object = None) -> Directive:
    """Return a simple directive; a plain string or number becomes a ``Literal``."""
    return Directive(name, _tokens(args), None, comment, origin)


def block(
    name: str,
    *args: str | int | Token,
    body: Iterable[Directive],
    comment: str = "",
    origin: object = None,
) -> Directive:
    """Return a directive with a block."""
    return Directive(name, _tokens(args), tuple(body), comment, origin)


def entry(key: str | int | Token, *values: str | int | Token, origin: object = None) -> Directive:
    """Return a line of a ``map``, ``geo``, ``split_clients`` or ``types`` block: its key is data.

    A text that ``map`` would take for a word of its own (``default``, ``~…``) stays text; a ``Regex`` is
    the way to have one.  The default is ``directive("default", value)``.
    """
    return Directive("", _tokens((key, *values)), None, "", origin)


def when(
    subject: Literal | Var,
    *rest: str | Token,
    body: Iterable[Directive],
    comment: str = "",
    origin: object = None,
) -> Directive:
    """Return ``if (subject rest…) { body }``, as in ``when(Var("x"), "=", "y", body=…)``."""
    condition = (expr("(", subject), *_tokens(rest), Literal(")")) if rest else (expr("(", subject, ")"),)
    return Directive("if", condition, tuple(body), comment, origin)


def _tokens(args: Iterable[str | int | Token]) -> tuple[Token, ...]:
    return tuple(Literal(str(one)) if isinstance(one, (str, int)) else one for one in args)
