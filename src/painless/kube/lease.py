"""Who leads: one controller of several, by a Lease, as client-go's elections do it.

The leader writes statuses and tells Ingresses' owners; serving traffic needs no leader.  ``decide`` is pure.
What counts is when *we* saw the Lease change, never the times that are written in it: they are another
machine's clock.  We stop calling ourselves leader at half the time after which others may take over, so
clocks may run at rates that differ by a factor of two.  Two leaders for a moment are harmless all the same:
what leaders write is the same, and on a version that they have seen.
"""

import logging
import math
from collections.abc import Callable

from msgspec import Struct

from painless.controller.ports import Clock, WorldError
from painless.kube.client import Client
from painless.kube.errors import Conflict
from painless.kube.leases import Lease, LeaseStore, lease_of
from painless.observe import logs

DEADLINE = 1 / 2
"""Part of the Lease's time for which its holder leads after a renewal, as ingress-nginx has it."""
RETRY = 1 / 4
"""Part of the Lease's time between two tries, as ingress-nginx has it."""
JITTER = 1.2
"""Of the pause, at most, waits who does not lead in addition: else all would ask at one moment."""
RELEASED = 1
"""Seconds that a released Lease lasts, as client-go writes it."""


class Seen(Struct, frozen=True):
    """A Lease, and when we first saw it so, by our own clock."""

    lease: Lease
    at: float


class Create(Struct, frozen=True, tag=True):
    """There is no Lease: make it, and lead."""


class Take(Struct, frozen=True, tag=True):
    """Nobody holds the Lease any more."""


class Renew(Struct, frozen=True, tag=True):
    """It is ours."""


class Wait(Struct, frozen=True, tag=True):
    """Somebody holds the Lease, for so many seconds at least."""

    seconds: float


Action = Create | Take | Renew | Wait


def observe(before: Seen | None, lease: Lease, now: float) -> Seen:
    """Return what is known once ``lease`` was read at ``now``."""
    return before if before is not None and before.lease == lease else Seen(lease, now)


def decide(seen: Seen | None, me: str, ttl: float, now: float) -> Action:
    """Return what ``me`` has to do about the Lease; ``None`` is no Lease."""
    if seen is None:
        return Create()
    holder = seen.lease.holder_identity
    if holder == me:
        # Also when it is from before our start: our name is the Pod's, and no other process has it.
        return Renew()
    lasts = seen.lease.lease_duration_seconds
    left = seen.at + (ttl if lasts is None else lasts) - now
    return Wait(left) if holder and left > 0 else Take()


class Candidate(Struct, frozen=True):
    """Who we are, and which Lease we stand for."""

    me: str
    namespace: str
    name: str
    ttl: float


class Elector:
    """Takes part in the election until cancelled."""

    def __init__(
        self,
        client: Client,
        candidate: Candidate,
        clock: Clock,
        *,
        wall: Callable[[], float],
        chance: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        # What answers later than that is no use to a leader.
        within = RETRY * candidate.ttl
        self._store = LeaseStore(client, candidate.namespace, candidate.name, within=within, wall=wall)
        self._candidate = candidate
        self._clock = clock
        self._chance = chance
        self._changed = changed
        self._seen: Seen | None = None
        self._until = -math.inf
        self._told = False
        self._failed = ""

    @property
    def leads_for(self) -> float:
        """Seconds for which we lead if nothing is renewed; nobody may write for longer."""
        return self._until - self._clock.now()

    def leads(self) -> bool:
        return self.leads_for > 0

    async def run(self) -> None:
        while True:
            await self._clock.sleep(await self.turn())

    async def turn(self) -> float:
        """Try once to become or to stay leader; return the seconds until the next try."""
        ttl = self._candidate.ttl
        try:
            wait = await self._try()
            self._failed = ""
        except Conflict:
            wait = 0.0  # Somebody was quicker: look again.
        except WorldError as problem:
            # Whatever it is, it is said once, and it never ends a controller that serves.
            if str(problem) != self._failed:
                logs.event("election_failed", level=logging.WARNING, problem=str(problem))
            self._failed, wait = str(problem), 0.0
        self._tell()
        retry = RETRY * ttl
        if self.leads():
            return retry / 4 if self._failed else retry
        return min(max(wait, retry / 2), retry) + retry * JITTER * self._chance()

    async def release(self) -> None:
        """Stop leading, and let the next one begin at once."""
        led, self._until = self.leads(), -math.inf
        self._tell()
        if not led:
            return
        tree = await self._store.read()
        if tree is not None and lease_of(tree).holder_identity == self._candidate.me:
            await self._store.write(tree, {"holderIdentity": "", "leaseDurationSeconds": RELEASED})

    async def _try(self) -> float:
        now = self._clock.now()
        tree = await self._store.read()
        self._seen = None if tree is None else observe(self._seen, lease_of(tree), now)
        # What others may do depends on when they see our change: we count from before it is sent.
        start = self._clock.now()
        match decide(self._seen, self._candidate.me, self._candidate.ttl, start):
            case Wait(seconds):
                self._until = -math.inf
                return seconds
            case Create():
                await self._store.write(None, self._held(0))
            case Take():
                before = self._seen.lease.lease_transitions if self._seen else None
                await self._store.write(tree, self._held(1 + (before or 0)))
            case Renew():
                await self._store.write(tree, {"renewTime": self._store.now(), **self._mine()})
        self._until = start + DEADLINE * self._candidate.ttl
        return 0.0

    def _mine(self) -> dict[str, object]:
        return {
            "holderIdentity": self._candidate.me,
            "leaseDurationSeconds": max(1, round(self._candidate.ttl)),
        }

    def _held(self, transitions: int) -> dict[str, object]:
        now = self._store.now()
        return {**self._mine(), "acquireTime": now, "renewTime": now, "leaseTransitions": transitions}

    def _tell(self) -> None:
        if self._told == (leads := self.leads()):
            return
        self._told = leads
        holder = self._seen.lease.holder_identity if self._seen and not leads else self._candidate.me
        logs.event("leader_elected" if leads else "leader_lost", lease=self._store.path, holder=holder)
        self._changed()
