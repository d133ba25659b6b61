"""Writing to a file system so that a reader finds the old content or the new, and never a part of one."""

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from painless.nginxd.errors import DiskFull

PARTIAL = ".partial-"
"""How unfinished files and folders are named; they stay only when their writer was killed."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""The volume is full, our quota is, or a limit on file sizes (RLIMIT_FSIZE) is in the way."""


@contextmanager
def within_room(path: Path) -> Iterator[None]:
    """Turn the several ways of being out of room into one that names what was to be written."""
    try:
        yield
    except OSError as cause:
        if cause.errno in _NO_ROOM:
            raise DiskFull(path) from cause
        raise


def partial_beside(path: Path) -> Path:
    """Return a name for what will be at ``path``, or was, and is not whole."""
    return path.with_name(f"{PARTIAL}{secrets.token_hex(8)}")


def write_whole(
    path: Path, content: bytes, *, owner: tuple[int, int] | None = None, sync: bool = False
) -> None:
    """Put ``content`` at ``path`` in one move, readable for its owner alone.

    With ``sync`` it has reached the disk before it has its name.
    """
    partial = partial_beside(path)
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            if owner is not None:
                os.fchown(file.fileno(), *owner)
            file.write(content)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def discard(path: Path) -> None:
    """Remove a file, a link or a folder with what is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def make_folder(path: Path, mode: int) -> None:
    """Make a folder and what is missing above it, with ``mode`` whatever the umask is; keep existing ones."""
    if _is_finished(path):
        return
    make_folder(path.parent, mode)
    path.mkdir(mode=0, exist_ok=True)
    path.chmod(mode)


def _is_finished(path: Path) -> bool:
    """Whether a folder is there; one without any mode is not, its maker was killed before it had its own."""
    try:
        return bool(stat.S_IMODE(path.stat().st_mode))
    except (FileNotFoundError, PermissionError):
        # What is below an unfinished one cannot be seen.
        return False


def sync_folder(path: Path) -> None:
    """Have the names in a folder survive a crash of the machine, and not only what they stand for."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def shut_out(path: Path, uid: int, gid: int) -> Path | None:
    """Return the first folder on the way to ``path`` that the user may not enter, by its mode."""
    for folder in (*reversed(path.parents), path):
        about = folder.stat()
        if uid == about.st_uid:
            needed = stat.S_IXUSR
        elif gid == about.st_gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if uid != 0 and not about.st_mode & needed:
            return folder
    return None
