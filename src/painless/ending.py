"""The end of a Pod in the order that loses nothing; a second signal leaves the waiting out.

1. Readiness goes at once, so that no new client is sent here.  Everything else goes on: whoever has not
   heard of it yet is served, reloads included.
2. After the grace period the configuration rests, and NGINX ends with the requests it has.  Addresses of
   pods are followed all the while, since the last requests want a pod that is there.
3. When NGINX has gone, the rest ends: the responder, what others read of us, and the health port.
"""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from msgspec import Struct

from painless.observe import logs

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Patience(Struct, frozen=True):
    """Seconds for each part of the end."""

    grace: float
    requests: float
    after: float


class EndedNginx(Protocol):
    """NGINX, as far as it is ended."""

    async def stop(self, patience: float) -> None: ...
    def cut(self) -> None: ...


class Ending:
    """Hears the signals and knows how far the end is."""

    def __init__(self, nginx: EndedNginx) -> None:
        self._nginx = nginx
        self._told = asyncio.Event()
        self._hurried = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._signalled)

    @property
    def began(self) -> bool:
        return self._told.is_set()

    async def in_order(self, patience: Patience, rest: Callable[[], None]) -> None:
        """Wait to be told, then end NGINX; ``rest`` is called before, and nobody may start it afterwards."""
        await self._told.wait()
        logs.event("ending_began", grace=patience.grace)
        await self._wait(patience.grace)
        rest()
        logs.event("nginx_told_to_end", patience=patience.requests)
        await self._nginx.stop(0.0 if self._hurried.is_set() else patience.requests)
        await self._wait(patience.after)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._hurried.wait(), seconds)

    def _signalled(self) -> None:
        if self._told.is_set() and not self._hurried.is_set():
            logs.event("ending_hurried")
            self._hurried.set()
            self._nginx.cut()
        self._told.set()
