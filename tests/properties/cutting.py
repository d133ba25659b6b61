"""The world stops our own file operations, at any of them: by a kill, or because the disk is full.

Python announces each operation to audit hooks before it is done, and a hook may raise: so production code
needs no seam, and no operation is forgotten.
"""

import errno
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path

_CHANGES = frozenset(
    {"open", "os.mkdir", "os.rename", "os.symlink", "os.remove", "os.rmdir", "os.chmod", "os.truncate"}
)
_WITHOUT_ROOM = frozenset({"open", "os.mkdir", "os.rename", "os.symlink"})
_FOR_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Ending(Enum):
    """How it ends: nothing is done afterwards, or what needs room fails and the program goes on."""

    KILLED = "killed"
    FULL = "full"


class Cut(BaseException):
    """The process was killed: nobody catches this, and what would clean up is cut as well."""


class _Operations:
    """Counts changes of files by one thread, and stops them from the one that was asked for on."""

    def __init__(self) -> None:
        self.thread = 0
        self.left = 0
        self.ending = Ending.KILLED
        self.happened = False

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.thread != threading.get_ident() or event not in _CHANGES:
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _FOR_WRITING):
            return
        self.left -= 1
        if self.left > 0:
            return
        if self.ending is Ending.KILLED:
            self.happened = True
            raise Cut(event)
        if event in _WITHOUT_ROOM and not (event == "open" and Path(str(arguments[0])).exists()):
            self.happened = True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


_OPERATIONS = _Operations()
_HOOKED: list[bool] = []  # A hook stays for the life of the process, so there is one.


@contextmanager
def cut_at(number: int, ending: Ending) -> Iterator[_Operations]:
    """End the block at the ``number``-th change of a file that this thread makes in it."""
    if not _HOOKED:
        _HOOKED.append(True)
        sys.addaudithook(_OPERATIONS.hook)
    _OPERATIONS.left, _OPERATIONS.ending, _OPERATIONS.happened = number, ending, False
    _OPERATIONS.thread = threading.get_ident()
    try:
        yield _OPERATIONS
    finally:
        _OPERATIONS.thread = 0


def close_all_below(root: Path) -> None:
    """Close what this process has open in a folder, as the kernel does for one that was killed."""
    for one in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if one.readlink().is_relative_to(root):
                os.close(int(one.name))
