r"""How one token is spelled, so that NGINX reads exactly what was meant.

NGINX decodes ``\t \n \r \\ \" \'`` in every word, quoted or not, and keeps any other pair with a backslash
as it stands; it has no escape for a dollar sign.  This module knows that and nothing of directives; whether
a place expands variables is an argument, which the printer takes from the catalog.
"""

import re
from functools import lru_cache
from typing import assert_never

from painless.nginx.tokens import Expr, Literal, Regex, Token, Var

DOLLAR = "dollar"
"""The variable that stands for a dollar sign: ``geo $dollar { default "$"; }``, in http and in stream."""

MAX_BYTES = 4094
"""The longest word, as spelled: NGINX's buffer has 4096 bytes and must hold the quote and the space too."""

PLAIN = re.compile(r"[A-Za-z0-9_\-./:=@%+,*!&|()\[\]<>?^~]+")
"""Words of only these need no quotes, no escapes, and hold no dollar sign: nearly all words."""

_SAFE = r"A-Za-z0-9_\-./:=@%+,*!&|()\[\]<>?^~$"
_BARE = re.compile(rf"[{_SAFE}\\]+|(?:[{_SAFE}]|(?<=\$)\{{\w+\}})+", re.ASCII)
"""No possessive quantifiers: Python 3.11.2, Debian's, matches some of them wrongly (gh-106052).

Never a backslash and braces in one word: after a backslash NGINX takes no ``${`` for one, but a block."""
_ESCAPED = re.compile(r"""[\t\n\r"]|\\(?=[tnr\\"'\t\n\r]|\Z)""")
_ESCAPES = {"\t": r"\t", "\n": r"\n", "\r": r"\r", '"': r"\"", "\\": r"\\"}
_IMPOSSIBLE = re.compile("[\0\ud800-\udfff]")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_CONTINUES = re.compile(r"[A-Za-z0-9_\[{(]")
_MAP_WORDS = frozenset({"default", "hostnames", "include", "volatile"})


def spelled(token: Token, *, expands: bool, quotes: bool = False) -> str:
    """Return ``token`` as the word to print; with ``quotes`` it has them even when it needs none."""
    word = _escape(decoded(token, expands=expands))
    return word if not quotes and _BARE.fullmatch(word) else f'"{word}"'


def decoded(token: Token, *, expands: bool) -> str:
    """Return what NGINX sees as ``token`` after decoding the word, before it expands variables."""
    match token:
        case Literal(text):
            return _text(text, expands=expands)
        case Var(name):
            return f"${_name(name)}"
        case Regex(pattern, prefix):
            return _text(prefix + pattern, expands=False)
        case Expr(parts):
            return _mixture(parts, expands=expands)
        case _:
            assert_never(token)


def map_key(token: Token) -> Token:
    r"""Return ``token`` as the first word of a line in a ``map``, where some texts mean something else.

    NGINX drops one backslash at the front of a key and then takes the rest as text.
    """
    if isinstance(token, Literal) and (token.text in _MAP_WORDS or token.text.startswith(("~", "\\"))):
        return Literal("\\" + token.text)
    return token


def _text(text: str, *, expands: bool) -> str:
    if found := _IMPOSSIBLE.search(text):
        # Not a bare assert: this wall must also stand under ``python -O``.
        raise AssertionError(f"NGINX cannot hold {found[0]!r}; decoders must refuse {text[:80]!r}")
    return text.replace("$", f"${{{DOLLAR}}}") if expands else text


def _mixture(parts: tuple[Literal | Var, ...], *, expands: bool) -> str:
    """Return the parts in one word, with braces where the text that follows would join the name.

    From the right, since a name is spelled by what follows it.  A capture never has braces: NGINX would
    take ``${1}`` for a variable called 1, and ends ``$1`` after one digit anyway.
    """
    word = ""
    for part in reversed(parts):
        if isinstance(part, Literal):
            word = _text(part.text, expands=expands) + word
        elif _CONTINUES.match(word) and not part.name.isdigit():
            word = f"${{{_name(part.name)}}}{word}"
        else:
            word = f"${_name(part.name)}{word}"
    return word


@lru_cache(maxsize=4096)  # Names are few and used everywhere.
def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise AssertionError(f"{name!r} cannot be the name of a variable")
    return name


def _escape(text: str) -> str:
    return _ESCAPED.sub(lambda found: _ESCAPES[found[0]], text)
