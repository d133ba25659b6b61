"""Everything that Painless says to the cluster: election, statuses and Events, put together.

Writes to the API server and never reads objects to serve: without it, or without a permission, traffic and
configuration go on as they are.
"""

import asyncio
import logging
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct

from painless.controller.ports import Clock
from painless.kube.addresses import Published, Surroundings
from painless.kube.client import Client
from painless.kube.errors import KubeError
from painless.kube.events import Events
from painless.kube.lease import Candidate, Elector
from painless.kube.owners import Owners
from painless.kube.standing import Standings
from painless.kube.status import Publisher
from painless.model.objects import Ingress, ObjectRef
from painless.model.snapshot import Name
from painless.observe import logs
from painless.observe.answers import Said

AGAIN = 30.0  # Seconds until a part that failed by our own mistake is tried again.
LOOK = 5.0  # Seconds between two looks for a Pod that stays, while we are the last: one may just be made.
LEAVE = 20.0  # Seconds to take back statuses at the end: thousands take a few, and a Pod has 30 at least.
_SHOWN = 5  # Ingresses of one log line.


class Answering(Struct, frozen=True, kw_only=True):
    """What the operator wants: ``pod`` is ours; without ``lease`` there is no election and no status."""

    pod: Name
    lease: str = "ingress-controller-leader"
    ttl: float = 30.0
    published: Published = Published()
    statuses: bool = True
    withdraw: bool = True
    interval: float = 60.0
    sync: bool = True


class Nature(Struct, frozen=True):
    """What is not ours to decide: time and chance."""

    clock: Clock
    wall: Callable[[], float]
    chance: Callable[[], float]


class Answers:
    """The controller's side of the cluster; ``owners`` listens to the loop, ``standings`` to the source."""

    def __init__(self, client: Client, asked: Answering, nature: Nature) -> None:
        self._asked = asked
        self._nature = nature
        self._counts = Counter[str]()
        self._surroundings = Surroundings(client, asked.pod, asked.published)
        self._elector = Elector(
            client,
            Candidate(asked.pod[1], asked.pod[0], asked.lease, asked.ttl),
            nature.clock,
            wall=nature.wall,
            chance=nature.chance,
            changed=self._leadership_changed,
        )
        self._publisher = Publisher(
            client,
            self._elector,
            self._surroundings.addresses,
            nature.clock,
            self,
            interval=asked.interval,
        )
        self._pod = ObjectRef("Pod", *asked.pod)
        self._pod_uid = ""
        self._events = Events(
            client, nature.clock, self, uid_of=self._uid_of, wall=nature.wall, me=asked.pod[1]
        )
        self.owners = Owners(self._events.tell, self._pod, self._speaks, sync=asked.sync)
        self._refused = ""
        self._election: asyncio.Task[None] | None = None
        self._publishing: asyncio.Task[None] | None = None

    @property
    def standings(self) -> Standings:
        return self._publisher.standings

    def leads(self) -> bool:
        return self._elector.leads()

    def said(self) -> Said:
        """Return what was said so far, for the metrics."""
        return Said(
            lease=self._asked.lease,
            leads=self.leads(),
            contested=self._publisher.contested,
            written=self._counts["written"],
            failed=self._counts["failed"],
            sent=self._counts["sent"],
            dropped=self._counts["dropped"],
        )

    def confirmed(self, ingresses: tuple[Ingress, ...]) -> None:
        """Take what NGINX serves from now on."""
        self._publisher.confirmed(ingresses)
        self.owners.confirmed(ingresses)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answer while the context lasts; at its end take back what only we have promised."""
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(self._kept_up(self._events.run))
            if self._asked.lease:
                self._election = group.create_task(self._kept_up(self._elector.run))
                if self._asked.statuses:
                    self._publishing = group.create_task(self._kept_up(self._publisher.run))
            try:
                yield
            finally:
                _cancel(self._publishing, telling)
                await self._leave()

    async def hand_over(self) -> None:
        """Stop writing, since the loop rests; as soon as somebody stays, they lead, while NGINX drains."""
        _cancel(self._publishing)
        while self.leads() and await self._last():
            await self._nature.clock.sleep(LOOK)
        await self._release()

    async def _kept_up(self, run: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await run()
            except Exception as problem:  # noqa: BLE001 -- a mistake of ours here must not end what serves.
                ours = "".join(traceback.format_exception(problem))
                logs.event("answers_failed", level=logging.ERROR, problem=str(problem), traceback=ours)
                await self._nature.clock.sleep(AGAIN)

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(LEAVE):
                if self._publishing and self._asked.withdraw and self.leads() and await self._last():
                    await self._publisher.withdraw()
                await self._release()
        except TimeoutError:
            logs.event("answers_unfinished", level=logging.WARNING, after=LEAVE)
        finally:
            _cancel(self._election)

    async def _last(self) -> bool:
        try:
            return await self._surroundings.alone()
        except KubeError as problem:
            logs.event("replicas_unknown", level=logging.WARNING, problem=str(problem))
            return False  # A status too many is better than one too few.

    async def _release(self) -> None:
        _cancel(self._election)
        try:
            await self._elector.release()
        except KubeError as problem:
            logs.event("lease_kept", level=logging.WARNING, problem=str(problem))

    def event_sent(self) -> None:
        self._counts["sent"] += 1

    def event_dropped(self) -> None:
        self._counts["dropped"] += 1

    def status_written(self) -> None:
        self._counts["written"] += 1

    def status_failed(self) -> None:
        self._counts["failed"] += 1

    def statuses_failing(self, names: tuple[Name, ...], problem: KubeError) -> None:
        # A server that is away says the same of each.
        if str(problem) != self._refused:
            self._refused = str(problem)
            logs.event("statuses_not_written", level=logging.WARNING, problem=str(problem), **_such_as(names))

    def status_contested(self, names: tuple[Name, ...]) -> None:
        logs.event("status_contested", level=logging.WARNING, **_such_as(names))
        for one in names:
            self.owners.contested(ObjectRef("Ingress", *one))

    def _leadership_changed(self) -> None:
        self.owners.leadership_changed()
        self._publisher.leadership_changed()

    def _speaks(self) -> bool:
        # Without an election every controller tells; equal words become one Event all the same.
        return not self._asked.lease or self.leads()

    async def _uid_of(self, ref: ObjectRef) -> str:
        if ref == self._pod:
            self._pod_uid = self._pod_uid or await self._surroundings.uid()
            return self._pod_uid
        known = self.standings.get((ref.namespace, ref.name))
        return known.uid if known else ""


def _such_as(names: tuple[Name, ...]) -> dict[str, Any]:
    """Return the fields of a log line about so many Ingresses."""
    return {"ingresses": len(names), "such_as": ", ".join("/".join(one) for one in names[:_SHOWN])}


def _cancel(*tasks: asyncio.Task[None] | None) -> None:
    for one in tasks:
        if one is not None:
            one.cancel()
