"""The admin application on a TCP port, within bounds for everybody who finds it.

Who may connect is ``door``'s, who may ask what ``gate``'s.  A controller serves on without the port.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware
from msgspec import Struct

from painless.controller.ports import WorldError
from painless.observe import logs
from painless.settings import Admin
from painless.web.door import Door, listen
from painless.web.gate import Gate, Keys, add_headers
from painless.web.keypair import KeyPair
from painless.web.quiet import quiet

KEEP_ALIVE = 75.0  # Seconds; as long as browsers keep a connection by themselves.
LINGER = 1.0  # Seconds for which a body that nobody wants is thrown away, so that its sender reads why.
AT_THE_END = 1.0  # Seconds that requests have when we stop.
_READ_AHEAD = 64 * 1024  # Bytes of a body that wait for their reader.


class Port(Struct, frozen=True):
    """Where the port is, what opens it, and the clock."""

    settings: Admin
    keys: Keys[Any]
    now: Callable[[], float]


@asynccontextmanager
async def serve_port(
    port: Port | None, routed: Callable[[Iterable[Middleware]], web.Application]
) -> AsyncIterator[None]:
    """Serve while the context lasts; ``routed`` makes the application behind these middlewares."""
    if port is None:
        yield
        return
    settings = port.settings
    try:
        context = _context(settings)
        listening = listen(settings.host, settings.port, "--admin-address")
    except WorldError as problem:
        logs.event("admin_unavailable", level=logging.WARNING, problem=str(problem))
        yield
        return
    with listening:
        gate = Gate(port.keys, port.now, loopback=settings.loopback, secure=settings.pair is not None)
        runner = web.AppRunner(
            _with_headers(routed((gate.let_in,))),
            access_log=None,
            logger=quiet("admin"),
            shutdown_timeout=AT_THE_END,
            keepalive_timeout=KEEP_ALIVE,
            lingering_time=LINGER,
            read_bufsize=_READ_AHEAD,
            auto_decompress=False,  # A few bytes could become gigabytes.
        )
        await runner.setup()
        assert runner.server is not None, "it was set up"
        door = Door(listening, runner.server, context, gate.busy)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(door.run())
            try:
                yield
            finally:
                task.cancel()
                await runner.cleanup()


def _context(settings: Admin) -> Callable[[], SSLContext | None]:
    if settings.pair is None:
        return lambda: None
    return KeyPair(*settings.pair, _renewed, "the admin port's").context


def _renewed(problem: str) -> None:
    if problem:
        logs.event("admin_certificate_kept", level=logging.ERROR, problem=problem)
    else:
        logs.event("admin_certificate_read")


def _with_headers(application: web.Application) -> web.Application:
    application.on_response_prepare.append(add_headers)
    return application
