"""Would a restart help?  What the liveness and readiness probes answer, from what was seen lately.

Liveness fails for three things only: the controller's event loop is stuck, NGINX ended and does not come
back, none of its workers answers on the private listener.  Load is none of them: a queue that overflows, a
worker that is busy, an endpoint that hangs are reported elsewhere and never punished.  Any thread may ask.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from painless.controller.ports import Clock
from painless.web.health import Check

STUCK = 60.0
"""Seconds without a turn of the event loop; a CPU quota that is used up costs some of them."""
GONE = 60.0
"""Seconds without NGINX; it is started again within 30 s, and loads 10,000 hosts in seven."""
SILENT = 60.0
"""Seconds without an answer of any worker; one that is busy answers between two requests."""
LOOK = 1.0
"""Seconds between two looks at all this."""
WITHIN = 30.0
"""Seconds for one answer, half of that: one who is so busy that it takes seconds is not silent."""

PRIVATE = "private.sock"
"""The private listener, in the folder that NGINX runs in."""

_TIMEVAL = struct.Struct("@ll")

Ask = Callable[[], bool]
"""Whether a worker has answered; waits for it, and raises ``OSError`` when there is nobody to ask."""


class RunningNginx(Protocol):
    """NGINX, as far as it is looked at."""

    def running(self) -> bool: ...


class Liveness:
    """What was seen lately of the event loop, of NGINX and of its workers.

    ``apart``: NGINX runs in another container, which a restart of ours would not help.
    """

    def __init__(self, nginx: RunningNginx, ask: Ask, clock: Clock, *, apart: bool = False) -> None:
        self._nginx = nginx
        self._ask = ask
        self._clock = clock
        self._apart = apart
        self._turned = clock.now()
        self._gone: float | None = None
        self._silent: float | None = None
        self._ran = False

    async def run(self) -> None:
        """Look at all of it until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat())
            group.create_task(self._question())

    def alive(self) -> Iterator[Check]:
        """Return what a restart of this container would help, and what it would not."""
        now = self._clock.now()
        yield Check(
            "event-loop", _too_long("the controller's event loop has had no turn", now, self._turned, STUCK)
        )
        # A loop that is stuck has not looked at NGINX either.
        seen = min(now, self._turned + LOOK)
        counts = not self._apart
        gone = _too_long("NGINX has ended and not come back", seen, self._gone, GONE)
        yield Check("nginx", gone, counts)
        silent = _too_long(
            "no worker of NGINX has answered on its private listener", seen, self._silent, SILENT
        )
        yield Check("nginx-workers", silent, counts)

    def turn(self) -> None:
        """Note that the event loop has had a turn, and look whether NGINX runs."""
        self._turned = now = self._clock.now()
        if self._nginx.running():
            self._ran, self._gone = True, None
        elif self._ran and self._gone is None:
            self._gone = now

    def heard(self, asked: float, *, answered: bool) -> None:
        """Note what came of a question of that moment to the workers."""
        if answered:
            self._silent = None
        elif self._silent is None:
            self._silent = asked

    async def _beat(self) -> None:
        while True:
            self.turn()
            await self._clock.sleep(LOOK)

    async def _question(self) -> None:
        while True:
            asked = self._clock.now()
            try:
                answered = await asyncio.to_thread(self._ask)
            except OSError:
                # Nobody to ask says nothing about workers: NGINX loads, or has ended.
                answered = True
            self.heard(asked, answered=answered)
            await self._clock.sleep(LOOK)


def answers_on(where: Path, within: float = WITHIN) -> bool:
    """Ask the workers of NGINX on the private listener, a unix socket that all of them share.

    A connection that is closed without a word, for want of slots, is an answer as well: somebody has taken
    it.  Raises another ``OSError`` when nobody listens.
    """
    try:
        with socket.socket(socket.AF_UNIX) as asking:
            # Python's own time-out does not wait where the queue is full of questions.
            for which in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                asking.setsockopt(socket.SOL_SOCKET, which, _TIMEVAL.pack(*divmod(int(within * 1e6), 10**6)))
            asking.connect(str(where))
            asking.sendall(b"GET / HTTP/1.0\r\n\r\n")
            asking.recv(1)
    except BlockingIOError:
        return False
    except (BrokenPipeError, ConnectionResetError):
        return True
    return True


def _too_long(what: str, now: float, since: float | None, most: float) -> str:
    lasted = 0.0 if since is None else now - since
    return f"{what} for {lasted:.0f} s" if lasted > most else ""
