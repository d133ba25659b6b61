"""The state directory: generations, hot files and the link that says what NGINX loads next.

Promises that whatever has its final name is complete, whenever we or the machine stop; that one process
writes at a time; and that nothing is removed which something running may still open.  What runs is
``probe``'s knowledge: it is handed in.

    generations/<id>/   cold files, the generation's marker directive and its record
    current             link to the generation that NGINX loads at its next start or reload
    hot/                certificates, password files and markers, opened by the workers
    down/               the responder's markers
    run/                pid file, private socket, and a marker gen-<id> that NGINX holds open
    log/  tmp/          NGINX's own; logs are kept within bounds
    counted/            what NGINX writes for us to count, erased as we do
    requests/           the same about each request, for the process that counts them
    spans/              what NGINX writes for traces, erased as it is sent
    lock                held by the one process that writes
"""

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from painless.nginx.generation import MAIN, Generation
from painless.nginx.quoting import spelled
from painless.nginx.spans import FOLDER as SPANS
from painless.nginx.tokens import Literal
from painless.nginxd import record
from painless.nginxd.errors import StateBusy, StateUnreachable
from painless.nginxd.files import (
    PARTIAL,
    discard,
    make_folder,
    partial_beside,
    shut_out,
    sync_folder,
    within_room,
    write_whole,
)
from painless.nginxd.procfs import MARKER_PREFIX
from painless.sensitive import Sensitive

MARKER_FILE = "generation.conf"
"""The file that ``nginx.conf`` includes so that whoever loads it holds the generation's marker open."""

RECORD_FILE = "meta.json"

SPARE = 2
"""Generations kept beyond those in use: to look at after a refusal and to go back to by hand."""

PRIVATE = 0o700
TRAVERSABLE = 0o711
"""Workers, which are another user when we are root, may enter and open what they know the name of."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Disk:
    """The state directory at ``root``, held by this process until ``close``.

    ``worker_uid`` and ``worker_gid`` say whom the workers run as, where that is not us.
    """

    def __init__(self, root: Path, worker_uid: int | None = None, worker_gid: int | None = None) -> None:
        # Resolved, since the markers of processes are compared as the kernel names them.
        self.root = root.resolve()
        self._owner = None if worker_uid is None else (worker_uid, -1 if worker_gid is None else worker_gid)
        self._make_folders()
        self._refuse_shut_out_workers()
        self._lock = self._locked()
        self._sweep()

    @property
    def current(self) -> Path:
        return self.root / "current"

    @property
    def main(self) -> Path:
        """The path that NGINX is started with; it goes through the link, so each load follows it anew."""
        return self.current / MAIN

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def pid_file(self) -> Path:
        return self.run / "nginx.pid"

    @property
    def error_log(self) -> Path:
        return self.logs / "error.log"

    @property
    def logs(self) -> Path:
        return self.root / "log"

    @property
    def counted(self) -> Path:
        return self.root / "counted"

    @property
    def spans(self) -> Path:
        return self.root / SPANS

    @property
    def requests(self) -> Path:
        return self.root / "requests"

    def error_logs(self) -> list[Path]:
        """Return the error logs, of which a ConfigMap may name another, without the ends that are kept."""
        return [one for one in self.logs.glob("error*") if one.suffix != ".1" and not one.is_symlink()]

    def folder(self, id_: str) -> Path:
        assert _ID.fullmatch(id_), f"a generation's id names a folder: {id_!r}"
        return self.root / "generations" / id_

    def refuse_gone(self) -> None:
        """Refuse to write where somebody has removed what was there, our lock included."""
        if os.fstat(self._lock).st_nlink == 0:
            raise StateUnreachable(
                f"the state directory {self.root} was removed while it was in use: NGINX serves on as it is,"
                " and nothing changes until Painless is restarted"
            )

    def stage(self, generation: Generation) -> None:
        """Write the cold files; a folder that has its name is complete and is never written again."""
        target = self.folder(generation.id)
        if target.exists():
            return
        partial = partial_beside(target)
        try:
            with within_room(partial):
                partial.mkdir(mode=PRIVATE)
                for name, content in self._contents(generation).items():
                    self._write_cold(partial / _relative(name), content)
                # The text reaches the disk before its name does: NGINX may be started from it after a crash.
                sync_folder(partial)
                partial.rename(target)
                sync_folder(target.parent)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    @contextmanager
    def changed(self, id_: str, change: Callable[[str], str]) -> Iterator[Path]:
        """Yield a folder with a generation's files, its text as ``change`` has it; it is gone afterwards."""
        staged = self.folder(id_)
        partial = partial_beside(staged)
        try:
            with within_room(partial):
                partial.mkdir(mode=PRIVATE)
                for one in staged.rglob("*.*"):
                    content = one.read_bytes()
                    if one.suffix == ".conf":
                        content = change(content.decode()).encode()
                    target = partial / one.relative_to(staged)
                    target.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
                    write_whole(target, content)
            yield partial
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def put_hot(self, path: str, content: Sensitive) -> None:
        """Write a hot file in one move, for the workers' eyes only; equal content is left alone.

        Not forced to the disk: NGINX does not outlive the machine, and before it is started again the
        planner compares these files with what they should hold.
        """
        target = self._hot(path)
        with within_room(target):
            make_folder(target.parent, TRAVERSABLE)
            if self.hot(path) != content:
                write_whole(target, content.reveal(), owner=self._owner)

    def drop_hot(self, path: str) -> None:
        self._hot(path).unlink(missing_ok=True)

    def hot(self, path: str) -> Sensitive | None:
        """Return what a hot file holds at the moment."""
        try:
            return Sensitive(self._hot(path).read_bytes())
        except FileNotFoundError:
            return None

    def markers(self) -> frozenset[str]:
        """Return the hot files that are empty."""
        root = self.root / "hot"
        found = (one for one in root.rglob("*") if one.is_file() and not one.stat().st_size)
        return frozenset(str(one.relative_to(root)) for one in found)

    def keep_hot(self, paths: Collection[str]) -> None:
        """Remove every hot file but those at ``paths``."""
        root = self.root / "hot"
        for one in root.rglob("*"):
            if one.is_file() and str(one.relative_to(root)) not in paths:
                one.unlink(missing_ok=True)

    def switch(self, id_: str) -> None:
        """Make the generation the one that NGINX loads next."""
        assert self.folder(id_).is_dir(), f"generation {id_} is not staged"
        if self.current_id() == id_:
            return
        link = partial_beside(self.current)
        try:
            with within_room(self.current):
                link.symlink_to(Path("generations") / id_)
                link.replace(self.current)
                sync_folder(self.root)
        finally:
            link.unlink(missing_ok=True)

    def current_id(self) -> str | None:
        """Return the generation that ``current`` names; ``None`` before the first switch."""
        try:
            return self.current.readlink().name
        except FileNotFoundError:
            return None

    def read_generation(self, id_: str) -> Generation | None:
        """Return a staged generation, its hot files as they are on the disk at the moment.

        ``None`` when there is none, or when another version wrote it: then plan as from nothing.
        """
        folder = self.folder(id_)
        try:
            about = record.decoded((folder / RECORD_FILE).read_bytes())
        except FileNotFoundError:
            return None
        if about is None:
            return None
        names = (str(one.relative_to(folder)) for one in sorted(folder.rglob("*")) if one.is_file())
        cold = {
            one: (folder / one).read_bytes().decode()
            for one in names
            if one not in {MARKER_FILE, RECORD_FILE}
        }
        hot_root = self.root / "hot"
        # All that is there, not only what was staged: markers come and go without a generation of their own.
        found = (str(one.relative_to(hot_root)) for one in hot_root.rglob("*") if one.is_file())
        hot = {path: content for path in sorted(found) if (content := self.hot(path)) is not None}
        return record.restored(about, id_, cold, hot)

    def prune(self, in_use: Iterable[str]) -> tuple[str, ...]:
        """Remove generations that are neither in use, nor current, nor among the newest; say which."""
        staged = sorted(self._staged(), key=lambda one: one.stat().st_mtime_ns, reverse=True)
        kept = {*in_use, self.current_id()}
        spare = [one for one in staged if one.name not in kept]
        for folder in spare[SPARE:]:
            # Without its name first: half of it must not pass for a staged generation after a kill.
            partial = partial_beside(folder)
            with within_room(partial):
                folder.rename(partial)
            shutil.rmtree(partial)
        kept.update(one.name for one in spare[:SPARE])
        for marker in self.run.glob(f"{MARKER_PREFIX}*"):
            if marker.name.removeprefix(MARKER_PREFIX) not in kept:
                marker.unlink(missing_ok=True)
        return tuple(one.name for one in spare[SPARE:])

    def close(self) -> None:
        """Let another process write."""
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _contents(self, generation: Generation) -> dict[str, bytes]:
        ours = {MARKER_FILE: self._marker(generation.id), RECORD_FILE: record.encoded(generation)}
        assert not ours.keys() & generation.cold.keys(), "the compiler does not write our own two files"
        return {name: text.encode() for name, text in generation.cold.items()} | ours

    def _marker(self, id_: str) -> bytes:
        path = spelled(Literal(f"{self.run}/{MARKER_PREFIX}{id_}"), expands=False)
        return f"error_log {path} emerg;\n".encode()

    def _write_cold(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        write_whole(path, content, sync=True)

    def _hot(self, path: str) -> Path:
        return self.root / "hot" / _relative(path)

    def _staged(self) -> list[Path]:
        return [one for one in (self.root / "generations").iterdir() if _ID.fullmatch(one.name)]

    def _make_folders(self) -> None:
        try:
            make_folder(self.root, TRAVERSABLE)
            make_folder(self.root / "generations", PRIVATE)
            for name in ("hot", "down", "run", "log", "tmp", "counted", "requests", SPANS):
                make_folder(self.root / name, TRAVERSABLE)
        except OSError as cause:
            raise StateUnreachable(
                f"the state directory {self.root} cannot be prepared: {cause.filename}: {cause.strerror}"
            ) from cause

    def _refuse_shut_out_workers(self) -> None:
        if self._owner is None:
            return
        closed = shut_out(self.root / "hot", *self._owner)
        if closed is not None:
            mode = closed.stat().st_mode & 0o7777
            raise StateUnreachable(
                f"NGINX's workers run as user {self._owner[0]}, who may not enter {closed} (mode {mode:04o})"
                f" on the way to the state directory {self.root}: choose another one or chmod o+x {closed}"
            )

    def _locked(self) -> int:
        # Close-on-exec, as Python has it: an NGINX that we start must not hold the lock after us.
        with within_room(self.root / "lock"):
            lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            pid = os.read(lock, 32).decode(errors="replace").strip()
            os.close(lock)
            raise StateBusy(self.root, pid) from cause
        os.ftruncate(lock, 0)
        # The number is for people: a disk without room for it is no reason not to take over.
        with suppress(OSError):
            os.write(lock, f"{os.getpid()}\n".encode())
        return lock

    def _sweep(self) -> None:
        """Remove what a writer that was killed left unfinished."""
        for folder in (self.root, self.root / "generations", self.error_log.parent):
            for one in folder.glob(f"{PARTIAL}*"):
                discard(one)
        for one in (self.root / "hot").rglob(f"{PARTIAL}*"):
            discard(one)


def _relative(name: str) -> Path:
    path = Path(name)
    assert not path.is_absolute(), f"a file of a generation has a relative name: {name!r}"
    assert path.parts, "a file of a generation has a name"
    assert ".." not in path.parts, f"a file of a generation stays within its folder: {name!r}"
    return path
