"""NGINX counts the processors of the node, whatever its container may use.

Two workers that are both busy spend the quota of one processor in half of each 100 ms; then the kernel lets
neither run until the period is over, and everybody waits.  One worker cannot spend more than there is.
"""

from contextlib import AsyncExitStack

from msgspec import Struct

from incidents import workers
from incidents.container import Container
from incidents.harness import Need, Place, Replay
from incidents.naive import Naive
from incidents.painless import Serving
from incidents.report import Line
from incidents.wrk import Clients, Counted, asked

CPUS = 1.0
CONNECTIONS = 50
SECONDS, SECONDS_IN_FULL = 1.0, 20.0
POD_PORT = 8080


class _Seen(Struct, frozen=True):
    """One side: the workers that share the quota, how much of the time they were held, the clients."""

    workers: int
    throttled: float
    clients: Counted


async def _replay(place: Place) -> tuple[Line, ...]:
    seconds = SECONDS_IN_FULL if place.full else SECONDS
    services = {"web": ["127.0.0.2"]}
    sides = []
    for name, kind in (("naive", Naive), ("painless", Serving)):
        async with AsyncExitStack() as stack:
            container = stack.enter_context(Container(name, cpus=CPUS))
            side = kind(place.folder(name), services, POD_PORT, within=container.within)
            await stack.enter_async_context(side)
            before = container.throttled
            # For a host that nobody serves NGINX answers by itself, so that its workers are what is busy.
            clients = await asked(side.port, Clients(("nobody.example",), CONNECTIONS), seconds, side.home)
            throttled = (container.throttled - before) / seconds
            sides.append(_Seen(len(workers.serving(side.nginx)), throttled, clients))
    naive, painless = sides
    return (
        Line(
            f"workers in a container of {CPUS:g} CPU",
            f"{naive.workers}",
            f"{painless.workers}",
            shown=naive.workers > painless.workers == 1,
        ),
        Line(
            "time for which the kernel let them not run",
            f"{naive.throttled:.0%}",
            f"{painless.throttled:.0%}",
            shown=naive.throttled > 2 * painless.throttled,
            timed=True,
        ),
        Line(
            "99 of 100 answers within",
            f"{naive.clients.p99:.1f} ms",
            f"{painless.clients.p99:.1f} ms",
            shown=naive.clients.p99 > painless.clients.p99,
            timed=True,
        ),
    )


REPLAY = Replay(
    "worker_processes auto in a container of one CPU",
    _replay,
    frozenset({Need.CONTAINERS, Need.PROCESSORS, Need.WRK}),
)
