"""Users' regular expressions: what NGINX will take, made harmless.

NGINX refuses a whole configuration for one expression it cannot compile, so each is checked first, by Python:
an expression passes when it means something to both.  NGINX makes variables of named groups, which would let
a path overwrite ours, so they become plain groups.
"""

import re
import warnings

from msgspec import Struct

from painless.annotations.decode import Rejected

_LONGEST = 2048  # PCRE copes with more; a path that long is a mistake.
_DEEPEST = 100  # Brackets within brackets; PCRE refuses more than 250.
_MOST = 65_535  # The largest number that PCRE takes in {}.
# PCRE repeats what is in brackets as often as the number behind them says, and has 64 KiB: 11 bytes a letter.
_LARGEST = 4096

_IMPOSSIBLE = re.compile("[\0\ud800-\udfff]")  # NGINX's words end at the first, and the others are no text.
_NAMED_GROUP = re.compile(r"\(\?(?:P?<(?![=!])\w*>|'\w*')")
_REFUSED = re.compile(
    r"\\[kg][<'{]|\(\?P[=>]|\(\?[&R0-9+-]*\d|\(\?R|\(\*"  # References, recursion and verbs.
    r"|\\[uUlL]|\\N\{|\(\?[ims-]*[auL]"  # Python has these, PCRE does not.
    r"|\(\?[imsau-]*x|\(\?#"  # Comments, in which brackets mean nothing.
)
_CLASS = r"\[(?:\^|(?!\^))(?:\]|(?!\]))(?:\[:\^?\w*:\]|\\.|(?!\[:\^?\w*:\])[^\]\\])*\]"
_FLAGS = r"\(\?-?[ims]+(?:-[ims]+)?\)"
_TOKEN = re.compile(rf"\\.|{_CLASS}|{_FLAGS}|.", re.DOTALL)
_COUNTED = re.compile(r"(\)?)\{(\d+)(?:,(\d*))?\}")

# What stands for PCRE's own escapes while Python checks: a letter, one or two, a place that cannot repeat.
_STANDS_FOR = {
    **dict.fromkeys((r"\h", r"\H", r"\N", r"\v", r"\V"), "x"),
    **dict.fromkeys((r"\R", r"\X"), "(?:x|xx)"),
    **dict.fromkeys((r"\K", r"\G", r"\z"), r"\A"),
}
_POSIX_NAMES = "alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit".split()
_POSIX_CLASS = re.compile(rf"\[:\^?(?:{'|'.join(_POSIX_NAMES)}):\]")
_MANY_IN_CLASS = re.compile(r"\\[hHvV]")
_NOT_IN_CLASS = re.compile(r"\[[:.=]|\\[ABEGKNQRXZz]")


class CheckedRegex(Struct, frozen=True):
    """An expression NGINX compiles, and how many captures it has."""

    pattern: str
    captures: int


def regex(text: str) -> CheckedRegex | Rejected:
    """Check a user's expression; named groups are turned into plain ones."""
    if len(text) > _LONGEST:
        return Rejected(f"a regular expression of at most {_LONGEST} characters")
    if _IMPOSSIBLE.search(text):
        return Rejected("a regular expression without a character of number 0")
    if _REFUSED.search(_without_escaped_backslashes(text)):
        return Rejected(
            "a regular expression of PCRE, without references by name, recursion, verbs and comments"
        )
    pattern = _NAMED_GROUP.sub("(", text)
    tokens = _TOKEN.findall(pattern)
    if not _small(tokens):
        return Rejected("a smaller regular expression: numbers in {} multiply")
    try:
        with warnings.catch_warnings():
            # Python warns of what it may read differently one day; PCRE reads it as before.
            warnings.simplefilter("ignore")
            compiled = re.compile("".join(map(_as_python, tokens)))
    except (re.error, OverflowError, RecursionError) as problem:
        return Rejected(f"a regular expression ({problem})")
    return CheckedRegex(pattern, compiled.groups)


def _without_escaped_backslashes(text: str) -> str:
    return text.replace("\\\\", "")


def _as_python(token: str) -> str:
    """Return a token that Python takes if PCRE takes this one."""
    if len(token) > 1 and token.startswith("["):
        return _class_as_python(token)
    # PCRE takes flags anywhere, Python at the start only.
    return r"\A" if len(token) > 2 else _STANDS_FOR.get(token, token)


def _class_as_python(token: str) -> str:
    inner = token[1:-1]
    if inner[0] in ":.=" and inner[1:].endswith(inner[0]):
        raise re.error(f"{token} belongs within another pair of []")
    # What stands for many characters begins and ends no range, for Python neither.
    inner = _MANY_IN_CLASS.sub(r"\\w", _POSIX_CLASS.sub(r"\\w", inner))
    if found := _NOT_IN_CLASS.search(_without_escaped_backslashes(inner)):
        raise re.error(f"{found[0]} within []")
    return f"[{inner}]"


def _small(tokens: list[str]) -> bool:
    """Whether PCRE has room for the expression; what is escaped or within ``[]`` repeats nothing."""
    bare = "".join(token if len(token) == 1 else "x" for token in tokens)
    depth = deepest = 0
    for letter in bare:
        depth += (letter == "(") - (letter == ")")
        deepest = max(deepest, depth)
    size = sum(map(len, tokens))
    for bracket, least, most in _COUNTED.findall(bare):
        times = max(int(least), int(most or 0))
        if times > _MOST:
            return False
        size *= times + 1 if bracket else 1
    return deepest <= _DEEPEST and size <= _LARGEST
