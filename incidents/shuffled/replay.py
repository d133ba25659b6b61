"""The controller of 2017 wrote its file in the order of a map, and loaded whatever differed from the last.

Nothing changes here.  The same objects come again and again, in another order each time, as an API server may
list them, and with each of them somebody opens a WebSocket.  At the very end one pod joins, which shows
that all that came before has been read.
"""

import random
from contextlib import AsyncExitStack
from typing import Any

import yaml
from msgspec import Struct
from tests.front.clients import Load, Target, until
from tests.front.manifests import Folder

from incidents import workers
from incidents.chat import Chats
from incidents.harness import Place, Replay
from incidents.naive import Naive
from incidents.painless import Serving
from incidents.report import Line
from painless.demo.echo import Echo
from painless.demo.ports import free_ports

SERVICES = tuple(f"service-{at}" for at in range(8))
ASKED = SERVICES[:3]  # Three clients: the rest is there to be in some order.
PODS = 3
LOOKS, LOOKS_IN_FULL = 5, 50  # How often the same objects come.
BETWEEN = 50  # Requests between two looks: a quarter of a second or more.
SETTLED = 30.0  # Seconds until NGINX has done what it was told, on a busy machine.


_Tree = dict[str, Any] | list[Any] | str | int | float | bool | None


class _Seen(Struct, frozen=True):
    """What one side had to go through."""

    reloads: int
    draining: int
    cut: int
    failed: int
    requests: int


async def _replay(place: Place) -> tuple[Line, ...]:
    looks = LOOKS_IN_FULL if place.full else LOOKS
    [port] = free_ports(1, "127.0.0.2")
    async with AsyncExitStack() as stack:
        pods = [
            await stack.enter_async_context(Echo(f"pod-{at}", f"127.0.0.{2 + at}", port))
            for at in range(PODS + 1)
        ]
        services = {one: [pod.address for pod in pods[:PODS]] for one in SERVICES}
        async with Naive(place.folder("naive"), services, port, WORKERS="1") as naive:
            before = await _seen(naive, pods, looks)
        async with Serving(place.folder("painless"), services, port) as painless:
            after = await _seen(painless, pods, looks)
    return (
        Line(
            f"reloads, for {looks} times the same",
            f"{before.reloads}",
            f"{after.reloads}",
            shown=before.reloads > looks / 2 and after.reloads == 0,
        ),
        Line(
            "old workers that are left with their WebSockets",
            f"{before.draining}",
            f"{after.draining}",
            shown=before.draining > 1 and after.draining == 0,
        ),
        Line(
            "WebSockets cut, requests failed",
            f"{before.cut}, {before.failed} of {before.requests}",
            f"{after.cut}, {after.failed} of {after.requests}",
            shown=after.cut == after.failed == 0,
        ),
    )


async def _seen(side: Naive | Serving, pods: list[Echo], looks: int) -> _Seen:
    order = random.Random(1)  # The same orders in every run.
    late = pods[-1]
    reloads = await side.reloads()
    load = Load(*(Target(side.port, f"{one}.example") for one in ASKED))
    async with Chats(side.port) as chats, load:
        for _ in range(looks):
            await chats.open(f"{ASKED[0]}.example")
            if isinstance(side, Serving):
                rewrite(side.folder, order)
            else:
                side.look_again()
            await load.more(BETWEEN)
        if isinstance(side, Serving):
            side.publish(ASKED[0], [one.address for one in pods])
            await until(late.served.is_set, SETTLED)
        reloads = await side.reloads() - reloads
        draining = len(workers.draining(side.nginx))
        cut = len(chats.cut)
    return _Seen(reloads, draining, cut, len(load.failures()), load.count)


def rewrite(folder: Folder, order: random.Random) -> None:
    """Write every object anew with the same content in another order."""
    files = sorted(folder.path.glob("*.yaml"))
    order.shuffle(files)
    for one in files:
        half = one.with_name(f".{one.name}")
        made = _shuffled(yaml.load(one.read_text(), yaml.CSafeLoader), order)
        half.write_text(yaml.dump(made, Dumper=yaml.CSafeDumper, sort_keys=False))
        half.replace(one)


def _shuffled(value: _Tree, order: random.Random) -> _Tree:
    if isinstance(value, dict):
        keys = list(value)
        order.shuffle(keys)
        return {key: _shuffled(value[key], order) for key in keys}
    if isinstance(value, list):
        made = [_shuffled(one, order) for one in value]
        order.shuffle(made)
        return made
    return value


REPLAY = Replay("the same upstreams and servers in another order", _replay)
