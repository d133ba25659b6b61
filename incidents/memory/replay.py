"""A reload leaves the old workers behind for as long as somebody holds a connection to them.

Each keeps the whole configuration of its time.  With a WebSocket before each reload a container of 150 MiB is
full after a few, and the kernel kills what it finds.  Only NGINX is in the container on both sides, as in
Painless's Pod of two.
"""

import asyncio

from bench import cluster
from msgspec import Struct
from tests.front.clients import Target, until, until_seen

from incidents import workers
from incidents.chat import Chats
from incidents.container import Container
from incidents.harness import Need, Place, Replay
from incidents.naive import Naive
from incidents.pod import Pod
from incidents.report import Line
from painless.demo.echo import Echo
from painless.demo.ports import free_ports

MEMORY = 150  # MiB that the container may have.
SITES = 1000  # Of three locations each, and one Service.
PATHS = ("/", "/api", "/static")
ASKED, ASKED_IN_FULL = 8, 50  # Changes that take a reload.
PAUSE = 0.8  # Seconds between two of them.
POD = "127.0.0.2"
CHAT, CHANGED = "chat", "changed"
OK = 200
LOADED = 30.0  # Seconds until a reload is done, on a busy machine.
LEAST_GRACE = 8.0  # Seconds that an old worker has even when memory is short.
SERVED = 60.0  # Seconds until the last change is served, on a busy machine; ten is the promise.


class _Seen(Struct, frozen=True):
    """What became of one side; memory in MiB, and of the WebSockets that were cut how old they were."""

    asked: int
    reloads: int
    old: int
    peak: float
    killed: int
    chats: int
    ages: tuple[float, ...]
    said: int
    lost_early: int
    """Messages that did not come back on WebSockets that had not had their grace."""
    last_change: bool

    @property
    def youngest(self) -> str:
        return f"{min(self.ages):.1f} s" if self.ages else "none was cut"


async def _replay(place: Place) -> tuple[Line, ...]:
    asked = ASKED_IN_FULL if place.full else ASKED
    [port] = free_ports(1, POD)
    async with Echo("pod", POD, port):
        before = await _naive(place, port)
        after = await _painless(place, port, asked)
    return (
        Line("changes that take a reload", f"{before.asked}", f"{after.asked}"),
        Line("reloads", f"{before.reloads}", f"{after.reloads}", shown=after.reloads > 0),
        Line("old workers at most", f"{before.old}", f"{after.old}"),
        Line(f"most memory, of {MEMORY} MiB", f"{before.peak:.0f} MiB", f"{after.peak:.0f} MiB"),
        Line(
            "processes that the kernel killed for it",
            f"{before.killed}",
            f"{after.killed}",
            shown=before.killed > 0 and after.killed == 0,
        ),
        Line(
            "the last change is served",
            _yes(before.last_change),
            _yes(after.last_change),
            shown=after.last_change,
        ),
        Line(
            "WebSockets cut",
            f"{len(before.ages)} of {before.chats}",
            f"{len(after.ages)} of {after.chats}",
        ),
        Line(
            "age of the youngest that was cut",
            before.youngest,
            after.youngest,
            shown=not after.ages or min(after.ages) >= LEAST_GRACE,
        ),
        Line(
            f"messages lost on WebSockets younger than {LEAST_GRACE:.0f} s, of all",
            f"{before.lost_early} of {before.said}",
            f"{after.lost_early} of {after.said}",
            shown=after.lost_early == 0 < after.said,
        ),
    )


async def _naive(place: Place, port: int) -> _Seen:
    services = {f"app-{at}": [POD] for at in range(SITES)} | {CHAT: [POD]}
    home = place.folder("naive")
    with Container("naive", memory=MEMORY) as container:
        naive = Naive(home, services, port, within=container.within, paths=PATHS, WORKERS="1")
        async with naive, Chats(naive.port) as chats:
            old = 0
            while not container.killed and await naive.reloads() < ASKED_IN_FULL:
                await chats.open(f"{CHAT}.example")
                await _load(naive, container)
                old = max(old, len(workers.draining(naive.nginx)))
            reloads = await naive.reloads()
            return _Seen(
                reloads,
                reloads,
                old,
                container.memory_peak,
                container.killed,
                len(chats.opened),
                *_heard(chats),
                bool(workers.serving(naive.nginx)) and not container.killed,
            )


async def _load(naive: Naive, container: Container) -> None:
    """Reload, and wait until other workers serve or somebody was killed."""
    before = workers.serving(naive.nginx)
    naive.look_again()
    await until(lambda: container.killed > 0 or workers.serving(naive.nginx) != before, LOADED)


async def _painless(place: Place, port: int, asked: int) -> _Seen:
    with Container("painless", cpus=1, memory=MEMORY) as container:
        painless = Pod(place.folder("painless"), {CHAT: [POD]}, port, container=container)
        sites = [one for at in range(SITES) for one in cluster.manifests(at, [POD], port)]
        cluster.put(painless.manifests, "sites", sites)
        async with painless, Chats(painless.port) as chats:
            reloads, old = await painless.reloads(), 0
            for at in range(asked):
                await chats.open(f"{CHAT}.example")
                painless.folder.ingress(CHANGED, f"{CHANGED}-{at}.example", CHAT)
                await asyncio.sleep(PAUSE)
                old = max(old, len(workers.draining(painless.nginx)))
            last = Target(painless.port, f"{CHANGED}-{asked - 1}.example")
            served = await until_seen(last, lambda answer: answer.status == OK, SERVED)
            reloads = await painless.reloads() - reloads
            return _Seen(
                asked,
                reloads,
                old,
                container.memory_peak,
                container.killed,
                len(chats.opened),
                *_heard(chats),
                served.status == OK,
            )


def _heard(chats: Chats) -> tuple[tuple[float, ...], int, int]:
    """Return how old those were that were cut, how many messages were said, and how many lost too early."""
    ages = tuple(one.age_at_cut for one in chats.cut if one.age_at_cut is not None)
    said = sum(one.echoed + one.lost for one in chats.opened)
    return ages, said, sum(one.lost for one in chats.cut if (one.age_at_cut or 0.0) < LEAST_GRACE)


def _yes(holds: object) -> str:
    return "yes" if holds else "no"


REPLAY = Replay(f"WebSockets and reload upon reload in {MEMORY} MiB", _replay, frozenset({Need.CONTAINERS}))
