"""When to look at the folder again, and at which of its files.

The events of the operating system only ring a bell; what is there is what ``disk`` finds.  An event that
might mean more than one file (a link that was swapped, a folder that came or went) means all of them, and
so does a time without any: some changes make no event, such as those behind a link to elsewhere.
"""

import asyncio
import os
import stat
import threading
from collections.abc import Collection
from pathlib import Path

from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

from painless.folder.manifest import SUFFIXES

STEP_MS = (
    10  # a change waits this long for its companions: renames come in pairs; it also bounds idle wake-ups
)
DEBOUNCE_MS = 50  # however many companions there are, the first change waits no longer
QUIET_S = 2.0  # the rhythm of looking at everything: 1,000 files take about 5 ms
AWAY_S = 0.1  # how soon a folder that was away is seen again; one ``stat`` each time
SEPARATE_LIMIT = 200  # above so many events one listing of everything is cheaper than each by itself


class Watch:
    """A bell that rings when something below a folder may have changed.

    The class beneath ``watchfiles.awatch`` is used directly, since only that is known to watch before
    the first look; otherwise a change between look and watch would wait for ``QUIET_S``.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._stop = threading.Event()
        self._notify: RustNotify | None = None
        self._identity: tuple[int, int] | None = None
        self.fault = ""

    def renew(self) -> bool:
        """Watch the folder that has the path at the moment; tell whether that is another than before."""
        identity = _identity(self._root)
        if identity == self._identity:
            return False
        self._forget()
        self._identity = identity
        if identity is not None:
            self._begin()
        return True

    async def ring(self) -> frozenset[str] | None:
        """Wait for the bell and return the paths that changed; ``None`` means any may have."""
        if self._notify is None:
            await asyncio.sleep(AWAY_S if self._identity is None else QUIET_S)
            return None
        # Ends by itself after QUIET_S, so it needs no time-out around it.
        events = await asyncio.to_thread(
            self._notify.watch, DEBOUNCE_MS, STEP_MS, int(QUIET_S * 1000), self._stop
        )
        if isinstance(events, str):
            return None
        paths = frozenset(path for _, path in events)
        if str(self._root) in paths:
            # The folder itself went, and one that has its inode may be there already.
            self._forget()
            return None
        return paths

    def stop(self) -> None:
        """Let go of a thread that waits, within ``STEP_MS``."""
        self._stop.set()

    def _begin(self) -> None:
        try:
            self._notify = RustNotify([str(self._root)], False, False, 0, True, True)  # noqa: FBT003  its stub has no names to rely on
        except (OSError, WatchfilesRustInternalError) as error:
            self.fault = f"changes are seen only every {QUIET_S:g} s, since it cannot be watched: {error}"
        else:
            self.fault = ""

    def _forget(self) -> None:
        if self._notify is not None:
            self._notify.close()
        self._notify = self._identity = None


def named(root: Path, paths: Collection[str], known: Collection[str]) -> frozenset[str] | None:
    """Return the names of the manifests that events are about; ``None`` when it may be any."""
    if len(paths) > SEPARATE_LIMIT:
        return None
    found = set()
    for path in paths:
        name = os.path.relpath(path, root)
        if not _is_plain(path):
            if name not in known or Path(path).is_symlink():
                return None
            found.add(name)
        elif name.endswith(SUFFIXES):
            if any(part.startswith(".") for part in Path(name).parts[:-1]):
                return None
            if not Path(name).name.startswith("."):
                found.add(name)
    return frozenset(found)


def _is_plain(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def _identity(root: Path) -> tuple[int, int] | None:
    try:
        found = root.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None
