"""Whose turn it is to load: replicas see a change at one moment, and must not disturb all clients in it.

Whoever loads holds a Lease of its own for that, and gives it back with the generation that NGINX's workers
run by then: only that, or that the holder gave no sign for the time of the Lease, lets the next one begin.
It is a courtesy and no lock: what cannot wait does not, and nobody waits for longer than ``PATIENCE``.

When a change may be loaded otherwise is ``plan.pace``'s and ``plan.governor``'s to say.
"""

import asyncio
import logging
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import msgspec
from msgspec import Struct, structs

from painless.controller.ports import WorldError
from painless.controller.status import TurnsStatus
from painless.kube.answers import Nature
from painless.kube.errors import Conflict
from painless.kube.lease import RELEASED, Seen, Wait, decide, observe
from painless.kube.leases import Tree, lease_of
from painless.observe import logs
from painless.observe.turns import Way

TTL = 5
"""Seconds that a turn lasts without a sign of its holder: who was killed holds the others for so long."""
SIGN = 1.5
"""Seconds between two signs: two of them may be lost."""
MOST = 30.0
"""Seconds for which its holder gives signs: an NGINX that does not come to an end holds nobody for longer."""
PATIENCE = (10.0, 20.0)
"""Seconds that a change waits for others at most, by chance between the two.

At a second for each load that is ten replicas, one after the other; of more, the rest load spread over the
next ten seconds, and not at one moment.
"""
ASK = 0.5
"""Seconds between two looks at the Lease, on average: about what a load takes."""
ANSWER = 2.0
"""Seconds for the API server to say whose turn it is: past that, traffic goes first."""
MOMENT = 1e-3
"""Seconds, the least that is waited."""
KNOWN = 60.0
"""Seconds for which it is believed that there are others, without asking."""
SERVED = "painless.dev/served"
"""Annotation of the Lease: the generation that each of its last holders ran when it gave its turn back."""
HOLDERS = 20
"""Holders that are named in it: more fit on no screen."""


class Stored(Protocol):
    """The Lease, as ``leases.LeaseStore`` keeps it."""

    async def read(self) -> Tree | None: ...
    async def write(
        self, tree: Tree | None, spec: Mapping[str, object], annotations: Mapping[str, str] | None = None
    ) -> Tree: ...
    def now(self) -> str: ...


class _Asked(Struct):
    """A change that is to be loaded: until when it waits, when the Lease is looked at next, and its way."""

    until: float
    again: float = -math.inf
    way: Way | None = None

    @property
    def due(self) -> float:
        return min(self.again, self.until)


class LeaseTurns:
    """Our turns among the replicas; ``me`` is our Pod, ``alone`` says whether there is no other one."""

    def __init__(self, store: Stored, me: str, alone: Callable[[], Awaitable[bool]], nature: Nature) -> None:
        self.counts = Counter[Way]()
        self._store = store
        self._me = me
        self._alone = alone
        self._clock = nature.clock
        self._chance = nature.chance
        self._asked: _Asked | None = None
        self._others_until = -math.inf
        self._seen: Seen | None = None
        # What was read or written last; whoever writes holds the lock, since each write needs the one before.
        self._tree: Tree | None = None
        self._lock = asyncio.Lock()
        # Whether the Lease may be ours, whatever became of the write.
        self._tried = False
        self._holds = asyncio.Event()
        self._holds_until = -math.inf
        self._last: Way | None = None
        self._problem = ""

    def standing(self) -> TurnsStatus:
        asked = self._asked
        waits = asked is not None and asked.way is None and asked.again > -math.inf
        return TurnsStatus(
            self._holder() if waits else "", self._holds.is_set(), self._last or "", _served(self._tree)
        )

    async def ask(self, *, urgent: bool) -> float:
        """Return the seconds until to ask again; 0 when we may load, until ``over`` says that we have."""
        now = self._clock.now()
        if (asked := self._asked) is None:
            least, most = PATIENCE
            asked = self._asked = _Asked(now + least + (most - least) * self._chance())
        if urgent:
            asked.way = asked.way or Way.URGENT
        elif asked.way is None and now >= asked.due:
            asked.way = await self._way(asked, now)
            asked.again = self._clock.now() + ASK * (0.5 + self._chance())
        self._last = asked.way or self._last
        return 0.0 if asked.way else max(asked.due - self._clock.now(), MOMENT)

    async def over(self, generation: str | None) -> None:
        """Give our turn back; ``generation`` is what is served now, ``None`` if the change still waits."""
        asked, tried, self._tried = self._asked, self._tried, False
        if asked is None:
            return
        if generation is None:
            self._asked = _Asked(asked.until)
        else:
            self._asked = None
            if asked.way is not None:
                self.counts[asked.way] += 1
        self._holds.clear()
        if not tried:
            return
        try:
            async with asyncio.timeout(ANSWER), self._lock:
                await self._release(generation)
        except (WorldError, TimeoutError) as problem:
            # Nobody waits for it longer than it lasts.
            logs.event("turn_not_given_back", level=logging.WARNING, problem=_said(problem), lasts=TTL)

    async def run(self) -> None:
        """Give signs while we hold the Lease, until cancelled."""
        while True:
            await self._holds.wait()
            await self._clock.sleep(SIGN)
            try:
                async with self._lock, asyncio.timeout(ANSWER):
                    if self._holds.is_set():
                        await self._sign()
            except (WorldError, TimeoutError) as problem:
                logs.event("turn_not_renewed", level=logging.DEBUG, problem=_said(problem))

    async def _way(self, asked: _Asked, now: float) -> Way | None:
        """Take the turn if it may be ours; return how a load comes to it, ``None`` when it has to wait."""
        if now >= asked.until:
            logs.event("turn_overdue", level=logging.WARNING, waited_for=self._holder())
            return Way.OVERDUE
        try:
            async with asyncio.timeout(ANSWER), self._lock:
                way = await self._take() if await self._others() else Way.ALONE
        except (WorldError, TimeoutError) as problem:
            self._told(_said(problem))
            return Way.UNKNOWN
        self._told("")
        return way

    async def _others(self) -> bool:
        """Whether there are other replicas; asked for each load by who is alone: one may just have come."""
        if self._clock.now() < self._others_until:
            return True
        if await self._alone():
            return False
        self._others_until = self._clock.now() + KNOWN
        return True

    async def _take(self) -> Way | None:
        """Take the Lease, unless somebody else has it."""
        tree = self._tree = await self._store.read()
        now = self._clock.now()
        # A turn lasts for our time, whatever somebody has written there.
        lease = None if tree is None else structs.replace(lease_of(tree), lease_duration_seconds=None)
        self._seen = None if lease is None else observe(self._seen, lease, now)
        if isinstance(decide(self._seen, self._me, TTL, now), Wait):
            return None
        time, number = self._store.now(), (lease.lease_transitions or 0) + 1 if lease else 0
        times = {"acquireTime": time, "renewTime": time, "leaseTransitions": number}
        # Without an answer it is not known whose it is.
        self._tried, self._tree = True, None
        try:
            self._tree = await self._store.write(tree, {**self._mine(), **times})
        except Conflict:
            self._tried = False
            return None  # Somebody was quicker.
        self._holds_until = now + MOST
        self._holds.set()
        return Way.TAKEN

    async def _sign(self) -> None:
        if self._clock.now() >= self._holds_until:
            self._holds.clear()
            logs.event("turn_too_long", level=logging.WARNING, after=MOST, then="the next one may begin")
            return
        try:
            self._tree = await self._store.write(self._tree, {**self._mine(), "renewTime": self._store.now()})
        except Conflict:
            if not await self._still_ours():
                self._holds.clear()

    async def _release(self, generation: str | None) -> None:
        if self._tree is None and not await self._still_ours():
            return
        try:
            await self._give_back(generation)
        except Conflict:
            if await self._still_ours():
                await self._give_back(generation)

    async def _give_back(self, generation: str | None) -> None:
        if self._tree is None or lease_of(self._tree).holder_identity != self._me:
            return
        notes = {}
        if generation is not None:
            others = [(pod, one) for pod, one in _served(self._tree).items() if pod != self._me]
            last = dict([*others, (self._me, generation)][-HOLDERS:])
            notes = {SERVED: msgspec.json.encode(last).decode()}
        spec = {"holderIdentity": "", "leaseDurationSeconds": RELEASED, "renewTime": self._store.now()}
        self._tree = await self._store.write(self._tree, spec, notes)

    async def _still_ours(self) -> bool:
        """Read the Lease again, since it is another one than we know."""
        self._tree = await self._store.read()
        return self._tree is not None and lease_of(self._tree).holder_identity == self._me

    def _holder(self) -> str:
        return (self._seen.lease.holder_identity or "") if self._seen else ""

    def _mine(self) -> dict[str, object]:
        return {"holderIdentity": self._me, "leaseDurationSeconds": TTL}

    def _told(self, problem: str) -> None:
        """Say once what is in the way, and once that nothing is any more."""
        if problem and not self._problem:
            then = "this replica loads without waiting for the others"
            logs.event("turns_unknown", level=logging.WARNING, problem=problem, then=then)
        elif self._problem and not problem:
            logs.event("turns_known")
        self._problem = problem


def _served(tree: Tree | None) -> Mapping[str, str]:
    """Return what the last holders serve; what somebody else has written there is not ours."""
    text = ((tree or {}).get("metadata", {}).get("annotations") or {}).get(SERVED, "{}")
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except msgspec.DecodeError:
        return {}


def _said(problem: Exception) -> str:
    return str(problem) or f"the API server has not answered for {ANSWER:g} s"
