"""Watches: the changes of one kind as they come, with bookmarks, until time is up."""

import asyncio
from collections.abc import Iterator, Mapping
from random import uniform

import msgspec
from aiohttp import web
from tests.fakes.apiserver.faults import Faults, Stream
from tests.fakes.apiserver.kinds import Json, Kind
from tests.fakes.apiserver.lists import number
from tests.fakes.apiserver.refusals import Refusal, too_large_version
from tests.fakes.apiserver.selectors import Test, selected
from tests.fakes.apiserver.store import Change, Store, Stored
from tests.fakes.apiserver.tables import Look

LONGEST = 1800.0
"""Seconds that a watch without a time-out lasts, and up to twice that."""

INITIAL_END = "k8s.io/initial-events-end"


class Watch:
    """One watch of one kind; ``look`` is how objects are shown."""

    def __init__(
        self, store: Store, faults: Faults, kind: Kind, namespace: str, query: Mapping[str, str], look: Look
    ) -> None:
        self._store = store
        self._faults = faults
        self._kind = kind
        self._look = look
        self._test = _within(namespace, selected(kind, query))
        self._bookmarks = query.get("allowWatchBookmarks") in ("true", "1")
        self._seconds = float(query.get("timeoutSeconds") or 0) or uniform(LONGEST, 2 * LONGEST)
        self._initial = query.get("sendInitialEvents") == "true"
        self._version = number(query.get("resourceVersion", ""))
        self._fresh = self._version == 0 or self._initial
        if self._version > store.version:
            raise too_large_version(self._version, store.version)

    async def run(self, request: web.BaseRequest, bookmark_every: float) -> web.StreamResponse:
        """Answer a request until the time is up, the client leaves, or the past is forgotten."""
        response = web.StreamResponse(headers={"Content-Type": self._look.stream_type})
        response.enable_chunked_encoding()
        stream = Stream(self._kind, request)
        self._faults.streams.add(stream)
        self._store.listen(self._kind, stream.bell)
        try:
            await self._faults.pass_silence(request)
            await response.prepare(request)
            await self._send(response, stream, bookmark_every)
        finally:
            self._store.leave(self._kind, stream.bell)
            self._faults.streams.discard(stream)
        return response

    async def _send(self, response: web.StreamResponse, stream: Stream, bookmark_every: float) -> None:
        clock = asyncio.get_running_loop().time
        ends, bookmark = clock() + self._seconds, clock() + bookmark_every
        pending = b"".join(self._first()) if self._fresh else b""
        while clock() < ends:
            stream.bell.clear()
            try:
                pending += b"".join(self._news(stream))
            except Refusal as refusal:
                await self._write(response, stream, _line("ERROR", msgspec.json.encode(refusal.status)))
                return
            if self._bookmarks and clock() >= bookmark and not self._faults.holds(self._kind):
                pending += self._bookmark()
                bookmark = clock() + bookmark_every
            if pending:
                await self._write(response, stream, pending)
                pending = b""
            next_ = min(ends, bookmark) if self._bookmarks else ends
            await _rung(stream.bell, next_ - clock())

    async def _write(self, response: web.StreamResponse, stream: Stream, data: bytes) -> None:
        await self._faults.pass_silence(stream.request)
        await response.write(data)

    def _first(self) -> Iterator[bytes]:
        """Yield what is there, as if it had just been made."""
        for one in self._store.all(self._kind, test=self._test):
            yield self._event("ADDED", one)
        self._version = self._store.version
        if self._initial:
            yield self._bookmark({INITIAL_END: "true"})

    def _news(self, stream: Stream) -> Iterator[bytes]:
        if self._faults.holds(self._kind):
            return
        if stream.again:
            yield from self._events(self._store.latest(self._kind, stream.again), self._version)
            stream.again = 0
        changes = self._store.since(self._kind, self._version)
        # Versions of other kinds count as seen, as in a bookmark.
        last, self._version = self._store.version, self._store.version
        yield from self._events(changes, last)

    def _events(self, changes: list[Change], last: int) -> Iterator[bytes]:
        for change in changes:
            if change.version <= last and (word := change.seen_by(self._test)):
                # What left the selection is told as it is now, like what was deleted.
                yield self._event(word, change.now)

    def _event(self, word: str, found: Stored) -> bytes:
        return _line(word, self._look.one(self._kind, found))

    def _bookmark(self, annotations: Mapping[str, str] = {}) -> bytes:
        metadata: Json = {"resourceVersion": str(self._version), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        object_ = {"kind": self._kind.kind, "apiVersion": self._kind.api_version, "metadata": metadata}
        return _line("BOOKMARK", msgspec.json.encode(object_))


def _within(namespace: str, test: Test) -> Test:
    if not namespace:
        return test
    return lambda found: found["metadata"].get("namespace") == namespace and test(found)


def _line(word: str, body: bytes) -> bytes:
    return b'{"type":"' + word.encode() + b'","object":' + body + b"}\n"


async def _rung(bell: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(seconds, 0)):
            await bell.wait()
    except TimeoutError:
        pass
