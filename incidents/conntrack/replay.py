"""The table in which the kernel notes connections is nearly full, as on a node with many short ones.

The NGINX of 2017 opened a connection to a pod for each request, and each stays in the table for two minutes
after its end.  When the table is full the kernel drops whatever is new, and no counter of the accept queue
says so.  What keeps its connections to pods asks for no more places.
"""

from bench.static import pods
from msgspec import Struct

from incidents.conntrack import table
from incidents.harness import Need, Place, Replay
from incidents.naive import Naive, build
from incidents.painless import Serving
from incidents.report import Line
from incidents.wrk import Clients, Counted, asked

POD_PORT = 8080
POD = "127.0.0.2"
ROOM = 500  # Places that are left.
CONNECTIONS = 10
PAUSE = 2  # Milliseconds between two requests of a client: thousands of requests in a second.
SECONDS, SECONDS_IN_FULL = 1.0, 20.0


class _Seen(Struct, frozen=True):
    """One side: places taken in the table, packets that found it full, and what clients got."""

    taken: int
    dropped: int
    clients: Counted


async def _replay(place: Place) -> tuple[Line, ...]:
    seconds = SECONDS_IN_FULL if place.full else SECONDS
    table.track()
    services = {"web": [POD]}
    with pods(build().path, place.home / "pods", (POD,), POD_PORT, None):
        # First who takes few: what the other takes stays for two minutes.
        async with Serving(place.folder("painless"), services, POD_PORT) as painless:
            after = await _seen(painless, seconds)
        async with Naive(place.folder("naive"), services, POD_PORT) as naive:
            before = await _seen(naive, seconds)
    return (
        Line(
            f"places taken, of {ROOM}",
            f"{before.taken:,}",
            f"{after.taken:,}",
            shown=before.taken > after.taken,
        ),
        Line(
            "packets dropped for want of a place",
            f"{before.dropped:,}",
            f"{after.dropped:,}",
            shown=before.dropped > 0 and after.dropped == 0,
        ),
        Line(
            f"requests answered in {seconds:.0f} s",
            f"{before.clients.requests:,}",
            f"{after.clients.requests:,}",
            shown=before.clients.requests <= ROOM < after.clients.requests,
        ),
        Line(
            "requests that failed",
            f"{before.clients.failed:,}, and those that wait",
            f"{after.clients.failed:,}",
            shown=after.clients.failed == 0,
        ),
    )


async def _seen(side: Naive | Serving, seconds: float) -> _Seen:
    table.fill(ROOM)
    taken, dropped = table.count(), table.dropped()
    clients = await asked(side.port, Clients(("web.example",), CONNECTIONS, PAUSE), seconds, side.home)
    return _Seen(table.count() - taken, table.dropped() - dropped, clients)


REPLAY = Replay("the table of connections is full", _replay, frozenset({Need.CONNECTION_TRACKING, Need.WRK}))
