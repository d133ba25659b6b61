"""YAML to builtin values, safe against hostile files, with line and column for every fault.

libyaml's event stream feeds a builder of our own: PyYAML's composer in C recurses and takes the process
down on deep nesting, and its constructors know neither duplicate keys nor positions.  What words mean is
``scalars``; other syntaxes are its neighbours.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from painless.syntax.documents import DEPTH_LIMIT, Document, Fault, Parsed, Value, text_of
from painless.syntax.scalars import key_text, resolved

ALIAS_LIMIT = 100_000
"""How many values all aliases of a document may stand for: generous for people, nothing for a bomb."""

_TAG = "tag:yaml.org,2002:"
_MERGE = "<<"
_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufeff\uff00-\ufffd\U00010000-\U0010ffff]")


class _Mark(Protocol):
    line: int
    column: int


class _BrokenError(Exception):
    """One document cannot be used; those after it can."""

    def __init__(self, event: Event, says: str) -> None:
        super().__init__(says)
        assert event.start_mark is not None, "libyaml marks every event"
        self.fault = _fault_at(event.start_mark, says)


class _TooDeepError(_BrokenError):
    """The file is not read on: libyaml takes time by the square of the depth of brackets."""

    def __init__(self, event: Event) -> None:
        super().__init__(event, f"values are nested more than {DEPTH_LIMIT} deep; nothing after it is read")


def parse_yaml(data: bytes) -> Parsed:
    """Return the documents of a file; documents before a fault of syntax are kept."""
    text = text_of(data)
    if isinstance(text, Parsed):
        return text
    documents: list[Document] = []
    faults: list[Fault] = []
    try:
        for one in _documents(text):
            if isinstance(one, Fault):
                faults.append(one)
            else:
                documents.append(one)
    except _TooDeepError as error:
        faults.append(error.fault)
    except yaml.YAMLError as error:
        faults.append(_syntax_fault(error, text))
    return Parsed(tuple(documents), tuple(faults))


def _documents(text: str) -> Iterator[Document | Fault]:
    events = yaml.CSafeLoader(text)
    try:
        while True:
            event = _next(events)
            if isinstance(event, StreamEndEvent):
                return
            if isinstance(event, DocumentStartEvent):
                builder = _Builder()
                found = _document(events, builder)
                yield found
                if isinstance(found, Fault):
                    _skip(events, builder.depth)
    finally:
        events.dispose()


def _next(events: yaml.CSafeLoader) -> Event:
    event = events.get_event()
    assert event is not None, "the stream has an event for its end"
    return event


def _document(events: yaml.CSafeLoader, builder: "_Builder") -> Document | Fault:
    event = _next(events)
    line = event.start_mark.line + 1 if event.start_mark else 1
    try:
        while not isinstance(event, DocumentEndEvent):
            builder.take(event)
            event = _next(events)
    except _TooDeepError:
        raise
    except _BrokenError as broken:
        return broken.fault
    return Document(line, builder.root)


def _skip(events: yaml.CSafeLoader, depth: int) -> None:
    """Read on to the end of a document of which nothing is wanted."""
    while not isinstance(event := _next(events), DocumentEndEvent):
        if isinstance(event, (SequenceStartEvent, MappingStartEvent)):
            depth += 1
            if depth > DEPTH_LIMIT:
                raise _TooDeepError(event)
        elif isinstance(event, (SequenceEndEvent, MappingEndEvent)):
            depth -= 1


class _Open:
    """A list or map that is not complete yet, and the key whose value comes next."""

    __slots__ = ("anchor", "before", "items", "key", "merges", "merging", "pairs")

    def __init__(self, anchor: str | None, before: int, pairs: dict[str, Value] | None) -> None:
        self.anchor = anchor
        self.before = before
        self.pairs = pairs
        self.items: list[Value] = []
        self.key: str | None = None
        self.merging = False
        self.merges: list[dict[str, Value]] = []

    @property
    def wants_key(self) -> bool:
        return self.pairs is not None and self.key is None and not self.merging


class _Builder:
    """Puts one document together from events, on a stack of its own."""

    def __init__(self) -> None:
        self.root: Value = None
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Value, int]] = {}
        self._size = 0
        self._aliased = 0
        self._takers: dict[type[Event], Callable[[Any], None]] = {
            ScalarEvent: self._scalar,
            AliasEvent: self._alias,
            SequenceStartEvent: self._start_list,
            MappingStartEvent: self._start_map,
            SequenceEndEvent: self._end,
            MappingEndEvent: self._end,
        }

    @property
    def depth(self) -> int:
        """How many lists and maps are open."""
        return len(self._stack)

    def take(self, event: Event) -> None:
        self._takers[type(event)](event)

    def _scalar(self, event: ScalarEvent) -> None:
        self._size += 1
        value = _scalar_value(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        self._place(value, event)

    def _alias(self, event: AliasEvent) -> None:
        if event.anchor not in self._anchors:
            raise _BrokenError(event, f"the alias *{event.anchor} has no complete &{event.anchor} before it")
        value, size = self._anchors[event.anchor]
        self._size += size
        self._aliased += size
        if self._aliased > ALIAS_LIMIT:
            raise _BrokenError(event, f"aliases stand for more than {ALIAS_LIMIT:,} values")
        self._place(value, event)

    def _start_list(self, event: SequenceStartEvent) -> None:
        self._open(event, None, "seq")

    def _start_map(self, event: MappingStartEvent) -> None:
        self._open(event, {}, "map")

    def _open(
        self, event: SequenceStartEvent | MappingStartEvent, pairs: dict[str, Value] | None, tag: str
    ) -> None:
        if event.tag not in (None, "!", _TAG + tag):
            raise _BrokenError(event, f"the tag {event.tag} is not allowed, expected none")
        if len(self._stack) >= DEPTH_LIMIT:
            raise _TooDeepError(event)
        if self._stack and self._stack[-1].wants_key:
            raise _BrokenError(event, "a key is a list or a map, expected text")
        self._stack.append(_Open(event.anchor, self._size, pairs))
        self._size += 1

    def _end(self, event: SequenceEndEvent | MappingEndEvent) -> None:
        done = self._stack.pop()
        value: Value = done.items
        if done.pairs is not None:
            value = _merged(done.pairs, done.merges) if done.merges else done.pairs
        if done.anchor is not None:
            self._anchors[done.anchor] = (value, self._size - done.before)
        self._place(value, event)

    def _place(self, value: Value, event: Event) -> None:
        if not self._stack:
            self.root = value
            return
        top = self._stack[-1]
        if top.pairs is None:
            top.items.append(value)
        elif top.merging:
            top.merges.extend(_merges(value, event))
            top.merging = False
        elif top.key is not None:
            top.pairs[top.key] = value
            top.key = None
        elif _is_merge(event):
            top.merging = True
        else:
            top.key = _key(value, event, top.pairs)


def _scalar_value(event: ScalarEvent) -> Value:
    plain, quoted = event.implicit
    if plain:
        return resolved(event.value)
    tag = event.tag or "!"
    if quoted or tag in ("!", _TAG + "str"):
        return event.value
    value = resolved(event.value)
    kind = tag.removeprefix(_TAG) if tag.startswith(_TAG) else ""
    match kind, value:
        case ("bool", bool()) | ("null", None) | ("float", float()):
            return value
        case ("int" | "float", int()) if not isinstance(value, bool):
            return float(value) if kind == "float" else value
        case ("bool" | "null" | "int" | "float", _):
            raise _BrokenError(event, f"the tag !!{kind} does not fit its value")
        case _:
            raise _BrokenError(event, f"the tag {event.tag} is not allowed, expected none")


def _is_merge(event: Event) -> bool:
    """Tell whether a key is the one that merges maps; in quotes it is text like any other."""
    return isinstance(event, ScalarEvent) and event.value == _MERGE and event.implicit[0]


def _key(value: Value, event: Event, pairs: dict[str, Value]) -> str:
    key = None if isinstance(value, (list, dict)) else key_text(value)
    if key is None:
        raise _BrokenError(event, "a key is empty, a list or a map, expected text")
    if key in pairs:
        raise _BrokenError(event, f"the key {key[:60]!r} is there twice")
    return key


def _merges(value: Value, event: Event) -> list[dict[str, Value]]:
    found = value if isinstance(value, list) else [value]
    maps = [one for one in found if isinstance(one, dict)]
    if len(maps) != len(found):
        raise _BrokenError(event, "<< is not followed by a map or a list of maps")
    return maps


def _merged(pairs: dict[str, Value], merges: list[dict[str, Value]]) -> dict[str, Value]:
    """Return ``pairs`` and what they inherit: own keys win, then the maps named first."""
    inherited: dict[str, Value] = {}
    for one in reversed(merges):
        inherited.update(one)
    return {**inherited, **pairs}


def _fault_at(mark: _Mark, says: str) -> Fault:
    return Fault(mark.line + 1, mark.column + 1, says)


def _syntax_fault(error: yaml.YAMLError, text: str) -> Fault:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        context = f" {error.context}" if error.context else ""
        says = f"{error.problem or 'found something else'}{context}: not YAML, and nothing after it is read"
        return Fault(1, 1, says) if mark is None else _syntax_place(mark, text, says)
    match = _UNREADABLE.search(text)
    if match is None:
        return Fault(1, 1, "not YAML, and nothing in it is read")
    line = text.count("\n", 0, match.start()) + 1
    column = match.start() - text.rfind("\n", 0, match.start())
    says = f"found the character U+{ord(match[0]):04X}, expected printable text; nothing after it is read"
    return Fault(line, column, says)


def _syntax_place(mark: _Mark, text: str, says: str) -> Fault:
    lines = text.splitlines() or [""]
    if mark.line >= len(lines):  # libyaml puts the end of a file on a line that no editor shows.
        return Fault(len(lines), len(lines[-1]) + 1, says)
    line = lines[mark.line]
    indent = line[: len(line) - len(line.lstrip())]
    hint = "; the line is indented with a tab, expected spaces" if "\t" in indent else ""
    return _fault_at(mark, says + hint)
