"""Spans of our own rounds, where a collector for them is named: from a change's arrival until it is served.

One trace for each change, with a span for each part of it: compiles, waits for a turn or for room, the test
by NGINX, its load.  Sent as requests' spans are, by a process of ``tracing``'s that is started for the first
one.  Promises that the loop waits for nothing of it, that what waits to be sent is bounded, and that without
a collector nothing is done.
"""

import asyncio
import logging
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable

import msgspec

from painless.controller.ports import Clock
from painless.nginx.spans import Export
from painless.observe import logs
from painless.plan.steps import Await, Reload, Resolve, Stage, Start, Step, Verify
from painless.tracing.exporter import FULL
from painless.tracing.line import INTERNAL, Span, Value
from painless.tracing.sender import Sender

SERVICE = "painless"
QUEUE, BATCH, DELAY = 2048, 512, 1.0
"""What waits in the process, and in what portions it goes: a change has some ten spans."""
PARTS = 64
"""Spans of one change, the last ones: one that NGINX refuses may take many tests."""
MOST = 1 << 20
"""Bytes that wait for the process: a thousand changes."""
_TEXT = 256  # Characters of one attribute.
_BUSY, _IDLE = 0.2, 1.0  # Seconds between two looks, with something to send and without.
_BACK_OFF = 5.0  # Seconds between two starts of the process.
_STEPS: dict[type[Step], str] = {
    Stage: "stage",
    Verify: "test",
    Start: "start",
    Reload: "reload",
    Await: "wait for workers",
    Resolve: "wait for addresses",
}
"""Steps that take time."""


def export_to(collector: tuple[str, int] | None) -> Export | None:
    """Return where our own spans go."""
    return Export(*collector, SERVICE, QUEUE, BATCH, DELAY) if collector else None


class Following:
    """Makes spans of what it hears, each when it ends; ``now`` says nanoseconds since 1970."""

    def __init__(self, export: Export | None, clock: Clock, now: Callable[[], int] = time.time_ns) -> None:
        self._export = export
        self._clock = clock
        self._now = now
        self._parts = deque[Span](maxlen=PARTS)
        self._about: dict[str, Value] = {}
        self._failed = False
        self._trace, self._root = _number(16), _number(8)
        self._waiting = bytearray()
        self._bell = asyncio.Event()
        self._sender: Sender | None = None
        self._started = float("-inf")
        self._exported = 0
        self._dropped = Counter[str]()

    def exported(self) -> int:
        """Return how many spans the collector has taken since the start."""
        return self._exported + (self._sender.counts.exported if self._sender else 0)

    def dropped(self) -> Counter[str]:
        """Return how many were dropped since the start, by reason."""
        return self._dropped + Counter(self._sender.counts.dropped if self._sender else {})

    def part(self, name: str, seconds: float, *, failed: bool = False, **about: Value) -> None:
        """Take a part of the change under way that ended just now."""
        if self._export is not None:
            self._parts.append(self._span(name, seconds, _number(8), about, failed=failed))

    def step(self, step: Step, seconds: float, said: str) -> None:
        """Take a step of NGINX's; ``said`` is why it refused."""
        if (name := _STEPS.get(type(step))) is not None:
            self.part(name, seconds, failed=bool(said), **({"nginx": said[:_TEXT]} if said else {}))

    def note(self, *, failed: bool = False, **about: Value) -> None:
        """Take what there is to say about the change under way."""
        if self._export is not None:
            self._about |= about
            self._failed = self._failed or failed

    def served(self, seconds: float) -> None:
        """Take that what came so long ago is served: the trace is whole."""
        if self._export is None:
            return
        root = self._span("change", seconds, self._root, self._about, failed=self._failed)
        for one in (root, *self._parts):
            line = msgspec.json.encode(one) + b"\n"
            if len(self._waiting) + len(line) > MOST:
                self._dropped[FULL] += 1
            else:
                self._waiting += line
        self._parts.clear()
        self._about, self._failed = {}, False
        self._trace, self._root = _number(16), _number(8)
        self._bell.set()

    async def run(self) -> None:
        """Send until cancelled; then what waits has a few seconds."""
        try:
            while True:
                if self._sender is None:
                    await self._bell.wait()
                await self._send()
                if not self._waiting:
                    self._bell.clear()
                await self._clock.sleep(_BUSY if self._waiting else _IDLE)
        finally:
            if self._sender is not None:
                self._write(self._sender)
            await self._end()

    async def _send(self) -> None:
        assert self._export is not None, "nothing rings without a collector"
        if self._sender is not None and not self._sender.runs:
            await self._end()
        if self._sender is None and self._clock.now() - self._started >= _BACK_OFF:
            self._started = self._clock.now()
            try:
                self._sender = await Sender.start(self._export)
            except OSError as problem:
                logs.event("span_sender_not_started", level=logging.WARNING, problem=str(problem))
        if self._sender is not None:
            self._write(self._sender)
            self._sender.hear()

    async def _end(self) -> None:
        sender, self._sender = self._sender, None
        if sender is not None:
            done = await sender.stop()
            self._exported += done.exported
            self._dropped.update(done.dropped)

    def _write(self, sender: Sender) -> None:
        del self._waiting[: sender.write(bytes(self._waiting))]

    def _span(self, name: str, seconds: float, number: str, about: dict[str, Value], *, failed: bool) -> Span:
        end = self._now()
        return Span(
            trace=self._trace,
            span=number,
            parent="" if number == self._root else self._root,
            state="",
            name=name,
            start=max(0, end - round(seconds * 1e9)),
            end=end,
            failed=failed,
            attributes=tuple((f"painless.{key}", value) for key, value in about.items()),
            kind=INTERNAL,
        )


def _number(size: int) -> str:
    """Return the number of a trace or a span."""
    return secrets.token_hex(size)
