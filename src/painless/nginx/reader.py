"""NGINX's configuration text, read as NGINX reads it.

Reads any file, not only ours: it looks at words and brackets, never at what a directive means (``catalog``),
and follows no ``include``.  Blocks in Lua are passed over (``foreign``): they are not NGINX's grammar.
"""

import re
from collections.abc import Iterable
from typing import NoReturn

from msgspec import Struct

from painless.nginx.catalog import expands
from painless.nginx.foreign import end_of_lua, is_foreign
from painless.nginx.quoting import decoded, map_key
from painless.nginx.tree import Directive

_BLANK = re.compile(r"[ \t\r]+")
_PLAIN = re.compile(r"[^ \t\r\n;{\\$]+")
"""What is within a word and nothing else: a large file is read a word at a time, not a character."""
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_DECODED = {"t": "\t", "n": "\n", "r": "\r", '"': '"', "'": "'", "\\": "\\"}


class ReadError(Exception):
    """The text is not NGINX's grammar; says where, and what was expected."""


class Word(Struct, frozen=True):
    """A word as NGINX sees it, after decoding; ``quoted`` tells whether it stood in quotes."""

    text: str
    line: int
    quoted: bool = False


class Node(Struct, frozen=True):
    """A directive as read; ``block`` is ``None`` for a simple one.  Lines are counted from 1."""

    name: str
    args: tuple[Word, ...]
    block: "tuple[Node, ...] | None"
    line: int


Shape = tuple[tuple[str, ...], "tuple[Shape, ...] | None"]
"""The words of a directive and the shapes of what is in its block."""


def read(text: str, filename: str = "") -> tuple[Node, ...]:
    """Return the directives of ``text``, or raise ``ReadError``."""
    return _Reader(text, filename or "configuration").file()


def shape(nodes: Iterable[Node]) -> tuple[Shape, ...]:
    """Return what was read in a comparable form, without lines and quotes."""
    return tuple(
        (
            (node.name, *(word.text for word in node.args)),
            None if node.block is None else shape(node.block),
        )
        for node in nodes
    )


def shape_of(tree: Iterable[Directive], parent: str = "") -> tuple[Shape, ...]:
    """Return the shape that reading the printed ``tree`` must give."""
    return tuple(
        (
            _words_of(one, parent),
            None if one.block is None else shape_of(one.block, one.name),
        )
        for one in tree
    )


def _words_of(one: Directive, parent: str) -> tuple[str, ...]:
    args = one.args
    if not one.name and parent == "map":
        args = (map_key(args[0]), *args[1:])
    words = tuple(decoded(arg, expands=expands(one.name, at, parent)) for at, arg in enumerate(args))
    return (one.name, *words) if one.name else words


class _Reader:
    """A position in the text; each method reads one thing and leaves the position after it."""

    def __init__(self, text: str, filename: str) -> None:
        self._text = text
        self._filename = filename
        self._at = 0
        self._line = 1
        self._line_start = 0

    def file(self) -> tuple[Node, ...]:
        # A stack, so that text with a million open brackets is an error like any other.
        done: list[Node] = []
        open_blocks: list[tuple[list[Word], list[Node]]] = []
        while True:
            self._skip_space()
            if not self._peek():
                if open_blocks:
                    name = open_blocks[-1][0][0]
                    self._fail(f'the file ends; expected "}}" for "{name.text}" of line {name.line}')
                return tuple(done)
            if self._peek() == "}":
                if not open_blocks:
                    self._fail('unexpected "}"; expected a directive')
                self._at += 1
                words, outer = open_blocks.pop()
                outer.append(_node(words, tuple(done)))
                done = outer
                continue
            words = self._words()
            if self._take() == "{":
                if is_foreign(words[0].text):
                    self._pass_over(words[0])
                    done.append(_node(words, ()))
                    continue
                open_blocks.append((words, done))
                done = []
            else:
                done.append(_node(words, None))

    def _pass_over(self, name: Word) -> None:
        start, end = self._at, end_of_lua(self._text, self._at)
        if end < 0:
            self._at = len(self._text)
            self._fail(f'the file ends; expected "}}" for "{name.text}" of line {name.line}')
        if lines := self._text.count("\n", start, end):
            self._line += lines
            self._line_start = self._text.rindex("\n", start, end) + 1
        self._at = end

    def _words(self) -> list[Word]:
        """Read up to the ``;`` or ``{`` that ends the words of a directive."""
        words: list[Word] = []
        while (char := self._peek()) not in ";{" or not char:
            if not char:
                self._fail('the file ends; expected ";" or "{"')
            if char == "}":
                self._fail('unexpected "}"; expected ";" or "{"')
            words.append(self._quoted() if char in "\"'" else self._bare())
            self._skip_space()
        if not words:
            self._fail(f'unexpected "{char}"; expected a directive')
        return words

    def _bare(self) -> Word:
        start, line = self._at, self._line
        variable = False
        while (char := self._peek()) and char not in " \t\r\n;" and (char != "{" or variable):
            if run := _PLAIN.match(self._text, self._at):
                self._at, variable = run.end(), False
                continue
            variable = char == "$" or (variable and char == "{")
            self._take()
            if char == "\\" and self._peek():
                self._take()
        return Word(_decode(self._text[start : self._at]), line)

    def _quoted(self) -> Word:
        line, quote = self._line, self._take()
        opened = f"the word in {quote} of line {line}, column {self._at - self._line_start}"
        start = self._at
        while (char := self._peek()) != quote:
            if not char:
                self._fail(f"the file ends; expected {quote} after {opened}")
            self._take()
            if char == "\\" and self._peek():
                self._take()
        word = Word(_decode(self._text[start : self._at]), line, quoted=True)
        self._at += 1
        if (char := self._peek()) not in " \t\r\n;{)":
            self._fail(f'unexpected "{char}" right after {opened}; expected a space, ";" or "{{"')
        return word

    def _skip_space(self) -> None:
        while char := self._peek():
            if char == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            elif run := _BLANK.match(self._text, self._at):
                self._at = run.end()
            elif char == "\n":
                self._take()
            else:
                return

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        char = self._text[self._at]
        self._at += 1
        if char == "\n":
            self._line += 1
            self._line_start = self._at
        return char

    def _fail(self, says: str) -> NoReturn:
        column = self._at - self._line_start + 1
        raise ReadError(f"{self._filename}, line {self._line}, column {column}: {says}")


def _node(words: list[Word], block: tuple[Node, ...] | None) -> Node:
    return Node(words[0].text, tuple(words[1:]), block, words[0].line)


def _decode(raw: str) -> str:
    if "\\" not in raw:
        return raw
    return _PAIR.sub(lambda found: _DECODED.get(found[1], found[0]), raw)
