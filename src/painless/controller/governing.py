"""Between what is wanted and the load: waits for its turn and for room, and makes room.

What to do is decided by ``plan.pace`` and ``plan.governor``; here they are told what is known at the moment,
what they decide is done, and who it concerns is told.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple, assert_never

from msgspec import Struct

from painless.controller.causes import Arrivals, Causes, causes
from painless.controller.outside import Outside
from painless.controller.picture import Shown
from painless.controller.ports import Turns
from painless.controller.search import Refs
from painless.controller.want import Standing, Want
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ObjectRef
from painless.nginx.generation import Generation
from painless.plan import price
from painless.plan.changes import Effect, effect
from painless.plan.diff import moves
from painless.plan.governor import (
    RATE,
    Cuts,
    Decision,
    Go,
    Retire,
    Wait,
    Why,
    apportioned,
    decide,
    missing,
    outlook,
)
from painless.plan.pace import URGENT, Pace, Turn, Waiting
from painless.plan.reasons import MEANS
from painless.plan.workers import GenerationState

LOOK = 0.25  # Seconds between two looks at who has left, while a change waits for room.
ANEW = 0.5  # Seconds between two compiles while NGINX may not load: in a storm something comes all the time.
LONG = 3.0  # Seconds that a change waits for the turn of its namespace until its owner is told.
_RETIRING = frozenset({Why.RECONNECTS, Why.LEAVING})
"""What is waited for while workers leave one by one: our turn goes on."""
GATHERED, SHORT = Reason.CHANGES_GATHERED, Reason.NO_MEMORY_TO_RELOAD
TOLD = 600.0  # Seconds for which owners are told of connections that were closed, and of changes that waited.
_NEVER = float("inf")


class Work(NamedTuple):
    """What is done while a change waits: compile it anew, and serve of it what needs no load."""

    anew: Callable[[], Awaitable[Want]]
    meanwhile: Callable[[Want], Awaitable[None]]
    standing: Callable[[], Standing]
    trial: Refs = frozenset()


class _Asked(Struct, frozen=True):
    """A change that is to be loaded: why, since when, and how many loads it takes."""

    causes: Causes
    waiting: Waiting
    loads: int


class Governing:
    """Lets one change after the other go to NGINX; remembers the loads and who was told to leave."""

    def __init__(self, outside: Outside, shown: Shown, bell: asyncio.Event) -> None:
        self.arrivals = Arrivals()
        self.turns: Turns | None = None
        """Whose turn it is among replicas; without it there are no others."""
        self._nginx = outside.nginx
        self._clock = outside.clock
        self._listener = outside.listener
        self._shown = shown
        self._bell = bell
        self._pace = Pace()
        self._cuts = Cuts()
        self._waiting = Waiting()
        self._waits: tuple[Why, float] | None = None
        self._again = _NEVER
        self._findings: dict[Diagnostic, float] = {}

    @property
    def reconnects_until(self) -> float:
        """Until when clients of a retired worker connect again, as many in a second as may at once."""
        return self._cuts.at + self._cuts.closed / RATE

    def came(self, namespaces: Iterable[str]) -> None:
        """Note whose change came just now."""
        self.arrivals.came(namespaces, self._clock.now())

    def loaded(self) -> None:
        """Note that NGINX has loaded just now."""
        self._pace = self._pace.loaded(self._waiting, self._clock.now())
        self._waiting = Waiting()

    async def turn_over(self) -> None:
        """Let the next replica load: whatever became of our change, it waits no more."""
        if self.turns is not None:
            live = self._shown.live
            await self.turns.over(live.id if live else "")

    def tidy(self) -> None:
        """Take back what owners were told long ago."""
        now = self._clock.now()
        kept = {one: until for one, until in self._findings.items() if until > now}
        if len(kept) < len(self._findings):
            self._tell(kept)

    def overdue(self) -> bool:
        """Whether it is time to see if there is memory for what could not be loaded."""
        return self._clock.now() >= self._again

    def settled(self) -> None:
        """Note that nothing waits any more, as what could not be loaded was taken back."""
        self._wait_for(None)

    async def outlook(self, namespaces: Iterable[str], loads: int) -> price.Wait:
        """Return what a change of these namespaces would wait for, if it came now and were not urgent."""
        alive = self._shown.picture.generations
        budget = await self._nginx.budget(alive)
        now = self._clock.now()
        turn = self._pace.turn(Waiting(dict.fromkeys(namespaces, now)), now)
        found = outlook(turn, loads, alive, self._cuts.present(alive), budget, now)
        retires = tuple(_told(one) for one in found.retires)
        return price.Wait(found.seconds, MEANS.get(found.why, str(found.why)), retires)

    async def let_go(self, want: Want, work: Work) -> Want | None:
        """Wait until NGINX may load, and return what it is to load: what came meanwhile goes along.

        ``None`` when there is no memory for it and nobody knows when; ``overdue`` says when to ask again.
        """
        found: Want | None = want
        try:
            found = await self._let_go(want, work)
        finally:
            if found is not None:
                self._wait_for(None)
        return found

    async def _let_go(self, want: Want, work: Work) -> Want | None:
        compiled, told = self._clock.now(), None
        while effect(self._shown.live, want.generation) is Effect.RELOAD:
            if self._shown.live is None:
                # Nobody is served: only an NGINX that ends again and again is waited for.
                await self._clock.sleep(self._pace.every.last + URGENT - self._clock.now())
                break
            asked = await asyncio.to_thread(self._asked, self._shown.live, want, work)
            decision = await self._decision(asked)
            if isinstance(decision, Wait):
                if told is not want:
                    told = want
                    await work.meanwhile(want)
                if decision.why is Why.NO_ROOM:
                    return None
                await self._pause(decision, compiled + ANEW)
            is_new = self._bell.is_set() and self._clock.now() >= compiled + ANEW
            if isinstance(decision, Go) and not is_new:
                self._waiting = asked.waiting
                break
            if is_new:
                self._bell.clear()
                want, compiled = await work.anew(), self._clock.now()
        return want

    def _asked(self, live: Generation, want: Want, work: Work) -> _Asked:
        why = causes(want, work.standing(), work.trial)
        waiting = why.waiting(self.arrivals.since, self._clock.now())
        return _Asked(why, waiting, 2 if moves(live, want.generation) else 1)

    async def _decision(self, asked: _Asked) -> Decision:
        """Decide, and do what has no need to wait."""
        alive = (await self._nginx.generations()).generations
        budget = await self._nginx.budget(alive)
        now = self._clock.now()
        self._cuts = self._cuts.present(alive)
        turn = self._pace.turn(asked.waiting, now)
        found = decide(turn, asked.loads, alive, self._cuts, budget, now)
        if self.turns is not None:
            found = await self._in_turn(self.turns, found, urgent=turn.urgent is not None)
        match found:
            case Go(why):
                self._go(why, turn, asked)
            case Wait(until, why):
                self._wait_for(why, until - self._clock.now())
                if why is Why.NO_ROOM:
                    self._no_room(until, asked, missing(alive, asked.loads, budget))
            case Retire():
                await self._retire(found, alive)
            case _:
                assert_never(found)
        return found

    async def _in_turn(self, turns: Turns, found: Decision, *, urgent: bool) -> Decision:
        """Let other replicas go first whose turn it is: with loads, and with clients that have to leave."""
        if isinstance(found, Wait):
            if found.why not in _RETIRING:
                await turns.over(None)
            return found
        seconds = await turns.ask(urgent=urgent)
        return Wait(self._clock.now() + seconds, Why.REPLICAS) if seconds else found

    def _go(self, why: Why, turn: Turn, asked: _Asked) -> None:
        now = self._clock.now()
        if why is Why.OVER:
            self._listener.over_budget()
        waited = [name for name, since in asked.waiting.since.items() if now - since >= LONG]
        if turn.shared and waited:
            # Once for each namespace, about whichever of its objects was the first.
            known = {one.about.namespace: one for one in self._findings if one.reason is GATHERED}
            told = [known.get(name) or _gathered(asked.causes.objects[name]) for name in waited]
            self._tell({**self._findings, **dict.fromkeys(told, now + TOLD)})

    def _no_room(self, again: float, asked: _Asked, lacking: int) -> None:
        """Tell what is lacking and whose changes wait, once for as long as that is so."""
        if self._again == _NEVER:
            self._listener.no_room(lacking)
        self._again = again
        known = {one.about.namespace for one in self._findings if one.reason is SHORT}
        about = (ref for name, ref in asked.causes.objects.items() if name not in known)
        self._tell({**self._findings, **dict.fromkeys(map(_no_memory, about), _NEVER)})

    async def _retire(self, one: Retire, alive: Iterable[GenerationState]) -> None:
        """Have a worker leave, and tell whose connections that closed."""
        self._wait_for(one.why)
        await self._nginx.retire_worker(one.pid, one.generation)
        self._cuts = self._cuts.with_(one, self._clock.now())
        # Whose connections they are is found out beside this, and shown.
        known = (*self._shown.picture.generations, *alive)
        generation = next(each for each in known if one.pid in {worker.pid for worker in each.workers})
        self._listener.retired(one, apportioned(one, generation))
        if one.connections != 0:
            until = self._clock.now() + TOLD
            told = {_closed(each.ingress, each.host): until for each in generation.held_by if each.host}
            self._tell({**self._findings, **told})

    async def _pause(self, wait: Wait, anew: float) -> None:
        """Wait, but not when something came that may be compiled: from ``anew`` on."""
        now = self._clock.now()
        # Who has left does not matter while it is not time yet, or not our turn.
        looks = wait.why not in {Why.COALESCING, Why.REPLICAS}
        seconds = min(wait.until - now, LOOK if looks else math.inf)
        if self._bell.is_set():
            await self._clock.sleep(min(seconds, max(anew - now, 0.0)))
            return
        async with asyncio.TaskGroup() as group:
            either = group.create_task(self._clock.sleep(seconds)), group.create_task(self._bell.wait())
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            for one in either:
                one.cancel()

    def _wait_for(self, why: Why | None, seconds: float = 0.0) -> None:
        """Tell what is waited for, when that is another thing than before."""
        before, now = self._waits, self._clock.now()
        if why == (before[0] if before else None):
            return
        if before is not None:
            self._listener.waited(before[0], now - before[1])
            if before[0] is Why.NO_ROOM:
                self._again = _NEVER
                self._tell({one: at for one, at in self._findings.items() if one.reason is not SHORT})
        self._waits = (why, now) if why else None
        self._shown.show(governor=why or "")
        # What is done at once has no need to be waited for, and that there is no room is told by itself.
        if why is not None and why is not Why.NO_ROOM and seconds > 0:
            self._listener.waits(why, seconds)

    def _tell(self, findings: dict[Diagnostic, float]) -> None:
        new = findings.keys() != self._findings.keys()
        self._findings = findings
        if new:
            self._shown.show(from_governor=tuple(sorted(findings)))


def _told(one: Retire) -> str:
    held = "an unknown number of" if one.connections is None else str(one.connections)
    return f"worker {one.pid} of generation {one.generation} would leave, with {held} connections"


def _closed(about: ObjectRef, host: str) -> Diagnostic:
    says = f"connections of {host} were closed before their time, since NGINX had to load and had no room"
    hint = "clients should connect again by themselves, each after another pause"
    return Diagnostic(about, "", Reason.CONNECTIONS_CLOSED, Severity.WARNING, says, hint)


def _gathered(about: ObjectRef) -> Diagnostic:
    says = "its namespace has used up its share of reloads, so its changes are gathered"
    hint = "each is served within seconds; changes that are made together need one reload"
    return Diagnostic(about, "", GATHERED, Severity.WARNING, says, hint)


def _no_memory(about: ObjectRef) -> Diagnostic:
    says = "there is too little memory for NGINX to load, so changes of this namespace wait"
    hint = "the controller's log says how much is missing; as soon as there is room the latest is served"
    return Diagnostic(about, "", SHORT, Severity.WARNING, says, hint)
