"""The folder on disk: which manifests are there, which of them changed, and what they hold.

Reads only; each function works on what it is given and returns what is to be replaced, so that it may run
in a thread.  Symbolic links are followed, hidden names are not, which is what the ``..data`` links of a
mounted ConfigMap need.
"""

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from painless.folder.manifest import SUFFIXES, Manifest, kept, parse_manifest, unread
from painless.syntax.documents import SIZE_LIMIT

SETTLE_S = 0.012
"""How long a file that is found in a look at all must be left alone before it is read.

Longer than the clock of file systems ticks (4 to 10 ms), so that a later write shows in the time of change;
short enough to keep a change within 50 ms.
"""

EMPTY_S = 2.0
"""How long an empty file is taken for one that is about to be written.

The shell empties ``x.yaml`` at once in ``kustomize build > x.yaml``, and the content follows when it is done.
"""

Stat = tuple[int, int, int, int, int]
"""What shows that a file changed: device, inode, size, and the times of writing and of change."""


class Known(Struct, frozen=True, gc=False):
    """What was read of a file, and what the file looked like."""

    stat: Stat | None
    digest: bytes
    manifest: Manifest


class Scan(Struct, frozen=True):
    """The manifests below a folder, the folders that cannot be listed with the reason, and the others.

    The others end with a slash, but for the folder itself, which comes first and has no name.
    """

    files: Mapping[str, Stat]
    closed: Mapping[str, str]
    folders: tuple[str, ...] = ()


class Look(Struct, frozen=True):
    """What changed since the last look; ``unsettled`` when some files are still being written."""

    changed: Mapping[str, Known]
    gone: tuple[str, ...] = ()
    unsettled: bool = False


def look(root: Path, known: Mapping[str, Known], named: Iterable[str] | None = None) -> Look:
    """Read what changed below ``root``: of the files ``named``, which nobody writes any more, or of all."""
    scan = scanned(root) if named is None else Scan(_stats(root, named), {})
    candidates = known if named is None else [name for name in named if name in known]
    # What is named was written, even when it looks the same: the clock of a file system ticks slowly.
    changed = {
        name: seen
        for name, seen in scan.files.items()
        if named is not None or _differs(known.get(name), seen)
    }
    gone = [name for name in candidates if name not in scan.files and not _below(name, scan.closed)]
    closed = {f"{name}/": _unreadable(f"{name}/", says) for name, says in scan.closed.items()}
    settled = _settled(root, changed, gone, whole=named is None)
    left = _left(root, gone, whole=named is None)
    read = {name: _read(root, name, seen, known.get(name)) for name, seen in settled.items()}
    fresh = {name: one for name, one in {**read, **closed}.items() if one and one != known.get(name)}
    held = len(settled) < len(changed) or None in read.values() or len(left) < len(gone)
    return Look(fresh, left, held)


def _left(root: Path, gone: list[str], *, whole: bool) -> tuple[str, ...]:
    """Return those of ``gone`` that are still gone, and none when the folder itself went."""
    if not gone:
        return ()
    again = scanned(root) if whole else Scan(_stats(root, gone), {})
    closed = again.closed if root.is_dir() else {".": ""}
    return tuple(name for name in gone if name not in again.files and not _below(name, closed))


def unanswered(seconds: float) -> Look:
    """Return what is known when the disk does not answer: everything stays, and that is said."""
    return Look({"./": _unreadable("./", f"no answer within {seconds:g} s")})


def scanned(root: Path) -> Scan:
    """List the manifests below ``root``; a folder that two links lead to counts once."""
    files: dict[str, Stat] = {}
    closed: dict[str, str] = {}
    listed: list[str] = []
    seen: set[tuple[int, int]] = set(_identities(root))
    stack = [""]
    while stack:
        prefix = stack.pop()
        try:
            with os.scandir(root / prefix) as entries:
                folders = _listed(prefix, sorted(entries, key=lambda one: one.name), files, seen)
        except OSError as error:
            closed[prefix.rstrip("/") or "."] = error.strerror or str(error)
        else:
            listed.append(prefix)
            stack.extend(reversed(folders))
    return Scan(files, closed, tuple(listed))


def _identities(root: Path) -> Iterator[tuple[int, int]]:
    """Yield the identity of a folder, so that a link back to it is not followed."""
    with contextlib.suppress(OSError):
        found = root.stat()
        yield found.st_dev, found.st_ino


def _listed(
    prefix: str, entries: list[os.DirEntry[str]], files: dict[str, Stat], seen: set[tuple[int, int]]
) -> list[str]:
    folders = []
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            found = entry.stat()
        except OSError:  # It went in this moment, or is a link to nowhere.
            continue
        identity = (found.st_dev, found.st_ino)
        if stat.S_ISDIR(found.st_mode):
            if identity not in seen:
                seen.add(identity)
                folders.append(f"{prefix}{entry.name}/")
        elif stat.S_ISREG(found.st_mode) and entry.name.endswith(SUFFIXES):
            files[prefix + entry.name] = _stat_of(found)
    return folders


def _stats(root: Path, names: Iterable[str]) -> dict[str, Stat]:
    found = {}
    for name in names:
        try:
            status = (root / name).stat()
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            found[name] = _stat_of(status)
    return found


def _stat_of(found: os.stat_result) -> Stat:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _differs(known: Known | None, seen: Stat) -> bool:
    return known is None or known.stat != seen


def _below(name: str, folders: Iterable[str]) -> bool:
    return any(name.startswith(f"{one}/") or one == "." for one in folders)


def _settled(root: Path, changed: Mapping[str, Stat], gone: list[str], *, whole: bool) -> Mapping[str, Stat]:
    """Return those that nobody is writing; waits once, and only when something happened just now.

    What is gone may come back: a move is a going and a coming.  Files that are being written are left for
    the next look, which their writer brings about.
    """
    now = time.time()
    just_now = whole and any(abs(now - seen[4] / 1e9) <= SETTLE_S for seen in changed.values())
    if not gone and not just_now:
        return changed
    time.sleep(SETTLE_S)
    again = _stats(root, changed)
    return {name: seen for name, seen in changed.items() if again.get(name) == seen}


def _read(root: Path, name: str, seen: Stat, before: Known | None) -> Known | None:
    """Return what a file holds; ``None`` when it was emptied a moment ago: it may be about to be written."""
    try:
        with (root / name).open("rb") as file:
            data = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        return _unreadable(name, error.strerror or str(error), before)
    if not data and before and before.manifest.entries and time.time() - seen[3] / 1e9 < EMPTY_S:
        return None
    digest = hashlib.blake2b(data, digest_size=16).digest()
    if before and before.digest == digest:
        return Known(seen, digest, before.manifest)
    return Known(seen, digest, _best(parse_manifest(name, data), before))


def _unreadable(name: str, says: str, before: Known | None = None) -> Known:
    manifest = unread(name, f"cannot be read: {says}")
    return Known(None, b"", _best(manifest, before))


def _best(manifest: Manifest, before: Known | None) -> Manifest:
    """Return the last good content with today's faults where there is one, else what there is."""
    if before is not None and before.manifest.entries and manifest.broken:
        return kept(before.manifest, manifest)
    return manifest
