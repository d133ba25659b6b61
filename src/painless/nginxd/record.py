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

FORMAT = 1
"""Raised when the fields below change their meaning; a record of another format is as good as none."""

_NOBODY = -1

Runs = tuple[tuple[int, int], ...]
"""Origins of a file's lines: an index into the table of origins (or none) and how many lines in a row."""


class Record(Struct, frozen=True):
    """What is written beside the text; origins as runs, since neighbouring lines mostly share one."""

    format: int
    hot: tuple[str, ...] = ()
    upstreams: tuple[str, ...] = ()
    routes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    table: tuple[Origin, ...] = ()
    origins: dict[str, Runs] = field(default_factory=dict)


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Record)


def encoded(generation: Generation) -> bytes:
    """Return the record of ``generation``; the contents of its hot files are not in it."""
    # A hash for each run of lines and no sorting: this is on the way of every change of a large cluster.
    index: dict[Origin, int] = {}
    origins = {name: _runs(lines, index) for name, lines in sorted(generation.origins.items())}
    return _ENCODER.encode(
        Record(
            format=FORMAT,
            hot=tuple(generation.hot),
            upstreams=tuple(generation.upstreams),
            routes={route: tuple(uses) for route, uses in generation.routes.items()},
            table=tuple(index),
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
    return Generation(
        id=id_,
        cold=cold,
        hot=hot,
        origins={name: _lines(runs, record.table) for name, runs in record.origins.items()},
        upstreams=frozenset(record.upstreams),
        routes={route: frozenset(uses) for route, uses in record.routes.items()},
    )


def _runs(lines: tuple[object, ...], index: dict[Origin, int]) -> Runs:
    """Return the runs of lines with one origin; ``index`` gets the origins that it lacks, in order."""
    found: list[tuple[object, int]] = []
    start, before = 0, object()
    for place, one in enumerate(lines):
        # Identity first: most neighbours share the very object.
        if one is not before and one != before:
            found.append((before, place - start))
            start, before = place, one
    found.append((before, len(lines) - start))
    return tuple(
        (index.setdefault(one, len(index)) if isinstance(one, Origin) else _NOBODY, count)
        for one, count in found
        if count
    )


def _lines(runs: Runs, table: tuple[Origin, ...]) -> tuple[object, ...]:
    return tuple(one for place, count in runs for one in [table[place] if place != _NOBODY else None] * count)
