"""Tells owners through Kubernetes Events: what ``kubectl describe`` shows below an Ingress and our Pod.

A queue with a bound and one sender.  Events are news, not state: while the API server is away they are lost
and counted.  What is worth telling is ``owners``' business, what is one Event ``correlate``'s.
"""

import asyncio
import datetime as dt
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
from msgspec import Struct

from painless.controller.ports import Clock
from painless.kube.bodies import decoded
from painless.kube.client import Client
from painless.kube.correlate import Correlator, Note, Told, short
from painless.kube.errors import Conflict, Forbidden, KubeError, NotFound
from painless.model.objects import ObjectRef
from painless.observe import logs

QUEUE = 1000  # Events that wait: as many as client-go keeps; those of a burst are written within a minute.
PACE = 0.02  # Seconds between two: 50 a second leave the API server to those who need it.
AWAY = 10.0  # Seconds without a try after one failed: news is not worth a hammer.
SOURCE = "painless"
_MERGE = "application/merge-patch+json"


class EventListener(Protocol):
    """Is told what became of Events."""

    def event_sent(self) -> None: ...
    def event_dropped(self) -> None: ...


class _Count(Struct):
    count: int | None = None


class Events:
    """Sends Events in the order of their happening; ``uid_of`` finds an object's uid, none if it is gone."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        listener: EventListener,
        *,
        uid_of: Callable[[ObjectRef], Awaitable[str]],
        wall: Callable[[], float],
        me: str,
    ) -> None:
        self._client = client
        self._clock = clock
        self._listener = listener
        self._uid_of = uid_of
        self._wall = wall
        self._me = me
        self._correlator = Correlator()
        self._waiting: deque[Note] = deque()
        self._bell = asyncio.Event()
        self._refused = ""

    def tell(self, note: Note) -> None:
        """Send this some time; never waits."""
        if len(self._waiting) >= QUEUE:
            self._listener.event_dropped()
            return
        self._waiting.append(note)
        self._bell.set()

    async def run(self) -> None:
        while True:
            await self._bell.wait()
            while self._waiting:
                await self._clock.sleep(await self._send(self._waiting.popleft()))
            self._bell.clear()

    async def _send(self, note: Note) -> float:
        """Write one Event; return the seconds until the next one."""
        try:
            uid = await self._uid_of(note.about)
            if not uid:
                return 0.0  # It is gone, and so is whoever would read it.
            told = self._correlator.tell(note, uid, self._clock.now())
            if told is None:
                self._listener.event_dropped()
                return 0.0
            count = await self._put(note, uid, told)
        except KubeError as problem:
            self._listener.event_dropped()
            self._say(problem)
            return AWAY
        self._correlator.written(told.name, count)
        self._listener.event_sent()
        return PACE

    async def _put(self, note: Note, uid: str, told: Told) -> int:
        """Write an Event or count it up; return how often it has happened."""
        if not told.known:
            try:
                await self._create(note, uid, told)
            except Conflict:
                # It is from before our start, or another controller's: it happened once more.
                return await self._count_up(note, told.name)
            return 1
        try:
            await self._patch(note, told.name, {"count": told.count})
        except NotFound:
            self._correlator.forget(told.name)
            await self._create(note, uid, Told(told.name, 1))
            return 1
        return told.count

    async def _count_up(self, note: Note, name: str) -> int:
        known = decoded(await self._patch(note, name, {}), _Count).count or 1
        await self._patch(note, name, {"count": known + 1})
        return known + 1

    async def _create(self, note: Note, uid: str, told: Told) -> None:
        namespace, now = note.about.namespace, self._now()
        version = "v1" if note.about.kind == "Pod" else "networking.k8s.io/v1"
        about = {
            "apiVersion": version,
            "kind": note.about.kind,
            "namespace": namespace,
            "name": note.about.name,
            # kubectl describe looks for the uid.
            "uid": uid,
        }
        tree = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": told.name, "namespace": namespace},
            "involvedObject": about,
            "type": note.kind,
            "reason": note.reason,
            "message": short(note.says),
            "source": {"component": SOURCE},
            "reportingComponent": SOURCE,
            "reportingInstance": self._me,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        path = f"/api/v1/namespaces/{namespace}/events"
        await self._client.call("POST", path, body=msgspec.json.encode(tree))

    async def _patch(self, note: Note, name: str, change: dict[str, object]) -> bytes:
        path = f"/api/v1/namespaces/{note.about.namespace}/events/{name}"
        body = msgspec.json.encode({"lastTimestamp": self._now(), **change})
        return await self._client.call("PATCH", path, body=body, content_type=_MERGE)

    def _now(self) -> str:
        return dt.datetime.fromtimestamp(self._wall(), dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _say(self, problem: KubeError) -> None:
        """Say what is not allowed, once: the source of objects says when the server is away."""
        if isinstance(problem, Forbidden) and str(problem) != self._refused:
            self._refused = str(problem)
            logs.event("event_refused", level=logging.WARNING, problem=self._refused)
