"""The folder as a source of objects: first all of it, then each change within about 50 ms."""

from collections.abc import AsyncIterator
from pathlib import Path

from msgspec import Struct

from painless.model.diagnostics import Diagnostic
from painless.model.objects import Object, ObjectRef


class FolderError(Exception):
    """The folder cannot be used at all: one sentence for the user, exit status 2."""


class Change(Struct, frozen=True):
    """What became of the folder's objects since the change before.

    ``diagnostics`` is always the complete current set.  The first change holds everything.
    """

    upserts: tuple[Object, ...]
    removals: tuple[ObjectRef, ...]
    diagnostics: tuple[Diagnostic, ...]
    first: bool = False


class FolderSource:
    """The objects of all manifests below one folder, and their changes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def changes(self) -> AsyncIterator[Change]:
        """Yield the complete folder, then each change; raises ``FolderError`` when there is no folder."""
        raise NotImplementedError


def read_folder(path: Path) -> tuple[tuple[Object, ...], tuple[Diagnostic, ...]]:
    """Return the objects of all manifests below ``path`` (or of one file) and what is wrong with them."""
    raise NotImplementedError
