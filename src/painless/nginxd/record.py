"""A generation's memory beside its text: what a controller needs to plan from it after a restart.

The text alone does not say which object each line comes from, which upstreams a route uses or which hot
files it opens.  Values in, bytes out; ``disk`` writes them.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct, field

from painless.model.objects import Origin
from painless.nginx.generation import Generation
from painless.sensitive import Sensitive

FORMAT = 2
"""Raised when the fields below change their meaning; a record of another format is as good as none."""

_NOBODY = -1
_GROUPS = -2
"""The place of the first group of origins, for a line that several share; the next is one less."""

Runs = tuple[tuple[int, int], ...]
"""Origins of a file's lines: a place in the table of origins (or none, or a group) and how many in a row."""


class Record(Struct, frozen=True):
    """What is written beside the text; origins as runs, since neighbouring lines mostly share one."""

    format: int
    hot: tuple[str, ...] = ()
    upstreams: tuple[str, ...] = ()
    routes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    table: tuple[Origin, ...] = ()
    groups: tuple[tuple[int, ...], ...] = ()
    origins: dict[str, Runs] = field(default_factory=dict)


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Record)


def encoded(generation: Generation) -> bytes:
    """Return the record of ``generation``; the contents of its hot files are not in it."""
    places = _Places()
    origins = {name: _runs(lines, places) for name, lines in sorted(generation.origins.items())}
    groups = tuple(tuple(map(places.of, group)) for group in places.groups)
    return _ENCODER.encode(
        Record(
            format=FORMAT,
            hot=tuple(generation.hot),
            upstreams=tuple(generation.upstreams),
            routes={route: tuple(uses) for route, uses in generation.routes.items()},
            table=tuple(places.table),
            groups=groups,
            origins=origins,
        )
    )


def decoded(text: bytes) -> Record | None:
    """Return the record; ``None`` when it is damaged or from a version with another format."""
    try:
        record = _DECODER.decode(text)
    except msgspec.MsgspecError:
        return None
    return record if record.format == FORMAT else None


def restored(record: Record, id_: str, cold: Mapping[str, str], hot: Mapping[str, Sensitive]) -> Generation:
    """Return the generation that ``record`` was made of, with what its files hold."""
    entries: dict[int, object] = {_NOBODY: None, **dict(enumerate(record.table))}
    for number, group in enumerate(record.groups):
        entries[_GROUPS - number] = tuple(record.table[place] for place in group)
    return Generation(
        id=id_,
        cold=cold,
        hot=hot,
        origins={name: _lines(runs, entries) for name, runs in record.origins.items()},
        upstreams=frozenset(record.upstreams),
        routes={route: frozenset(uses) for route, uses in record.routes.items()},
    )


class _Places:
    """Numbers for what lines come from, in the order of the first question."""

    def __init__(self) -> None:
        self.table: dict[Origin, int] = {}
        self.groups: dict[tuple[object, ...], int] = {}

    def of(self, entry: object) -> int:
        if isinstance(entry, Origin):
            return self.table.setdefault(entry, len(self.table))
        if isinstance(entry, tuple):
            return _GROUPS - self.groups.setdefault(entry, len(self.groups))
        return _NOBODY


def _runs(lines: tuple[object, ...], places: _Places) -> Runs:
    """Return the runs of lines with one origin; a hash for each run: it is on the way of every change."""
    found: list[tuple[object, int]] = []
    start, before = 0, object()
    for place, one in enumerate(lines):
        # Identity first: most neighbours share the very object.
        if one is not before and one != before:
            found.append((before, place - start))
            start, before = place, one
    found.append((before, len(lines) - start))
    return tuple((places.of(one), count) for one, count in found if count)


def _lines(runs: Runs, entries: Mapping[int, object]) -> tuple[object, ...]:
    return tuple(one for place, count in runs for one in [entries[place]] * count)
