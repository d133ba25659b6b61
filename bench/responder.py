"""NGINX asks for every upstream once a second: is each question answered, and what does that cost?

Asked at rest, during a full compile on the same cores, and with old generations that go on asking because
somebody holds them.  The last rows say what clients notice of a round: the same configuration, resolving and
with fixed addresses, in turns.
"""

import asyncio
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp

from bench import changing, cluster
from bench.asking import Clients
from bench.cluster import Layout
from bench.figures import Goal, Row, Run, Say, middle, most
from bench.load import Round, load, need_wrk
from bench.machine import halted
from bench.questions import Questions, Seen
from bench.running import BenchError, Painless, folder
from bench.static import pods
from bench.still import Still, still
from painless.demo.echo import Echo
from painless.demo.ports import LOOPBACK, free_ports
from painless.machine import read_machine
from painless.nginxd.find import find_nginx
from painless.settings import nginx_variable

SIZES = (5_000,)
SECONDS = 10  # Of looking, in each situation: ten rounds of questions.
HELD = 4  # Old generations.
ROUNDS = 6
ROUND = 4  # Seconds of load: four rounds of questions.
CONNECTIONS = 4  # Requests at a time, so that p99 is no queue of our own making.
SETTLED = 3.0  # Seconds after processes were halted: questions and answers are in step again.
OPENED_WITHIN = 10.0  # Seconds for a WebSocket on loopback; it takes milliseconds.
POD, HOLDING = "127.0.0.2", "127.0.0.3"
HOST = cluster.host(2)  # Without annotations and TLS.


def measure(run: Run) -> tuple[Row, ...]:
    need_wrk("responder")
    return tuple(row for size in run.sizes or SIZES for row in asyncio.run(_Measuring(run.say, size).rows()))


class _Measuring:
    """One program with so many upstreams."""

    def __init__(self, say: Say, size: int) -> None:
        self._say = say
        self._size = size
        self._given_up = 0
        [self._port] = free_ports(1, POD)

    async def rows(self) -> tuple[Row, ...]:
        async with AsyncExitStack() as stack:
            home = stack.enter_context(folder())
            binary = find_nginx("", nginx_variable()).path
            stack.enter_context(pods(binary, home / "pods", (POD,), self._port, None))
            await stack.enter_async_context(Echo("holding", HOLDING, self._port))
            painless = Painless(home)
            self._write(painless)
            self._tell("starting")
            await stack.enter_async_context(painless)
            return (
                *await self._asked(painless),
                *await self._noticed(painless, home),
                *await self._held(stack, painless),
            )

    def _tell(self, what: str) -> None:
        self._say(f"responder: {self._size:,} upstreams: {what}")

    def _write(self, painless: Painless) -> None:
        cluster.put(painless.manifests, "class", [cluster.ingress_class()])
        for number in range(self._size):
            # The first application has a pod that speaks WebSocket.
            pod = HOLDING if number == 0 else POD
            cluster.put(painless.manifests, f"app-{number}", cluster.manifests(number, [pod], self._port))

    async def _asked(self, painless: Painless) -> list[Row]:
        self._tell("at rest")
        questions = Questions(painless)
        await asyncio.sleep(SETTLED)
        rest = await questions.seen(self._upstreams, SECONDS)
        self._tell("during a compile")
        async with _compiling(self._size):
            busy = await questions.seen(self._upstreams, SECONDS)
        self._given_up = questions.gave_up()
        return [*_answered("at rest", self._size, rest), *_answered("during full compiles", self._size, busy)]

    @property
    def _upstreams(self) -> tuple[str, ...]:
        return tuple(f"{cluster.team(number)}.app-{number}.80" for number in range(self._size))

    async def _held(self, stack: AsyncExitStack, painless: Painless) -> list[Row]:
        """Reload again and again while somebody holds each generation, then look."""
        session = await stack.enter_async_context(aiohttp.ClientSession())
        clients = await stack.enter_async_context(Clients(painless.doors.http))
        questions, held = Questions(painless), frozenset[int]()
        # Processes that were halted for the comparison may have given up on each other.
        before = questions.gave_up()
        for at in range(HELD):
            self._tell(f"generation {at + 1} of {HELD} to be held")
            held |= await _hold(stack, session, painless, held)
            await changing.one_more(painless, clients, self._size + at, (POD, self._port), Layout.HOST)
        self._tell(f"{HELD} generations held")
        if not held < set(painless.nginx):
            raise BenchError(f"{len(held - set(painless.nginx))} workers that were held have ended")
        seen = await questions.seen(self._upstreams, SECONDS)
        return [
            *_answered(f"with {HELD} held generations", self._size, seen, HELD + 1, (most(25),)),
            Row(
                what=f"{self._size:,} upstreams: questions that NGINX gave up on, loading {HELD + 2} times",
                values=(self._given_up + questions.gave_up() - before,),
                unit="questions",
                goals=(most(0),),
                beside=f"two loads of a start, {HELD} reloads, and the time between",
            ),
        ]

    async def _noticed(self, painless: Painless, home: Path) -> list[Row]:
        """Return p99 with names that are resolved, beside the same configuration with fixed addresses."""
        self._tell("compiling for fixed addresses")
        workers = read_machine().fed
        objects = cluster.objects(self._size)
        other = still(home / "still", objects, (POD, self._port), workers=workers)
        pairs: list[tuple[Round, Round]] = []
        with other.nginx(None) as nginx:
            for at in range(ROUNDS):
                self._tell(f"p99, round {at + 1} of {ROUNDS}")
                url = f"http://{LOOPBACK}:{painless.doors.http}/"
                resolving = await _load(url, painless.nginx[1:])
                with halted((*painless.nginx, *painless.responder)):
                    fixed = await _load(_url(other), nginx.workers)
                await asyncio.sleep(SETTLED)
                pairs.append((resolving, fixed))
        return [
            Row(
                what=f"{self._size:,} upstreams: p99 of requests, resolving / fixed addresses",
                values=tuple(a.p99 / b.p99 for a, b in pairs),
                unit="ratio",
                beside=f"{middle(a.p99 for a, _ in pairs)} / {middle(b.p99 for _, b in pairs)} ms, "
                f"{middle(a.rate for a, _ in pairs)} / {middle(b.rate for _, b in pairs)} requests/s",
            )
        ]


def _answered(
    when: str, size: int, seen: Seen, generations: int = 1, share: tuple[Goal, ...] = ()
) -> list[Row]:
    name = f"{size:,} upstreams, {when}"
    each = seen.questions / (size * generations)
    return [
        Row(
            what=f"{name}: upstreams not answered within 2 s",
            values=seen.late,
            unit="upstreams",
            goals=(most(0),),
            beside=f"{seen.questions:,.0f} questions/s, {each:.2f} for each upstream and generation",
        ),
        Row(
            what=f"{name}: questions or answers lost",
            values=(seen.lost + seen.gave_up,),
            unit="packets",
            goals=(most(0),),
            beside=f"{seen.lost} dropped by a buffer or the responder, {seen.gave_up} in NGINX's error log",
        ),
        Row(
            what=f"{name}: the responder's share of a core", values=(100 * seen.share,), unit="%", goals=share
        ),
    ]


async def _hold(
    stack: AsyncExitStack, session: aiohttp.ClientSession, painless: Painless, held: frozenset[int]
) -> frozenset[int]:
    """Open a WebSocket at each new worker, since only one of them asks for names; return the workers."""
    new = frozenset(painless.nginx[1:]) - held
    url = f"http://{LOOPBACK}:{painless.doors.http}/"
    for worker in new:
        # Nobody else can accept the connection meanwhile.
        with halted(new - {worker}):
            async with asyncio.timeout(OPENED_WITHIN):
                opening = session.ws_connect(url, headers={"Host": cluster.host(0)})
                await stack.enter_async_context(opening)
    return new


def _url(one: Still) -> str:
    return f"http://{LOOPBACK}:{one.port}/"


async def _load(url: str, workers: Iterable[int]) -> Round:
    return await load(url, HOST, workers, seconds=ROUND, connections=CONNECTIONS, core=None)


@asynccontextmanager
async def _compiling(size: int) -> AsyncIterator[None]:
    """Compile the whole cluster again and again in a process of its own."""

    async def again() -> None:
        while True:
            command = (sys.executable, "-m", "bench.compiling", str(size), Layout.HOST.name)
            process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL)
            try:
                await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    async with asyncio.TaskGroup() as group:
        compiling = group.create_task(again())
        yield
        compiling.cancel()
