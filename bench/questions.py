"""How NGINX's questions for names fare: as the responder, the kernel and NGINX itself see it.

NGINX asks for each upstream a second after it was answered, so within two every one has had its turn, or a
question or an answer was lost.
"""

import asyncio
import time
from pathlib import Path

from msgspec import Struct

from bench.machine import cpu_seconds
from bench.running import BenchError, Painless
from painless.discovery import control
from painless.discovery.client import DIRECTORY
from painless.discovery.link import Link
from painless.discovery.server import PORT

WITHIN = 2.0  # Seconds in which each upstream is asked for and answered.
LOOKS, BETWEEN = 20, 0.025  # The moment of a question on its way: half a second.
REPLY = 5.0  # Seconds for a reply of the responder, which is busy by design here.
GAVE_UP = b"could not be resolved"
_LOCAL, _REMOTE, _DROPS = 1, 2, -1  # Columns of /proc/net/udp.


class Seen(Struct, frozen=True, kw_only=True):
    """Some seconds of questions: how many, how many upstreams were late at each look, and what was lost.

    ``lost`` counts packets that a full buffer or the responder dropped; ``gave_up`` questions that NGINX's
    error log mourns; ``share`` is the part of a core that the responder took.
    """

    questions: float
    late: tuple[int, ...]
    lost: int
    gave_up: int
    share: float


class Questions:
    """The questions of one running program."""

    def __init__(self, painless: Painless) -> None:
        self._painless = painless
        self._directory = painless.state / DIRECTORY
        self._port = int((self._directory / PORT).read_text())

    async def seen(self, upstreams: tuple[str, ...], seconds: int) -> Seen:
        """Look once a second, for so many seconds."""
        link = await Link.to(self._directory)
        if link is None:
            raise BenchError("the responder does not answer on its socket")
        try:
            before, log = await _described(link), self.gave_up()
            drops, used, began = self._drops(), cpu_seconds(self._painless.responder), time.monotonic()
            late = []
            for _ in range(seconds):
                await asyncio.sleep(1)
                late.append(await _late(link, upstreams))
            took = time.monotonic() - began
            used = cpu_seconds(self._painless.responder) - used
            after = await _described(link)
        finally:
            link.close()
        return Seen(
            questions=(after.questions - before.questions) / took,
            late=tuple(late),
            lost=self._drops() - drops + after.dropped - before.dropped,
            gave_up=self.gave_up() - log,
            share=used / took,
        )

    def gave_up(self) -> int:
        """Return how many questions NGINX has had no answer to, since it runs."""
        return (self._painless.state / "log" / "error.log").read_bytes().count(GAVE_UP)

    def _drops(self) -> int:
        """Return the packets that the buffers of both sides had no room for."""
        port = f":{self._port:04X}"
        rows = [line.split() for line in Path("/proc/net/udp").read_text().splitlines()[1:]]
        ours = [one for one in rows if port in {one[_LOCAL][-len(port) :], one[_REMOTE][-len(port) :]}]
        return sum(int(one[_DROPS]) for one in ours)


async def _late(link: Link, upstreams: tuple[str, ...]) -> int:
    """Return how many have not been answered lately; a question on its way has a moment to get there."""
    since, left = time.monotonic() - WITHIN, upstreams
    for _ in range(LOOKS):
        reply = await link.exchange(control.Unanswered(left, since), REPLY)
        assert isinstance(reply, control.Names), "that is what was asked for"
        left = reply.upstreams
        if not left:
            break
        await asyncio.sleep(BETWEEN)
    return len(left)


async def _described(link: Link) -> control.Statistics:
    reply = await link.exchange(control.Describe(), REPLY)
    assert isinstance(reply, control.Statistics), "that is what was asked for"
    return reply
