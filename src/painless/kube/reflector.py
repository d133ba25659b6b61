"""One list and its watch, for ever: what the server has comes to a sink, and each change of it.

A watch that ends goes on from the version it came to; only a version that the server has forgotten (410)
costs a new list.  Nothing that fails here ends it, and nothing that was received is lost by it.
"""

from collections.abc import Callable
from contextlib import aclosing
from typing import Protocol

from msgspec import Struct

from painless.controller.ports import Clock
from painless.kube.backoff import Backoff
from painless.kube.client import IDLE_S, Client
from painless.kube.contact import Contact, Line
from painless.kube.decode import Event, event_of, head_of, page_of
from painless.kube.errors import Gone, KubeError, failure_of_event
from painless.kube.kinds import Feed
from painless.kube.requests import request_of

PAGE = 500  # Objects of one answer: 1 to 2 MB and some milliseconds of work at a time.
WATCH_S = (300, 600)  # Seconds until the server ends a watch, drawn by lot: so servers share the load anew.
SHORT_S = 1.0  # A watch that ends sooner than this was no good, even when nothing was said.


class Sink(Protocol):
    """Where objects go."""

    def begin(self) -> None:
        """Expect a whole list; what came before counts until its end."""

    def listed(self, raw: bytes) -> None: ...

    def end(self) -> None:
        """Take note that the list is complete."""

    def event(self, kind: str, raw: bytes) -> None:
        """Take ``ADDED``, ``MODIFIED`` or ``DELETED`` with its object."""


class Both:
    """Two sinks as one."""

    def __init__(self, first: Sink, second: Sink) -> None:
        self._sinks = first, second

    def begin(self) -> None:
        for one in self._sinks:
            one.begin()

    def listed(self, raw: bytes) -> None:
        for one in self._sinks:
            one.listed(raw)

    def end(self) -> None:
        for one in self._sinks:
            one.end()

    def event(self, kind: str, raw: bytes) -> None:
        for one in self._sinks:
            one.event(kind, raw)


class World(Struct, frozen=True):
    """What a reflector needs of the outside; ``luck`` draws a number from 0 to 1."""

    client: Client
    clock: Clock
    luck: Callable[[], float]
    contact: Contact
    idle: float = IDLE_S


class Reflector:
    """Brings one feed to one sink."""

    def __init__(self, world: World, feed: Feed, sink: Sink) -> None:
        self._world = world
        self.feed = feed
        self._sink = sink
        self._line: Line = world.contact.line(feed.kind.name)
        self._backoff = Backoff(world.luck)
        self._version = ""
        self._paged = True

    def relist(self) -> None:
        """Have ``run`` begin with a list; call it while that does not run."""
        self._version = ""

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            try:
                await self._turn()
            except KubeError as problem:
                if isinstance(problem, Gone):
                    self._version = ""
                else:
                    self._world.contact.failed(self._line, problem)
                await self._world.clock.sleep(self._backoff.wait(problem.retry_after))

    async def _turn(self) -> None:
        if not self._version:
            self._version = await self._list()
        began = self._world.clock.now()
        await self._watch()
        if self._world.clock.now() - began < SHORT_S:
            await self._world.clock.sleep(self._backoff.wait())

    async def _list(self) -> str:
        """Read the whole list, page by page; return its version."""
        self._sink.begin()
        query = self.feed.query | ({"limit": str(PAGE)} if self._paged else {})
        # When the server forgets a list while we read it, the next is read in one piece.
        self._paged = False
        while True:
            page = page_of(await self._world.client.call("GET", self.feed.path, query=query))
            self._world.contact.heard(self._line)
            for raw in page.items or ():
                self._sink.listed(bytes(raw))
            if not page.metadata.more:
                break
            query["continue"] = page.metadata.more
        self._paged = True
        self._line.lists += 1
        self._sink.end()
        return page.metadata.resource_version

    async def _watch(self) -> None:
        first, last = WATCH_S
        query = self.feed.query | {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(round(first + (last - first) * self._world.luck())),
        }
        self._line.watches += 1
        stream = self._world.client.stream(self.feed.path, query, idle=self._world.idle, opened=self._heard)
        async with aclosing(stream) as lines:
            async for line in lines:
                self._take(event_of(line))

    def _take(self, event: Event) -> None:
        raw = bytes(event.object)
        if event.type == "ERROR":
            raise failure_of_event(raw, request_of("GET", self.feed.path, {"watch": "1"}))
        self._heard()
        # Being opened shows nothing: a watch may end at once, again and again.
        self._backoff.reset()
        version = head_of(self.feed.kind, raw).version
        if event.type != "BOOKMARK":
            self._line.events += 1
            self._sink.event(event.type, raw)
        self._version = version or self._version

    def _heard(self) -> None:
        self._world.contact.heard(self._line)
