"""Markdown as GitHub reads it: what a page is put together from.

Every text that comes from the code goes through here, so that a bar in a value cannot end a table's cell.
"""

import re
from collections.abc import Iterable, Sequence

_NOTICE = "<!-- Written by `make docs` from the code's declarations; edit those instead. -->"


def page(title: str, *parts: str) -> str:
    """Return a whole page; empty parts are left out."""
    return "\n\n".join([_NOTICE, f"# {title}", *filter(None, parts)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a cell is one line."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(one) for one in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """Return ``text`` as code; with backticks in it, in a longer pair of them."""
    longest = max((len(one) for one in re.findall("`+", text)), default=0)
    mark = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{mark}{space}{text}{space}{mark}"


def prose(docstring: str) -> str:
    """Return a docstring as Markdown: its double backticks become single ones."""
    return docstring.replace("``", "`").replace(".  ", ". ").strip()


def split(docstring: str) -> tuple[str, str]:
    """Return a docstring's first sentence, without its period, and the rest."""
    first, _, rest = docstring.strip().partition("\n\n")
    return prose(" ".join(first.split())).removesuffix("."), prose(rest)


def anchor(heading: str) -> str:
    """Return the fragment that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
