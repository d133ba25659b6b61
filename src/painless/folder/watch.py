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

from asyncinotify import Inotify, Mask

from painless.folder.disk import scanned
from painless.folder.manifest import SUFFIXES

GATHER_S = 0.002  # a change waits this long for its companions: renames come in pairs
AWAY_S = 0.1  # how soon a folder that was away is seen again; one ``stat`` each time
# Named, since for one of them the kernel says "No space left on device".
_LIMITS = "fs.inotify.max_user_watches, fs.inotify.max_user_instances and that of open files"
_TRIES = 10  # at watching all folders while more of them come; those that are left are still looked at

_WANTED = (
    Mask.ONLYDIR
    | Mask.CLOSE_WRITE
    | Mask.MOVE
    | Mask.CREATE
    | Mask.DELETE
    | Mask.DELETE_SELF
    | Mask.MOVE_SELF
)
_OF_FOLDERS = Mask.ISDIR | Mask.DELETE_SELF | Mask.MOVE_SELF | Mask.UNMOUNT

Names = Mapping[str, Mask]
"""What changed, by its name below the root, each with all that happened to it."""


class Watch:
    """A bell that rings when something below a folder may have changed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._identity: tuple[int, int] | None = None
        self._notify: Inotify | None = None
        self._folders: dict[int, str] = {}
        self.fault = ""

    async def ring(self, within: float) -> bool:
        """Wait for the bell for ``within`` seconds, and return whether it rang."""
        if self._notify is None:
            await asyncio.sleep(AWAY_S if self._identity is None else within)
            return False
        # The library's ``get`` would lose what it has read when the time is over in that moment, and would
        # read here: 16,384 events take 90 ms, which are better spent in the thread that looks.
        heard, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_reader(self._notify.fd, heard.set)
        try:
            async with asyncio.timeout(within):
                await heard.wait()
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(self._notify.fd)
        await asyncio.sleep(GATHER_S)
        return True

    def narrowed(self, known: Collection[str], *, rang: bool) -> frozenset[str] | None:
        """Return the manifests to look at; ``None`` means all, which it also does when no bell rang.

        What is new is watched before anybody looks at it: a change between the two would otherwise be lost.
        """
        names = self._names() if rang else None
        identity = _identity(self._root)
        found = None
        if names is not None and identity == self._identity:
            found = named(self._root, names, known)
        if identity != self._identity or (rang and found is None) or not self._folders:
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
            self._notify = Inotify(sync_timeout=0)
            for _ in range(_TRIES):
                # A folder may come after its parent was listed and before it was watched.
                new = set(scanned(self._root).folders).difference(self._folders.values())
                if not new:
                    break
                self._add(new)
        except OSError as error:
            self.close()
            self.fault = (
                "changes are seen only every few seconds, since it cannot be watched: "
                f"{error.strerror} (the limits are {_LIMITS})"
            )

    def _add(self, names: Iterable[str]) -> None:
        notify = self._notify
        assert notify is not None, "it is made before"
        for name in names:
            # One that went, or is closed to us, is the business of whoever lists it.
            with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                self._folders[notify.add_watch(self._root / name, _WANTED).wd] = name

    def _names(self) -> Names | None:
        """Return what the events of the moment are about; ``None`` when it may be anything."""
        assert self._notify is not None, "it rang"
        names: dict[str, Mask] = {}
        for event in self._notify:
            folder = self._folders.get(event.watch.wd) if event.watch else None
            if event.mask & Mask.Q_OVERFLOW or (folder is not None and event.mask & _OF_FOLDERS):
                return None
            if folder is not None and event.name:
                name = f"{folder}{event.name}"
                names[name] = names.get(name, Mask.ZERO) | event.mask
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
        if _is_manifest(name) and (what != Mask.CREATE or status.st_nlink > 1):
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
