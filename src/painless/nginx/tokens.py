"""What an argument of a directive may be made of.

A directive never takes a bare string of configuration: it takes text (``Literal``), a variable
(``Var``), a mixture of both (``Expr``), or a regular expression (``Regex``).  The printer quotes each as
NGINX's grammar needs, so that text cannot end its token, and a dollar sign in text cannot start a variable.
"""

import re

from msgspec import Struct

# Tokens hold no cycles, so the garbage collector need not know them (see tree.Directive).


class Literal(Struct, frozen=True, gc=False):
    """Text that reaches NGINX byte for byte, whatever it holds (except NUL, which NGINX cannot hold)."""

    text: str


class Var(Struct, frozen=True, gc=False):
    """The value of a variable, named without its dollar sign; also ``1`` to ``9`` for captures."""

    name: str


class Expr(Struct, frozen=True, gc=False):
    """Text and variables in one token, as in ``"https://$host/x"``."""

    parts: tuple[Literal | Var, ...]


class Regex(Struct, frozen=True, gc=False):
    """A regular expression; ``prefix`` is what NGINX wants before it in the same token (``~``, ``~*``).

    NGINX does not expand variables in it, so a dollar sign means the end of the line and stays as it is.
    """

    pattern: str
    prefix: str = ""


def pattern_of(text: str, plain: str = "_") -> str:
    """Return the expression that matches ``text`` and nothing else; ``plain`` need no backslash there."""
    return "".join(one if one.isalnum() or one in plain else f"\\{one}" for one in text)


Token = Literal | Var | Expr | Regex


def expr(*parts: str | Literal | Var) -> Expr:
    """Return an ``Expr`` of ``parts``, in which a plain string is text."""
    return Expr(tuple(Literal(part) if isinstance(part, str) else part for part in parts))


_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))", re.ASCII)


def template(text: str) -> Expr:
    """Return ``text`` with its ``$names`` as variables: for texts of our own, never for a user's."""
    parts: list[Literal | Var] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        parts += [Literal(text[end : found.start()])] if found.start() > end else []
        parts.append(Var(found[1] or found[2]))
        end = found.end()
    return Expr((*parts, Literal(text[end:])) if end < len(text) else tuple(parts))
