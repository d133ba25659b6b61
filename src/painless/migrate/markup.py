"""Text as HTML: the one place where what users wrote becomes part of a page.

Everything is escaped here, and what would reorder or hide letters is spelled out.
"""

from collections.abc import Iterable
from html import escape

from painless.wire.names import printable


def text(value: str) -> str:
    """Return text for anywhere in the page, attributes included."""
    return escape(printable(value, len(value)))


def lines(value: str) -> str:
    """Return text that keeps its lines, in a box that scrolls by itself."""
    return f"<pre tabindex=0>{chr(10).join(map(text, value.splitlines()))}</pre>"


def prose(sentence: str) -> str:
    """Return a sentence; what stands in backticks is code."""
    pieces = sentence.split("`")
    if len(pieces) % 2 == 0:
        return text(sentence)
    return "".join(f"<code>{text(one)}</code>" if at % 2 else text(one) for at, one in enumerate(pieces))


def paragraphs(sentences: Iterable[str]) -> str:
    return "".join(f"<p>{prose(one)}</p>" for one in sentences)


def items(sentences: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{prose(one)}</li>' for one in sentences)}</ul>"


def fold(summary: str, body: str, name: str = "") -> str:
    """Return what opens at a touch; ``body`` is HTML already."""
    anchor = f' id="{name}"' if name else ""
    return f"<details class=quiet{anchor}><summary>{text(summary)}</summary>{body}</details>"
