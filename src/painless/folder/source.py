"""The folder as a source of objects: first all of it, then each change within some milliseconds.

Keeps what was read; the neighbours know how: ``watch`` when to look, ``disk`` what changed, ``claims``
what that does to the objects.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping
from pathlib import Path

from painless.controller.ports import Change
from painless.folder.claims import Claims
from painless.folder.disk import Known, Look, look, unanswered
from painless.folder.manifest import SUFFIXES, Manifest, manifest_ref
from painless.folder.watch import Watch
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Object

READ_S = 60.0  # a file system that answers later is broken; 16 MiB of YAML take up to 9 s
QUIET_S = 2.0  # the rhythm of looking at everything, for what makes no event
SHARE = 1 / 500  # of the time at most goes into that: 5,000 files take 20 ms, and are looked at every 10 s
SETTLING_TRIES = 50  # for at most about a second the first picture waits for files that are being written


class FolderError(Exception):
    """The folder cannot be used at all: one sentence for the user, exit status 2."""


class FolderSource:
    """The objects of all manifests below one folder, and their changes.

    A file that does not parse keeps its last good content, a folder that goes away keeps all of it, and
    an object that comes out equal is not sent again.
    """

    def __init__(self, path: Path) -> None:
        self._root = path.absolute()
        self._known: dict[str, Known] = {}
        self._claims = Claims()
        self._told: tuple[Diagnostic, ...] = ()
        self._watch = Watch(self._root)
        self._due = 0.0

    async def changes(self) -> AsyncGenerator[Change, None]:
        """Yield the complete folder, then each change; raises ``FolderError`` when there is no folder."""
        if not self._root.is_dir():
            raise FolderError(_no_folder(self._root))
        try:
            yield await self._first()
            while True:
                change = await self._next()
                if change is not None:
                    yield change
        finally:
            self._watch.close()

    async def _first(self) -> Change:
        for _ in range(SETTLING_TRIES):
            found = await self._look(rang=False)
            self._keep(found)
            self._claims.put(_manifests(found))
            if not found.unsettled:
                break
        self._told = self._diagnostics()
        return Change(tuple(self._claims.objects.values()), (), self._told, first=True)

    async def _next(self) -> Change | None:
        rang = await self._watch.ring(max(0.0, self._due - _now()))
        found = await self._look(rang=rang)
        self._keep(found)
        upserts, removals = self._claims.put(_manifests(found))
        told, self._told = self._told, self._diagnostics()
        if not upserts and not removals and told == self._told:
            return None
        return Change(tuple(upserts), tuple(removals), self._told)

    async def _look(self, *, rang: bool) -> Look:
        began = _now()
        try:
            async with asyncio.timeout(READ_S):
                # A copy, since nothing can stop a thread that outlives its time-out.
                found = await asyncio.to_thread(
                    _look_at, self._watch, self._root, dict(self._known), rang=rang
                )
        except TimeoutError:
            # The thread that hangs may keep the old one.
            self._watch = Watch(self._root)
            found = unanswered(READ_S)
        if not rang:
            self._due = _now() + max(QUIET_S, (_now() - began) / SHARE)
        if found.unsettled:
            self._due = min(self._due, _now() + QUIET_S)
        return found

    def _keep(self, found: Look) -> None:
        self._known.update(found.changed)
        for name in found.gone:
            del self._known[name]

    def _diagnostics(self) -> tuple[Diagnostic, ...]:
        found = sorted(self._claims.diagnostics())
        if self._watch.fault:
            about = manifest_ref(".")
            found.append(Diagnostic(about, ".", Reason.INVALID_MANIFEST, Severity.WARNING, self._watch.fault))
        return tuple(found)


def read_folder(path: Path) -> tuple[tuple[Object, ...], tuple[Diagnostic, ...]]:
    """Return the objects of all manifests below ``path`` (or of one file) and what is wrong with them."""
    claims = Claims()
    if path.is_dir():
        claims.put(_read_all(path, None))
    elif path.is_file():
        if not path.name.endswith(SUFFIXES):
            raise FolderError(f"{path} is not a manifest, expected a name ending with {', '.join(SUFFIXES)}")
        claims.put(_read_all(path.parent, (path.name,)))
    else:
        raise FolderError(_no_folder(path))
    return tuple(claims.objects.values()), tuple(sorted(claims.diagnostics()))


def _read_all(root: Path, names: Collection[str] | None) -> dict[str, Manifest | None]:
    known: dict[str, Known] = {}
    for _ in range(SETTLING_TRIES):
        found = look(root, known, names)
        known.update(found.changed)
        if not found.unsettled:
            break
    return {name: one.manifest for name, one in known.items()}


def _look_at(watch: Watch, root: Path, known: Mapping[str, Known], *, rang: bool) -> Look:
    return look(root, known, watch.narrowed(known, rang=rang))


def _now() -> float:
    return asyncio.get_running_loop().time()


def _manifests(found: Look) -> dict[str, Manifest | None]:
    changed: dict[str, Manifest | None] = {name: one.manifest for name, one in found.changed.items()}
    return changed | dict.fromkeys(found.gone)


def _no_folder(path: Path) -> str:
    found = "is a file" if path.exists() else "does not exist"
    return f"the folder {path} {found}, expected a folder of manifests"
