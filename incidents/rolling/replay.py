"""Each pod of each Service is replaced, as an upgrade of a whole cluster does it.

To the controller of 2017 every pod was a change of its file, and a reload.  To Painless it is an answer to a
question that NGINX asks once a second.
"""

from collections.abc import AsyncGenerator

from incidents.churn import Motion, compared
from incidents.fleet import Fleet
from incidents.harness import Need, Place, Replay
from incidents.report import Line


async def _replay(place: Place) -> tuple[Line, ...]:
    services, pods, pause, seconds = (20, 5, 2.5, 270.0) if place.full else (3, 2, 0.3, 2.0)
    names = tuple(f"service-{at}" for at in range(services))

    async def roll(fleet: Fleet) -> AsyncGenerator[str, None]:
        for _ in range(pods):
            for one in names:
                await fleet.add(one)
                fleet.leave(one)
                yield one

    # 40 clients that wait 25 ms between two requests, and for the answer: 200,000 in the full form.
    connections, wait = (40, 25) if place.full else (8, 15)
    motion = Motion(names, pods, roll, pause, seconds)
    return await compared(place, motion, connections=connections, pause=wait)


REPLAY = Replay("a rolling deploy of every Service", _replay, frozenset({Need.WRK}))
