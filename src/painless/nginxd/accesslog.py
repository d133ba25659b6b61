"""What NGINX logs about requests, carried on to an output of ours.

NGINX appends to files in the state directory and never waits for us: whether we are slow, stopped or dead,
its requests are served.  Promises whole lines in their order, files that stay small, and that no more than
``MOST`` waits for an output without room: the oldest lines are dropped then, and counted.  A controller that
is killed repeats at most ``CHUNK`` and loses nothing, since what was carried is erased.

A file system that cannot erase has the file renamed, and NGINX told to open a new one; the old one is read
until no process has it open.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Never, Protocol

from painless.nginxd.erasing import ErasedFile

CHUNK = 256 << 10
"""Bytes carried at once."""
MOST = 64 << 20
"""Bytes that wait: four seconds of all that two workers can log, half an hour of 350 requests a second."""
EVERY = 0.1
"""Seconds between two looks: nobody reads faster, and NGINX itself keeps lines for a second."""
REST = 0.5
"""The same after a look that found nothing: ten looks a second were a quarter of what rest costs."""
FINISH = 2.0
"""Seconds at the end for what is left, should the output have no room."""
RENAME_AT = 8 << 20
"""Bytes of a file that is not erased until it is renamed."""
LARGEST = 1 << 40
"""Bytes of a file that is: ext4 allows 16 TiB, and what was erased counts."""

ERRORS = "error"
"""Error logs begin so; every other file of the folder is carried."""
OLD = ".old"
"""The end of the name of a file that NGINX no longer opens."""


class Output(Protocol):
    """Where lines go."""

    def write(self, data: bytes, /) -> int:
        """Return how many bytes were taken; raises ``OSError`` when nobody will take any."""


class Writer(Protocol):
    """NGINX, as far as it writes the files."""

    def reopen_logs(self) -> None:
        """Have it open its logs anew."""

    def open_files(self) -> frozenset[str]:
        """Return what its processes have open."""


class AccessLog:
    """The access logs of one folder; without an output everything is let go.

    ``carried`` and ``dropped`` are bytes.
    """

    def __init__(
        self, folder: Path, output: Output | None, writer: Writer, *, most: int = MOST, holes: bool = True
    ) -> None:
        self.carried = 0
        self.dropped = 0
        self._folder = folder
        self._output = output
        self._writer = writer
        self._most = most
        self._holes = holes
        self._files: dict[Path, ErasedFile] = {}
        self._torn: ErasedFile | None = None
        self._owes_newline = False
        self._unreadable = ""
        self._untaken = ""
        self._alone = threading.Lock()

    def went(self) -> dict[str, int]:
        """Return how many bytes went where."""
        return {"stdout": self.carried, "dropped": self.dropped}

    @property
    def problem(self) -> str:
        """Why the log is not carried at the moment; empty when it is."""
        return self._unreadable or self._untaken

    async def run(self, told: Callable[[str], None]) -> Never:
        """Carry for ever; ``told`` hears when what is in the way changes."""
        before = ""
        while True:
            gone = self.carried + self.dropped
            done = await asyncio.to_thread(self.carry)
            if self.problem != before:
                before = self.problem
                told(before)
            await asyncio.sleep(REST if done and gone == self.carried + self.dropped else EVERY)

    async def finish(self) -> None:
        """Carry what is left when NGINX has ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH):
                await self._carried_all()
        with self._alone:
            for path in tuple(self._files):
                self._let_go(path)

    async def _carried_all(self) -> None:
        for _ in count():
            if await asyncio.to_thread(self.carry):
                return
            await asyncio.sleep(EVERY)

    def carry(self) -> bool:
        """Carry what is there; return whether that was all."""
        with self._alone:
            try:
                done = self._carry_all()
            except OSError as problem:
                self._unreadable = f"the access log cannot be read: {problem}"
                return False
            self._unreadable = ""
            return done

    def _carry_all(self) -> bool:
        files = self._found()
        done = [self._carry(one) for one in files]
        self._bound(files)
        for one in files:
            self._renew(one)
        return all(done)

    def _found(self) -> list[ErasedFile]:
        """Return the files: the one with half a line out, those that are not written any more, the others."""
        names = (one.name for one in os.scandir(self._folder) if not one.name.startswith((".", ERRORS)))
        paths = [self._folder / name for name in sorted(names)]
        for gone in set(self._files).difference(paths):
            self._let_go(gone)
        files = [one for path in paths if (one := self._file(path)) is not None]
        return sorted(files, key=lambda one: (one is not self._torn, one.path.suffix != OLD))

    def _file(self, path: Path) -> ErasedFile | None:
        known = self._files.get(path)
        if known is not None and known.is_at(path):
            return known
        if known is not None:
            self._let_go(path)
        opened = ErasedFile.open(path, holes=self._holes)
        if opened is not None:
            self._files[path] = opened
        return opened

    def _let_go(self, path: Path) -> None:
        file = self._files.pop(path)
        self._forget_half(file)
        file.close()

    def _carry(self, file: ErasedFile) -> bool:
        """Carry the lines of a file; return whether the output has taken them all."""
        # Not for ever: a writer that is faster than we are must find its bounds.
        for _ in range(self._most // CHUNK + 1):
            lines = self._lines(file)
            if not lines:
                return True
            if self._torn not in {None, file}:
                return False
            taken = self._write(lines)
            file.erase(taken)
            if taken:
                self._torn = None if lines[taken - 1] == ord("\n") else file
            if taken < len(lines):
                return False
        return False

    def _lines(self, file: ErasedFile) -> bytes:
        """Return the next whole lines; a line that is longer than a chunk comes in pieces."""
        if not file.left():
            return b""
        data = file.read(CHUNK)
        end = data.rfind(b"\n") + 1
        return data[:end] if end or len(data) < CHUNK else data

    def _write(self, lines: bytes) -> int:
        if self._output is None:
            return len(lines)
        try:
            if self._owes_newline and not self._output.write(b"\n"):
                return 0
            self._owes_newline = False
            taken = self._output.write(lines)
        except OSError as problem:
            self._untaken = f"nobody takes the access log: {problem.strerror}"
            self.dropped += len(lines)
            return len(lines)
        if taken:
            self._untaken = ""
        self.carried += taken
        return taken

    def _bound(self, files: list[ErasedFile]) -> None:
        """Drop the oldest lines when too many wait."""
        for file in files:
            over = min(sum(one.left() for one in files) - self._most, file.left())
            if over > 0:
                over += file.read(CHUNK, ahead=over).find(b"\n") + 1
                file.erase(over)
                self.dropped += over
                self._forget_half(file)

    def _forget_half(self, file: ErasedFile) -> None:
        """Note that the rest of the line that is half out will not follow."""
        if self._torn is file:
            self._torn, self._owes_newline = None, True

    def _renew(self, file: ErasedFile) -> None:
        """Rename a file that takes too much room, and remove one that nobody writes any more."""
        path = file.path
        old = path.with_name(path.name + OLD)
        if path.suffix == OLD:
            # The processes first: whoever has gone by then has written all it will.
            if str(path) not in self._writer.open_files() and not self._lines(file):
                path.unlink()
        elif file.size > (LARGEST if file.holes else RENAME_AT) and not old.exists():
            path.rename(old)
            file.path = old
            self._files[old] = self._files.pop(path)
            self._writer.reopen_logs()
