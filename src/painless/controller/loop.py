"""The loop: take what changed, compile, plan, apply, tell.

Two paths.  Endpoints go straight to the responder, at once, whatever else is being done.  Everything else is
compiled as a whole and applied one generation at a time; what arrives meanwhile is taken by the next round.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Protocol

from msgspec import structs

from painless.compiler import Compiled, compile_snapshot
from painless.compiler.emit import warm_generation
from painless.compiler.options import Options
from painless.compiler.site import StaticFeed, Upstream
from painless.controller.holdoff import HoldOff
from painless.controller.inbox import Inbox
from painless.controller.picture import Picture
from painless.controller.ports import CannotStart, Clock, NginxPort, ResponderPort, WorldError
from painless.discovery.answers import Answer
from painless.discovery.zone import answer
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Object, ObjectRef
from painless.model.snapshot import Name
from painless.nginx.generation import Generation
from painless.plan.changes import Change, Effect, Kind, changes, effect, refused_origin
from painless.plan.diff import plan, plan_start
from painless.plan.steps import Await, Refused, Resolve, Start, Step

GATHER = 0.02  # Seconds between a change and the compile: the files of one "kubectl apply" come together.
RETRY = (1.0, 30.0)  # Seconds until a failed round is tried again, doubling: a disk is not freed at once.
REFUSED = 60.0  # Seconds until what NGINX refused is tried again: a port may have become free.
TIDY = 10.0  # Seconds between two looks at what older workers still use.


class SourceChange(Protocol):
    """What a source of objects sends; the first holds everything."""

    @property
    def upserts(self) -> tuple[Object, ...]: ...
    @property
    def removals(self) -> tuple[ObjectRef, ...]: ...
    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]: ...


class Listener(Protocol):
    """Is told what happened: metrics and logs."""

    def reloaded(self, generation: str, reasons: tuple[Change, ...], count: int) -> None: ...
    def applied_live(self, generation: str) -> None: ...
    def endpoints_updated(self, upstreams: int) -> None: ...
    def refused(self, output: str, about: str) -> None: ...
    def failed(self, problem: Exception, retry_in: float) -> None: ...
    def nginx_gone(self) -> None: ...
    def diagnosed(self, new: Iterable[Diagnostic], gone: Iterable[Diagnostic]) -> None: ...


class Controller:
    """Keeps NGINX at what the source's objects ask for."""

    def __init__(
        self,
        *,
        nginx: NginxPort,
        responder: ResponderPort,
        clock: Clock,
        options: Options,
        listener: Listener,
        allow_loopback: bool,
    ) -> None:
        self.picture = Picture()
        self._nginx = nginx
        self._responder = responder
        self._clock = clock
        self._options = options
        self._listener = listener
        self._allow_loopback = allow_loopback
        self._inbox = Inbox()
        self._bell = asyncio.Event()
        self._listed = asyncio.Event()
        self._hold_off = HoldOff()
        self._refused, self._refused_at = "", 0.0
        self._upstreams: dict[Name, tuple[Upstream, ...]] = {}
        self._live_upstreams: tuple[Upstream, ...] = ()
        self._about_endpoints: dict[Name, tuple[Diagnostic, ...]] = {}
        self._stale = True
        self._served = False
        # Whether the picture's live generation, hot files included, is what NGINX and its disk have.
        self._sure = False
        # Held by whoever acts on NGINX or its disk: a round, or tidying up.
        self._turn = asyncio.Lock()

    async def run(self, source: AsyncIterator[SourceChange]) -> None:
        """Run until cancelled or until the source ends."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._collect(source))
            group.create_task(self._reconcile())
            group.create_task(self._tidy())

    async def _collect(self, source: AsyncIterator[SourceChange]) -> None:
        async for change in source:
            touched = self._inbox.take(change.upserts, change.removals)
            self._show(from_source=change.diagnostics)
            if touched.routing or not self._listed.is_set():
                self._bell.set()
            self._listed.set()
            await self._update_endpoints(touched.services)

    async def _update_endpoints(self, services: Iterable[Name]) -> None:
        """Tell the responder what became of the upstreams of these Services."""
        answers = [one for name in services for one in self._answers_of(name)]
        if not answers:
            return
        try:
            await self._responder.put(answers)
        except WorldError as problem:
            # The responder is told everything again when it is back; nothing is lost.
            self._listener.failed(problem, 0.0)
        self._listener.endpoints_updated(len(answers))
        self._show_endpoints()

    def _answers_of(self, service: Name) -> list[Answer]:
        slices = self._inbox.slices(service)
        answers: list[Answer] = []
        found: list[Diagnostic] = []
        for upstream in self._upstreams.get(service, ()):
            one, about = answer(upstream, slices, allow_loopback=self._allow_loopback)
            answers.append(one)
            found += about
        # Only Services with findings are kept, so that showing them costs nothing in a sound cluster.
        self._about_endpoints.pop(service, None)
        if found:
            self._about_endpoints[service] = tuple(found)
        return answers

    async def _reconcile(self) -> None:
        await self._listed.wait()
        live = await self._look()
        async with asyncio.TaskGroup() as group:
            watcher = group.create_task(self._watch_nginx()) if live is not None else None
            delay = RETRY[0]
            while True:
                await self._bell.wait()
                await self._clock.sleep(GATHER)
                self._bell.clear()
                try:
                    async with self._turn:
                        await self._round()
                    delay = RETRY[0]
                except CannotStart:
                    raise
                except Exception as problem:  # noqa: BLE001 -- the one place: what is live stays, we try again.
                    self._listener.failed(problem, delay)
                    await self._clock.sleep(delay)
                    delay = min(2 * delay, RETRY[1])
                    self._bell.set()
                if self.picture.live is not None and (watcher is None or watcher.done()):
                    watcher = group.create_task(self._watch_nginx())

    async def _watch_nginx(self) -> None:
        await self._nginx.gone()
        self._listener.nginx_gone()
        self._sure = False
        self._show(live=None, ready=False)
        self._bell.set()

    async def _round(self) -> None:
        if not self._sure:
            await self._look()
        compiled, want = await self._compile()
        while self._due_in(want) > 0:
            await self._clock.sleep(self._due_in(want))
            self._bell.clear()
            compiled, want = await self._compile()
        await self._serve_names(compiled.site.upstreams)
        await self._apply(want)
        live = self.picture.live
        if live is not None and live.id == compiled.generation.id:
            self._live_upstreams = compiled.site.upstreams
            self._refused = ""
            self._show(from_nginx=())

    async def _look(self) -> Generation | None:
        """Show what NGINX runs, whoever started it, and what an interrupted plan has left on the disk."""
        live = await self._nginx.adopt()
        # A start that was interrupted runs upstreams without routes: it serves nobody yet.
        self._show(live=live, ready=live is not None and (bool(live.routes) or not live.upstreams))
        self._sure = live is not None
        return live

    def _due_in(self, want: Generation) -> float:
        """Return for how many seconds ``want`` has to wait: only what NGINX must load does."""
        if effect(self.picture.live, want) is not Effect.RELOAD:
            return 0.0
        return self._hold_off.wait(self._clock.now())

    async def _compile(self) -> tuple[Compiled, Generation]:
        """Return what should be served, and what of it can be: refused text stays out, hot files do not."""
        # In a thread, so that endpoints and probes are answered meanwhile.
        compiled = await asyncio.to_thread(compile_snapshot, self._inbox.snapshot(), self._options)
        self._show(compiled=compiled)
        want, live = compiled.generation, self.picture.live
        if live is not None and want.id == self._refused:
            want = structs.replace(live, hot={**live.hot, **want.hot})
        return compiled, want

    async def _apply(self, want: Generation) -> None:
        live = self.picture.live
        what = effect(live, want)
        if what is Effect.NONE:
            return
        reasons = changes(live, want) if live else (Change(Kind.STARTED, None, ""),)
        before, self._sure = self._nginx.reload_count, False
        outcome = await self._nginx.apply(plan(live, want) if live else await self._plan_start(want))
        if self._nginx.reload_count != before or live is None:
            self._hold_off = self._hold_off.loaded(self._clock.now())
            self._stale = True
        if isinstance(outcome, Refused):
            await self._keep_serving(outcome, want)
            return
        self._sure = True
        self._show(live=want, ready=True)
        if what is Effect.RELOAD:
            self._listener.reloaded(want.id, reasons, self._nginx.reload_count - before)
        else:
            self._listener.applied_live(want.id)

    async def _plan_start(self, want: Generation) -> tuple[Step, ...]:
        return plan_start(want, warm_generation(want, self._options), await self._nginx.markers_left())

    async def _serve_names(self, upstreams: tuple[Upstream, ...]) -> None:
        """Have the responder answer for these upstreams, before NGINX asks, and for those it uses already."""
        by_service: dict[Name, list[Upstream]] = {}
        for one in {each.name: each for each in (*self._live_upstreams, *upstreams)}.values():
            if not isinstance(one.feed, StaticFeed):
                by_service.setdefault((one.namespace, one.service), []).append(one)
        new = {name: tuple(some) for name, some in by_service.items()}
        changed = [name for name, some in new.items() if self._upstreams.get(name) != some]
        self._upstreams = new
        self._about_endpoints = {name: some for name, some in self._about_endpoints.items() if name in new}
        await self._responder.put([one for name in changed for one in self._answers_of(name)])
        self._show_endpoints()

    async def _keep_serving(self, outcome: Refused, want: Generation) -> None:
        """Stay with what is live; tell whoever wrote the line that NGINX refuses."""
        self._refused, self._refused_at = want.id, self._clock.now()
        origin = refused_origin(outcome.output, want)
        about = origin.ref if origin else ObjectRef("Painless", "", "configuration")
        says = f"NGINX refuses the configuration: {outcome.output}"
        hint = "what was served before is served on"
        found = Diagnostic(
            about,
            origin.field if origin else "",
            Reason.CONFIGURATION_REFUSED,
            Severity.REJECTED,
            says,
            hint,
        )
        self._show(from_nginx=(found,))
        self._listener.refused(outcome.output, str(about))
        if self.picture.live is None:
            if isinstance(outcome.step, Start) and not self._served:
                raise CannotStart(outcome.output)
            await self._serve_last_good()

    async def _serve_last_good(self) -> None:
        """Start NGINX on what served before this controller, since what is wanted is refused."""
        good = await self._nginx.last_good()
        steps = (Start(), Await(good.id), Resolve(good.upstreams)) if good else ()
        if good is None or isinstance(await self._nginx.apply(steps), Refused):
            raise WorldError("NGINX refuses the configuration, and there is none from before that it takes")
        self._show(live=good, ready=True)

    async def _tidy(self) -> None:
        """Forget what only workers that are gone have used."""
        while True:
            await self._clock.sleep(TIDY)
            try:
                async with self._turn:
                    await self._forget()
            except WorldError as problem:
                self._listener.failed(problem, TIDY)
            if self._refused and self._clock.now() - self._refused_at > REFUSED:
                self._refused = ""
                self._bell.set()

    async def _forget(self) -> None:
        live = self.picture.live
        if self._stale and live is not None and await self._nginx.alone(live):
            await self._responder.replace([one for name in self._upstreams for one in self._answers_of(name)])
            self._stale = False

    def _show_endpoints(self) -> None:
        self._show(from_endpoints=tuple(one for some in self._about_endpoints.values() for one in some))

    def _show(self, **changed: object) -> None:
        if all(getattr(self.picture, name) == value for name, value in changed.items()):
            # Most changes are endpoints without findings: they must not cost a look at everybody's.
            return
        before = self.picture.diagnostics
        self.picture = structs.replace(self.picture, **changed)
        self._served = self._served or self.picture.ready
        after = self.picture.diagnostics
        if before != after:
            self._listener.diagnosed(set(after) - set(before), set(before) - set(after))
