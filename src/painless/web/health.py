"""Answers to the kubelet and to Prometheus."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from painless.controller.ports import WorldError
from painless.observe.metrics import CONTENT_TYPE


class PortTaken(WorldError):
    """The health port cannot be bound; the message is a sentence."""


@asynccontextmanager
async def serve_health(
    host: str, port: int, path: str, ready: Callable[[], str], metrics: Callable[[], bytes]
) -> AsyncIterator[None]:
    """Serve the health port while the context lasts.

    ``ready`` returns what is missing, or nothing.  The health path never fails because of load: it says that
    this process is alive, which is all a restart could mend.
    """

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        missing = ready()
        return web.Response(text=f"{missing or 'ok'}\n", status=503 if missing else 200)

    async def page(_: web.Request) -> web.Response:
        return web.Response(body=metrics(), headers={"Content-Type": CONTENT_TYPE})

    application = web.Application()
    application.router.add_get(path, healthz)
    application.router.add_get("/readyz", readyz)
    application.router.add_get("/metrics", page)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host or None, port).start()
        except OSError as cause:
            raise PortTaken(
                f"the health port {host or '*'}:{port} cannot be bound: {cause.strerror}; "
                "choose another with --healthz-port"
            ) from cause
        yield
    finally:
        await runner.cleanup()
