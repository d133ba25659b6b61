"""What NGINX runs, and how it gets to run something else.

Knows no objects: which generation is wanted, and what to do about a refused one, is ``rounds``' business.
"""

import asyncio

from msgspec import Struct, structs

from painless.compiler.emit import warm_generation
from painless.compiler.options import Machine
from painless.controller.governing import Governing
from painless.controller.outside import Outside
from painless.controller.picture import Shown
from painless.controller.ports import WorldError
from painless.controller.search import Blame
from painless.controller.telling import Took
from painless.nginx.generation import Generation
from painless.plan.changes import Change, Differ, Effect, Kind, changes, effect, refused_origins
from painless.plan.diff import plan, plan_start, test
from painless.plan.renewal import plan_renewal
from painless.plan.steps import Applied, Await, Outcome, Refused, Resolve, Stage, Start, Step, Verify

_TOOK = {Effect.LIVE: Took.LIVE, Effect.RELOAD: Took.RELOAD}


class No(Struct, frozen=True):
    """NGINX refused: at which step, what it said and whose lines it meant."""

    step: Step
    blame: Blame

    @property
    def concerns_objects(self) -> bool:
        """Whether an object may be behind it: a port that is taken is not any object's fault."""
        return isinstance(self.step, Verify | Await) and "bind() to " not in self.blame.says


class Live:
    """The live generation; ``sure`` while it, hot files included, is what NGINX and its disk have."""

    def __init__(self, outside: Outside, shown: Shown, governing: Governing) -> None:
        self.sure = False
        # Whether workers of older generations may still use what the live one does not.
        self.stale = True
        self._nginx = outside.nginx
        self._responder = outside.responder
        self._options = outside.options
        self._listener = outside.listener
        self._clock = outside.clock
        self._shown = shown
        self.governing = governing
        self._renewed = False

    @property
    def generation(self) -> Generation | None:
        return self._shown.live

    async def look(self) -> Generation | None:
        """Show what NGINX runs, whoever started it, and what an interrupted plan has left on the disk."""
        live = await self._nginx.adopt()
        # A start that was interrupted runs upstreams without routes: it serves nobody yet.
        self._shown.show(live=live, ready=live is not None and (bool(live.routes) or not live.upstreams))
        self.sure = live is not None
        return live

    def ended(self) -> None:
        """Show that NGINX does not run."""
        self.sure = False
        self._shown.show(live=None, ready=False)

    def refit(self, machine: Machine) -> None:
        """Start NGINX, if it comes to that, as it fits another machine."""
        self._options = structs.replace(self._options, machine=machine)

    async def test(self, want: Generation) -> No | None:
        """Ask NGINX whether it would take ``want``; no worker notices."""
        steps = test(want)
        return _answer(steps, want, await self._nginx.apply(steps))

    async def apply(
        self, want: Generation, differ: Differ | None = None, of_machine: tuple[Change, ...] = ()
    ) -> No | None:
        """Make ``want`` live, unless NGINX refuses it; ``differ`` are the objects that changed."""
        await self._renew()
        live = self.generation
        what = effect(live, want)
        if what is Effect.NONE:
            return None
        if live is None:
            reasons: tuple[Change, ...] = (Change(Kind.STARTED, None, ""),)
            steps = await self._plan_start(want)
        else:
            reasons, steps = await asyncio.to_thread(_planned, live, want, differ)
            # Lines that the machine changed are no object's.
            reasons = (*of_machine, *(one for one in reasons if one.ref)) if of_machine else reasons
        before, sure, self.sure = self._nginx.reload_count, self.sure, False
        began = self._clock.now()
        outcome = await self._nginx.apply(steps)
        count = self._nginx.reload_count - before
        self._count(outcome, count)
        if no := _answer(steps, want, outcome):
            # At its test nothing has been touched yet.
            self.sure = sure and no.step == Verify(want.id)
            return no
        self.sure = True
        self._shown.show(live=want, ready=True)
        self._listener.took(_TOOK[what], self._clock.now() - began)
        if what is Effect.RELOAD:
            self._listener.reloaded(want.id, reasons, count)
        else:
            self._listener.applied_live(want.id)
        return None

    async def _renew(self) -> None:
        """Have NGINX's new binary serve what the old one does, before it is told to load anything new.

        Tried once: what failed is told, and the operator decides when.
        """
        live = self.generation
        if live is None or self._renewed or not self._nginx.outdated:
            return
        self._renewed = True
        try:
            known = await self._responder.peers(live.upstreams)
            outcome = await self._nginx.apply(plan_renewal(live, known, self._responder.apart))
        except WorldError as problem:
            self._listener.renewed(str(problem))
        else:
            self._listener.renewed(outcome.output if isinstance(outcome, Refused) else "")
        self.governing.loaded()
        self.stale = True

    async def serve_last_good(self) -> None:
        """Start NGINX on what served before this controller, since what is wanted is refused."""
        good = await self._nginx.last_good()
        steps = (Start(), Await(good.id), Resolve(good.upstreams)) if good else ()
        if good is None or isinstance(await self._nginx.apply(steps), Refused):
            raise WorldError("NGINX refuses the configuration, and there is none from before that it takes")
        self._shown.show(live=good, ready=True)

    async def _plan_start(self, want: Generation) -> tuple[Step, ...]:
        left = await self._nginx.markers_left()
        return await asyncio.to_thread(lambda: plan_start(want, warm_generation(want, self._options), left))

    def _count(self, outcome: Outcome, count: int) -> None:
        """Have the next load wait for what this one did: a refused one did nothing to the workers."""
        refused = isinstance(outcome, Refused) and isinstance(outcome.step, Await)
        if count > refused or (self.generation is None and isinstance(outcome, Applied)):
            self.governing.loaded()
            self.stale = True


def _planned(
    live: Generation, want: Generation, differ: Differ | None
) -> tuple[tuple[Change, ...], tuple[Step, ...]]:
    """Return why and how to get to ``want``; both look at every line, which is no work for the event loop."""
    return changes(live, want, differ), plan(live, want)


def _answer(steps: tuple[Step, ...], want: Generation, outcome: Outcome) -> No | None:
    if isinstance(outcome, Applied):
        return None
    staged = {one.generation.id: one.generation for one in steps if isinstance(one, Stage)}
    step = outcome.step
    refused = staged.get(step.id, want) if isinstance(step, Verify | Await) else want
    return No(step, Blame(outcome.output, refused_origins(outcome.output, refused)))
