"""Why a plan does what it does: which objects and fields changed, and whether NGINX has to load.

Each line of a file knows its origin, so the reasons of a reload are read off the lines that differ.  There is
no list of fields that matter: what changes a line matters.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import zip_longest

from msgspec import Struct

from painless.model.objects import ObjectRef, Origin
from painless.nginx.generation import Generation


class Effect(StrEnum):
    """What a change takes: nothing, a hot file or a record, or a reload."""

    NONE = "none"
    LIVE = "live"
    RELOAD = "reload"


class Kind(StrEnum):
    """What happened to what a change is about."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    STARTED = "started"


Differ = Mapping[ObjectRef, Kind]
"""The objects that changed, and what happened to each."""


class Change(Struct, frozen=True):
    """One reason: what happened to which object, in which field.

    ``ref`` is ``None`` for our own settings, and where NGINX did not run.
    """

    kind: Kind
    ref: ObjectRef | None
    field: str

    @property
    def label(self) -> str:
        """The reason as a metric's label: the kind of object and what happened, such as IngressAdded."""
        if self.kind is Kind.STARTED:
            return "Started"
        return f"{self.ref.kind if self.ref else 'Settings'}{self.kind.capitalize()}"

    def __str__(self) -> str:
        if self.kind is Kind.STARTED:
            return "NGINX did not run"
        return f"{self.kind} {self.ref or 'settings'} {self.field}".rstrip()


def effect(live: Generation | None, want: Generation) -> Effect:
    """Return what it takes to get from ``live`` to ``want``."""
    if live is None or live.cold != want.cold:
        return Effect.RELOAD
    kept = {path: content for path, content in live.hot.items() if path in want.hot or not len(content)}
    return Effect.LIVE if kept != dict(want.hot) else Effect.NONE


def changes(live: Generation, want: Generation, differ: Differ | None = None) -> tuple[Change, ...]:
    """Return the reasons for a reload from ``live`` to ``want``, sorted; none when the text is equal.

    ``differ`` are the objects that changed, as far as that is known, and then nothing else is a reason: when
    a host begins to share its block with another, its lines change too, and the upstream of a Service goes
    with the last path that uses it.
    """
    touched = {origin for name in {*live.cold, *want.cold} for origin in _touched(name, live, want)}
    old, new = _refs(live), _refs(want)
    # What hosts share, and what Painless itself writes, follows from the lines that one object has alone;
    # it is a reason only when nothing else is.
    alone = {one for one in touched if isinstance(one, Origin)}
    origins = alone or {one for entry in touched for one in origins_of(entry)}
    found = {Change(_kind(one.ref, old, new), one.ref, _field(one, old, new)) for one in origins}
    if touched and not found:
        found.add(Change(Kind.CHANGED, None, ""))
    if found and differ:
        found = _known(found, differ)
    return tuple(sorted(found, key=lambda one: (one.kind, str(one.ref), one.field)))


def _known(found: Iterable[Change], differ: Differ) -> set[Change]:
    """Return the changes of what changed; all that changed when no line is its own, as a Secret has none."""
    mine = {
        Change(kind, one.ref, one.field if kind is Kind.CHANGED else "")
        for one in found
        if one.ref and (kind := differ.get(one.ref))
    }
    return mine or {Change(kind, ref, "") for ref, kind in differ.items()}


def _touched(name: str, live: Generation, want: Generation) -> Iterator[object]:
    """Yield the origins of the lines that one file has and the other has not, and of those that moved."""
    files = (live, want)
    texts = [one.cold.get(name, "").splitlines() for one in files]
    spans = _unequal(*texts)
    shared: dict[str, object] = {}
    parts = (
        _lines(text[span], one.origins.get(name, ())[span], shared)
        for text, span, one in zip(texts, spans, files, strict=True)
    )
    before, after = (Counter(part) for part in parts)
    gone, come = before - after, after - before
    moved = {one[:2] for one in gone} & {one[:2] for one in come}
    for owner, line, _ in (*gone, *come):
        if owner is None:
            yield shared.get(line)
        else:
            # What a host shares may be another thing now, when none of its own lines is.
            yield Origin(owner.ref, "") if (owner, line) in moved else owner


def _unequal(old: list[str], new: list[str]) -> tuple[slice, slice]:
    """Return the whole blocks that lie between the equal head and the equal tail of both.

    Most of a large file is equal.  Whole blocks, since the last lines of two blocks are alike, whosesoever
    they are.
    """
    head = _equal(zip(old, new, strict=False))
    while head and not old[head - 1].startswith(_TOP):
        head -= 1
    head = max(0, head - 1)
    tail = _equal(zip(reversed(old[head:]), reversed(new[head:]), strict=False))
    while tail and not old[len(old) - tail].startswith(_TOP):
        tail -= 1
    return slice(head, len(old) - tail), slice(head, len(new) - tail)


def _equal(pairs: Iterable[tuple[str, ...]]) -> int:
    """Return how many of the first pairs are equal."""
    count = 0
    for one, other in pairs:
        if one != other:
            break
        count += 1
    return count


# Our own spelling: the comments above the blocks of a file or its ``http``, and above those that hosts share.
_TOP = ("# ", "    # ")
_SHAPE = re.compile(r" {4}# Shape (\w+):")


def _lines(
    text: list[str], origins: tuple[object, ...], shared: dict[str, object]
) -> Iterator[tuple[Origin | None, str, str]]:
    """Yield the lines, each with the one object behind it, and for that the shape whose block it stands in.

    Notes the lines behind which are several: they are told apart by their text, since who shares them comes
    and goes.
    """
    shape = ""
    for line, entry in zip_longest(text, origins[: len(text)]):
        if line.startswith(_TOP):
            found = _SHAPE.match(line)
            shape = found[1] if found else ""
        if not line:
            continue  # The empty line between two blocks is nobody's doing.
        if isinstance(entry, Origin):
            yield entry, line, shape
        else:
            if entry is not None:
                shared[line] = entry
            yield None, line, ""


def origins_of(entry: object) -> tuple[Origin, ...]:
    """Return what put a line there: one origin, several for a line that hosts share, or none."""
    if isinstance(entry, tuple):
        return entry
    return (entry,) if isinstance(entry, Origin) else ()


def _refs(generation: Generation) -> frozenset[ObjectRef]:
    # By identity first: a file has many lines of one origin, and hashing each takes longer.
    known = {id(one): one for lines in generation.origins.values() for one in lines}
    return frozenset(one.ref for entry in known.values() for one in origins_of(entry))


def _kind(ref: ObjectRef, old: frozenset[ObjectRef], new: frozenset[ObjectRef]) -> Kind:
    if ref not in old:
        return Kind.ADDED
    return Kind.CHANGED if ref in new else Kind.REMOVED


def _field(origin: Origin, old: frozenset[ObjectRef], new: frozenset[ObjectRef]) -> str:
    # Of an object that came or went, every field did.
    return origin.field if origin.ref in old and origin.ref in new else ""


_REFUSED_LINE = re.compile(r"in \S*?([^/\s:]+):(\d+)")
_QUOTED = re.compile(r'"([^"$]+)"')


def refused_origins(output: str, generation: Generation) -> tuple[Origin, ...]:
    """Return what put the lines there that NGINX refuses, when it says which.

    A test names a line.  A reload that finds a zone in another use than before names the zone; then these are
    the origins of all lines with that zone.
    """
    found = dict.fromkeys(_at_lines(output, generation))
    return tuple(found or dict.fromkeys(_with_zones(output, generation)))


def _at_lines(output: str, generation: Generation) -> Iterator[Origin]:
    for name, number in _REFUSED_LINE.findall(output):
        origins = generation.origins.get(name, ())
        at = int(number) - 1
        if at < len(origins):
            yield from origins_of(origins[at])


def _with_zones(output: str, generation: Generation) -> Iterator[Origin]:
    names = "|".join(map(re.escape, sorted(set(_QUOTED.findall(output)))))
    if not names:
        return
    uses = re.compile(rf"(?:zone[= ]|limit_conn )(?:{names})(?![\w.-])")
    for name, text in generation.cold.items():
        for line, entry in zip(text.splitlines(), generation.origins.get(name, ()), strict=False):
            if uses.search(line):
                yield from origins_of(entry)


def first_label(found: Iterable[Change]) -> str:
    """Return the label of a reload with these reasons: the first, since a reload is counted once."""
    return next((one.label for one in found), "SettingsChanged")
