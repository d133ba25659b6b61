"""Spans of requests, from NGINX's log to the process that sends them, which is started for the first one.

How lines are kept and erased is ``nginxd.accesslog``'s, how they are sent ``tracing``'s.  Promises that a
process that dies is started again, that what it did is counted, and that without traces nothing runs.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Never, Self

from painless.controller.ports import Clock
from painless.nginx.spans import Export
from painless.nginxd.accesslog import AccessLog, Writer
from painless.observe import logs
from painless.tracing.exporter import Counts
from painless.tracing.sender import Sender

MOST = 16 << 20
"""Bytes that wait for the process: some 40,000 spans, ten times what its own queue holds."""
_BUSY, _IDLE = 0.1, 1.0  # Seconds between two looks, with the process and without.
_BACK_OFF = 2.0  # Seconds between two starts.


class Traces:
    """Carries what NGINX, the ``writer``, logs of spans into a folder."""

    def __init__(self, folder: Path, writer: Writer, clock: Clock) -> None:
        self._log = AccessLog(folder, self, writer, most=MOST)
        self._clock = clock
        self._wanted: Export | None = None
        self._sender: Sender | None = None
        self._asked = False
        self._started = float("-inf")
        self._exported = 0
        self._dropped = Counter[str]()
        self._problem = ""

    def exported(self) -> int:
        """Return how many spans a collector has taken since the start."""
        return self._exported + (self._sender.counts.exported if self._sender else 0)

    def dropped(self) -> Mapping[str, int]:
        """Return how many were dropped since the start, by reason."""
        return self._dropped + Counter(self._sender.counts.dropped if self._sender else {})

    def went(self) -> Mapping[str, int]:
        """Return how many bytes of the log were carried, and how many dropped."""
        return {"exporter": self._log.carried, "dropped": self._log.dropped}

    def write(self, data: bytes, /) -> int:
        """Take lines of the log, as far as there is somebody for them."""
        if self._wanted is None:
            # Of an NGINX that has not yet heard that nobody wants them.
            return len(data)
        self._asked = True
        return self._sender.write(data) if self._sender else 0

    async def run(self, wanted: Callable[[], Export | None]) -> Never:
        """Carry for ever; ``wanted`` says where spans go now."""
        while True:
            self._wanted = wanted()
            await self._renew()
            await asyncio.to_thread(self._log.carry)
            if self._sender:
                self._sender.hear()
            self._tell()
            await self._clock.sleep(_BUSY if self._sender else _IDLE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._log.finish()
        await self._end()

    async def _renew(self) -> None:
        """Have the process that is wanted, where there is something to send."""
        sender = self._sender
        if sender and (not sender.runs or sender.export != self._wanted):
            await self._end()
        due = self._clock.now() - self._started >= _BACK_OFF
        if self._sender is None and self._wanted and self._asked and due:
            self._started = self._clock.now()
            try:
                self._sender = await Sender.start(self._wanted)
            except OSError as problem:
                logs.event("span_sender_not_started", level=logging.WARNING, problem=str(problem))

    async def _end(self) -> None:
        sender, self._sender = self._sender, None
        if sender is None:
            return
        done = await sender.stop()
        self._exported += done.exported
        self._dropped.update(done.dropped)
        self._asked = False

    def _tell(self) -> None:
        """Say when what is in the way of spans changes."""
        counts = self._sender.counts if self._sender else Counts()
        problem = self._log.problem or counts.problem
        if problem != self._problem:
            self._problem = problem
            if problem:
                logs.event("spans_held", level=logging.WARNING, problem=problem)
            else:
                logs.event("spans_sent")
