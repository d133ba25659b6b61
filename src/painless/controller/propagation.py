"""How long a change of endpoints takes until NGINX knows: measured of one change at a time.

A change is what the source brought; NGINX knows once the responder has answered its next question about
that upstream.  Measuring asks the responder, so it is done now and then only, however much comes and goes.
"""

import asyncio
from collections.abc import Iterable

from painless.controller.outside import Outside
from painless.controller.picture import Shown
from painless.controller.ports import WorldError
from painless.controller.telling import Took

LONGEST = 30.0
"""Seconds after which a change counts as if it took so long; NGINX asks once a second."""
EVERY = 5.0
"""Seconds from one measurement to the next."""
ASK = 0.1
"""Seconds between two questions to the responder, and so how exact the time is."""


class Propagation:
    """Measures the first change that comes while none is measured."""

    def __init__(self, outside: Outside, shown: Shown) -> None:
        self._responder = outside.responder
        self._clock = outside.clock
        self._listener = outside.listener
        self._shown = shown
        self._next: tuple[str, float, float] | None = None
        self._bell = asyncio.Event()

    def changed(self, upstreams: Iterable[str], came: float) -> None:
        """Hear that the responder knows what ``came`` at that moment about these upstreams."""
        live = self._shown.live
        used = live.upstreams.intersection(upstreams) if live is not None else ()
        if used and not self._bell.is_set():
            self._next = (min(used), came, self._clock.now())
            self._bell.set()

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            await self._bell.wait()
            assert self._next is not None
            upstream, came, told = self._next
            try:
                while await self._responder.unanswered([upstream], told):
                    if self._clock.now() - came >= LONGEST:
                        break
                    await self._clock.sleep(ASK)
                live = self._shown.live
                # Nobody asks for what is not used any more.
                if live is not None and upstream in live.upstreams:
                    self._listener.took(Took.ENDPOINTS, min(LONGEST, self._clock.now() - came))
            except WorldError:
                pass  # The responder is started again, and then told everything.
            await self._clock.sleep(EVERY)
            self._bell.clear()
