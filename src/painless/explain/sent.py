"""Paths that are rewritten, and how a path goes to the application."""

from msgspec import Struct

from painless.explain.values import Values
from painless.nginx.tokens import Expr, Literal, Token, Var

_VISIBLE = frozenset(range(0x21, 0x7F))
_DIVIDING = frozenset(b"#%&+;?")
"""Bytes that mean something in a query."""
_PLAIN = _VISIBLE - frozenset(b'"#%<>?\\^`{|}')
"""Bytes of a path that NGINX sends as they are."""


class Rewritten(Struct, frozen=True):
    """A path and its query after a rewrite."""

    uri: str
    args: str


def rewritten(values: Values, replacement: Token) -> Rewritten | str | None:
    """Return what a path is rewritten to: itself, a URL that clients are sent to, or nobody knows."""
    whole = values.expand(replacement)
    if whole is None:
        return None
    if whole.startswith(("http://", "https://")):
        return whole
    path, query = _divided(values, replacement)
    if query is None:
        return Rewritten(path, values.args)
    kept = values.args if not query.endswith("?") else ""
    own = query.removesuffix("?")
    return Rewritten(path, "&".join(filter(None, (own, kept))))


def _divided(values: Values, replacement: Token) -> tuple[str, str | None]:
    """Return the path and the query: only a question mark of the author's own divides them."""
    path, query = "", None
    for part in replacement.parts if isinstance(replacement, Expr) else (replacement,):
        text = values.expand(part) or ""
        if query is not None:
            query += _in_query(values, text) if isinstance(part, Var) and part.name.isdigit() else text
        elif isinstance(part, Literal) and "?" in text:
            before, _, query = text.partition("?")
            path += before
            # One at the very end drops the query of the request.
            query = query or "?"
        else:
            path += text
    return path, query


def _in_query(values: Values, captured: str) -> str:
    """Return a capture as NGINX puts it into a query: encoded where the path had something to decode."""
    raw = values.request.raw.partition("?")[0]
    if "%" not in raw and "+" not in raw:
        return captured
    found = captured.encode(errors="surrogateescape")
    return "".join(f"%{one:02X}" if one in _DIVIDING or one not in _VISIBLE else chr(one) for one in found)


def escaped(values: Values) -> str:
    """Return the path with its query as the application gets it: as the client sent it unless rewritten."""
    request = values.request
    if not values.moved:
        return request.raw
    path = values.uri
    if "%" in request.raw.partition("?")[0]:
        path = "".join(
            chr(one) if one in _PLAIN else f"%{one:02X}" for one in path.encode(errors="surrogateescape")
        )
    return f"{path}?{values.args}" if values.args else path
