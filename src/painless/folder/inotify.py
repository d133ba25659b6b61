"""The kernel's notices of changes to files: three calls, and the bytes of an event.

Called here and not through a package, since none passes on what matters most: that a writer has closed a
file, which tells a file that is complete from one that is half written.
"""

import ctypes
import io
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

CLOSED = 0x8  # after writing
MOVED_AWAY, MOVED_HERE = 0x40, 0x80
CREATED, DELETED = 0x100, 0x200
SELF_DELETED, SELF_MOVED = 0x400, 0x800
UNMOUNTED, OVERFLOWN = 0x2000, 0x4000
IS_FOLDER = 0x4000_0000

_WANTED = CLOSED | MOVED_AWAY | MOVED_HERE | CREATED | DELETED | SELF_DELETED | SELF_MOVED
_ONLY_FOLDERS = 0x100_0000
_EVENT = struct.Struct("iIII")  # watch, what happened, cookie of a pair of renames, length of the name
_AT_ONCE = 64 << 10  # bytes read at once: some 1,000 events; the kernel keeps 16,384 of them

_libc = ctypes.CDLL(None, use_errno=True)


class Event(Struct, frozen=True):
    """What happened to ``name`` in the folder of a watch; no name when it happened to the folder itself."""

    watch: int
    what: int
    name: str


class Inotify:
    """One queue of events; raises ``OSError`` where the kernel has no more of them to give."""

    def __init__(self) -> None:
        number = _libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if number < 0:
            raise _error()
        # A file object, since that closes itself when a thread that hangs with us is given up.
        self._file = io.FileIO(number)

    def fileno(self) -> int:
        return self._file.fileno()

    def watch(self, path: Path) -> int:
        """Watch a folder, through links; return the number of the watch, one for each folder on disk."""
        number: int = _libc.inotify_add_watch(self.fileno(), os.fsencode(path), _WANTED | _ONLY_FOLDERS)
        if number < 0:
            raise _error()
        return number

    def read(self) -> Iterator[Event]:
        """Yield the events there are at the moment."""
        while data := self._file.read(_AT_ONCE):
            at = 0
            while at < len(data):
                watch, what, _, size = _EVENT.unpack_from(data, at)
                at += _EVENT.size + size
                yield Event(watch, what, os.fsdecode(data[at - size : at].rstrip(b"\0")))

    def close(self) -> None:
        self._file.close()


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
