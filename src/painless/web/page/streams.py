"""The stream of what every page says at once: server-sent events, the same bytes for all who listen.

An event is small and says which version of the view there is; a browser then asks for what it shows.  Who
does not read is let go, how many listen is bounded, and each stream ends by itself: a browser opens another.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec
from aiohttp import web

from painless.controller.ports import WorldError
from painless.web.page.frame import standing
from painless.web.page.seen import View

EVENTS = "text/event-stream"
AGAIN = 1000
"""Milliseconds after which a browser opens a stream again that has ended."""


class Bounds(msgspec.Struct, frozen=True):
    """What listening may cost: so many ``streams``, each for ``lasts`` seconds, events ``every`` so often.

    ``takes`` is how many seconds a browser has to take one.  ``lasts`` is less than any request may take.
    """

    streams: int = 16
    lasts: float = 50.0
    every: float = 1.0
    takes: float = 5.0


BOUNDS = Bounds()


class Streams:
    """All who listen; ``open`` is how many."""

    def __init__(self, latest: Callable[[], Awaitable[View]], bounds: Bounds = BOUNDS) -> None:
        self.open = 0
        self._latest = latest
        self._bounds = bounds
        self._event: tuple[int, bytes] = 0, b""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Send events until the stream has lasted long enough, or its browser takes none."""
        if self.open >= self._bounds.streams:
            return web.Response(status=503, headers={"Retry-After": "10"}, text="too many pages are open\n")
        self.open += 1
        response = web.StreamResponse(headers={"Content-Type": EVENTS, "Cache-Control": "no-store"})
        try:
            with suppress(TimeoutError, ConnectionError, WorldError):
                async with asyncio.timeout(self._bounds.lasts):
                    await response.prepare(request)
                    await self._send(request, response)
            transport = request.transport
            if transport is not None and transport.get_write_buffer_size():
                # What waits for a browser that reads nothing is dropped, and the connection with it.
                transport.abort()
        finally:
            self.open -= 1
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse) -> None:
        await response.write(f"retry: {AGAIN}\n\n".encode())
        # For who has gone nobody looks any more.
        while request.transport is not None:
            view = await self._latest()
            async with asyncio.timeout(self._bounds.takes):
                await response.write(self._encoded(view))
            await asyncio.sleep(self._bounds.every)

    def _encoded(self, view: View) -> bytes:
        if self._event[0] != view.version:
            self._event = view.version, b"data: " + msgspec.json.encode(standing(view)) + b"\n\n"
        return self._event[1]
