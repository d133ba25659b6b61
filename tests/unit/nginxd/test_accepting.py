"""What a sample has, of a process that is taken for an NGINX: this one, with sockets that it listens on.

And of what may not be looked at: asked by somebody without rights, in a process of his own.
"""

import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from painless.demo.ports import LOOPBACK
from painless.kernel import sockdiag
from painless.nginxd.accepting import Accepting
from painless.nginxd.limits import facts
from painless.nginxd.probe import WORKER, Sight, Worker
from painless.plan.accepting import Queue, Sample

OURSELVES = os.getpid()
LIMIT = 2
"""The backlog of each socket here."""


class Listeners:
    """Sockets of this process that listen at one place, ``some`` with a queue each."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.place = (LOOPBACK, 0)

    def one(self) -> int:
        """Listen once more at the same place; return the socket's inode."""
        made = self._stack.enter_context(socket.socket())
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(self.place)
        made.listen(LIMIT)
        self.place = made.getsockname()
        self.last = made
        return os.fstat(made.fileno()).st_ino

    def client(self) -> None:
        self._stack.enter_context(socket.create_connection(self.place))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


@pytest.fixture
def listeners(stack: ExitStack) -> Listeners:
    return Listeners(stack)


@pytest.fixture
def accepting(tmp_path: Path) -> Accepting:
    return Accepting(
        lambda: Sight(OURSELVES, frozenset(), (Worker(OURSELVES, WORKER, "id"),)), tmp_path / "log"
    )


def sampled(one: Accepting, listeners: Listeners) -> tuple[Sample, list[Queue]]:
    """Return a sample, and the queues of the test in it: others of this process may be there."""
    sample = one.sample()
    assert sample is not None
    host, port = listeners.place
    return sample, [queue for queue in sample.queues if queue.listen == f"{host}:{port}"]


def test_a_queue_that_workers_share(accepting: Accepting, listeners: Listeners) -> None:
    """What waits, what may wait, and nobody's in particular."""
    inode = listeners.one()
    listeners.client()
    _, [queue] = sampled(accepting, listeners)
    expected = Queue("{}:{}".format(*listeners.place), inode, depth=1, limit=LIMIT, drops=0)
    assert (expected, "all") == (queue, queue.worker)


def test_a_queue_for_each_worker(accepting: Accepting, listeners: Listeners, stack: ExitStack) -> None:
    """Whose it is tells what a worker waits for, since all have all sockets open."""
    first, second = listeners.one(), listeners.one()
    epoll = stack.enter_context(select.epoll())
    epoll.register(listeners.last, select.EPOLLIN)
    _, queues = sampled(accepting, listeners)
    assert {first: None, second: OURSELVES} == {one.inode: one.pid for one in queues}
    assert ["0", "1"] == [one.worker for one in queues]


def test_a_worker(accepting: Accepting, listeners: Listeners) -> None:
    """It runs: it asks for itself; and it has its files and some time on a CPU."""
    sample, _ = sampled(accepting, listeners)
    [worker] = sample.workers
    soft = os.sysconf("SC_OPEN_MAX")
    assert ("R", 0.0, soft) == (worker.state, worker.stopped, worker.most_files)
    assert 0 < worker.ran
    open_here = len(list(Path(f"/proc/{OURSELVES}/fd").iterdir()))
    assert open_here - 2 <= (worker.files or 0) <= open_here + 2


def test_accepting_fails_for_want_of_files(
    accepting: Accepting, listeners: Listeners, tmp_path: Path
) -> None:
    """What the error log says since we look, counted once; also when the log was emptied meanwhile."""
    log = tmp_path / "log"
    line = "2026/11/24 10:00:00 [crit] 7#7: accept4() failed (24: Too many open files)\n"
    counts = []
    for text in (line * 2, line * 2 + "something else\n" + line, line):
        log.write_text(text)
        counts.append(sampled(accepting, listeners)[0].refusals)
    assert [2, 3, 4] == counts


def test_nginx_does_not_run(tmp_path: Path) -> None:
    """No sample is not an empty one."""
    one = Accepting(lambda: None, tmp_path / "log")
    one.glance()
    assert None is one.sample()


def test_what_limits_clients(accepting: Accepting, listeners: Listeners) -> None:
    """Clients are counted at the places where NGINX listens, whatever else is connected."""
    listeners.one()
    listeners.client()
    sample, _ = sampled(accepting, listeners)
    found = facts(sample, "events {\n    worker_connections 1234;\n}\n", None)
    here = sum(one.port == listeners.place[1] for one in sockdiag.connections())
    assert (1234, True) == (found.worker_connections, found.clients >= here > 0)
    assert (1, True) == (found.workers, (found.local_ports or 0) > 1000)


_AS_NOBODY = """
import os, sys
from pathlib import Path
from painless.nginxd.accepting import Accepting
from painless.nginxd.probe import Sight, Worker
os.setgroups([]); os.setgid(65534); os.setuid(65534)
pid = int(sys.argv[1])
sight = Sight(pid, frozenset(), (Worker(pid, "nginx: worker process", "id"),))
one = Accepting(lambda: sight, Path("/nowhere"))
sample = one.sample()
print(sample.queues, [worker.most_files for worker in sample.workers], *one.missing, sep="\\n")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without rights")
def test_without_rights(listeners: Listeners) -> None:
    """What is unknown is left out, and the right that would show it is named."""
    listeners.one()
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, str(OURSELVES)],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert "" == done.stderr
    queues, files, *missing = done.stdout.splitlines()
    assert ("()", f"[{os.sysconf('SC_OPEN_MAX')}]") == (queues, files)
    assert ["CAP_SYS_PTRACE, or NGINX's own user, to see which listeners are NGINX's"] == missing
