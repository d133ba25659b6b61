"""Where a block in Lua ends: the only language that people write between braces in NGINX's configuration.

Of Lua it knows what may hold a brace that is none: strings and comments, short and long.
"""

import re

_PART = re.compile(r"--|[{}\"']|\[=*\[")
_LONG = re.compile(r"\[(=*)\[")


def is_foreign(name: str) -> bool:
    """Whether what follows this directive's brace is not NGINX's grammar."""
    return name.endswith("_by_lua_block")


def end_of_lua(text: str, at: int) -> int:
    """Return the place behind the brace that closes a block with content from ``at`` on; -1 for none."""
    depth = 1
    while found := _PART.search(text, at):
        part, at = found[0], found.end()
        if part == "{":
            depth += 1
        elif part == "}":
            depth -= 1
            if not depth:
                return at
        else:
            at = _behind(text, part, at)
    return -1


def _behind(text: str, part: str, at: int) -> int:
    """Return the place behind a string or comment that begins with ``part``."""
    if part == "--" and not (long := _LONG.match(text, at)):
        return _after(text, "\n", at)
    if part == "--" and long:
        return _after(text, f"]{long[1]}]", long.end())
    if part[0] == "[":
        return _after(text, f"]{part[1:-1]}]", at)
    end = re.compile(rf"(?:[^{part}\\\n]|\\.)*{part}?", re.DOTALL).match(text, at)
    return end.end() if end else at


def _after(text: str, mark: str, at: int) -> int:
    found = text.find(mark, at)
    return len(text) if found < 0 else found + len(mark)
