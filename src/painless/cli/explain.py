"""``painless explain``: a request, a line, or a name; what it is and who asked for it.

A URL is explained by the controller of a state directory, or without one by the manifests of ``--source``.
What is said comes from ``painless.explain``; how it looks is ``explained``'s.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import click
import msgspec
from msgspec import Struct, structs

from painless.cli import explained
from painless.cli.offline import options_for
from painless.cli.running import ask
from painless.compiler import compile_snapshot
from painless.controller.ports import WorldError
from painless.discovery.zone import answer
from painless.explain.answer import Explanation
from painless.explain.asked import NotUnderstood, Request, understood
from painless.explain.lines import NoSuchLine, line
from painless.explain.names import meanings, nearest
from painless.explain.request import request
from painless.explain.scene import Known, upstreams_of
from painless.model.objects import EndpointSlice
from painless.model.snapshot import snapshot_of
from painless.nginx.reader import ReadError
from painless.nginxd import record
from painless.settings import Settings
from painless.sources import Read, read_once, trusts_loopback

ANSWERED, NOBODY, NOT_UNDERSTOOD = 0, 1, 2
"""Exit statuses."""

_LINE = re.compile(r"(?P<file>.+):(?P<number>\d{1,9})")
_RECORDS = ("painless.json", "meta.json")
"""Files beside a configuration that say who asked for each line: of ``render``, and of a controller."""


class Question(Struct, frozen=True):
    """What is asked, and how it is shown; ``settings`` are made where manifests are read."""

    what: str
    method: str
    headers: tuple[str, ...]
    client: str
    state: Path
    settings: Callable[[], Settings] | None
    prefix: str
    as_json: bool
    whole: bool


def explain(question: Question) -> int:
    """Show the answer; return the exit status."""
    what = question.what
    if "://" in what:
        return _request(question)
    if found := _LINE.fullmatch(what):
        return _line(question, Path(found["file"]), int(found["number"]))
    return _name(question)


def _request(question: Question) -> int:
    asked = understood(question.what, question.method, question.headers, question.client)
    if isinstance(asked, NotUnderstood):
        return _not_understood(asked.says)
    settings = question.settings
    found = _of_manifests(settings(), asked) if settings else _of_running(question)
    _show(question, found, explained.request(found, whole=question.whole))
    return ANSWERED if found.served else NOBODY


def _of_running(question: Question) -> Explanation:
    fields = [("url", question.what), ("method", question.method), ("client", question.client)]
    query = urlencode([*fields, *(("header", one) for one in question.headers)])
    return msgspec.json.decode(ask(question.state, f"/v1/explain?{query}"), type=Explanation)


def _of_manifests(settings: Settings, asked: Request) -> Explanation:
    read = read_once(settings)
    options = structs.replace(options_for(settings, None), read_classes=read.classes)
    snapshot = snapshot_of(read.objects)
    compiled = compile_snapshot(snapshot, options)
    some = upstreams_of(compiled.site, asked)
    found = (answer(one, _slices(read), allow_loopback=trusts_loopback(settings))[0] for one in some)
    peers = {
        one.upstream: tuple(f"{peer.address}:{peer.port}" for peer in one.peers)
        for one in found
        if not one.external
    }
    return request(Known(compiled, snapshot, options, peers), asked)


def _slices(read: Read) -> Iterator[EndpointSlice]:
    return (one for one in read.objects if isinstance(one, EndpointSlice))


def _line(question: Question, file: Path, number: int) -> int:
    path = file if file.exists() else question.state / "current" / file
    try:
        text = path.read_text(errors="replace")
    except OSError as cause:
        raise WorldError(f"{file} cannot be read: {cause.strerror}; nor has {question.state} it") from cause
    try:
        found = line(text, _origins(path), number)
    except ReadError as problem:
        return _not_understood(str(problem))
    if isinstance(found, NoSuchLine):
        return _not_understood(f"{file}: {found.says}")
    _show(question, found, explained.line(found))
    return ANSWERED


def _origins(path: Path) -> tuple[object, ...]:
    """Return what put each line there; nothing where nobody has written that down."""
    for name in _RECORDS:
        try:
            about = record.decoded((path.parent / name).read_bytes())
        except OSError:
            continue
        if about is not None:
            return record.restored(about, "", {}, {}).origins.get(path.name, ())
    return ()


def _name(question: Question) -> int:
    found = meanings(question.what, question.prefix)
    if not found:
        guesses = nearest(question.what, question.prefix)
        more = f"; did you mean {', '.join(guesses)}?" if guesses else ""
        expected = "a URL, FILE:LINE, a directive, an annotation, a key of the ConfigMap or a finding"
        return _not_understood(f"found {question.what!r}, expected {expected}{more}")
    _show(question, found, explained.names(found))
    return ANSWERED


def _not_understood(says: str) -> int:
    click.echo(f"painless: {says}", err=True)
    return NOT_UNDERSTOOD


def _show(question: Question, found: object, lines: Iterator[str]) -> None:
    if question.as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
        return
    for one in lines:
        click.echo(one)
