"""When to look at the folder again, and at which of its files.

The kernel's events only ring a bell; what is there is what ``disk`` finds.  A file is named when its writer
has closed it, or when it was moved or removed.  Whatever might mean more than one file (a link that was
swapped, a folder that came or went) means all of them, and so does a time without any event: some changes
make none, such as those behind a link to elsewhere, or on another machine.
"""

import asyncio
import contextlib
import stat
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from painless.folder import inotify
from painless.folder.disk import scanned
from painless.folder.inotify import Event, Inotify
from painless.folder.manifest import SUFFIXES

GATHER_S = 0.002  # a change waits this long for its companions: renames come in pairs
AWAY_S = 0.1  # how soon a folder that was away is seen again; one ``stat`` each time
_TRIES = 10  # at watching all folders while more of them come; those that are left are still looked at

_OF_FOLDERS = inotify.SELF_DELETED | inotify.SELF_MOVED | inotify.UNMOUNTED

Names = Mapping[str, int]
"""What changed, by its name below the root, each with all that happened to it."""


class Watch:
    """A bell that rings when something below a folder may have changed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._identity: tuple[int, int] | None = None
        self._notify: Inotify | None = None
        self._folders: dict[int, str] = {}
        self.fault = ""

    async def ring(self, within: float) -> Names | None:
        """Wait for the bell and return what changed; ``None`` means that anything may have.

        That is so after ``within`` seconds without a bell as well.
        """
        if self._notify is None:
            await asyncio.sleep(AWAY_S if self._identity is None else within)
            return None
        heard, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_reader(self._notify, heard.set)
        try:
            async with asyncio.timeout(within):
                await heard.wait()
        except TimeoutError:
            return None
        finally:
            loop.remove_reader(self._notify)
        await asyncio.sleep(GATHER_S)
        return self._names(self._notify.read())

    def narrowed(self, names: Names | None, known: Collection[str]) -> frozenset[str] | None:
        """Return the manifests to look at; ``None`` means all.

        What is new is watched before anybody looks at it: a change between the two would otherwise be lost.
        """
        identity = _identity(self._root)
        found = None
        if names is not None and identity == self._identity:
            found = named(self._root, names, known)
        if identity != self._identity or (names is not None and found is None) or not self._folders:
            self._begin(identity)
        return found

    def close(self) -> None:
        if self._notify is not None:
            self._notify.close()
        self._notify, self._folders = None, {}

    def _begin(self, identity: tuple[int, int] | None) -> None:
        """Watch the folder that has the path at the moment, and all below it."""
        self.close()
        self._identity, self.fault = identity, ""
        if identity is None:
            return
        try:
            self._notify = Inotify()
            for _ in range(_TRIES):
                # A folder may come after its parent was listed and before it was watched.
                new = set(scanned(self._root).folders).difference(self._folders.values())
                if not new:
                    break
                self._add(new)
        except OSError as error:
            self.close()
            self.fault = f"changes are seen only every few seconds, since it cannot be watched: {error}"

    def _add(self, names: Iterable[str]) -> None:
        notify = self._notify
        assert notify is not None, "it is made before"
        for name in names:
            # One that went, or is closed to us, is the business of whoever lists it.
            with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                self._folders[notify.watch(self._root / name)] = name

    def _names(self, events: Iterable[Event]) -> Names | None:
        names: dict[str, int] = {}
        for event in events:
            folder = self._folders.get(event.watch)
            lost = event.what & inotify.OVERFLOWN
            if lost or (folder is not None and event.what & (inotify.IS_FOLDER | _OF_FOLDERS)):
                # The numbers of the watches may no longer mean the folders they were made for.
                self._folders = {}
                return None
            if folder is not None and event.name:
                name = folder + event.name
                names[name] = names.get(name, 0) | event.what
        return names


def named(root: Path, names: Names, known: Collection[str]) -> frozenset[str] | None:
    """Return the manifests that events are about; ``None`` when it may be any."""
    found = set()
    for name, what in names.items():
        try:
            status = (root / name).lstat()
        except OSError:
            if name in known:
                found.add(name)
            elif any(one.startswith(f"{name}/") for one in known):
                return None  # A link to a folder went, which is no folder to the kernel.
            continue
        if stat.S_ISLNK(status.st_mode):
            return None
        # What was only created is being written, and its writer will close it; another link to a file is not.
        if _is_manifest(name) and (what != inotify.CREATED or status.st_nlink > 1):
            found.add(name)
    return frozenset(found)


def _is_manifest(name: str) -> bool:
    return name.endswith(SUFFIXES) and not name.rpartition("/")[2].startswith(".")


def _identity(root: Path) -> tuple[int, int] | None:
    try:
        found = root.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None
