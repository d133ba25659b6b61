"""What a plain word of YAML means: the same as to kubectl, whatever other YAML parsers make of it.

kubectl's parser follows YAML 1.1 for truth (``yes``, ``no``, ``on``, ``off``, ``y``, ``n``), Go's notation
for numbers, knows no numbers of base 60, and its timestamps end up as text.
"""

import re

Scalar = None | bool | int | float | str

_TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
_NULL = ("", "~", "null", "Null", "NULL")
_INFINITE = (".inf", ".Inf", ".INF")

WORDS: dict[str, Scalar] = {
    **dict.fromkeys(_TRUE, True),
    **dict.fromkeys(_FALSE, False),
    **dict.fromkeys(_NULL, None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **{f"{sign}{word}": float("inf") for word in _INFINITE for sign in ("", "+")},
    **{f"-{word}": float("-inf") for word in _INFINITE},
}
"""The words that are not text; quoted, they are."""

_NUMERIC = frozenset("+-.0123456789")
_INT = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_BASES = (16, 2, 8, 10)
_LONGEST = 100  # No number anybody means has more digits, and Python refuses to convert thousands of them.


def resolved(word: str) -> Scalar:
    """Return the value of a word that was written without quotes and without a tag."""
    if word in WORDS:
        return WORDS[word]
    if word[0] not in _NUMERIC or len(word) > _LONGEST:
        return word
    number = _number(word)
    return word if number is None else number


def _number(word: str) -> int | float | None:
    # Go's parser ignores underscores, except in a number that begins with a point.
    plain = word if word[0] == "." else word.replace("_", "")
    match = _INT.fullmatch(plain)
    if match is not None:
        digits, base = next((d, b) for d, b in zip(match.groups()[1:], _BASES, strict=True) if d)
        return int(match[1] + digits, base)
    return float(plain) if _FLOAT.fullmatch(plain) else None


def key_text(value: Scalar) -> str | None:
    """Return what a key becomes in JSON, which has only text for keys; ``None`` for no key at all."""
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case _:
            return str(value)
