"""A log of NGINX that is erased behind its reader, so that a file which only grows needs little room.

Promises that what was read is given back to the disk where the file system can make holes, and is zeros in
any case: whoever opens the file next begins at the first byte that is none.  The lines and where they go are
``accesslog``'s.  The file may come from a container that was taken over, so it is a regular one or none.
"""

import ctypes
import errno
import os
import stat
from pathlib import Path
from typing import Self

_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # linux/falloc.h
_CANNOT = frozenset({errno.EOPNOTSUPP, errno.ENOSYS})
_LOOK = 1 << 20  # Bytes read at once when zeros are passed over.

_libc = ctypes.CDLL(None, use_errno=True)
_libc.fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long)


def punch(fd: int, start: int, length: int) -> bool:
    """Make a hole; return whether the file system can."""
    if _libc.fallocate(fd, _KEEP_SIZE | _PUNCH_HOLE, start, length) == 0:
        return True
    error = ctypes.get_errno()
    if error in _CANNOT:
        return False
    raise OSError(error, os.strerror(error))


def overwrite(fd: int, start: int, length: int) -> None:
    """Write zeros."""
    while length > 0:
        done = os.pwrite(fd, bytes(min(length, _LOOK)), start)
        start, length = start + done, length - done


class ErasedFile:
    """A file that is read once, from its first byte that is not zero; ``holes`` is off where none can be."""

    def __init__(self, path: Path, fd: int, *, holes: bool = True) -> None:
        self.path = path
        self.holes = holes
        self.offset = 0
        self._fd = fd
        self._begin()

    @classmethod
    def open(cls, path: Path, *, holes: bool = True) -> Self | None:
        """Open it; ``None`` where there is no regular file of that name."""
        try:
            fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as problem:
            if problem.errno in {errno.ELOOP, errno.EISDIR, errno.ENXIO}:
                return None
            raise
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return cls(path, fd, holes=holes)
        os.close(fd)
        return None

    @property
    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def left(self) -> int:
        """Return how many bytes are still to be read."""
        if self.size < self.offset:
            # Somebody emptied it.
            self.offset = 0
        return self.size - self.offset

    def read(self, most: int, ahead: int = 0) -> bytes:
        """Return what comes ``ahead`` bytes after what was erased."""
        return os.pread(self._fd, most, self.offset + ahead)

    def erase(self, length: int) -> None:
        """Erase the next bytes."""
        if length and not (self.holes and punch(self._fd, self.offset, length)):
            self.holes = False
            overwrite(self._fd, self.offset, length)
        self.offset += length

    def is_at(self, path: Path) -> bool:
        """Whether this is the file of that name."""
        try:
            return os.path.samestat(os.fstat(self._fd), path.stat(follow_symlinks=False))
        except FileNotFoundError:
            return False

    def close(self) -> None:
        os.close(self._fd)

    def _begin(self) -> None:
        try:
            self.offset = os.lseek(self._fd, 0, os.SEEK_DATA)
        except OSError as problem:
            # ENXIO: there is nothing but a hole.  EINVAL: this file system knows no holes.
            self.offset = self.size if problem.errno == errno.ENXIO else 0
        while data := self.read(_LOOK):
            text = data.lstrip(b"\0")
            self.offset += len(data) - len(text)
            if text:
                break
