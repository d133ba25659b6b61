"""The three forms of ``if`` that we write, in the one shape NGINX's parser takes."""

from painless.nginx.tokens import Literal, Var, expr
from painless.nginx.tree import Directive, block


def if_set(variable: str, *body: Directive, origin: object = None) -> Directive:
    """Return an ``if`` on a variable that is neither empty nor ``0``."""
    return block("if", expr("(", Var(variable), ")"), body=body, origin=origin)


def if_equal(variable: str, value: str, *body: Directive, origin: object = None) -> Directive:
    """Return an ``if`` on a variable's value; NGINX compares it byte for byte."""
    return block("if", expr("(", Var(variable)), "=", Literal(value + ")"), body=body, origin=origin)


def if_file(*path: str | Var, body: tuple[Directive, ...], origin: object = None) -> Directive:
    """Return an ``if`` on a file that exists at the time of the request."""
    return block("if", "(-f", expr(*path, ")"), body=body, origin=origin)
