"""Looks at the controller for everybody who has the page open: at most once a second, and only then.

What is known is taken on the controller's loop, which costs little; all else is made in a thread.  Whoever
asks meanwhile waits for that, so that ten browsers cost what one does.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor

from painless.compiler import Compiled
from painless.compiler.site import Site
from painless.controller.ports import Clock
from painless.observe.served import Certified, serves
from painless.web.page.hosts_of import hosts_of, rows_of
from painless.web.page.rates import Rates
from painless.web.page.seen import Host, Looking, Row, Seen, View

EVERY = 1.0
"""Seconds that a view is shown before the next one is made."""


class Watch:
    """The latest view; ``looks`` counts how many there were."""

    def __init__(self, looking: Looking, clock: Clock, threads: Executor) -> None:
        self.looks = 0
        self._looking = looking
        self._clock = clock
        self._threads = threads
        self._alone = asyncio.Lock()
        self._view: View | None = None
        self._until = 0.0
        self._rates = Rates()
        self._hosts: tuple[Site | None, Mapping[str, Host]] = None, {}
        self._certificates: tuple[Compiled | None, tuple[Certified, ...]] = None, ()

    async def latest(self) -> View:
        """Return a view that is at most a second old."""
        async with self._alone:
            if self._view is not None and self._clock.now() < self._until:
                return self._view
            seen = await self._looking.see()
            work = asyncio.get_running_loop().run_in_executor
            self._view = await work(self._threads, self._made, seen, self._clock.now(), self._view)
            self._until = self._clock.now() + EVERY
            return self._view

    def _made(self, seen: Seen, now: float, before: View | None) -> View:
        self.looks += 1
        # Versions of the next controller are higher: a page that stays open takes none for an old one.
        version = before.version + 1 if before else int(seen.at)
        site = seen.compiled.site if seen.compiled else None
        if self._hosts[0] is not site:
            self._hosts = site, hosts_of(site)
        hosts = self._hosts[1]
        without_pods = seen.without_pods()
        rates = self._rates.take(now, seen.answered)
        rows = tuple(rows_of(hosts, without_pods, rates))
        same_hosts = before is not None and [one.host for one in before.rows] == [one.host for one in rows]
        return View(
            version=version,
            seen=seen,
            hosts=hosts,
            without_pods=without_pods,
            certificates=self._certified(seen.compiled),
            rates=rates,
            trend=self._rates.trend,
            rows=rows,
            changed=_changed(before, rows, version),
            hosts_since=before.hosts_since if before and same_hosts else version,
        )

    def _certified(self, compiled: Compiled | None) -> tuple[Certified, ...]:
        if self._certificates[0] is not compiled:
            found = serves(compiled, frozenset(), leads=True).certificates
            self._certificates = compiled, tuple(found)
        return self._certificates[1]


def _changed(before: View | None, rows: tuple[Row, ...], version: int) -> dict[str, int]:
    known = {one.host: one for one in before.rows} if before else {}
    since = before.changed if before else {}
    return {one.host: since[one.host] if known.get(one.host) == one else version for one in rows}
