"""``painless plan --running``: what a change would do to what runs now, as the controller says it.

Manifests are read here, so that what is wrong with a file is said with its line; the controller gets objects.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec import Struct

from painless.cli.columns import counted, size, span, table
from painless.cli.running import ask
from painless.cli.status import held, kinds
from painless.controller.ports import WorldError
from painless.folder.manifest import SUFFIXES
from painless.plan.changes import Effect
from painless.plan.price import Finding, Notice, Price, Wait
from painless.syntax.documents import Parsed
from painless.syntax.jsontext import parse_json
from painless.syntax.yaml import parse_yaml


class Question(Struct, frozen=True):
    """Which files, and whether their objects would be applied or deleted."""

    files: tuple[Path, ...]
    delete: bool
    diff: bool
    as_json: bool


class BrokenManifest(WorldError):
    """A file that cannot be read or is no manifest; the message is a sentence with its place."""


def forecast(state: Path, question: Question) -> None:
    """Ask the controller of a state directory, and show its answer."""
    trees = [tree for path in question.files for name in _files(path) for tree in _trees(name)]
    body = {"delete" if question.delete else "apply": trees, "diff": question.diff}
    raw = ask(state, "/v1/plan", msgspec.json.encode(body))
    if question.as_json:
        click.echo(msgspec.json.format(raw, indent=2))
        return
    for line in lines(msgspec.json.decode(raw, type=Price)):
        click.echo(line)


def _files(path: Path) -> list[Path]:
    """Return a file, or those in a folder that kubectl would read."""
    if not path.is_dir():
        return [path]
    found = sorted(one for one in path.iterdir() if one.name.endswith(SUFFIXES))
    if not found:
        raise BrokenManifest(f"found no manifest in {path}, expected files named {', '.join(SUFFIXES)}")
    return found


def _trees(path: Path) -> Iterator[Any]:
    name = "standard input" if str(path) == "-" else str(path)
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as cause:
        raise BrokenManifest(f"{name} cannot be read: {cause.strerror}") from cause
    parsed: Parsed = parse_json(data) if path.name.endswith(".json") else parse_yaml(data)
    for fault in parsed.faults:
        raise BrokenManifest(f"{name}:{fault.line}:{fault.column}: {fault.says}")
    for document in parsed.documents:
        if isinstance(document.value, dict):
            yield document.value
        elif document.value is not None:
            says = "found no object, expected one with apiVersion and kind"
            raise BrokenManifest(f"{name}:{document.line}: {says}")


_MEANING = {
    Effect.NONE: "nothing changes",
    Effect.LIVE: "takes effect without a reload",
    Effect.RELOAD: "NGINX has to load a new configuration",
}


def lines(found: Price) -> Iterator[str]:
    """Yield what people are shown."""
    yield f"{found.effect.upper()}: {_MEANING[found.effect]}" + (", twice" if found.loads > 1 else "")
    yield from (f"  {one}" for one in found.reasons)
    yield from (f"  writes {one}" for one in found.hot_files)
    yield from (f"  tells the addresses of {one}" for one in found.endpoints)
    yield from (f"  without effect: {one}" for one in found.ignored)
    if found.more:
        yield f"  and {found.more} more"
    if found.pending:
        yield f"  {counted(found.pending, 'object')} changed before and will be served with it"
    if found.effect is Effect.RELOAD:
        yield from _cost(found)
    yield from _findings(found)
    yield from found.diff.splitlines()


def _cost(found: Price) -> Iterator[str]:
    yield ""
    if found.notice is None:
        yield "whom it puts on notice is not known"
    else:
        heads = ("GENERATION", "WORKERS", "HTTP", "UPGRADED", "STREAM", "MEMORY", "THEN", "HELD BY")
        yield from table(heads, map(_row, found.notice))
    yield f"memory while old and new workers run: {size(found.memory)} more"
    if found.wait:
        yield _waits(found.wait)
        yield from (f"  {one}" for one in found.wait.retires)


def _waits(one: Wait) -> str:
    if one.seconds is None:
        return f"it would wait until there is more memory: {one.why}"
    return f"it would wait for {one.seconds:.1f} s at most: {one.why}" if one.seconds else "it would not wait"


def _row(one: Notice) -> tuple[str, ...]:
    then = "put on notice" if one.draining is None else f"drains since {span(one.draining)}"
    return (
        one.generation,
        str(one.workers),
        *kinds(one.connections),
        size(one.memory),
        then,
        held(one.held_by),
    )


def _findings(found: Price) -> Iterator[str]:
    if found.findings:
        yield ""
    yield from map(_finding, found.findings)
    if found.resolved:
        yield f"{counted(found.resolved, 'finding')} would be gone"


def _finding(one: Finding) -> str:
    about = f"{one.kind} {one.namespace}/{one.name}" if one.namespace else f"{one.kind} {one.name}"
    return f"{one.severity}: {about} {one.field}: {one.says} [{one.reason}]"
