"""What NGINX appends is carried on whole and in order, in a file that stays small, whoever stops reading."""

import asyncio
import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from painless.nginxd.accesslog import CHUNK, RENAME_AT, AccessLog
from painless.nginxd.erasing import ErasedFile
from painless.output import Output

LINE = b"127.0.0.1 - - request %d " + b"x" * 80 + b"\n"
DEADLINE = 30.0  # Seconds; a fraction of one on a free machine.
HOLES = pytest.mark.parametrize("holes", [True, False])


class Taken:
    """An output with so much room."""

    def __init__(self, room: int = sys.maxsize) -> None:
        self.room = room
        self.data = bytearray()
        self.gone = False

    def write(self, data: bytes) -> int:
        if self.gone:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        taken = min(len(data), self.room)
        self.room -= taken
        self.data += data[:taken]
        return taken


class Appending:
    """NGINX, as far as it appends to a log and opens it anew when it is told to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._file = path.open("ab", buffering=0)
        self.reopened = 0

    def write(self, data: bytes) -> None:
        with self._lock:
            self._file.write(data)

    def reopen_logs(self) -> None:
        with self._lock:
            self._file.close()
            self._file = self._path.open("ab", buffering=0)
            self.reopened += 1

    def close(self) -> None:
        self._file.close()

    def open_files(self) -> frozenset[str]:
        return frozenset({os.readlink(f"/proc/self/fd/{self._file.fileno()}")})  # noqa: PTH115


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Appending]:
    (tmp_path / "error.log").write_bytes(b"not ours to carry\n")
    with closing(Appending(tmp_path / "access.log")) as one:
        yield one


def used(folder: Path) -> int:
    found = 0
    for one in folder.iterdir():
        # A file that was renamed may be gone by the time we look.
        with suppress(FileNotFoundError):
            found += 0 if one.name.startswith("error") else 512 * one.stat().st_blocks
    return found


def lines(start: int, stop: int) -> bytes:
    return b"".join(LINE % one for one in range(start, stop))


@HOLES
def test_lines_arrive_whole_once_and_in_order(tmp_path: Path, nginx: Appending, *, holes: bool) -> None:
    """Half a line waits for its other half; what goes to error logs stays there."""
    output = Taken()
    log = AccessLog(tmp_path, output, nginx, holes=holes)
    nginx.write(lines(0, 3) + b"half ")
    assert log.carry()
    assert lines(0, 3) == output.data
    nginx.write(b"a line\n" + lines(3, 9000))
    log.carry()
    assert lines(0, 3) + b"half a line\n" + lines(3, 9000) == output.data
    assert (len(output.data), 0) == (log.carried, 0)


@HOLES
async def test_a_file_stays_small_however_much_is_written(
    tmp_path: Path, nginx: Appending, *, holes: bool
) -> None:
    """200 MB at once, much of it while we look, take a few MB of disk, and all of it arrives."""
    block = lines(0, 2000)
    blocks = 200_000_000 // len(block)
    output = Taken()
    log = AccessLog(tmp_path, output, nginx, holes=holes)
    most = 0

    def write() -> None:
        for at in range(blocks):
            nginx.write(block)
            if at % 20 == 0:
                # No faster than a disk could.
                log.carry()

    async with asyncio.TaskGroup() as group:
        running = group.create_task(asyncio.to_thread(write))
        while not running.done():
            await asyncio.to_thread(log.carry)
            most = max(most, used(tmp_path))
    while not log.carry():
        pass
    assert (blocks * len(block), 0) == (len(output.data), log.dropped)
    assert block * 3 == output.data[-3 * len(block) :]
    assert most < 20 * len(block) + 2 * RENAME_AT + (1 << 20)
    assert holes == (nginx.reopened == 0)


@HOLES
def test_what_nobody_takes_is_bounded_and_counted(tmp_path: Path, nginx: Appending, *, holes: bool) -> None:
    """An output that stops costs the oldest lines and nothing else; what comes later is whole again."""
    most = 4 * CHUNK
    output = Taken(room=len(lines(0, 10)) + 7)
    log = AccessLog(tmp_path, output, nginx, most=most, holes=holes)
    number = 0
    for _ in range(100):
        nginx.write(lines(number, number + 5000))
        number += 5000
        assert not log.carry()
        assert used(tmp_path) < most + 5000 * len(LINE) + 2 * RENAME_AT
    output.room = sys.maxsize
    while not log.carry():
        pass
    taken = output.data.decode().splitlines()
    assert lines(0, 10).decode().splitlines() == taken[:10]
    assert (LINE % 10)[:7].decode() == taken[10]
    rest = [int(one.split()[4]) for one in taken[11:]]
    assert list(range(rest[0], number)) == rest
    # All but a newline, which ends the line that was cut.
    assert len(lines(0, number)) == log.dropped + log.carried
    assert log.dropped > 0


@HOLES
def test_a_controller_that_was_killed_repeats_and_loses_nothing(
    tmp_path: Path, nginx: Appending, *, holes: bool
) -> None:
    """The next one begins where the last one ended, in the middle of a line if that is where it was."""
    output = Taken(room=len(lines(0, 500)) + 11)
    nginx.write(lines(0, 1000))
    AccessLog(tmp_path, output, nginx, holes=holes).carry()
    nginx.write(lines(1000, 2000))
    output.room = sys.maxsize
    AccessLog(tmp_path, output, nginx, holes=holes).carry()
    assert lines(0, 2000) == output.data


def test_a_reader_that_is_gone_stops_nothing(tmp_path: Path, nginx: Appending) -> None:
    """Its lines are dropped; who comes back has the next ones."""
    output = Taken()
    log = AccessLog(tmp_path, output, nginx)
    output.gone = True
    nginx.write(lines(0, 10))
    log.carry()
    assert (len(lines(0, 10)), "nobody takes the access log: Broken pipe") == (log.dropped, log.problem)
    output.gone = False
    nginx.write(lines(10, 20))
    log.carry()
    assert (lines(10, 20), "") == (bytes(output.data), log.problem)


def test_two_files_do_not_meet_in_one_line(tmp_path: Path, nginx: Appending) -> None:
    """Requests and connections may have a file each."""
    output = Taken(room=20)
    log = AccessLog(tmp_path, output, nginx)
    nginx.write(lines(0, 100))
    (tmp_path / "stream.log").write_bytes(b"stream\n" * 100)
    log.carry()
    for _ in range(2000):
        output.room = 37
        log.carry()
    assert sorted([*lines(0, 100).splitlines(), *[b"stream"] * 100]) == sorted(output.data.splitlines())


def test_without_an_output_all_is_let_go(tmp_path: Path, nginx: Appending) -> None:
    """An NGINX of earlier settings may still write."""
    log = AccessLog(tmp_path, None, nginx)
    nginx.write(lines(0, 10_000))
    assert log.carry()
    assert (0, 0) == (log.carried, log.dropped)
    assert used(tmp_path) < 65_536


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    """Another container writes to the folder: a link must not have us empty what it leads to."""
    victim = tmp_path / "error.log"
    victim.write_bytes(b"precious\n")
    (tmp_path / "link").symlink_to(victim)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    found = [ErasedFile.open(tmp_path / name) for name in ("link", "fifo", "folder", "missing")]
    assert ([None] * 4, b"precious\n") == (found, victim.read_bytes())


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for one in ends:
        with suppress(OSError):
            os.close(one)


def _denied(output: Output, fd: int) -> None:
    """Have it as where our end may not be opened anew."""
    output._fd, output._most = fd, 4096


@pytest.mark.parametrize("prepare", [lambda *_: None, _denied], ids=["anew", "as it is"])
def test_a_full_pipe_takes_nothing_and_nobody_waits(
    pipe: tuple[int, int], prepare: Callable[[Output, int], None]
) -> None:
    """What the reader has made room for is taken later, and all of it comes in order."""
    reading, writing = pipe
    output = Output(writing)
    prepare(output, writing)
    data = lines(0, 20_000)
    taken = output.write(data)
    assert 0 < taken < len(data)
    assert 0 == output.write(data[taken:])
    seen = b""
    while taken < len(data):
        seen += os.read(reading, 10_000)
        taken += output.write(data[taken:])
    while len(seen) < len(data):
        seen += os.read(reading, 65_536)
    assert data == seen
    # Whoever shares the pipe with us still waits when it writes.
    assert os.get_blocking(writing)


def test_a_pipe_without_a_reader_says_so(pipe: tuple[int, int]) -> None:
    """SIGPIPE, were it not ignored, would end us."""
    reading, writing = pipe
    output = Output(writing)
    os.close(reading)
    assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN
    with pytest.raises(BrokenPipeError):
        output.write(b"a line\n")


def test_a_file_takes_all(tmp_path: Path) -> None:
    """Other lines in it stay as they are."""
    with (tmp_path / "out").open("ab", buffering=0) as file:
        file.write(b"before\n")
        assert 3_000_000 == Output(file.fileno()).write(b"x" * 3_000_000)
        file.write(b"after\n")
    assert b"before\n" + b"x" * 3_000_000 + b"after\n" == (tmp_path / "out").read_bytes()
