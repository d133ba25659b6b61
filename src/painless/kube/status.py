"""Writes ``status.loadBalancer`` of the Ingresses that NGINX serves: where clients find them.

Only while we lead, only what NGINX has confirmed, only what differs, and only on the version that we know:
an Ingress that has changed meanwhile, its class perhaps, is left until we have heard of it.  What NGINX
refuses keeps the status it had.  Which addresses are written is ``addresses``' business, who leads is
``lease``'s.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from typing import Protocol

import msgspec
from msgspec import Struct, field

from painless.controller.ports import Clock
from painless.kube.client import Client
from painless.kube.contest import Contests
from painless.kube.errors import Conflict, KubeError, NotFound
from painless.kube.standing import Address, Addresses, Standing, Standings
from painless.model.objects import Ingress
from painless.model.snapshot import Name
from painless.observe import logs

AT_ONCE = 16  # Writes under way: 1,000 statuses in a second or two, and most of the server left for others.
GATHER = 0.1  # Seconds between a change and the writes: the Ingresses of one round come together.
SOON = 5.0  # Seconds until addresses are asked for again while there are none: a load balancer is being made.
RETRY = (1.0, 60.0)  # Seconds until failed writes are tried again, doubling: the server may be overloaded.
_CALL = 10.0  # Seconds for one write; while we lead for less, so much less.
_MERGE = "application/merge-patch+json"


class StatusListener(Protocol):
    """Is told what became of statuses."""

    def status_written(self) -> None: ...
    def status_failed(self) -> None: ...
    def statuses_failing(self, names: tuple[Name, ...], problem: KubeError) -> None:
        """Names of which the last write did not fail, and this one did, one of them for this reason."""

    def status_contested(self, names: tuple[Name, ...]) -> None:
        """Somebody else keeps rewriting these; we stopped."""


class Leading(Protocol):
    """Whether we are the one who writes, and for how long that is sure."""

    @property
    def leads_for(self) -> float: ...


class _Batch(Struct):
    """What became of some writes; ``new`` of the failures are about names that did not fail before."""

    failures: list[KubeError] = field(default_factory=list)
    new: list[Name] = field(default_factory=list)
    conflicts: list[Name] = field(default_factory=list)


class Publisher:
    """Keeps the statuses of what is served at our addresses."""

    def __init__(
        self,
        client: Client,
        leading: Leading,
        addresses: Callable[[], Awaitable[Addresses]],
        clock: Clock,
        listener: StatusListener,
        *,
        interval: float,
    ) -> None:
        self._client = client
        self._leading = leading
        self._ask = addresses
        self._clock = clock
        self._listener = listener
        self._interval = interval
        self.standings = Standings(self._heard)
        self._served: frozenset[Name] = frozenset()
        self._want: Addresses = frozenset()
        self._contests = Contests()
        self._given_up: list[Name] = []
        self._failing: set[Name] = set()
        self._bell = asyncio.Event()

    def confirmed(self, ingresses: Iterable[Ingress]) -> None:
        """Take what NGINX serves from now on."""
        self._served = frozenset((one.namespace, one.name) for one in ingresses)
        self._contests.keep(self._served, self._clock.now())
        self._bell.set()

    def leadership_changed(self) -> None:
        self._bell.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look())
            group.create_task(self._write())

    async def withdraw(self) -> None:
        """Take our addresses back, after ``run`` has ended; what others wrote stays."""
        written, self._want = self._want, frozenset[Address]()
        ours = [name for name in sorted(self._served) if self._has(name, written)]
        for _ in range(2):
            batch = await self._put(iter(ours), frozenset())
            # Nobody watches any more, so what changed meanwhile is asked for.
            ours = [name for name in batch.conflicts if await self._still_has(name, written)]

    async def _still_has(self, name: Name, addresses: Addresses) -> bool:
        try:
            self.standings.take(await self._client.call("GET", _path(name), within=_CALL))
        except KubeError:
            return False
        return self._has(name, addresses)

    @property
    def contested(self) -> int:
        """How many statuses somebody else keeps rewriting."""
        return len(self._contests)

    async def _look(self) -> None:
        """Find out our addresses, now and then."""
        failed = ""
        while True:
            # Also while another one leads: whoever takes over then knows them at once.
            found: Addresses = frozenset()
            try:
                found = await self._ask()
                failed = ""
            except KubeError as problem:
                if str(problem) != failed:
                    logs.event("addresses_unknown", level=logging.WARNING, problem=str(problem))
                failed = str(problem)
            # Nothing instead of something is a load balancer that is being replaced, or Pods that are not
            # ready for a moment: whoever makes DNS records of statuses would remove them.
            self._want = found or self._want
            # Rung in any case: who gave way tries again some time, and nobody else would say when.
            self._bell.set()
            await self._clock.sleep(self._interval if self._want else min(SOON, self._interval))

    async def _write(self) -> None:
        delay, again = RETRY[0], math.inf
        while True:
            await self._rung(again)
            await self._clock.sleep(GATHER)
            self._bell.clear()
            whole = self._clock.now() >= again
            batch = await self._put(self._owed(failed=whole), self._want)
            self._tell_given_up()
            if not self._failing:
                delay, again = RETRY[0], math.inf
            elif whole or again == math.inf:
                again = self._clock.now() + max([delay, *(one.retry_after for one in batch.failures)])
                delay = min(2 * delay, RETRY[1])
            if any(one.passing for one in batch.failures):
                # Others would fail as well.  What one Ingress is refused costs the others no time.
                await self._clock.sleep(again - self._clock.now())
                self._bell.set()
            elif batch.conflicts:
                await self._clock.sleep(RETRY[0])
                self._bell.set()

    async def _rung(self, until: float) -> None:
        """Wait until there is something to write, or what failed is to be tried again."""
        with suppress(TimeoutError):
            async with asyncio.timeout(None if until == math.inf else until - self._clock.now()):
                await self._bell.wait()

    def _owed(self, *, failed: bool) -> Iterator[Name]:
        """Yield what is served and has other addresses than ours; with ``failed``, what failed comes last."""
        if not self._want:
            return
        now = self._clock.now()
        self._failing &= self._served
        for name in sorted(self._served, key=lambda one: (one in self._failing, one)):
            known = self.standings.get(name)
            if not known or known.addresses == self._want or self._contests.waits(name, now):
                self._failing.discard(name)
            elif failed or name not in self._failing:
                yield name

    async def _put(self, names: Iterator[Name], addresses: Addresses) -> _Batch:
        """Write these addresses, several at once; when as many fail, the next would fail as well."""
        batch = _Batch()

        async def some() -> None:
            for name in names:
                if len(batch.failures) >= AT_ONCE or self._leading.leads_for <= 0:
                    return
                known = self.standings.get(name)
                if known is not None:
                    await self._put_one(name, known, addresses, batch)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(some())
        if batch.new:
            self._listener.statuses_failing(tuple(sorted(batch.new)), batch.failures[0])
        return batch

    async def _put_one(self, name: Name, known: Standing, addresses: Addresses, batch: _Batch) -> None:
        path = f"{_path(name)}/status"
        within = min(_CALL, self._leading.leads_for)
        try:
            body = _patch(known, addresses)
            answer = await self._client.call("PATCH", path, body=body, content_type=_MERGE, within=within)
        except NotFound:
            self.standings.drop(name)
        except Conflict:
            # It is another version; what that is, the watch says.
            batch.conflicts.append(name)
        except KubeError as problem:
            batch.failures.append(problem)
            if name not in self._failing:
                batch.new.append(name)
            self._failing.add(name)
            self._listener.status_failed()
        else:
            self._failing.discard(name)
            self.standings.take(answer)
            self._listener.status_written()

    def _heard(self, name: Name, before: Addresses, after: Addresses) -> None:
        """Note that a status is another one, by whoever's hand."""
        if name not in self._served or not self._want or after == self._want:
            return
        was_ours = before == self._want and self._leading.leads_for > 0
        if was_ours and self._contests.lost(name, self._clock.now()):
            self._given_up.append(name)
        self._bell.set()

    def _tell_given_up(self) -> None:
        if self._given_up:
            names, self._given_up = tuple(sorted(self._given_up)), []
            self._listener.status_contested(names)

    def _has(self, name: Name, addresses: Addresses) -> bool:
        known = self.standings.get(name)
        return known is not None and known.addresses == addresses


class _Metadata(Struct, rename="camel"):
    resource_version: str
    uid: str


def _path(name: Name) -> str:
    return f"/apis/networking.k8s.io/v1/namespaces/{name[0]}/ingresses/{name[1]}"


def _patch(known: Standing, addresses: Addresses) -> bytes:
    """Return the change as a merge patch, for the version that is known and no other."""
    metadata = _Metadata(known.version, known.uid)
    # A list replaces the one that is there, ``null`` removes it.
    return msgspec.json.encode(
        {"metadata": metadata, "status": {"loadBalancer": {"ingress": sorted(addresses) or None}}}
    )
