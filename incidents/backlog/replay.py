"""NGINX asks for an accept queue of 511, whatever the kernel grants.

Everybody comes back at the same moment, as after an outage, while the workers are away for a moment, as
when they are throttled.  Who finds the queue full is not refused: the kernel drops the packet, and the client
sends another one a second later, or longer.
"""

import asyncio
import socket
import time
from contextlib import ExitStack

from bench.machine import halted
from msgspec import Struct

from incidents import workers
from incidents.harness import Place, Replay
from incidents.kernel import knocked_again, overflows
from incidents.naive import Naive
from incidents.painless import Serving
from incidents.report import Line
from painless.demo.ports import LOOPBACK

CLIENTS = 2000  # Four queues of 511; half of the kernel's 4,096.
POD_PORT = 8080
AWAY = 0.3  # Seconds that the workers are away: a few periods of a CPU quota.
PATIENCE = 30.0  # Seconds: the kernel tries again after 1, 2, 3 and 4 s.
ASKED = b"GET / HTTP/1.1\r\nHost: nobody.example\r\nConnection: close\r\n\r\n"
"""For a host that nobody serves: what is looked at comes before any host."""


class _Crowd(Struct, frozen=True):
    """What became of those who came at once."""

    dropped: int
    again: int
    failed: int
    slowest: float


async def _replay(place: Place) -> tuple[Line, ...]:
    services = {"web": ["127.0.0.2"]}  # Nobody is there: nobody asks for it.
    async with Naive(place.folder("naive"), services, POD_PORT, WORKERS="1") as naive:
        before = await _crowd(naive.port, workers.serving(naive.nginx))
    async with Serving(place.folder("painless"), services, POD_PORT) as painless:
        after = await _crowd(painless.port, workers.serving(painless.nginx))
    return (
        Line(
            f"packets dropped at the listener, of {CLIENTS:,} clients",
            f"{before.dropped:,}",
            f"{after.dropped:,}",
            shown=before.dropped > 0 and after.dropped == 0,
        ),
        Line(
            "clients that knocked again, after a second or more",
            f"{before.again:,}",
            f"{after.again:,}",
            shown=before.again > 0 and after.again == 0,
        ),
        Line("clients never answered", f"{before.failed}", f"{after.failed}", shown=after.failed == 0),
        Line(
            "slowest answer",
            f"{before.slowest:.2f} s",
            f"{after.slowest:.2f} s",
            shown=before.slowest > after.slowest,
            timed=True,
        ),
    )


async def _crowd(port: int, pids: tuple[int, ...]) -> _Crowd:
    """Have all clients come while the workers are away."""
    dropped, again = overflows(), knocked_again()
    with ExitStack() as stack:
        with halted(pids):
            began = time.monotonic()
            clients = [stack.enter_context(_knocking(port)) for _ in range(CLIENTS)]
            # Not a wait for something to happen: it is how long they are away.
            await asyncio.sleep(AWAY)
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(_answered(one)) for one in clients]
    ends = [one.result() for one in asked]
    waits = [one - began for one in ends if one]
    return _Crowd(
        dropped=overflows() - dropped,
        again=knocked_again() - again,
        failed=len(ends) - len(waits),
        slowest=max(waits, default=0.0),
    )


def _knocking(port: int) -> socket.socket:
    """Return a socket that has begun to connect."""
    one = socket.socket()
    one.settimeout(0)
    one.connect_ex((LOOPBACK, port))
    return one


async def _answered(one: socket.socket) -> float:
    """Ask once the connection is there; return the moment of the answer, 0 without one."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(PATIENCE):
            await _connected(one)
            await loop.sock_sendall(one, ASKED)
            answer = await loop.sock_recv(one, 4096)
    except (OSError, TimeoutError):
        return 0.0
    return time.monotonic() if answer else 0.0


async def _connected(one: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    loop.add_writer(one, done.set)
    try:
        await done.wait()
    finally:
        loop.remove_writer(one)


REPLAY = Replay("2,000 clients at once: an accept queue of 511 beside somaxconn", _replay)
