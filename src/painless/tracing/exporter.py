"""Spans that wait for a collector: a queue with bounds, emptied in batches.

Promises that nobody who adds spans waits, that what waits is bounded, and that each span is counted once: as
sent, or as dropped with the reason.  Spans are sent again where the collector was away or asked for it.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import Never

from msgspec import Struct

from painless.nginx.spans import Export
from painless.tracing.line import Span

PATIENCE = 60.0
"""Seconds for which a batch is sent again: what waits behind it is bounded, and soon dropped."""
_FIRST, _LONGEST = 1.0, 16.0  # Seconds until it is tried again, doubling.
FAREWELL = 3.0
"""Seconds at the end for all that waits."""

FULL, REFUSED, UNREADABLE = "queue_full", "collector", "unreadable"
"""Why spans are dropped."""


class Taken(Struct, frozen=True):
    """What a collector did: it took the spans but for ``rejected``, or has a ``problem``.

    ``again``: they may be sent again, after ``wait`` seconds if it says when.
    """

    rejected: int = 0
    problem: str = ""
    again: bool = False
    wait: float = 0.0


Send = Callable[[list[Span]], Awaitable[Taken]]


class Counts(Struct):
    """What became of spans, and what is in the way of the collector at the moment."""

    exported: int = 0
    dropped: dict[str, int] = {}
    problem: str = ""


class Exporter:
    """Sends what is added by ``send``, as ``export`` says."""

    def __init__(self, export: Export, send: Send) -> None:
        self._export = export
        self._send = send
        self._waiting: deque[Span] = deque()
        self._enough = asyncio.Event()
        self._exported = 0
        self._dropped = Counter[str]()
        self._problem = ""

    def counts(self) -> Counts:
        return Counts(self._exported, dict(self._dropped), self._problem)

    def add(self, spans: Iterable[Span | None]) -> None:
        """Add spans; ``None`` is a line that is none."""
        for span in spans:
            if span is None:
                self._dropped[UNREADABLE] += 1
            elif len(self._waiting) >= self._export.queue:
                self._dropped[FULL] += 1
            else:
                self._waiting.append(span)
        if len(self._waiting) >= self._export.batch:
            self._enough.set()

    async def run(self) -> Never:
        """Send for ever."""
        while True:
            try:
                async with asyncio.timeout(self._export.delay):
                    await self._enough.wait()
            except TimeoutError:
                pass
            await self._batch(PATIENCE)
            if len(self._waiting) < self._export.batch:
                self._enough.clear()

    async def finish(self) -> None:
        """Send what is left, once; nobody may run it any more."""
        try:
            async with asyncio.timeout(FAREWELL):
                while self._waiting:
                    await self._batch(0.0)
        except TimeoutError:
            pass
        self._dropped[REFUSED] += len(self._waiting)
        self._waiting.clear()

    async def _batch(self, patience: float) -> None:
        """Send the oldest spans; they are there until it is known what became of them."""
        spans = list(islice(self._waiting, self._export.batch))
        if not spans:
            return
        taken = await self._until_taken(spans, patience)
        self._problem = taken.problem
        lost = len(spans) if taken.problem else min(taken.rejected, len(spans))
        self._exported += len(spans) - lost
        if lost:
            self._dropped[REFUSED] += lost
        for _ in spans:
            self._waiting.popleft()

    async def _until_taken(self, spans: list[Span], patience: float) -> Taken:
        loop = asyncio.get_running_loop()
        until, delay = loop.time() + patience, _FIRST
        while True:
            taken = await self._send(spans)
            wait = max(delay, taken.wait)
            if not taken.again or loop.time() + wait > until:
                return taken
            self._problem = taken.problem
            await asyncio.sleep(wait)
            delay = min(2 * delay, _LONGEST)
