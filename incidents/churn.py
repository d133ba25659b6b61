"""Pods change under load, and it is seen what that costs: what a deploy and an autoscaler have in common."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from bench.machine import memory_mib
from msgspec import Struct

from incidents import workers
from incidents.chat import Chats
from incidents.fleet import Fleet
from incidents.harness import Place
from incidents.naive import Naive
from incidents.painless import Serving
from incidents.report import Line
from incidents.wrk import Clients, Counted, asking

CHAT = "chat"  # A Service whose pod stays, and whose clients do.
CHATS = 40  # So many at most: on the naive side each keeps a generation of workers for itself.


class Motion(Struct, frozen=True):
    """How the pods of some Services change while clients ask."""

    services: tuple[str, ...]
    pods: int
    """Of each Service, at first."""
    move: Callable[[Fleet], AsyncGenerator[str, None]]
    """Moves pods, and yields the Service that has to be published; it may have an end or none."""
    pause: float
    """Seconds between two changes."""
    seconds: float
    """How long clients ask."""


class _Suffered(Struct, frozen=True):
    """What one side had to go through; memory is the most that was seen, in MiB."""

    changes: int
    reloads: int
    draining: int
    memory: float
    clients: Counted


async def compared(place: Place, motion: Motion, *, connections: int, pause: int) -> tuple[Line, ...]:
    """Have both sides go through the same."""
    clients = Clients(tuple(f"{one}.example" for one in motion.services), connections, pause)
    sides: dict[str, _Suffered] = {}
    for name, kind in (("naive", Naive), ("painless", Serving)):
        async with Fleet() as fleet:
            for one in motion.services:
                await fleet.add(one, motion.pods)
            await fleet.add(CHAT)
            home = place.folder(name)
            async with kind(home, fleet.services, fleet.port) as side:
                sides[name] = await _suffered(side, fleet, motion, clients)
    return _lines(sides["naive"], sides["painless"])


async def _suffered(side: Naive | Serving, fleet: Fleet, motion: Motion, clients: Clients) -> _Suffered:
    reloads, changes, draining, memory = await side.reloads(), 0, 0, 0.0
    async with (
        Chats(side.port) as chats,
        asking(side.port, clients, motion.seconds, side.home) as counted,
        aclosing(motion.move(fleet)) as moves,
    ):
        async for service in moves:
            side.publish(service, fleet.addresses(service))
            changes += 1
            if len(chats.opened) < CHATS:
                await chats.open(f"{CHAT}.example")
            await asyncio.wait([counted], timeout=motion.pause)
            draining = max(draining, len(workers.draining(side.nginx)))
            memory = max(memory, memory_mib(side.nginx))
            if counted.done():
                break
        answers = await counted
    return _Suffered(changes, await side.reloads() - reloads, draining, memory, answers)


def _lines(naive: _Suffered, painless: _Suffered) -> tuple[Line, ...]:
    before, after = naive.clients, painless.clients
    return (
        Line(
            f"reloads, for {naive.changes} and {painless.changes} changes of pods",
            f"{naive.reloads}",
            f"{painless.reloads}",
            shown=naive.reloads >= naive.changes - 1 and painless.reloads == 0,
        ),
        Line(
            "old workers at once, each with somebody's WebSocket",
            f"{naive.draining}",
            f"{painless.draining}",
            shown=naive.draining > 1 and painless.draining == 0,
        ),
        Line(
            "memory of NGINX at most",
            f"{naive.memory:.0f} MiB",
            f"{painless.memory:.0f} MiB",
            shown=naive.memory > painless.memory,
            timed=True,
        ),
        Line("requests", f"{before.requests:,}", f"{after.requests:,}"),
        Line("answers that say no", f"{before.refused:,}", f"{after.refused:,}", shown=after.refused == 0),
        Line(
            "connections that ended under a client", f"{before.cut:,}", f"{after.cut:,}", shown=after.cut == 0
        ),
    )
