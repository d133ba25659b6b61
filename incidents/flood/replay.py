"""Workers are blocked again and again, clients keep coming, and the kubelet asks through the same door.

Its question waits in the queue of the clients, or finds it full.  After three that were not answered within
a second the container is restarted, with every connection it has, and its load goes to the next one.
Painless is asked at a door of its own, where no client comes, and says which queue is full and why.
"""

import asyncio
import signal
import socket
from collections import deque
from contextlib import AsyncExitStack
from itertools import groupby
from os import kill

from msgspec import Struct
from tests.front.clients import ask, until

from incidents import workers
from incidents.harness import Place, Replay
from incidents.kernel import grant, overflows
from incidents.naive import Naive
from incidents.painless import Serving
from incidents.report import Line
from painless.demo.ports import LOOPBACK

POD_PORT = 8080
QUEUE = 128  # What the kernel granted in 2017, when nobody had asked for more: so that both have the same.
BLOCKED, FREE = 2.0, 0.1  # Seconds that the workers are blocked, and run, in turn.
WAVE, EVERY = 60, 0.05  # Clients that come together, and seconds between two waves.
STAYING = 1_200  # Clients that wait at a time: a second's.
PROBES, PROBES_IN_FULL = 5, 40
PROBE_EVERY = 0.5  # Seconds between two probes: a kubelet takes ten, and nobody here has that long.
LIMIT = 1.0  # Seconds that a probe waits: Kubernetes' default.
IN_A_ROW = 3  # Probes that fail before the container is restarted: Kubernetes' default.
OK = 200
CAUSE = "worker_blocked"
SEEN = 2.0  # Seconds after which a drop is seen at the latest.
COME = 20.0  # Seconds for either, on a busy machine.


class _Told(Struct, frozen=True):
    """What Painless says of a queue that is full, and how long after the first packet that it dropped."""

    listen: str
    cause: str
    seconds: float


class _Seen(Struct, frozen=True):
    """Whether each probe was answered in time, and how many packets found the queue of clients full."""

    probes: tuple[bool, ...]
    dropped: int

    @property
    def good(self) -> str:
        return f"{sum(self.probes)} of {len(self.probes)}"

    @property
    def restarted(self) -> bool:
        rows = [(good, len(tuple(row))) for good, row in groupby(self.probes)]
        return any(not good and length >= IN_A_ROW for good, length in rows)


async def _replay(place: Place) -> tuple[Line, ...]:
    grant(QUEUE)
    probes = PROBES_IN_FULL if place.full else PROBES
    services = {"web": ["127.0.0.2"]}  # Nobody is there: nobody asks for it.
    async with Naive(place.folder("naive"), services, POD_PORT) as naive:
        before = await _flooded(naive.port, workers.serving(naive.nginx), naive.port, probes)
    async with Serving(place.folder("painless"), services, POD_PORT) as painless:
        pids = workers.serving(painless.nginx)
        async with asyncio.TaskGroup() as group:
            watched = group.create_task(_told(painless))
            after = await _flooded(painless.port, pids, painless.doors.health, probes)
        told = watched.result()
    return (
        Line(
            "packets dropped at the clients' door",
            f"{before.dropped:,}",
            f"{after.dropped:,}",
            shown=before.dropped > 0 and after.dropped > 0,
        ),
        Line(
            f"probes answered within {LIMIT:g} s",
            before.good,
            after.good,
            shown=not all(before.probes) and all(after.probes),
        ),
        Line(
            "the kubelet restarts the container",
            "yes" if before.restarted else "no",
            "yes" if after.restarted else "no",
            shown=before.restarted and not after.restarted,
        ),
        Line(
            "what says which queue is full, and why",
            "nothing",
            f"{told.listen}: {told.cause}",
            shown=(told.listen, told.cause) == (f"{LOOPBACK}:{painless.port}", CAUSE),
        ),
        Line(
            "  how long after the first drop",
            "",
            f"{told.seconds:.1f} s",
            shown=told.seconds <= SEEN,
            timed=True,
        ),
    )


async def _told(painless: Serving) -> _Told:
    """Wait for the first drop, then for the first word about it."""
    before = overflows()
    await until(lambda: overflows() > before, COME)
    told: list[dict[str, str]] = []

    async def is_told() -> bool:
        told[:] = await painless.labels("painless_accept_overflow")
        return bool(told)

    seconds = await until(is_told, COME)
    return _Told(told[0]["listen"], told[0]["cause"], seconds)


async def _flooded(port: int, pids: tuple[int, ...], probed: int, probes: int) -> _Seen:
    dropped = overflows()
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        background = [group.create_task(_come(port)), group.create_task(_block(pids))]
        # The first probe comes when the queue is full.
        await until(lambda: overflows() > dropped, COME)
        asked = []
        for _ in range(probes):
            asked.append(group.create_task(_probe(probed)))
            await asyncio.sleep(PROBE_EVERY)
        answers = tuple([await one for one in asked])
        for one in background:
            one.cancel()
    return _Seen(answers, overflows() - dropped)


async def _come(port: int) -> None:
    """Have clients come all the time; each stays for a second, or until it is let in."""
    waiting: deque[socket.socket] = deque()
    try:
        while True:
            for _ in range(WAVE):
                one = socket.socket()
                one.settimeout(0)
                one.connect_ex((LOOPBACK, port))
                waiting.append(one)
            while len(waiting) > STAYING:
                waiting.popleft().close()
            await asyncio.sleep(EVERY)
    finally:
        for one in waiting:
            one.close()


async def _block(pids: tuple[int, ...]) -> None:
    """Block the workers and let them go, as a slow disk or a spent quota does."""
    try:
        while True:
            _send(pids, signal.SIGSTOP)
            await asyncio.sleep(BLOCKED)
            _send(pids, signal.SIGCONT)
            await asyncio.sleep(FREE)
    finally:
        _send(pids, signal.SIGCONT)


def _send(pids: tuple[int, ...], number: signal.Signals) -> None:
    for one in pids:
        kill(one, number)


async def _probe(port: int) -> bool:
    try:
        async with asyncio.timeout(LIMIT):
            return (await ask(port, LOOPBACK, "/healthz")).status == OK
    except TimeoutError:
        return False


REPLAY = Replay("a flooded accept queue, and probes that come through it", _replay)
