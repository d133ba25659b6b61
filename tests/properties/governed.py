"""A cluster's changes, NGINX's workers and their clients as numbers, without NGINX.

Time passes from event to event, so a day takes seconds.  Who decides are the real ``pace`` and ``governor``.
"""

import heapq
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct, field

from painless.plan.governor import Budget, Cuts, Go, Retire, Wait, Why, decide
from painless.plan.pace import Pace, Waiting
from painless.plan.workers import Connections, GenerationState, WorkerState

LOAD = 0.3  # Seconds of a load: what 1,000 hosts take, its test included.
STEP = 0.25  # Seconds between two looks at who has left: as the controller looks.
MEGABYTE = 1_000_000


class Change(NamedTuple):
    """An object that was changed at ``at``; it may restore service, or need two loads."""

    at: float
    namespace: str = "a"
    urgent: bool = False
    loads: int = 1


class Client(NamedTuple):
    """A connection of the generation that serves, as it is when that begins to drain."""

    lasts: float
    upgraded: bool = True


class Held(Struct):
    """What one worker holds: until when each request and upgraded connection lasts, the longest first."""

    http: list[float] = field(default_factory=list)
    upgraded: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.http) + len(self.upgraded)

    def end(self, now: float) -> None:
        for some in (self.http, self.upgraded):
            while some and some[-1] <= now:
                some.pop()


class Old(Struct):
    """A generation and its workers."""

    id: str
    born: float
    memory: int
    workers: dict[int, Held]
    drained: float | None = None

    def drain(self, now: float, clients: Iterable[Client]) -> None:
        self.drained = now
        held = list(self.workers.values())
        for at, one in enumerate(sorted(clients, reverse=True)):
            worker = held[at % len(held)]
            (worker.upgraded if one.upgraded else worker.http).append(now + one.lasts)

    def state(self, now: float) -> GenerationState:
        each = self.memory // (len(self.workers) or 1)
        workers = tuple(
            WorkerState(
                pid,
                self.drained is not None,
                Connections(http=len(held.http), upgraded=len(held.upgraded)),
                each,
            )
            for pid, held in self.workers.items()
        )
        draining = None if self.drained is None else now - self.drained
        return GenerationState(self.id, now - self.born, draining, workers)


class Told(Struct):
    """What became of a day."""

    loads: list[float] = field(default_factory=list)
    served: list[tuple[Change, float]] = field(default_factory=list)
    most: int = 0
    memory: int = 0
    granted: list[float] = field(default_factory=list)
    cut: Counter[str] = field(default_factory=Counter)
    at_once: int = 0
    why: Counter[str] = field(default_factory=Counter)
    over: int = 0

    def longest(self, *, urgent: bool = False) -> float:
        return max((at - one.at for one, at in self.served if one.urgent or not urgent), default=0.0)


class World:
    """NGINX and what waits for it."""

    def __init__(
        self,
        clients: Iterator[Iterable[Client]],
        budget: Budget,
        *,
        workers: int = 2,
        memory: int = 30 * MEGABYTE,
        grace: float = 240.0,
    ) -> None:
        self.told = Told()
        self._clients = clients
        self._budget = budget
        self._count = workers
        self._memory = memory
        self._grace = grace
        self._now = 0.0
        self._pids = iter(range(1, 1 << 31))
        self._generations = [self._born("0")]
        self._pace, self._cuts = Pace(), Cuts()
        self._waiting: list[Change] = []

    def run(self, changes: Iterable[Change]) -> Told:
        """Let all of it happen until nothing waits."""
        coming = sorted(changes)[::-1]
        while coming or self._waiting:
            if not self._waiting:
                self._pass(max(self._now, coming[-1].at))
            while coming and coming[-1].at <= self._now:
                self._waiting.append(coming.pop())
            until = self._decided()
            if coming:
                until = min(until, max(coming[-1].at, self._now))
            self._pass(until)
        return self.told

    def _born(self, id_: str) -> Old:
        return Old(id_, self._now, self._memory, {next(self._pids): Held() for _ in range(self._count)})

    def _asked(self) -> Waiting:
        since: dict[str, float] = {}
        for one in self._waiting:
            since[one.namespace] = min(one.at, since.get(one.namespace, one.at))
        return Waiting(since, frozenset(one.namespace for one in self._waiting if one.urgent))

    def _decided(self) -> float:
        asked, now = self._asked(), self._now
        states = tuple(one.state(now) for one in self._generations)
        self._cuts = self._cuts.present(states)
        loads = max(one.loads for one in self._waiting)
        turn = self._pace.turn(asked, now)
        decision = decide(turn, loads, states, self._cuts, self._budget, now)
        match decision:
            case Go():
                self._load(asked, decision.why, loads)
                return self._now
            case Wait(until, why):
                self.told.why[why] += 1
                assert until > now, "it never asks for the moment that is over"
                return until if why is Why.COALESCING else min(until, now + STEP)
            case Retire():
                self._retire(decision)
                return now

    def _load(self, asked: Waiting, why: Why, loads: int) -> None:
        taken, self._waiting = self._waiting, []
        for _ in range(loads):
            self._pass(self._now + LOAD / loads)
            self._generations[-1].drain(self._now, next(self._clients))
            self._generations.append(self._born(str(len(self.told.loads) + 1)))
            self.told.loads.append(self._now)
            self._leave()
            # While NGINX loads, the new one and the old ones are together.
            alive = len(self._generations)
            self.told.most = max(self.told.most, alive)
            self.told.memory = max(self.told.memory, (alive + 1) * self._memory)
        self.told.over += why is Why.OVER
        self._pace = self._pace.loaded(asked, self._now)
        self.told.served += [(one, self._now) for one in taken]

    def _retire(self, one: Retire) -> None:
        [old] = [each for each in self._generations if one.pid in each.workers]
        assert old.drained is not None, "the one that serves is never retired"
        assert old.id == one.generation
        held = old.workers.pop(one.pid)
        assert len(held) == one.connections
        self._cuts = self._cuts.with_(one, self._now)
        self.told.cut["upgraded"] += len(held.upgraded)
        self.told.cut["requests"] += len(held.http)
        if self._now - old.drained < self._budget.longest:
            assert not held.http or one.why is Why.CUT, "who cuts requests says so"
        self.told.granted.append(self._now - old.drained)
        self.told.at_once = max(self.told.at_once, len(held))
        self._leave()

    def _pass(self, until: float) -> None:
        self._now = max(until, self._now)
        self._leave()

    def _leave(self) -> None:
        for one in self._generations[:-1]:
            assert one.drained is not None
            for pid, held in list(one.workers.items()):
                held.end(min(self._now, one.drained + self._grace))
                if self._now - one.drained >= self._grace:
                    self.told.cut["worker-shutdown-timeout"] += len(held)
                    held.http, held.upgraded = [], []
                if not held:
                    del one.workers[pid]
        self._generations = [one for one in self._generations if one.workers]


def storm(count: int, seconds: float, namespaces: int = 1, *, start: float = 0.0) -> list[Change]:
    """Return so many changes, evenly in time, by so many namespaces in turn."""
    return [Change(start + at * seconds / count, f"n{at % namespaces}") for at in range(count)]


def poisson(
    random_: random.Random, hourly: float, hours: float, namespace: str, **more: bool
) -> list[Change]:
    """Return changes at random moments, so many an hour."""
    found, at = [], 0.0
    while (at := at + random_.expovariate(hourly / 3600)) < hours * 3600:
        found.append(Change(at, namespace, **more))
    return found


def merged(*some: Iterable[Change]) -> list[Change]:
    return list(heapq.merge(*(sorted(one) for one in some)))


def always(*clients: Client) -> Iterator[Iterable[Client]]:
    while True:
        yield clients
