"""HTML as a value: elements with attributes and children, and the one place where they become text.

Text is escaped here and nowhere else, so what users wrote cannot become an element: whoever makes a page
has no way to write markup but an element's name.  What would reorder or hide letters is spelled out.
"""

from collections.abc import Iterable, Iterator
from html import escape
from typing import assert_never

from msgspec import Struct

from painless.wire.names import printable

_VOID = frozenset(("input", "link", "meta", "polyline", "path", "circle"))
"""Elements of ours that have no end."""


class Html(Struct, frozen=True):
    """Markup that is written to a page as it is."""

    text: str

    def __str__(self) -> str:
        return self.text


Child = Html | str | int | None
"""What stands in an element: text is escaped, ``None`` is nothing."""


def el(name: str, /, *children: Child | Iterable[Child], **attributes: str | float | bool | None) -> Html:
    """Return an element.

    An attribute's name ends in ``_`` where Python has that word, and has ``_`` in place of dashes.  ``True``
    is an attribute without a value; ``None`` and ``False`` are none.
    """
    begin = f"<{name}{''.join(_attributes(attributes))}>"
    if name in _VOID:
        return Html(begin)
    return Html(f"{begin}{''.join(map(_child, _flat(children)))}</{name}>")


def several(*children: Child | Iterable[Child]) -> Html:
    """Return children one after the other, without an element around them."""
    return Html("".join(map(_child, _flat(children))))


def shown(text: str) -> str:
    """Return text as it may be shown: one line, nothing that moves a cursor or turns a direction."""
    return printable(text, len(text))


def prose(sentence: str) -> Html:
    """Return a sentence; what stands in backticks is code."""
    pieces = sentence.split("`")
    if len(pieces) % 2 == 0:
        return several(sentence)
    return several(el("code", one) if at % 2 else one for at, one in enumerate(pieces))


def _attributes(some: dict[str, str | float | bool | None]) -> Iterator[str]:
    for name, value in some.items():
        spelled = name.removesuffix("_").replace("_", "-")
        if value is True:
            yield f" {spelled}"
        elif value is not None and value is not False:
            yield f' {spelled}="{escape(shown(str(value)))}"'


def _flat(children: Iterable[Child | Iterable[Child]]) -> Iterator[Child]:
    for one in children:
        if one is None or isinstance(one, Html | str | int):
            yield one
        else:
            yield from one


def _child(one: Child) -> str:
    match one:
        case None:
            return ""
        case Html(text):
            return text
        case str():
            return escape(shown(one))
        case int():
            return f"{one:,}"
        case _:
            assert_never(one)
