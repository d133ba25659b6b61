"""Whether the condition of an ``if`` holds for a request."""

from collections.abc import Callable

from painless.explain.expressions import Unclear, match
from painless.explain.values import Values
from painless.nginx.tokens import Expr, Literal, Regex, Token

Files = Callable[[str], bool | None]
"""Whether a file exists; ``None`` where nobody can say."""

_FILE_TESTS = frozenset({"-f", "-d", "-e", "-x"})


def holds_of(args: tuple[Token, ...], values: Values, files: Files) -> bool | None:
    """Return whether a condition holds; ``None`` where nobody can say beforehand."""
    first = args[0]
    subject = first.parts[1] if isinstance(first, Expr) and len(first.parts) > 1 else first
    if len(args) == 1:
        value = values.expand(subject)
        return None if value is None else value not in {"", "0"}
    operator = subject if isinstance(subject, Literal) else args[1]
    sign = operator.text if isinstance(operator, Literal) else ""
    if sign.lstrip("!") in _FILE_TESTS:
        path = values.expand(args[1])
        there = None if path is None else files(path)
        return None if there is None else there != sign.startswith("!")
    return _compares(values, subject, sign, args[2])


def _compares(values: Values, subject: Token, sign: str, token: Token) -> bool | None:
    value = values.expand(subject)
    if value is None:
        return None
    if isinstance(token, Regex):
        found = match(token.pattern, value, case=not sign.endswith("*"))
        if isinstance(found, Unclear):
            return None
        if found is not None:
            values.keep(found)
        return (found is not None) != sign.startswith("!")
    other = values.expand(token)
    return None if other is None else (value == other) != sign.startswith("!")
