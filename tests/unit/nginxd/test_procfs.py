"""What /proc says of processes, and of those that are gone."""

import os
import subprocess
import sys
import time
from pathlib import Path

from painless.nginxd import procfs

GONE = 2**22 + 1  # Above the highest pid that Linux gives.


def test_the_markers_a_process_holds(tmp_path: Path) -> None:
    """Open marker files tell generations, deleted ones included; other open files do not."""
    run = tmp_path / "run"
    run.mkdir()
    with (run / "gen-a").open("w"), (run / "gen-b").open("w"), (run / "other").open("w"):
        (run / "gen-b").unlink()

        assert frozenset({"a", "b"}) == procfs.markers(os.getpid(), run)
        assert {os.getpid(): frozenset({"a", "b"})} == procfs.holders(run)


def test_the_marker_of_a_worker(tmp_path: Path) -> None:
    """It is found without a look at what was opened after it; nothing is found where there is none."""
    with (tmp_path / "gen-a").open("w"), (tmp_path / "other").open("w"):
        assert ("a", None) == (procfs.marker(os.getpid(), tmp_path), procfs.marker(GONE, tmp_path))


def test_a_child_and_its_end() -> None:
    """A child is listed until it is collected, and known as ended before that."""
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as child:
        living = (child.pid in procfs.children(os.getpid()), procfs.is_zombie(child.pid))
        about = (procfs.parent(child.pid), procfs.session(child.pid), procfs.title(child.pid))
        assert child.stdin is not None
        child.stdin.close()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        ended = (
            child.pid in procfs.children(os.getpid()),
            procfs.is_zombie(child.pid),
            procfs.title(child.pid),
        )

    assert (True, False) == living
    assert (os.getpid(), os.getsid(0), " ".join(command)) == about
    assert (True, True, "") == ended


def test_a_process_that_is_gone_is_nothing(tmp_path: Path) -> None:
    """Any process may go between two looks; no reader raises for it."""
    found = (procfs.title(GONE), procfs.executable(GONE), procfs.parent(GONE), procfs.session(GONE))

    assert (None, None, None, None) == found
    assert ((), frozenset(), frozenset(), "") == (
        procfs.children(GONE),
        procfs.markers(GONE, tmp_path),
        procfs.open_files(GONE),
        procfs.command(GONE),
    )


def test_when_a_process_was_started() -> None:
    """In seconds since the machine was; nothing of one that is gone."""
    began = procfs.started(os.getpid())

    assert began is not None
    assert 0 < began <= time.clock_gettime(time.CLOCK_BOOTTIME)
    assert procfs.started(GONE) is None


SOCKETS = """
import os, select, socket
from painless.nginxd import procfs
server, other = socket.create_server(("127.0.0.1", 0)), socket.socket()
inodes = [os.fstat(one.fileno()).st_ino for one in (server, other)]
print(procfs.sockets(os.getpid()) == set(inodes))
waits = select.epoll()
waits.register(server.fileno())
print(procfs.sockets(os.getpid()) == {inodes[0]})
"""


def test_the_sockets_of_a_process() -> None:
    """Those that are open, or where it waits for events, those that it waits for."""
    # A process of its own: this one may wait for events already.
    ran = subprocess.run([sys.executable, "-c", SOCKETS], capture_output=True, text=True, check=True)

    assert ["True", "True"] == ran.stdout.split()
    assert frozenset() == procfs.sockets(GONE)
