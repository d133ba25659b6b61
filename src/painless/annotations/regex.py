"""Users' regular expressions: what NGINX will take, made harmless.

NGINX refuses a whole configuration for one expression it cannot compile, so each is checked first; and it
makes variables of named groups, which would let a path overwrite ours, so they become plain groups.
"""

import re
import warnings

from msgspec import Struct

from painless.annotations.decode import Rejected

_LONGEST = 2048  # PCRE copes with more; a path that long is a mistake.

# PCRE's escapes that Python does not know; each stands for one character here, for the check only.
_PCRE_ESCAPE = re.compile(r"\\[hHRKNvVGzQEX]")
_NAMED_GROUP = re.compile(r"\(\?(?:P?<(?![=!])\w*>|'\w*')")
_REFUSED = re.compile(r"\\[kg][<'{]|\(\?P[=>]|\(\?[&R0-9+-]*\d|\(\?R|\(\*")


class CheckedRegex(Struct, frozen=True):
    """An expression NGINX compiles, and how many captures it has."""

    pattern: str
    captures: int


def regex(text: str) -> CheckedRegex | Rejected:
    """Check a user's expression; named groups are turned into plain ones."""
    if len(text) > _LONGEST:
        return Rejected(f"a regular expression of at most {_LONGEST} characters")
    if _REFUSED.search(_without_escaped_backslashes(text)):
        return Rejected("a regular expression without named references, recursion and verbs")
    pattern = _NAMED_GROUP.sub("(", text)
    try:
        with warnings.catch_warnings():
            # Python warns of what it may read differently one day; PCRE reads it as before.
            warnings.simplefilter("ignore")
            compiled = re.compile(_PCRE_ESCAPE.sub("x", pattern))
    except (re.error, OverflowError, RecursionError) as problem:
        return Rejected(f"a regular expression ({problem})")
    return CheckedRegex(pattern, compiled.groups)


def _without_escaped_backslashes(text: str) -> str:
    return text.replace("\\\\", "")
