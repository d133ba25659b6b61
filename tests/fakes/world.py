"""Stand-ins for NGINX, the responder and time, behind the controller's ports.

The fake NGINX obeys steps as the real one does: what is not staged cannot be switched to, and only ``Reload``
and ``Start`` change what runs.  It refuses lines by words in them: ``refuse_me`` at the test, naming the
line; ``refuse_mutely`` at the test without a line, and so are ``not_with_this`` and ``not_with_that``
together; ``refuse_late`` at the load.
"""

import asyncio
import heapq
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from weakref import WeakKeyDictionary

from painless.discovery.answers import Answer, Peer
from painless.nginx.generation import Generation
from painless.plan.closing import Sighting
from painless.plan.governor import Budget
from painless.plan.steps import (
    Applied,
    Await,
    DropHot,
    Outcome,
    PutHot,
    Refused,
    Reload,
    Renew,
    Resolve,
    Retire,
    Stage,
    Start,
    Step,
    Switch,
    Verify,
)
from painless.plan.workers import GenerationState, Sample
from painless.sensitive import Sensitive


class FakeNginx:
    """NGINX and its disk in memory."""

    def __init__(self) -> None:
        self.reload_count = 0
        self.staged: dict[str, Generation] = {}
        self.hot: dict[str, Sensitive] = {}
        self.current: str | None = None
        self.runs: str | None = None
        self.loads = 0
        """How often NGINX has loaded or refused to, starts included."""
        self.broken = ""
        """Why whatever is tested is refused."""
        self.fails: Exception | None = None
        self.memory = b""
        self.outdated = False
        self.room = Budget()
        self.sample = Sample()
        self.retired: list[int] = []
        self.sighting = Sighting()
        self.closed: list[tuple[int, ...]] = []
        self.applied: list[tuple[Step, ...]] = []
        self._gone = asyncio.Event()

    async def adopt(self) -> Generation | None:
        return self.staged[self.runs] if self.runs else None

    async def apply(self, steps: Iterable[Step]) -> Outcome:
        if self.fails is not None:
            raise self.fails
        self.applied.append(tuple(steps))
        for step in self.applied[-1]:
            if said := self._perform(step):
                return Refused(step, said)
        return Applied()

    async def gone(self) -> None:
        await self._gone.wait()

    async def last_good(self) -> Generation | None:
        return self.staged.get(self.current or "")

    async def remember(self, content: bytes) -> None:
        self.memory = content

    async def remembered(self) -> bytes:
        return self.memory

    async def markers_left(self) -> frozenset[str]:
        return frozenset(path for path, content in self.hot.items() if not len(content))

    async def tidy(self) -> None:
        """Write nothing, so there is nothing to do."""
        if self.fails is not None:
            raise self.fails

    async def alone(self, live: Generation) -> bool:
        return self.runs == live.id

    async def generations(self) -> Sample:
        return self.sample

    async def retire_worker(self, pid: int, generation: str) -> None:
        self.retired.append(pid)
        alive = [one for one in self.sample.generations if one.id != generation]
        self.sample = Sample(tuple(alive))

    async def upgraded(self, workers: Iterable[int], addresses: frozenset[str]) -> Sighting:
        seen = (one for one in self.sighting.upgraded if one.address in addresses)
        return Sighting(tuple(seen), self.sighting.missing)

    async def close_connections(self, inodes: Iterable[int]) -> frozenset[int]:
        self.closed.append(tuple(inodes))
        left = (one for one in self.sighting.upgraded if one.inode not in self.closed[-1])
        self.sighting = Sighting(tuple(left), self.sighting.missing)
        return frozenset(self.closed[-1])

    async def budget(self, alive: Iterable[GenerationState]) -> Budget:
        return self.room

    def die(self) -> None:
        """End NGINX as a kill does."""
        self.runs = None
        self._gone.set()

    @property
    def served(self) -> str:
        """The text of what runs."""
        return self.staged[self.runs or ""].cold["nginx.conf"]

    def _verify(self, text: str) -> str:
        if self.broken:
            return self.broken
        lines = enumerate(text.splitlines(), 1)
        named = (f"bad in /state/nginx.conf:{at}" for at, line in lines if "refuse_me" in line)
        mutely = "refuse_mutely" in text or ("not_with_that" in text and "not_with_this" in text)
        return next(named, "it is bad" if mutely else "")

    def _load(self) -> None:
        self.loads += 1
        assert self.current is not None, "something was switched to"
        if "refuse_late" not in self.staged[self.current].cold["nginx.conf"]:
            self.runs = self.current

    def _perform(self, step: Step) -> str:  # noqa: C901 -- one line for each member of the closed union.
        match step:
            case Stage(generation):
                self.staged[generation.id] = generation
            case Verify(id_):
                return self._verify(self.staged[id_].cold["nginx.conf"])
            case PutHot(path, content):
                self.hot[path] = content
            case DropHot(path):
                self.hot.pop(path, None)
            case Switch(id_):
                assert id_ in self.staged, "only a staged generation can be current"
                self.current = id_
            case Start():
                if not self.runs:
                    self._load()
                self._gone = asyncio.Event()
            case Reload():
                assert self.runs, "only a running NGINX can be told to load"
                self.reload_count += 1
                self._load()
            case Await(id_) if self.runs != id_:
                self.current = self.runs
                return "it is bad now"
            case Await() | Resolve() | Retire():
                pass
            case Renew():
                self.outdated = False
                self._load()
        return ""


class FakeResponder:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.apart = "127.0.0.17:10053"
        self.fails: Exception | None = None
        self.unasked: frozenset[str] = frozenset()

    async def replace(self, answers: Iterable[Answer]) -> None:
        self.answers = {one.upstream: one for one in answers}

    async def put(self, answers: Iterable[Answer]) -> None:
        if self.fails is not None:
            raise self.fails
        self.answers |= {one.upstream: one for one in answers}

    async def peers(self, upstreams: Iterable[str]) -> dict[str, tuple[Peer, ...]]:
        return {one: self.answers[one].peers for one in upstreams if one in self.answers}

    async def unanswered(self, upstreams: Iterable[str], since: float = 0.0) -> frozenset[str]:
        return self.unasked & frozenset(upstreams)


class VirtualClock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self._now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        event = asyncio.Event()
        heapq.heappush(self._sleepers, (self._now + seconds, id(event), event))
        await event.wait()

    async def pass_(self, seconds: float) -> None:
        """Let ``seconds`` pass, waking sleepers in order, and everybody do what they then can."""
        end = self._now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._now, _, event = heapq.heappop(self._sleepers)
            event.set()
            await settle()
        self._now = end


class _Threads(ThreadPoolExecutor):
    """The threads of a loop, which tell whether they have work."""

    def __init__(self) -> None:
        super().__init__()
        self._all: set[Future[Any]] = set()

    @property
    def busy(self) -> bool:
        self._all = {one for one in self._all if not one.done()}
        return bool(self._all)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self._all.add(found := super().submit(fn, *args, **kwargs))
        return found


_THREADS: WeakKeyDictionary[asyncio.AbstractEventLoop, _Threads] = WeakKeyDictionary()


async def settle() -> None:
    """Let other tasks run until they wait for something that this test has to bring about.

    Compiles run in threads, and take as long as the machine lets them.
    """
    loop = asyncio.get_running_loop()
    if (threads := _THREADS.get(loop)) is None:
        threads = _THREADS[loop] = _Threads()
        loop.set_default_executor(threads)
    await _turns()
    while threads.busy:
        await asyncio.to_thread(lambda: None)
        await _turns()


async def _turns() -> None:
    for _ in range(200):
        await asyncio.sleep(0)
