"""The composition root: what was opened, the loop, all that runs beside it; everything ends in order."""

import asyncio
import logging
import math
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext

from msgspec import structs

from painless.clock import RealClock
from painless.compiler.site import Site
from painless.controller import fitting
from painless.controller.loop import Controller
from painless.controller.outside import Reach
from painless.controller.picture import Picture
from painless.controller.status import Status
from painless.discovery.outside import is_own
from painless.doctor.owners import of_picture
from painless.doctor.run import Result
from painless.ending import Patience
from painless.examining.schedule import Examining, Pace, Subject
from painless.garbage import keep_collecting, tame
from painless.looking import Looks
from painless.measures import Measures, main_file
from painless.nginx.spans import Export
from painless.observe import logs
from painless.outside import Outside, open_outside
from painless.privacy import keep_to_ourselves
from painless.reaching import port_of
from painless.settings import Settings
from painless.sources import changes_of, trusts_loopback
from painless.stating import Known, status
from painless.told import Doorman, Told
from painless.watching import Watching
from painless.web.admin import Adding, serve_admin
from painless.web.examined import Examined
from painless.web.explained import Explained
from painless.web.health import Check, Pages, serve_health
from painless.web.page import pages
from painless.web.webhook import serve_webhook


async def serve(settings: Settings) -> None:
    """Serve until told to end; NGINX and the responder end with us, but not when we are killed."""
    tame()
    keep_to_ourselves()
    async with AsyncExitStack() as stack:
        await Program(settings, await open_outside(settings, stack)).run()


def uncarried(problem: str) -> None:
    """Say what is in the way of the access log, or that nothing is any more."""
    if problem:
        logs.event("access_log_held", level=logging.WARNING, problem=problem)
    else:
        logs.event("access_log_carried")


class Program:
    """The controller with all that runs beside it."""

    def __init__(self, settings: Settings, outside: Outside) -> None:
        self._settings = settings
        self._outside = outside
        self._clock = RealClock()
        self._watching = Watching(outside.accepting, lambda: main_file(self._picture()), self._clock)
        subject = Subject(
            settings.state_dir,
            self._status,
            self._master,
            self._picture,
            settings.doctor_config,
            self._found,
        )
        self._examining = Examining(subject, self._clock, Pace(settings.doctor_interval))
        measures = Measures(settings, outside, self._watching, self._examining, self._picture)
        self._metrics = measures.metrics
        metrics, config, governed = measures.metrics, measures.config, measures.governed
        self._told = Told(
            metrics, config, governed, outside.answers, lambda: self._picture().live, outside.following
        )
        self._controller = Controller(
            nginx=outside.nginx,
            responder=outside.responder,
            clock=self._clock,
            options=outside.options,
            listener=self._told,
            reach=Reach(trusts_loopback(settings), is_own, outside.zone),
        )
        self._controller.governing.turns = outside.turns
        if outside.cluster is not None:
            counts = outside.cluster.source.counts
            self._controller.admission.counts = counts
            pricing = self._controller.pricing
            pricing.counts, pricing.referred = counts, outside.cluster.source.referred
            # What the API server is given next was created after everything that is there.
            pricing.newest = math.inf

    def _picture(self) -> Picture:
        return self._controller.picture

    async def run(self) -> None:
        """Run until told to end."""
        settings, options = self._settings, self._outside.options
        logs.event("controller_started", nginx=options.build.path, why=options.build.why, state=options.state)
        health = serve_health(
            settings.healthz_host,
            settings.healthz_port,
            Pages(
                settings.health_check_path,
                self._alive,
                self._ready,
                self._metrics.page,
                counting.page if (counting := self._outside.counting) else None,
            ),
        )
        webhook = (
            serve_webhook(settings.webhook, self._controller.admission, Doorman(self._metrics))
            if settings.webhook
            else nullcontext()
        )
        async with pages(self._looks(), self._clock) as page, health, webhook, self._admin(page.add_to):
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._outside.liveness.run())
                    group.create_task(self._watching.run())
                    group.create_task(self._examining.run(self._live))
                    group.create_task(self._controller.run(changes_of(settings, self._outside.cluster)))
                    if self._outside.cluster is not None:
                        group.create_task(self._outside.cluster.source.run())
                    if self._outside.turns is not None:
                        group.create_task(self._outside.turns.run())
                    group.create_task(self._outside.responder.supervise())
                    group.create_task(keep_collecting())
                    group.create_task(self._watch_machine())
                    group.create_task(self._told.history.run())
                    group.create_task(self._outside.log.run(uncarried))
                    group.create_task(self._outside.refused.run(self._site, self._told.overloaded))
                    for spans in (self._outside.traces.run(self._export), self._outside.following.run()):
                        group.create_task(spans)
                    if counting := self._outside.counting:
                        group.create_task(counting.run(self._site))
                    group.create_task(self._end(group))
            except* _Stopped:
                pass
        logs.event("controller_stopped")

    def _looks(self) -> Looks:
        history, examining = self._told.history, self._examining
        return Looks(self._controller, self._outside, history, self._status, lambda: examining.json)

    def _admin(self, *also: Adding) -> AbstractAsyncContextManager[None]:
        explained = Explained(self._controller.explaining)
        examined = Examined(lambda: self._examining.json, lambda asked: of_picture(self._picture(), asked))
        more = explained.add_to, examined.add_to, *also
        settings, cluster = self._settings, self._outside.cluster
        port = port_of(settings.admin, cluster.client if cluster else None, self._clock)
        return serve_admin(settings.state_dir, self._status, self._controller.pricing, port=port, more=more)

    async def _watch_machine(self) -> None:
        read, first = self._outside.machine, self._outside.options.machine
        await fitting.watch(read, first, self._clock, self._controller.refit)

    async def _end(self, group: asyncio.TaskGroup) -> None:
        def rest() -> None:
            self._controller.rest()
            if self._outside.answers is not None:
                # NGINX may take minutes; whoever stays must lead meanwhile.
                group.create_task(self._outside.answers.hand_over())

        settings = self._settings
        patience = Patience(settings.shutdown_grace, settings.shutdown_patience, settings.post_shutdown_grace)
        await self._outside.ending.in_order(patience, rest)
        raise _Stopped

    def _found(self, some: tuple[Result, ...]) -> None:
        self._told.examined(some)

    def _live(self) -> str:
        live = self._picture().live
        return live.id if live else ""

    def _master(self) -> int | None:
        sight = self._outside.sight()
        return sight.master if sight else None

    def _site(self) -> Site | None:
        compiled = self._picture().compiled
        return compiled.site if compiled else None

    def _export(self) -> Export | None:
        compiled = self._picture().compiled
        return compiled.traces if compiled else None

    def _alive(self) -> Iterable[Check]:
        # Nothing that ends in order has to be ended.
        return (Check("ending"),) if self._outside.ending.began else self._outside.liveness.alive()

    def _ready(self) -> Iterable[Check]:
        yield Check("ending", "it ends" if self._outside.ending.began else "")
        yield Check("generation", "" if self._picture().ready else "no generation serves yet")

    async def _status(self) -> Status:
        missing = "; ".join(one.problem for one in self._ready() if one.problem)
        picture, told = self._picture(), self._told
        budget = await self._outside.nginx.budget(picture.generations)
        turns = self._outside.turns.standing() if self._outside.turns else None
        known = Known(
            missing, told.unread, picture, budget, self._watching.seen(), told.loads, told.decisions, turns
        )
        return structs.replace(status(self._outside.options, known), doctor=self._examining.short)


class _Stopped(BaseException):
    """Ends the task group; it is no error."""
