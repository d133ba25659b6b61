"""The loop: take what changed, bring NGINX to it, tell.

Two paths.  Endpoints go straight to the responder, at once, whatever else is being done.  Everything else is
compiled as a whole and applied one generation at a time (``rounds``); what arrives meanwhile is taken by the
next round.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable

from painless.compiler.options import Machine, Options
from painless.controller.admission import Admission
from painless.controller.closing import Closing
from painless.controller.endpoints import Endpoints
from painless.controller.explaining import Explaining
from painless.controller.governing import Governing
from painless.controller.inbox import Inbox
from painless.controller.live import Live
from painless.controller.outside import Outside, Reach
from painless.controller.picture import Picture, Shown
from painless.controller.ports import CannotStart, Change, Clock, NginxPort, ResponderPort, WorldError
from painless.controller.pricing import Pricing
from painless.controller.propagation import Propagation
from painless.controller.rounds import Rounds
from painless.controller.sampling import Sampling
from painless.controller.telling import Listener
from painless.model.objects import EndpointSlice
from painless.model.snapshot import Name

GATHER = 0.02  # Seconds between a change and the compile: the files of one "kubectl apply" come together.
RETRY = (1.0, 30.0)  # Seconds until a failed round is tried again, doubling: a disk is not freed at once.
TIDY = 10.0  # Seconds between two looks at what older workers still use.
OVERDUE = 1.0  # Seconds between two looks at whether something refused is due: the shortest that it waits.


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
        reach: Reach,
    ) -> None:
        outside = Outside(nginx, responder, clock, options, listener, reach)
        self._nginx = nginx
        self._clock = clock
        self._listener = listener
        self._shown = Shown(listener.diagnosed)
        self._inbox = Inbox()
        self._bell = asyncio.Event()
        self._listed = asyncio.Event()
        self.governing = Governing(outside, self._shown, self._bell)
        self._live = Live(outside, self._shown, self.governing)
        self._endpoints = Endpoints(self._inbox, outside, self._shown)
        self._rounds = Rounds(
            inbox=self._inbox,
            live=self._live,
            endpoints=self._endpoints,
            outside=outside,
            shown=self._shown,
            bell=self._bell,
        )
        self._propagation = Propagation(outside, self._shown)
        self.sampling = Sampling(self._inbox, outside, self._shown)
        self._closing = Closing(self._inbox, outside, self._shown, self.governing)
        self.admission = Admission(self._inbox, options, self._listed.is_set)
        self.pricing = Pricing(
            self._inbox, self._shown, self._endpoints, self._rounds.standing, self._listed.is_set
        )
        self.pricing.outlook = self.governing.outlook
        self.explaining = Explaining(self._rounds.standing, self._endpoints)
        # Held by whoever acts on NGINX or its disk: a round, or tidying up.
        self._turn = asyncio.Lock()
        self._acting: tuple[asyncio.Task[None], ...] = ()

    @property
    def picture(self) -> Picture:
        return self._shown.picture

    def slices(self, service: Name) -> tuple[EndpointSlice, ...]:
        """Return the endpoints of a Service as they are at this moment."""
        return self._inbox.slices(service)

    def services_at(self, address: str) -> tuple[Name, ...]:
        """Return the Services that have an endpoint at this address."""
        return self._inbox.services_at(address)

    async def run(self, source: AsyncIterator[Change]) -> None:
        """Run until cancelled or until the source ends."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._collect(source))
            group.create_task(self.sampling.run())
            group.create_task(self._propagation.run())
            group.create_task(self._closing.run())
            acting = (self._reconcile(), self._tidy(), self._look_for_overdue())
            self._acting = tuple(group.create_task(one) for one in acting)

    def refit(self, machine: Machine) -> None:
        """Have NGINX fit what the machine has become, by a round like any other."""
        self._rounds.refit(machine)
        self._bell.set()

    def rest(self) -> None:
        """Leave NGINX and its disk alone from now on; addresses of pods are followed until ``run`` ends."""
        for one in self._acting:
            one.cancel()

    async def _collect(self, source: AsyncIterator[Change]) -> None:
        async for change in source:
            came = self._clock.now()
            touched = self._inbox.take(change.upserts, change.removals)
            self._shown.show(from_source=change.diagnostics)
            if touched.routing:
                refs = (*change.removals, *(one.ref for one in change.upserts))
                self.governing.came({ref.namespace for ref in refs})
            if touched.routing or not self._listed.is_set():
                self._bell.set()
            self._listed.set()
            await self._update_endpoints(touched.services, came)

    async def _update_endpoints(self, services: Iterable[Name], came: float) -> None:
        try:
            if updated := await self._endpoints.update(services):
                self._listener.endpoints_updated(len(updated))
                self._propagation.changed(updated, came)
        except (WorldError, OSError) as problem:
            # The responder is told everything again when it is back; nothing is lost.
            self._listener.failed(problem, 0.0)

    async def _reconcile(self) -> None:
        await self._listed.wait()
        live = await self._live.look()
        await self._rounds.recall()
        async with asyncio.TaskGroup() as group:
            watcher = group.create_task(self._watch_nginx()) if live is not None else None
            delay = RETRY[0]
            while True:
                await self._bell.wait()
                await self._clock.sleep(GATHER)
                self._bell.clear()
                try:
                    async with self._turn:
                        await self._rounds.round()
                    delay = RETRY[0]
                    self._shown.show(failing="")
                except CannotStart:
                    raise
                except Exception as problem:  # noqa: BLE001 -- the one place: what is live stays, we try again.
                    self._listener.failed(problem, delay)
                    self._shown.show(failing=str(problem))
                    await self._clock.sleep(delay)
                    delay = min(2 * delay, RETRY[1])
                    self._bell.set()
                if self._live.generation is not None and (watcher is None or watcher.done()):
                    watcher = group.create_task(self._watch_nginx())

    async def _watch_nginx(self) -> None:
        await self._nginx.gone()
        self._listener.nginx_gone()
        self._live.ended()
        self._bell.set()

    async def _look_for_overdue(self) -> None:
        """Have what is refused, or had no room, tried again in time."""
        while True:
            await self._clock.sleep(OVERDUE)
            if self._rounds.overdue():
                self._bell.set()

    async def _tidy(self) -> None:
        """Forget what only workers that are gone have used."""
        while True:
            await self._clock.sleep(TIDY)
            try:
                async with self._turn:
                    await self._forget()
            except (WorldError, OSError) as problem:
                # Whatever the disk has: a controller that ended would take NGINX with it.
                self._listener.failed(problem, TIDY)

    async def _forget(self) -> None:
        self.governing.tidy()
        await self._nginx.tidy()
        live = self._live.generation
        if self._live.stale and live is not None and await self._nginx.alone(live):
            await self._endpoints.refill()
            self._live.stale = False
