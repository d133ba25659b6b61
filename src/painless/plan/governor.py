"""May NGINX load now, or who has to leave before?  Pure: what is known of its workers in, a decision out.

Old generations live as long as their connections, and each holds memory.  There are never more of them than
the budget has, nor more memory: what waits for room waits a bounded time, then the oldest generation is
retired early, worker by worker, as slowly as the time allows.  When a load is due is ``pace``'s to say.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from msgspec import Struct, structs

from painless.plan.pace import Turn
from painless.plan.workers import GenerationState, WorkerState

GENERATIONS = 4
"""Generations that may be alive, the one that serves among them: five ended the process in 2017."""
GRANTED = 8.25
"""Seconds that an old generation has in any case, 8 as its clients see it: most requests are over by then."""
PATIENCE = 2.0
"""Seconds that a change waits for an old generation to end by itself."""
LATE = 6.0
"""Seconds after which requests that are not over may be cut, when nothing else makes room."""
LATEST = 8.0
"""Seconds after which nobody waits for clients to connect again: a change is served within 10 s."""
RATE = 50.0
"""Connections a second that are closed: so many clients connect again, and log in again, at the same time."""
STUCK = 5.0
"""Seconds for a worker to leave that was told to, which takes 34 ms: past that it is not waited for."""
AGAIN = 5.0
"""Seconds until memory is looked at again that is too little for any load."""
MOMENT = 1e-3
"""Seconds, the least that is waited: what is a rounding error away is not there yet."""
TWICE = 2
"""A load needs twice the memory of a generation: NGINX's master holds both while it changes over."""


class Why(StrEnum):
    """The reason of a decision."""

    DUE = "due"
    URGENT = "urgent"
    COALESCING = "coalescing"
    PATIENCE = "patience"
    GRANTED = "granted"
    REQUESTS = "requests"
    RECONNECTS = "reconnects"
    LEAVING = "leaving"
    GENERATIONS = "generations"
    MEMORY = "memory"
    REPLICAS = "replicas"
    NO_ROOM = "no-room"
    CUT = "requests-cut"
    OVER = "over-budget"


WAITS = tuple(one for one in Why if one not in {Why.DUE, Why.URGENT, Why.OVER})
"""What a change may wait for."""


class Budget(Struct, frozen=True):
    """What old and new generations may have: ``memory`` in bytes for all of them, ``None`` for any.

    A load that may need more is still tried when nothing else is left; past ``most`` the kernel kills.
    After ``longest`` seconds no request that was open when a generation began to drain is.
    """

    generations: int = GENERATIONS
    memory: int | None = None
    longest: float = 60.0
    most: int | None = None


class Cuts(Struct, frozen=True):
    """The workers that were told to leave and when; the last time, and how many connections that closed."""

    told: Mapping[int, float] = {}
    at: float = float("-inf")
    closed: int = 0

    def with_(self, one: "Retire", now: float) -> "Cuts":
        return Cuts({**self.told, one.pid: now}, now, one.connections or 0)

    def present(self, generations: Iterable[GenerationState]) -> "Cuts":
        """Forget workers that have left."""
        pids = {worker.pid for one in generations for worker in one.workers}
        if self.told.keys() <= pids:
            return self
        return Cuts({pid: at for pid, at in self.told.items() if pid in pids}, self.at, self.closed)


class Go(Struct, frozen=True):
    """Load now."""

    why: Why


class Wait(Struct, frozen=True):
    """Ask again at ``until`` at the latest."""

    until: float
    why: Why


class Retire(Struct, frozen=True):
    """Have this draining worker leave, with the connections it has (``None`` where that is not known)."""

    pid: int
    generation: str
    connections: int | None
    why: Why


Decision = Go | Wait | Retire


def decide(
    turn: Turn, loads: int, generations: tuple[GenerationState, ...], cuts: Cuts, budget: Budget, now: float
) -> Decision:
    """Decide on a change that takes so many ``loads``: two when upstreams have to be known first."""
    if (lack := _lack(turn, loads, generations, cuts, budget, now)) is None:
        if now >= turn.due:
            return Go(Why.DUE if turn.urgent is None else Why.URGENT)
        return Wait(turn.due, Why.COALESCING)
    if not (old := _old(generations, cuts, now)):
        latest = max(turn.due, turn.since + LATEST)
        return Wait(latest, lack) if now < latest else _alone(loads, generations, budget, now)
    if (begin := _begin(turn, old, cuts)) > now:
        return Wait(begin, Why.PATIENCE if begin > turn.due else Why.COALESCING)
    return _retire(turn, old, cuts, budget, lack, now)


class Outlook(Struct, frozen=True):
    """What a load would wait for: seconds, why at first, and the workers that would be retired for it.

    It has no number of seconds when it would wait until there is more memory.
    """

    seconds: float | None
    why: Why
    retires: tuple[Retire, ...] = ()


def outlook(
    turn: Turn, loads: int, generations: tuple[GenerationState, ...], cuts: Cuts, budget: Budget, now: float
) -> Outlook:
    """Play the decisions that would follow each other, if nobody left by itself."""
    began, first, retires = now, None, list[Retire]()
    while not isinstance(found := decide(turn, loads, generations, cuts, budget, now), Go):
        if found.why is Why.NO_ROOM:
            return Outlook(None, found.why, tuple(retires))
        first = first or found.why
        if isinstance(found, Retire):
            retires.append(found)
            cuts = cuts.with_(found, now)
            generations = tuple(_without(found.pid, generations))
        else:
            later, now = found.until - now, found.until
            generations = tuple(_later(one, later) for one in generations)
    return Outlook(now - began, first or found.why, tuple(retires))


def _without(pid: int, generations: Iterable[GenerationState]) -> Iterator[GenerationState]:
    for one in generations:
        if left := tuple(worker for worker in one.workers if worker.pid != pid):
            yield structs.replace(one, workers=left)


def _later(one: GenerationState, seconds: float) -> GenerationState:
    return one if one.draining is None else structs.replace(one, draining=one.draining + seconds)


def apportioned(one: Retire, generation: GenerationState) -> Mapping[str, int]:
    """Return whose connections a worker closed, by host; where that is not known it has none.

    Who holds a generation is known, and not by which worker: each has its share of what this one had.
    """
    held = sum(each.connections for each in generation.held_by)
    closed = one.connections or 0
    found = {each.host: closed * each.connections // held for each in generation.held_by if each.host}
    return {**found, "": closed - sum(found.values())}


def memory_known(generations: Iterable[GenerationState]) -> bool:
    """Whether memory can be part of a decision: without the right to read it, only the count is."""
    return all(one.memory is not None for one in generations)


def _lack(
    turn: Turn, loads: int, generations: tuple[GenerationState, ...], cuts: Cuts, budget: Budget, now: float
) -> Why | None:
    """Return what there is not enough of."""
    alive = [one for one in generations if one.draining is None or not _stuck(one, cuts, now)]
    # The last place is for namespaces within their share, so that nobody can take all of them.
    most = max(budget.generations - turn.shared, 1 + loads)
    if len(alive) + loads > most:
        return Why.GENERATIONS
    if budget.memory is None or not memory_known(generations):
        return None
    needed = sum(one.memory or 0 for one in generations) + cost(generations, loads)
    return Why.MEMORY if needed > budget.memory else None


def cost(generations: Iterable[GenerationState], loads: int) -> int:
    """Return the bytes that so many loads may need beside what there is."""
    return loads * TWICE * max((one.memory or 0 for one in generations), default=0)


def missing(generations: Iterable[GenerationState], loads: int, budget: Budget) -> int:
    """Return the bytes that are lacking for the least that so many loads need; 0 where that is not known."""
    known = [(one.memory, len(one.workers)) for one in generations if one.memory is not None]
    if budget.most is None or not known or not memory_known(generations):
        return 0
    # What the workers share with their master is counted for them but for the master's part.
    least = loads * max(memory + memory // workers for memory, workers in known)
    return max(0, sum(memory for memory, _ in known) + least - budget.most)


def _alone(loads: int, generations: tuple[GenerationState, ...], budget: Budget, now: float) -> Decision:
    """Decide when only the generation that serves is left.

    Never to change again would be worse than to run out of memory, if that is feared, but not if it is known.
    """
    return Wait(now + AGAIN, Why.NO_ROOM) if missing(generations, loads, budget) else Go(Why.OVER)


def _old(generations: Iterable[GenerationState], cuts: Cuts, now: float) -> list[GenerationState]:
    """Return the generations that may be retired, the one that is being retired first, then the oldest."""
    old = [one for one in generations if one.draining is not None and not _stuck(one, cuts, now)]
    return sorted(old, key=lambda one: (not _told(one, cuts), -(one.draining or 0.0), one.id))


def _told(one: GenerationState, cuts: Cuts) -> bool:
    return any(worker.pid in cuts.told for worker in one.workers)


def _stuck(one: GenerationState, cuts: Cuts, now: float) -> bool:
    """Whether nothing more can be done about a generation: all its workers were told, long ago."""
    return all(now - cuts.told.get(worker.pid, now) > STUCK for worker in one.workers)


def _left(one: GenerationState, cuts: Cuts) -> list[WorkerState]:
    """Return the workers that were not told to leave, with the fewest connections first."""
    left = [worker for worker in one.workers if worker.pid not in cuts.told]
    return sorted(left, key=lambda worker: (_held(worker) is None, _held(worker) or 0, worker.pid))


def _held(worker: WorkerState) -> int | None:
    return None if worker.connections is None else worker.connections.total


def _begin(turn: Turn, old: list[GenerationState], cuts: Cuts) -> float:
    """Return when to begin: so that the last worker leaves when the load is due, and not before."""
    if turn.urgent is not None or _told(old[0], cuts):
        return turn.since
    # All but the last one are waited for.
    slowly = sum(_held(worker) or 0 for worker in _left(old[0], cuts)[:-1]) / RATE
    return min(max(turn.since + PATIENCE, turn.due - slowly), turn.since + LATEST)


def _retire(
    turn: Turn, old: list[GenerationState], cuts: Cuts, budget: Budget, lack: Why, now: float
) -> Decision:
    """Say which worker leaves next, or what is waited for before."""
    ripe = [one for one in old if (one.draining or 0.0) >= GRANTED]
    if not ripe:
        missing = GRANTED - max(one.draining or 0.0 for one in old)
        return Wait(now + max(missing, MOMENT), Why.GRANTED)
    late = turn.since + (LATE if turn.urgent is None else PATIENCE)
    over = [one for one in ripe if _told(one, cuts) or _requests_over(one, budget)]
    if not over and now < late:
        return Wait(late, Why.REQUESTS)
    chosen = (over or ripe)[0]
    if not (left := _left(chosen, cuts)):
        told = max(cuts.told[one.pid] for one in chosen.workers)
        return Wait(max(told + STUCK, now + MOMENT), Why.LEAVING)
    again = cuts.at + cuts.closed / RATE
    if now < again and now < turn.since + LATEST:
        return Wait(min(again, turn.since + LATEST), Why.RECONNECTS)
    why = lack if _requests_over(chosen, budget) else Why.CUT
    return Retire(left[0].pid, chosen.id, _held(left[0]), why)


def _requests_over(one: GenerationState, budget: Budget) -> bool:
    """Whether retiring it cuts no plain request: there is none, or its time is up anyway."""
    if (one.draining or 0.0) >= budget.longest:
        return True
    return one.connections is not None and one.connections.http == 0
