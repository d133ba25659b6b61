"""Regular expressions as NGINX's PCRE reads them, with an end to how long one may take.

On bytes and without case where asked, as NGINX has them.  What cannot be read, or takes too long, is unknown
and never a guess.
"""

import re
from functools import lru_cache

import regex
from msgspec import Struct

_LONGEST = 0.05  # Seconds: PCRE gives up, too, and one question must not hold up the next.


_NAMED = re.compile(r"((?<!\\)(?:\\\\)*)\\k<")
"""PCRE's way to name what a group has matched; Python's is another."""


class Matched(Struct, frozen=True):
    """What an expression has matched: its captures, from ``$0``, and those with names."""

    captures: tuple[str, ...]
    named: dict[str, str]
    span: tuple[int, int]


class Unclear(Struct, frozen=True):
    """Nobody can say here what NGINX finds."""


def match(pattern: str, text: str, *, case: bool = True) -> Matched | Unclear | None:
    """Return what ``pattern`` finds in ``text``; ``None`` for nothing."""
    compiled = _compiled(pattern, case=case)
    if compiled is None:
        return Unclear()
    try:
        found = compiled.search(_bytes(text), timeout=_LONGEST, concurrent=True)
    except TimeoutError:
        return Unclear()
    if found is None:
        return None
    captures = tuple(_text(one) for one in (found[0], *found.groups()))
    named = {name: _text(one) for name, one in found.groupdict().items()}
    return Matched(captures, named, found.span())


@lru_cache(maxsize=4096)
def _compiled(pattern: str, *, case: bool) -> "regex.Pattern[bytes] | None":
    try:
        flags = 0 if case else regex.IGNORECASE
        return regex.compile(_bytes(_NAMED.sub(r"\1\\g<", pattern)), flags, cache_pattern=False)
    except (regex.error, OverflowError, RecursionError, ValueError):
        return None


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _text(one: bytes | None) -> str:
    return (one or b"").decode(errors="surrogateescape")
