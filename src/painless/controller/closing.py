"""Closes upgraded connections that are as old as their Ingress allows, one after the other.

How old is ``aging``'s to say and whose turn it is ``plan.closing``'s; here they are told what is known, and
owners are told what was done, or why it cannot be.  Where no Ingress has a limit nothing is looked at.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Iterable, Mapping

from painless.compiler.site import Site
from painless.controller.aging import Limit, Limits, addresses, limits
from painless.controller.governing import Governing
from painless.controller.holding import fixed
from painless.controller.inbox import Inbox
from painless.controller.outside import Outside
from painless.controller.picture import Shown
from painless.controller.ports import WorldError
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.plan.closing import Upgraded, due
from painless.plan.governor import RATE

EVERY = 2.0
"""Seconds between two looks at connections; NGINX's port looks seldom where there are many."""
TICK = 0.2  # Seconds between two moments at which connections are closed.
AT_ONCE = 200  # Services between two looks at other work.
QUIET = 600.0  # Seconds without a closed connection after which the next one is news to its owner.
SHOWN = 100  # Ingresses that are told; with a limit for all of a cluster it may be thousands.
FIELD = "metadata.annotations[painless.dev/connection-max-age]"


class Closing:
    """Remembers what limits a site came to, and who was told when."""

    def __init__(self, inbox: Inbox, outside: Outside, shown: Shown, governing: Governing) -> None:
        self._inbox = inbox
        self._nginx = outside.nginx
        self._clock = outside.clock
        self._listener = outside.listener
        self._shown = shown
        self._governing = governing
        self._site: Site | None = None
        self._limits = Limits({}, ())
        self._fixed: Mapping[str, tuple[str, str]] = {}
        self._last: dict[Limit, float] = {}
        self._found: tuple[Diagnostic, ...] = ()
        self._missing = ""

    async def run(self) -> None:
        while True:
            began = self._clock.now()
            try:
                await self.look()
            except (WorldError, OSError) as problem:
                self._miss(str(problem))
            # Who has to close all the time is not to wait in between.
            await self._clock.sleep(max(TICK, began + EVERY - self._clock.now()))

    async def look(self) -> None:
        """Close who is due at this moment, as long as it takes until the next look is."""
        compiled = self._shown.picture.compiled
        if compiled is None:
            return
        if compiled.site is not self._site:
            site = self._site = compiled.site
            self._limits, self._fixed = await asyncio.to_thread(lambda: (limits(site), fixed(site)))
        if not self._limits.any:
            self._miss("")
            return
        by_address = await self._by_address()
        workers = (worker.pid for one in self._shown.picture.generations for worker in one.workers)
        sighting = await self._nginx.upgraded(tuple(workers), frozenset(by_address))
        self._miss(sighting.missing)
        ages = {address: one.seconds for address, one in by_address.items()}
        over = due(sighting.upgraded, ages, self._clock.now(), int(RATE * EVERY))
        await self._close(over, by_address)

    async def _by_address(self) -> dict[str, Limit]:
        """Return the limit for each address that has one."""
        found: dict[str, Limit] = {}
        services = tuple(self._limits.services.items())
        known = ((address, self._limits.services.get(name)) for address, name in self._fixed.items())
        _take(found, ((address, one) for address, one in known if one))
        for start in range(0, len(services), AT_ONCE):
            _take(found, addresses(services[start : start + AT_ONCE], self._inbox.slices))
            await asyncio.sleep(0)
        return {address: one for address, one in found.items() if one.seconds < math.inf}

    async def _close(self, over: tuple[Upgraded, ...], by_address: Mapping[str, Limit]) -> None:
        counts = Counter[Limit]()
        step = int(RATE * TICK)
        for start in range(0, len(over), step):
            # So many clients connect again at a time, whoever it was that closed.
            await self._clock.sleep(max(TICK, self._governing.reconnects_until - self._clock.now()))
            some = {one.inode: by_address[one.address] for one in over[start : start + step]}
            counts.update(some[inode] for inode in await self._nginx.close_connections(tuple(some)))
        now = self._clock.now()
        self._last = {one: at for one, at in self._last.items() if now - at < QUIET}
        for limit, count in counts.items():
            begins = limit not in self._last
            self._last[limit] = now
            self._listener.aged(limit.host, limit.ingress, count, begins=begins)

    def _miss(self, missing: str) -> None:
        """Tell whose limits do not hold, if that is another thing than before."""
        if missing and missing != self._missing:
            self._listener.unreadable(missing)
        self._missing = missing
        found = dict.fromkeys(_longer(lost, holds) for lost, holds in self._limits.overruled)
        if missing:
            limited = (one for one in self._limits.services.values() if one.seconds < math.inf)
            found |= dict.fromkeys(_stay(one, missing) for one in limited)
        shown = tuple(sorted(found)[:SHOWN])
        if shown != self._found:
            self._found = shown
            self._shown.show(from_closing=shown)


def _take(found: dict[str, Limit], some: Iterable[tuple[str, Limit]]) -> None:
    """Note the largest limit of each address."""
    for address, limit in some:
        if address not in found or found[address].seconds < limit.seconds:
            found[address] = limit


def _stay(one: Limit, missing: str) -> Diagnostic:
    hint = "painless.dev/connection-max-idle needs no such right"
    return Diagnostic(one.ingress, FIELD, Reason.CONNECTIONS_STAY, Severity.WARNING, missing, hint)


def _longer(lost: Limit, holds: Limit) -> Diagnostic:
    what = "no limit" if holds.seconds == math.inf else f"a limit of {holds.seconds:.0f} s"
    whose = f"{holds.ingress} (host {holds.host})"
    says = f"{whose} leads to the same Service with {what}, which holds for upgraded connections"
    hint = "give it the same limit"
    return Diagnostic(lost.ingress, FIELD, Reason.CONNECTIONS_STAY, Severity.WARNING, says, hint)
