"""Reads what ``painless tune`` and ``painless split`` are about: measurements and manifests."""

import http.client
import re
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import click
import msgspec

from painless.cli.measuring import Sources
from painless.controller.ports import WorldError
from painless.folder.others import read_tree, read_trees
from painless.settings import SettingsError
from painless.syntax.documents import SIZE_LIMIT, Parsed
from painless.tune.measured import Measured
from painless.tune.objects import KINDS, Objects, objects
from painless.tune.pages import NoPage, Page, measured, page
from painless.tune.prometheus import Prometheus, measure

HEALTH = "http://127.0.0.1:10254/metrics"
"""Where a controller has its metrics when nobody says otherwise."""
PATIENCE = 30.0
"""Seconds for one page: with ten thousand series it is hundreds of megabytes."""
_WINDOW = re.compile(r"[1-9]\d{0,3}[smhdw]", re.ASCII)


class NotReadable(WorldError):
    """Something that was asked for cannot be read; the message is a sentence."""


def measurements(sources: Sources) -> Measured:
    """Return what was measured; raises a ``WorldError``."""
    if sources.prometheus:
        if not _WINDOW.fullmatch(sources.window):
            raise SettingsError(f'--window: found "{sources.window}", expected a time such as 6h or 7d')
        found = measure(Prometheus(sources.prometheus), sources.window, sources.match)
        if not (found.numbers or found.traffic or found.replicas):
            raise NotReadable(f"{found.source}, has no series of a controller, or --match leaves none")
        return found
    if len(sources.metrics) > 2:
        raise SettingsError(
            f"found --metrics {len(sources.metrics)} times, expected an earlier and a later page"
        )
    named = sources.metrics or (HEALTH,)
    try:
        pages = [_page(one) for one in named]
    except NotReadable as cause:
        if sources.metrics or not (sources.hpa or sources.source):
            raise
        # Objects alone say something, too.
        return Measured(source=f"nothing: {cause}")
    if len(pages) == 1 and _is_url(named[0]):
        time.sleep(sources.seconds)
        pages.append(_page(named[0]))
    pages.sort(key=lambda one: one.at)
    return measured(pages[-1], pages[0] if len(pages) > 1 else None)


def read_objects(sources: Sources) -> Objects:
    """Return what the manifests say; a file that was named and is none is told."""
    trees: list[object] = []
    if sources.source is not None:
        if not sources.source.exists():
            raise NotReadable(f"--source: {sources.source} does not exist")
        for kind in KINDS:
            trees += read_trees(sources.source, kind)
    for one in sources.hpa:
        trees += [document.value for document in _manifest(one).documents]
    # A file that holds several kinds was read for each of them.
    return objects(_once(trees))


def write(folder: Path, pastes: Mapping[str, str]) -> None:
    """Write files into a folder, which is made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in pastes.items():
            (folder / name).write_text(text)
    except OSError as cause:
        raise NotReadable(f"--write: {folder} cannot be written: {cause.strerror}") from cause
    click.echo(f"{', '.join(pastes) or 'no files'} in {folder}", err=True)


def _once(trees: list[object]) -> Iterator[object]:
    seen: set[bytes] = set()
    for one in trees:
        if (text := msgspec.json.encode(one)) not in seen:
            seen.add(text)
            yield one


def _manifest(path: Path) -> Parsed:
    try:
        data = sys.stdin.buffer.read(SIZE_LIMIT + 1) if str(path) == "-" else path.read_bytes()
    except OSError as cause:
        raise NotReadable(f"--hpa: {path} cannot be read: {cause.strerror}") from cause
    parsed = read_tree(path.name, data)
    for fault in parsed.faults:
        raise NotReadable(f"--hpa: {path}, line {fault.line}, column {fault.column}: {fault.says}")
    return parsed


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def _page(named: str) -> Page:
    try:
        if _is_url(named):
            text = _get(named)
            return page(named, time.time(), text)
        path = Path(named)
        # A file has no time of its own but this.
        return page(named, path.stat().st_mtime, path.read_text(errors="replace"))
    except NoPage as cause:
        raise NotReadable(str(cause)) from cause
    except OSError as cause:
        hint = "; is this the Pod of a controller? --metrics names another page" if named == HEALTH else ""
        raise NotReadable(f"{named} cannot be read: {cause.strerror or cause}{hint}") from cause


def _get(url: str) -> str:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE)
        try:
            connection.request("GET", parts.path or "/metrics")
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
    except (http.client.HTTPException, ValueError) as cause:
        raise NotReadable(f"{url} does not answer as a server of HTTP: {cause}") from cause
    if response.status != http.client.OK:
        raise NotReadable(f"{url} answers with status {response.status}")
    return body.decode(errors="replace")
