"""What bulkheads refuse: counted by Service, and told to the owners of its Ingresses when it begins.

NGINX writes a line for each refusal, with the upstream's name and nothing else, and never waits for us.  What
it wrote while no controller ran is counted by the next one.  How the lines come is ``nginxd.accesslog``'s.
"""

import asyncio
import logging
import math
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Never, Self

from painless.compiler.site import Site
from painless.controller.ports import Clock
from painless.model.objects import ObjectRef
from painless.nginxd.accesslog import AccessLog, Writer
from painless.observe import logs
from painless.observe.bulkheads import Port

EVERY = 1.0
"""Seconds between two looks: NGINX holds its lines as long."""

QUIET = 600.0
"""Seconds without a refusal after which the next one is news again."""

Tell = Callable[[str, tuple[ObjectRef, ...]], None]
"""Hears of an upstream whose bulkhead begins to refuse, and of the Ingresses that send it requests."""


class _Lines:
    """Takes the lines, and has what they say of each upstream."""

    def __init__(self) -> None:
        self._counts = Counter[str]()

    def write(self, data: bytes, /) -> int:
        self._counts.update(data.decode(errors="replace").split())
        return len(data)

    def taken(self) -> Mapping[str, int]:
        """Return the counts since the last call."""
        found, self._counts = self._counts, Counter()
        return found


class Refused:
    """Counts what NGINX, the ``writer``, writes into a folder."""

    def __init__(self, folder: Path, writer: Writer, clock: Clock) -> None:
        self._lines = _Lines()
        self._log = AccessLog(folder, self._lines, writer)
        self._clock = clock
        self._last: dict[str, float] = {}
        self._counts = Counter[Port]()

    def so_far(self) -> Mapping[Port, int]:
        """Return what was refused since the start, by Service."""
        return self._counts

    async def run(self, site: Callable[[], Site | None], tell: Tell) -> Never:
        """Count for ever; ``site`` is what is served, ``tell`` hears of what is new."""
        before = ""
        while True:
            await self.look(site, tell)
            if self._log.problem != before:
                before = self._log.problem
                logs.event("rejections_uncounted", level=logging.WARNING, problem=before)
            await self._clock.sleep(EVERY)

    async def look(self, site: Callable[[], Site | None], tell: Tell) -> None:
        """Count what has come."""
        await asyncio.to_thread(self._log.carry)
        begun = self._count(self._lines.taken())
        if begun and (served := site()):
            for upstream, ingresses in _owners(served, begun).items():
                tell(upstream, ingresses)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._log.finish()

    def _count(self, found: Mapping[str, int]) -> frozenset[str]:
        """Count what was refused at upstreams; return those where it is news."""
        now, begun = self._clock.now(), set[str]()
        for upstream, count in found.items():
            if (port := port_of(upstream)) is None:
                continue
            self._counts[port] += count
            if now - self._last.get(upstream, -math.inf) >= QUIET:
                begun.add(upstream)
            self._last[upstream] = now
        return frozenset(begun)


def port_of(upstream: str) -> Port | None:
    """Return which Service's port an upstream is; none of its three words has a dot."""
    match upstream.split("."):
        case [namespace, service, port, *_]:
            return namespace, service, port
        case _:
            return None


def _owners(site: Site, upstreams: frozenset[str]) -> dict[str, tuple[ObjectRef, ...]]:
    """Return the Ingresses that send requests to each of the upstreams."""
    found: dict[str, set[ObjectRef]] = {}
    for server in site.servers:
        for location in server.locations:
            for name in location.route.upstreams & upstreams:
                found.setdefault(name, set()).add(location.route.origin.ref)
    return {name: tuple(sorted(found[name])) for name in sorted(found)}
