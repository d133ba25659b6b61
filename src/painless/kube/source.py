"""The cluster as a source of objects: first all of it, then each change within some milliseconds.

Runs a reflector for each kind and puts together what they bring.  Nothing is sent before every kind was
listed once; what comes while the receiver is busy waits as the difference it makes, not as a queue.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator

from painless.controller.ports import Change
from painless.kube.backoff import Backoff
from painless.kube.decode import decode
from painless.kube.errors import BadAccess, Forbidden, KubeError, NotFound
from painless.kube.kinds import BY_REFERENCE, INGRESS, INGRESS_CLASS, NAMESPACE, Feed
from painless.kube.known import Known
from painless.kube.reflector import Both, Reflector, Sink, World
from painless.kube.scope import STAGES, Scope
from painless.kube.sinks import Names, Objects
from painless.kube.standing import Standings, Watched
from painless.model.objects import Object, ObjectRef
from painless.observe import logs

GATHER_S = 0.01  # Seconds in which changes come together: a server sends those of one moment in one go.
START_S = 20.0  # Seconds that the server may be away when we start, before that is told and we end.
ASKS = 16  # Objects asked for by name at a time: some thousand a second, and the watches are not starved.
ASK_S = 5.0  # Seconds for one of them; what refers to it is served without it then.


class KubeSource:
    """The objects of a cluster and their changes; ``open`` it, then ``run`` beside who reads ``changes``."""

    def __init__(self, world: World, scope: Scope) -> None:
        self._world = world
        self._scope = scope
        self._known = Known(scope.referring, scope.fixed)
        self._known.accepts = self.counts
        self._selected: frozenset[str] = frozenset()
        self._reselected = asyncio.Event()
        self._bell = asyncio.Event()
        self._asked = asyncio.Event()
        self._complete = asyncio.Event()
        self._running: list[tuple[Reflector, asyncio.Task[None]]] = []
        self.reads_classes = True
        """Whether IngressClasses may be listed; ``open`` finds out."""
        self.standings: Standings | None = None
        """Who is to know how Ingresses stand; set it before ``run``."""

    async def open(self) -> None:
        """See whether the server can be used; raises ``KubeError`` with a sentence when it cannot.

        To be done before anything else is touched: who cannot start must not end what serves.
        """
        clock, backoff = self._world.clock, Backoff(self._world.luck)
        deadline = clock.now() + START_S
        while True:
            try:
                await self._look()
            except KubeError as problem:
                wait = backoff.wait(problem.retry_after)
                if not problem.passing or clock.now() + wait > deadline:
                    raise
                await clock.sleep(wait)
            else:
                return

    async def run(self) -> None:
        """List, watch and ask until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._ask())
            if self._scope.selector:
                names = Names(self._select)
                reflector = Reflector(self._world, self._scope.feeds(NAMESPACE)[0], names)
                group.create_task(reflector.run())
                await names.done.wait()
            for stage in STAGES:
                await self._start([feed for kind in stage for feed in self._scope.feeds(kind)], group)
            while self._known.waits:
                await self._bell.wait()
                self._bell.clear()
            self._bell.set()
            self._complete.set()
            while True:
                await self._reselected.wait()
                await self._world.clock.sleep(GATHER_S)
                self._reselected.clear()
                await self._relist(group)

    async def changes(self) -> AsyncGenerator[Change, None]:
        """Yield everything once it is complete, then each change."""
        await self._complete.wait()
        upserts, removals = self._known.take()
        told = self._known.diagnostics
        yield Change(upserts, removals, told, first=True)
        while True:
            await self._bell.wait()
            await self._world.clock.sleep(GATHER_S)
            self._bell.clear()
            upserts, removals = self._known.take()
            before, told = told, self._known.diagnostics
            if upserts or removals or told is not before:
                yield Change(upserts, removals, told)

    async def _look(self) -> None:
        """Ask for one object of each kind; all that is refused is told in one sentence."""
        feeds = [feed for stage in STAGES for kind in stage for feed in self._scope.feeds(kind)]
        if self._scope.selector:
            feeds.extend(self._scope.feeds(NAMESPACE))
        answers = await asyncio.gather(*(self._look_at(feed) for feed in feeds))
        refused = dict(zip(feeds, answers, strict=True))
        if classes := refused.pop(Feed(INGRESS_CLASS), None):
            self.reads_classes = False
            then = "spec.ingressClassName counts only with --ingress-class-by-name, by its name"
            logs.event("classes_not_readable", level=logging.WARNING, problem=str(classes), then=then)
        problems = [str(one) for one in refused.values() if one]
        if problems:
            raise BadAccess("; ".join(problems))

    async def _look_at(self, feed: Feed) -> Forbidden | None:
        try:
            await self._world.client.call("GET", feed.path, query=feed.query | {"limit": "1"})
        except Forbidden as problem:
            return problem
        return None

    async def _start(self, feeds: list[Feed], group: asyncio.TaskGroup) -> None:
        """Start watching, and wait until all was listed once."""
        sinks = []
        for feed in feeds:
            if feed.kind is not INGRESS_CLASS or self.reads_classes:
                sinks.append(Objects(feed, self._known, self._rang))
                reflector = Reflector(self._world, feed, self._with_standings(feed, sinks[-1]))
                self._running.append((reflector, group.create_task(reflector.run())))
        for sink in sinks:
            await sink.done.wait()

    def _with_standings(self, feed: Feed, sink: Sink) -> Sink:
        if self.standings is None or feed.kind is not INGRESS:
            return sink
        # First how it stands: an Ingress that is served must be one that can be told about.
        return Both(Watched(self.standings), sink)

    async def _relist(self, group: asyncio.TaskGroup) -> None:
        """List everything again, since namespaces count that were passed by until now."""
        for _, task in self._running:
            task.cancel()
        await asyncio.wait([task for _, task in self._running])
        for reflector, _ in self._running:
            reflector.relist()
        self._running = [(reflector, group.create_task(reflector.run())) for reflector, _ in self._running]

    def _select(self, selected: frozenset[str]) -> None:
        added, self._selected = selected - self._selected, selected
        self._known.sift()
        if added and self._running:
            self._reselected.set()
        self._rang()

    def counts(self, ref: ObjectRef) -> bool:
        """Whether an object is in a namespace that is watched."""
        return self._scope.accepts(ref, self._selected)

    async def referred(self, some: tuple[Object, ...]) -> tuple[Object, ...]:
        """Return what these objects refer to and is not kept, since nobody has referred to it until now.

        Raises ``KubeError``.
        """
        refs = {
            ref for one in some for ref in self._scope.referring.references(one)
        } - self._known.objects.keys()
        turns = asyncio.Semaphore(ASKS)
        found = await asyncio.gather(*(self._read(ref, turns) for ref in sorted(refs) if self.counts(ref)))
        return tuple(filter(None, found))

    async def _read(self, ref: ObjectRef, turns: asyncio.Semaphore) -> Object | None:
        kind = BY_REFERENCE[ref.kind]
        async with turns:
            try:
                raw = await self._world.client.call("GET", kind.path(ref.namespace, ref.name), within=ASK_S)
            except NotFound:
                return None
        return decode(kind, ref, raw).object

    def _rang(self) -> None:
        self._bell.set()
        if self._known.due:
            self._asked.set()

    async def _ask(self) -> None:
        turns = asyncio.Semaphore(ASKS)
        async with asyncio.TaskGroup() as group:
            while True:
                await self._asked.wait()
                self._asked.clear()
                for ref, number in self._known.asks().items():
                    group.create_task(self._ask_for(ref, number, turns))

    async def _ask_for(self, ref: ObjectRef, number: int, turns: asyncio.Semaphore) -> None:
        """Ask until there is an answer, or none is needed any more."""
        backoff, told = Backoff(self._world.luck), False
        path = BY_REFERENCE[ref.kind].path(ref.namespace, ref.name)
        while self._known.is_open(ref, number):
            try:
                async with turns:
                    raw = await self._world.client.call("GET", path, within=ASK_S)
                self._known.answered(ref, number, raw)
            except NotFound:
                self._known.answered(ref, number, None)
            except KubeError as problem:
                self._known.failed(ref, number)
                self._rang()
                if not told:
                    logs.event("object_not_read", level=logging.WARNING, about=str(ref), problem=str(problem))
                told = True
                await self._world.clock.sleep(backoff.wait())
            self._rang()
