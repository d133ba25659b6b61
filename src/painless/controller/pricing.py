"""What a change would do to what runs now: compiled beside the rounds, and never applied.

The loop's thread only takes what is there; the rest is done in a thread of the asker's, from a branch of the
compiler's memory, so that no round waits for a question or pays for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Executor

from msgspec import Struct, structs

from painless.controller.endpoints import Endpoints, Slices
from painless.controller.inbox import Inbox, Taken
from painless.controller.picture import Shown
from painless.controller.ports import WorldError
from painless.controller.quarantine import changed, differ
from painless.controller.want import Standing, Want, want_of
from painless.model.diagnostics import Diagnostic
from painless.model.objects import EndpointSlice, Ingress, Object, ObjectRef, Service
from painless.model.snapshot import Name, port_numbers
from painless.nginx.generation import Generation
from painless.plan import price
from painless.plan.changes import Effect, effect
from painless.plan.governor import cost, memory_known
from painless.plan.price import Price, Wait


class Asked(Struct, frozen=True):
    """A change that is only asked about; ``found`` is what is wrong with it by itself."""

    upserts: tuple[Object, ...] = ()
    removals: tuple[ObjectRef, ...] = ()
    found: tuple[Diagnostic, ...] = ()
    diff: bool = False


class _Moment(Struct, frozen=True):
    """What there was when it was asked."""

    taken: Taken
    slices: Slices
    standing: Standing
    live: Generation | None


class Pricing:
    """Says what a change would cost.

    ``newest`` is when an Ingress was created that is not there yet, ``counts`` says which objects are ours to
    serve, and ``referred`` gets the objects that others refer to and that are not among ours.
    """

    def __init__(
        self,
        inbox: Inbox,
        shown: Shown,
        endpoints: Endpoints,
        standing: Callable[[], Standing],
        listed: Callable[[], bool],
    ) -> None:
        self._inbox = inbox
        self._shown = shown
        self._endpoints = endpoints
        self._standing = standing
        self._listed = listed
        self.newest = 0.0
        self.counts: Callable[[ObjectRef], bool] = lambda _: True
        self.outlook: Callable[[Iterable[str], int], Awaitable[Wait]] | None = None
        """Says what a change of some namespaces would wait for."""
        self.referred: Callable[[tuple[Object, ...]], Awaitable[tuple[Object, ...]]] = _nothing_more

    async def price(self, asked: Asked, threads: Executor) -> Price:
        """Compile as if the change were made, and compare.  Raises ``WorldError``."""
        if not self._listed():
            raise WorldError("the objects are not listed yet; ask again in a moment")
        asked, ignored = self._sifted(asked)
        # What nobody refers to yet is not among our objects, and would count as missing.
        more = await self.referred(asked.upserts)
        asked = structs.replace(asked, upserts=(*more, *asked.upserts))
        moment = self._moment(asked)
        work = asyncio.get_running_loop().run_in_executor
        found = await work(threads, self._compared, asked, moment)
        if found.effect is Effect.RELOAD and self.outlook is not None:
            refs = (*asked.removals, *(one.ref for one in asked.upserts))
            wait = await self.outlook({ref.namespace for ref in refs}, found.loads)
            found = structs.replace(found, wait=wait)
        return price.bounded(structs.replace(self._with_workers(found), ignored=ignored))

    def _sifted(self, asked: Asked) -> tuple[Asked, tuple[str, ...]]:
        """Return what can have an effect, and a sentence about each object that has none."""
        elsewhere = {one.ref for one in asked.upserts if not self.counts(one.ref)}
        says = [f"{ref}: its namespace is not watched" for ref in sorted(elsewhere)]
        absent = {ref for ref in asked.removals if not self._inbox.has(ref)}
        says += [f"{ref}: there is no such object to remove" for ref in sorted(absent)]
        upserts = tuple(one for one in asked.upserts if one.ref not in elsewhere)
        removals = tuple(ref for ref in asked.removals if ref not in absent)
        return structs.replace(asked, upserts=upserts, removals=removals), tuple(says)

    def _with_workers(self, found: Price) -> Price:
        generations = self._shown.picture.generations
        if found.effect is not Effect.RELOAD or not generations:
            return found
        memory = cost(generations, found.loads) if memory_known(generations) else None
        return structs.replace(found, notice=price.notices(generations), memory=memory)

    def _moment(self, asked: Asked) -> _Moment:
        touched = self._services(asked)
        standing = self._standing()
        # A round may begin at any time; it must not notice.
        standing = standing._replace(memory=standing.memory.branch())
        slices = {name: self._inbox.slices(name) for name in touched}
        return _Moment(self._inbox.taken(), slices, standing, self._shown.live)

    def _services(self, asked: Asked) -> frozenset[Name]:
        """Return the Services whose endpoints the change touches."""
        refs = (*asked.removals, *(one.ref for one in asked.upserts))
        were = (self._inbox.service_of(ref) for ref in refs)
        new = ((one.namespace, one.service) for one in asked.upserts if isinstance(one, EndpointSlice))
        return frozenset((*filter(None, were), *new))

    def _compared(self, asked: Asked, moment: _Moment) -> Price:
        standing = moment.standing
        base = want_of(moment.taken, standing)
        after, slices = overlaid(moment.taken, moment.slices, asked, self.newest)
        # What is held is tried again as soon as it changes.
        named = {*asked.removals, *(one.ref for one in asked.upserts)}
        held = {ref: one for ref, one in standing.held.items() if ref not in named}
        want = want_of(after, standing._replace(held=held))
        live = base.generation if moment.live else None
        moved, about = self._endpoints.moved(want.compiled.site, moment.slices, slices)
        what = effect(live, want.generation)
        known, found = {*base.compiled.diagnostics}, {*want.compiled.diagnostics}
        return Price(
            effect=Effect.LIVE if what is Effect.NONE and moved else what,
            from_=live.id if live else "",
            to=want.generation.id,
            loads=price.loads(live, want.generation),
            reasons=price.reasons(live, want.generation, differ(want.objects, base.objects)),
            hot_files=price.written(live, want.generation),
            endpoints=moved,
            findings=tuple(price.finding(one) for one in sorted({*asked.found, *about, *(found - known)})),
            resolved=len(known - found),
            pending=_pending(base, standing),
            diff=price.lines_of(live, want.generation) if asked.diff and live else "",
        )


async def _nothing_more(_: tuple[Object, ...]) -> tuple[Object, ...]:
    return ()


def _pending(base: Want, standing: Standing) -> int:
    confirmed = standing.confirmed
    return len(changed(base.objects, confirmed.objects)) if confirmed else 0


def overlaid(taken: Taken, slices: Slices, asked: Asked, newest: float) -> tuple[Taken, Slices]:
    """Return what there would be after the change, and the slices of the Services that it touches."""
    objects = dict(taken.objects)
    gone = {*asked.removals, *(one.ref for one in asked.upserts)}
    after = {name: tuple(one for one in some if one.ref not in gone) for name, some in slices.items()}
    for ref in asked.removals:
        objects.pop(ref, None)
    for one in asked.upserts:
        if isinstance(one, EndpointSlice):
            name = (one.namespace, one.service)
            after[name] = (*after.get(name, ()), one)
        else:
            objects[one.ref] = _as_stored(one, taken.objects.get(one.ref), newest)
    numbers = {name: one for name, one in taken.port_numbers.items() if name not in after}
    numbers |= {name: port_numbers(some) for name, some in after.items() if some}
    return Taken(objects, numbers), after


def _as_stored(one: Object, before: Object | None, newest: float) -> Object:
    """Return an object with what the API server gives it; the one that is there when they are equal."""
    match one, before:
        case Ingress(created=0), Ingress():
            one = structs.replace(one, created=before.created)
        case Ingress(created=0), _:
            one = structs.replace(one, created=newest)
        case Service(cluster_ip=""), Service():
            one = structs.replace(one, cluster_ip=before.cluster_ip)
        case _:
            pass
    return before if before == one and before is not None else one
