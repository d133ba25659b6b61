"""A machine that changes under NGINX, as when a Pod is resized in place: when that counts, and what it did.

A change counts once it has stayed for a while, so that a quota that flaps does not reload NGINX each time;
then it is taken by a round like any other change.
"""

import asyncio
from collections.abc import Callable

from painless.compiler.fit import Fit
from painless.compiler.options import Machine
from painless.controller.ports import Clock
from painless.model.objects import ObjectRef
from painless.plan.changes import Change, Kind

LOOK = 10.0  # Seconds between two looks: a resize is rare, and nothing breaks meanwhile.
STAY = 60.0  # Seconds that a change has to stay: what an autoscaler takes back sooner is not worth a reload.


class Settling:
    """Tells a machine that has become another one from one that flaps."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._next, self._since = machine, 0.0

    def seen(self, machine: Machine, now: float) -> bool:
        """Take note of what was read; return whether it is now what counts, and was not before."""
        if machine != self._next:
            self._next, self._since = machine, now
        if machine == self.machine or now - self._since < STAY:
            return False
        self.machine = machine
        return True


async def watch(
    read: Callable[[], Machine], first: Machine, clock: Clock, take: Callable[[Machine], None]
) -> None:
    """Read the machine again and again, and hand on what it has become."""
    settling = Settling(first)
    while True:
        await clock.sleep(LOOK)
        # In a thread: files of the kernel may take their time while a machine is in trouble.
        if settling.seen(await asyncio.to_thread(read), clock.now()):
            take(settling.machine)


def fits_otherwise(before: Fit, after: Fit) -> bool:
    """Whether something is to be told; how many upstreams there are is not the machine's."""
    return (before.machine, before.settled, before.concerns) != (after.machine, after.settled, after.concerns)


def because_of_machine(before: Fit, after: Fit) -> tuple[Change, ...]:
    """Return what a machine that has changed changes of NGINX's configuration."""
    if before.machine == after.machine:
        return ()
    return tuple(
        Change(
            Kind.CHANGED, ObjectRef("Machine", "", now.name), f"{was.value} → {now.value}, as {now.because}"
        )
        for was, now in zip(before.settled, after.settled, strict=True)
        if was.value != now.value
    )
