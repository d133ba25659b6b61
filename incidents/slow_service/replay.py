"""One Service of ten accepts requests and never answers.

An event-driven proxy waits for it with two connections for each request, until there are none: then it closes
the door to everybody.  Both sides have the same number of connections here.
"""

import asyncio
import random
from contextlib import AsyncExitStack, suppress
from statistics import mean
from types import TracebackType
from typing import Self

from bench.static import pods
from msgspec import Struct
from tests.front.clients import until

from incidents.harness import Need, Place, Replay
from incidents.naive import Naive, build
from incidents.painless import Serving
from incidents.report import Line
from incidents.wrk import Clients, Counted, asked
from painless.demo.ports import LOOPBACK

POD_PORT = 8080
HEALTHY = tuple(f"healthy-{at}" for at in range(9))
SLOW = "slow"
HEALTHY_POD, SLOW_POD = "127.0.0.2", "127.0.0.3"
CONNECTIONS = 1024  # Of the one worker, on both sides.
STUCK = 700  # Clients of the slow Service: two connections for each are more than there are.
CLIENTS = 36  # Connections of the clients of the others.
PAUSE = 15  # Milliseconds between two requests of each: no more than a machine with other work can do.
SECONDS, SECONDS_IN_FULL = 1.0, 20.0
COME = 30.0  # Seconds until all of them have come, on a busy machine.
AGAIN = 1.0  # Seconds after which a client that was turned away comes again, as Retry-After asks it to:
APART = 0.5  # give or take half, since nobody has hundreds of clients that keep step.
THROUGHPUT, P99 = (
    0.95,
    2.0,
)  # What the others must keep: this part of the rate, and at most so many times as slow.


class _Seen(Struct, frozen=True):
    """The clients of the nine: while the tenth hangs, before and after; and how many wait for the tenth."""

    quiet: tuple[Counted, ...]
    meanwhile: Counted
    waiting: int

    @property
    def throughput(self) -> float:
        return self.meanwhile.rate / mean(one.rate for one in self.quiet)

    @property
    def slower(self) -> float:
        return self.meanwhile.p99 / mean(one.p99 for one in self.quiet)

    @property
    def unharmed(self) -> bool:
        return self.throughput >= THROUGHPUT and self.slower <= P99


class _Hanging:
    """Accepts and never answers, while it is entered."""

    def __init__(self) -> None:
        self.waiting = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._hold, SLOW_POD, POD_PORT, backlog=CONNECTIONS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    async def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.waiting += 1
        with suppress(OSError):
            while await reader.read(65_536):
                pass
        self.waiting -= 1
        writer.close()


class _Stuck:
    """The clients of the slow Service, while it is entered."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.turned_away = 0
        """Clients that came for the first time and did not have to wait."""
        self._chance = random.Random(1)  # The same for both sides.
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        self._tasks = [self._group.create_task(self._keep_coming()) for _ in range(STUCK)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._tasks:
            one.cancel()
        await self._group.__aexit__(None, None, None)

    async def _keep_coming(self) -> None:
        first = True
        while True:
            with suppress(OSError):
                await self._ask()
            self.turned_away += first
            first = False
            await asyncio.sleep(AGAIN * self._chance.uniform(1 - APART, 1 + APART))

    async def _ask(self) -> None:
        reader, writer = await asyncio.open_connection(LOOPBACK, self._port)
        try:
            writer.write(f"GET / HTTP/1.1\r\nHost: {SLOW}.example\r\nConnection: close\r\n\r\n".encode())
            await reader.read()
        finally:
            writer.close()


async def _replay(place: Place) -> tuple[Line, ...]:
    seconds = SECONDS_IN_FULL if place.full else SECONDS
    services = {**{one: [HEALTHY_POD] for one in HEALTHY}, SLOW: [SLOW_POD]}
    async with AsyncExitStack() as stack:
        stack.enter_context(pods(build().path, place.home / "pods", (HEALTHY_POD,), POD_PORT, None))
        naive = Naive(place.folder("naive"), services, POD_PORT, WORKERS="1", CONNECTIONS=str(CONNECTIONS))
        async with naive:
            before = await _seen(naive, seconds)
        config = {"worker-processes": "1", "max-worker-connections": str(CONNECTIONS)}
        async with Serving(place.folder("painless"), services, POD_PORT, config=config) as painless:
            after = await _seen(painless, seconds)
    return _lines(before, after)


async def _seen(side: Naive | Serving, seconds: float) -> _Seen:
    clients = Clients(tuple(f"{one}.example" for one in HEALTHY), CLIENTS, PAUSE)
    before = await asked(side.port, clients, seconds, side.home)
    async with _Hanging() as slow, _Stuck(side.port) as stuck:
        await until(lambda: slow.waiting + stuck.turned_away >= STUCK, COME)
        meanwhile = await asked(side.port, clients, seconds, side.home)
        waiting = slow.waiting
    # A machine with other work is not equally fast all the time.
    after = await asked(side.port, clients, seconds, side.home)
    return _Seen((before, after), meanwhile, waiting)


def _lines(naive: _Seen, painless: _Seen) -> tuple[Line, ...]:
    return (
        Line(f"requests that wait for the tenth, of {STUCK}", f"{naive.waiting}", f"{painless.waiting}"),
        Line(
            "requests of the nine that failed meanwhile",
            _part(naive.meanwhile),
            _part(painless.meanwhile),
            shown=naive.meanwhile.failed > 0 and painless.meanwhile.failed == 0,
        ),
        Line(
            "their throughput, against quiet times",
            f"{naive.throughput:.2f}",
            f"{painless.throughput:.2f}",
            shown=not naive.unharmed and painless.throughput >= THROUGHPUT,
            timed=True,
        ),
        Line(
            "99 of 100 answers within, against quiet times",
            f"{naive.slower:.1f} times",
            f"{painless.slower:.1f} times",
            shown=painless.slower <= P99,
            timed=True,
        ),
    )


def _part(some: Counted) -> str:
    return f"{some.failed:,} of {some.requests + some.cut:,}"


REPLAY = Replay("one slow Service among ten", _replay, frozenset({Need.WRK}))
