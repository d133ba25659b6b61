"""Answers to the kubelet and to Prometheus, from a thread with an event loop of its own.

Whatever the controller is busy with, and whatever waits at the ports for traffic, a probe is answered; so is
it while a page of metrics is made.  What is answered is decided elsewhere, in functions that any thread may
call.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from concurrent.futures import Future
from contextlib import aclosing, asynccontextmanager, suppress

from aiohttp import web
from msgspec import Struct

from painless.controller.ports import WorldError
from painless.observe.metrics import CONTENT_TYPE


class PortTaken(WorldError):
    """The health port cannot be bound; the message is a sentence."""


class Check(Struct, frozen=True):
    """One thing that was looked at, and what is wrong with it; one that does not count is only told."""

    name: str
    problem: str = ""
    counts: bool = True

    @property
    def line(self) -> str:
        """What is said of it, in the form of Kubernetes' own health pages."""
        if not self.problem:
            return f"[+]{self.name} ok"
        return f"[-]{self.name} failed: {self.problem}" if self.counts else f"[ ]{self.name}: {self.problem}"


Asked = Callable[[], Iterable[Check]]


class Pages(Struct, frozen=True):
    """What the port answers: ``alive`` at ``path``, ``ready`` at ``/readyz``, ``metrics`` at ``/metrics``.

    ``more`` are further metrics, which come in pieces of whole lines.
    """

    path: str
    alive: Asked
    ready: Asked
    metrics: Callable[[], bytes]
    more: Callable[[], AsyncGenerator[bytes]] | None = None


@asynccontextmanager
async def serve_health(host: str, port: int, pages: Pages) -> AsyncIterator[None]:
    """Serve the health port while the context lasts; raises ``PortTaken``."""
    served = _Served(host, port, pages)
    thread = threading.Thread(target=served.run, name="health", daemon=True)
    thread.start()
    try:
        try:
            await asyncio.wrap_future(served.bound)
        except OSError as cause:
            raise PortTaken(
                f"the health port {host or '*'}:{port} cannot be bound: {cause.strerror}; "
                "choose another with --healthz-port"
            ) from cause
        yield
    finally:
        served.end()
        await asyncio.to_thread(thread.join)


class _Served:
    """What the thread runs; ``bound`` comes about when the port answers, or says why it does not."""

    def __init__(self, host: str, port: int, pages: Pages) -> None:
        self.bound: Future[None] = Future()
        self._where = host or None, port
        self._pages = pages
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    def end(self) -> None:
        """Have the thread end; any thread may call it, and more than once."""
        with suppress(RuntimeError):  # Its loop is closed: it has ended.
            self._loop.call_soon_threadsafe(self._end.set)

    async def _serve(self) -> None:
        runner = web.AppRunner(_application(self._pages), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, *self._where).start()
        except OSError as cause:
            self.bound.set_exception(cause)
        else:
            self.bound.set_result(None)
            await self._end.wait()
        finally:
            await runner.cleanup()


def _application(pages: Pages) -> web.Application:
    async def alive(request: web.Request) -> web.Response:
        return _said(pages.alive(), request)

    async def ready(request: web.Request) -> web.Response:
        return _said(pages.ready(), request)

    async def metrics(request: web.Request) -> web.StreamResponse:
        # In yet another thread: thousands of series must keep no probe waiting.
        page = await asyncio.to_thread(pages.metrics)
        if pages.more is None:
            return web.Response(body=page, headers={"Content-Type": CONTENT_TYPE})
        response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPE})
        await response.prepare(request)
        await response.write(page)
        # Piece by piece: however much it is, and however slow who reads it, little of it is here.
        async with aclosing(pages.more()) as more:
            async for piece in more:
                await response.write(piece)
        return response

    application = web.Application()
    application.router.add_get(pages.path, alive)
    application.router.add_get("/readyz", ready)
    application.router.add_get("/metrics", metrics)
    return application


def _said(checks: Iterable[Check], request: web.Request) -> web.Response:
    """Answer ``ok``, or what failed; ``?verbose`` wants each check, failed or not."""
    asked = tuple(checks)
    failed = any(one.problem and one.counts for one in asked)
    lines = [one.line for one in asked if one.problem or "verbose" in request.query]
    if not failed and "verbose" not in request.query:
        return web.Response(text="ok\n")
    return web.Response(
        text="\n".join((*lines, "failed" if failed else "ok", "")), status=503 if failed else 200
    )
