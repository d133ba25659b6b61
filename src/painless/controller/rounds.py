"""One round: from the objects of the moment to what NGINX serves, without those that it refuses.

What is refused is looked for while what is live serves on; then the rest is served.  What is held already is
tried again after everything else is served, so that one owner's mistakes cost the others no time.
"""

import asyncio
from collections.abc import Mapping
from functools import partial

from msgspec import structs

from painless.compiler.memory import Memory
from painless.compiler.options import Machine
from painless.controller.endpoints import Endpoints
from painless.controller.fitting import because_of_machine, fits_otherwise
from painless.controller.governing import Work
from painless.controller.inbox import Inbox, Taken
from painless.controller.live import Live, No
from painless.controller.outside import Outside
from painless.controller.picture import Shown
from painless.controller.ports import CannotStart, WorldError
from painless.controller.quarantine import (
    Objects,
    Quarantine,
    around,
    changed,
    compiled_of,
    differ,
    due,
    findings,
    hold,
    next_due,
    present,
)
from painless.controller.recall import encoded, recalled
from painless.controller.search import LEFT_OUT, LOADS, TESTS, Blame, Bounds, Found, Refs, Trial, search
from painless.controller.telling import Took
from painless.controller.want import Standing, Want, instead, want_of
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Object, ObjectRef, Origin
from painless.nginx.generation import AT_LOAD
from painless.plan.steps import Start, Verify

_DEEPEST = 2  # Searches in a row: what passes the test may be refused at the load, and no more comes after.
REFUSED = 60.0  # Seconds until what NGINX refuses of ours is tried again: a port may have become free.
OURS = ObjectRef("Painless", "", "configuration")


class Rounds:
    """Brings NGINX to what the inbox asks for; remembers which objects it took and which it refuses."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        live: Live,
        endpoints: Endpoints,
        outside: Outside,
        shown: Shown,
        bell: asyncio.Event,
    ) -> None:
        self._inbox = inbox
        self._live = live
        self._endpoints = endpoints
        self._nginx = outside.nginx
        self._clock = outside.clock
        self._options = outside.options
        self._listener = outside.listener
        self._memory = Memory()
        self._shown = shown
        self._governing = live.governing
        self._bell = bell
        self._held: Quarantine = {}
        self._away: Quarantine = {}
        self._good: Objects = {}
        self._confirmed: Want | None = None
        self._refused, self._refused_until = "", 0.0

    async def recall(self) -> None:
        """Take over what the controller before this one knew."""
        content = await self._nginx.remembered()
        taken = self._inbox.taken()
        self._good, self._held = await asyncio.to_thread(recalled, content, taken.objects, self._clock.now())

    def standing(self) -> Standing:
        """Return what a compile starts from now."""
        return Standing(self._confirmed, self._good, self._held, self._options, self._memory)

    def refit(self, machine: Machine) -> None:
        """Compile for another machine from now on."""
        self._options = structs.replace(self._options, machine=machine)
        self._live.refit(machine)

    async def round(self) -> None:
        was_sure = self._live.sure
        if not was_sure:
            await self._live.look()
        taken = self._inbox.taken()
        self._held, self._away = present(self._held, self._away, taken.objects, self._clock.now())
        if was_sure and await asyncio.to_thread(self._is_served, taken):
            self._governing.settled()
        else:
            await self._serve(frozenset())
        if self._refused:
            return  # For a reason of the world's, which is asked again when it is time.
        if again := due(self._held, self._inbox.objects, self._clock.now()):
            await self._serve(again)

    def overdue(self) -> bool:
        """Whether something that is refused, or had no room, is to be tried again without any change."""
        at = self._refused_until if self._refused else next_due(self._held, self._inbox.objects)
        return at <= self._clock.now() or self._governing.overdue()

    def _is_served(self, taken: Taken) -> bool:
        """Whether nothing but what is held differs from what NGINX runs."""
        known, live = self._confirmed, self._live.generation
        if known is None or live is None or known.generation.id != live.id or known.held != self._held:
            return False
        same = known.taken.port_numbers == taken.port_numbers
        same = same and known.compiled.fit.machine == self._options.machine
        others = {**instead(self._held), **known.turned_away.of(taken.objects)}
        return same and not changed(compiled_of(taken.objects, others), known.objects)

    async def _serve(self, again: Refs) -> None:
        """Serve everything but what is held; of that, try ``again``."""
        want = await self._compile(again)
        # A try that fails neither waits for its turn to load nor takes others along that came meanwhile.
        if again and (no := await self._tested(want)):
            await self._part(want, no)
            return
        work = Work(partial(self._compile, again), self._put_hot, self.standing, again)
        try:
            may = await self._governing.let_go(want, work)
            if may is None:
                return
            if no := await self._apply(may):
                await self._part(may, no)
            else:
                await self._confirm(may)
        finally:
            await self._governing.turn_over()

    async def _tested(self, want: Want) -> No | None:
        live = self._live.generation
        return None if live and live.cold == want.generation.cold else await self._live.test(want.generation)

    async def _compile(self, again: Refs) -> Want:
        """Compile the objects of this moment."""
        taken = self._inbox.taken()
        self._governing.arrivals.take()
        held, away = present(self._held, self._away, taken.objects, self._clock.now())
        # What has gone since the round began comes back as what it was, too.
        self._away = {**away, **self._away}
        began = self._clock.now()
        want = await self._compiled(taken, {ref: one for ref, one in held.items() if ref not in again})
        self._listener.took(Took.COMPILE, self._clock.now() - began)
        if not again:
            # A trial that is refused leaves the findings as they are.
            self._shown.show(compiled=want.compiled)
        live = self._live.generation
        still = want.generation.id == self._refused and self._clock.now() < self._refused_until
        if live is not None and still:
            # Refused text stays out, hot files do not.
            merged = structs.replace(live, hot={**live.hot, **want.generation.hot})
            return structs.replace(want, generation=merged)
        return want

    async def _put_hot(self, want: Want) -> None:
        """Have certificates and passwords take effect while NGINX may not load what else there is."""
        live = self._live.generation
        if live is None:
            return
        new = {path: one for path, one in want.generation.hot.items() if path in live.hot and len(one)}
        new = {path: one for path, one in new.items() if not path.startswith(AT_LOAD)}
        await self._live.apply(structs.replace(live, hot={**live.hot, **new}))

    async def _compiled(
        self, taken: Taken, held: Quarantine, more: Mapping[ObjectRef, Object | None] | None = None
    ) -> Want:
        standing = self.standing()._replace(held=held)
        # In a thread, so that endpoints and probes are answered meanwhile.
        return await asyncio.to_thread(want_of, taken, standing, more)

    async def _apply(self, want: Want) -> No | None:
        live = self._confirmed.compiled.site if self._confirmed else None
        await self._endpoints.serve(live, want.compiled.site)
        known = await asyncio.to_thread(differ, want.objects, self._good)
        before, after = self._confirmed, want.compiled.fit
        of_machine = because_of_machine(before.compiled.fit, after) if before else ()
        return await self._live.apply(want.generation, known, of_machine)

    async def _confirm(self, want: Want) -> None:
        """Remember what NGINX took."""
        if want.generation.id != want.compiled.generation.id:
            return  # It is what was live before: what is wanted is refused, and no object is behind that.
        before, self._confirmed = self._confirmed, want
        if since := self._governing.arrivals.since:
            self._listener.took(Took.CHANGE, self._clock.now() - min(since.values()))
        self._governing.arrivals.served()
        self._good, self._held, self._refused = want.objects, want.held, ""
        left_out = sum(one.good is None for one in want.held.values())
        self._shown.show(
            compiled=want.compiled,
            from_nginx=findings(want.held),
            held_out=left_out,
            held_earlier=len(want.held) - left_out,
        )
        self._listener.confirmed(want.compiled.ingresses)
        if before is None or fits_otherwise(before.compiled.fit, want.compiled.fit):
            self._listener.fitted(want.compiled.fit)
        if before is None or before.generation.id != want.generation.id or before.held != want.held:
            content = await asyncio.to_thread(encoded, want.objects, want.held)
            await self._nginx.remember(content)

    async def _part(self, want: Want, no: No, depth: int = 0) -> None:
        """Find who is refused, hold them, and serve the rest."""
        found = await self._search(want, no) if no.concerns_objects and depth < _DEEPEST else None
        if found is None or not found.refused:
            await self._keep_serving(want, no)
            return
        self._hold(want, found)
        if found.waiting:
            self._bell.set()
            if self._live.generation is None:
                return  # What is served first is whole, but for what is known to be refused.
        waiting = {ref: self._good.get(ref) for ref in found.waiting}
        rest = await self._compiled(want.taken, self._held, waiting)
        if again := await self._apply(rest):
            await self._part(rest, again, depth + 1)
        else:
            await self._confirm(rest)

    def _hold(self, want: Want, found: Found) -> None:
        held = hold(self._held, found, want.taken.objects, self._good, self._clock.now())
        # What was tried again and is not found to be refused is free.
        self._held = {ref: one for ref, one in held.items() if ref in want.held or ref in found.refused}
        says = next(iter(found.refused.values())).says
        self._listener.refused(says, ", ".join(map(str, sorted(found.refused))))

    async def _search(self, want: Want, no: No) -> Found | None:
        """Ask NGINX until it is known who is refused, by tests where a test tells."""
        by_test = isinstance(no.step, Verify)
        differs = await asyncio.to_thread(changed, want.objects, self._good)
        serving = self._live.generation is not None
        bounds = Bounds(
            trials=TESTS if by_test else LOADS,
            left_out=min(LEFT_OUT, len(differs)) if serving else len(want.objects),
            proven=not by_test,
        )
        hunt = search(differs, no.blame, lambda refs: around(refs, want.objects), bounds)
        try:
            trial = next(hunt)
            while True:
                trial = hunt.send(await self._try(want, trial, by_test=by_test))
        except StopIteration as end:
            found: Found | None = end.value
            return found

    async def _try(self, want: Want, trial: Trial, *, by_test: bool) -> Blame | None:
        instead = {ref: None if ref in trial.left_out else self._good.get(ref) for ref in trial.held}
        one = await self._compiled(want.taken, want.held, instead)
        no = await (self._live.test(one.generation) if by_test else self._apply(one))
        if no is not None and not no.concerns_objects:
            raise WorldError(no.blame.says)
        return no.blame if no else None

    async def _keep_serving(self, want: Want, no: No) -> None:
        """Stay with what is live: no object is behind what NGINX refuses."""
        self._refused, self._refused_until = want.generation.id, self._clock.now() + REFUSED
        origin = next(iter(no.blame.origins), Origin(OURS, ""))
        says = f"NGINX refuses the configuration: {no.blame.says}"
        hint = "what was served before is served on"
        reason = Reason.CONFIGURATION_REFUSED
        found = Diagnostic(origin.ref, origin.field, reason, Severity.REJECTED, says, hint)
        self._shown.show(from_nginx=tuple(sorted((*findings(self._held), found))))
        self._listener.refused(no.blame.says, str(origin.ref))
        if self._live.generation is None:
            if isinstance(no.step, Start) and not self._shown.served:
                raise CannotStart(no.blame.says)
            await self._live.serve_last_good()
