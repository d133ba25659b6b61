"""An autoscaler that cannot make up its mind: two pods, ten, five, two, and again.

The controller of 2017 loaded its file each time.  Nothing of it is for NGINX to load.
"""

import random
from collections.abc import AsyncGenerator

from incidents.churn import Motion, compared
from incidents.fleet import Fleet
from incidents.harness import Need, Place, Replay
from incidents.report import Line

SERVICES = ("web", "api")
LEAST, MOST = 2, 10  # Pods of a Service.


async def _flap(fleet: Fleet) -> AsyncGenerator[str, None]:
    order = random.Random(1)  # The same in every run.
    while True:
        for one in SERVICES:
            wanted, have = order.randint(LEAST, MOST), len(fleet.addresses(one))
            if wanted > have:
                await fleet.add(one, wanted - have)
            for _ in range(have - wanted):
                fleet.leave(one)
            if wanted != have:
                yield one


async def _replay(place: Place) -> tuple[Line, ...]:
    # 400 requests a second make 200,000 and more in ten minutes.
    connections, pause, wait, seconds = (20, 0.5, 22, 600.0) if place.full else (8, 0.3, 15, 2.0)
    motion = Motion(SERVICES, LEAST, _flap, pause, seconds)
    return await compared(place, motion, connections=connections, pause=wait)


REPLAY = Replay("an autoscaler that cannot make up its mind", _replay, frozenset({Need.WRK}))
