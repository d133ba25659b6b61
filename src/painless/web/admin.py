"""What the controller says of itself and of changes to come: HTTP, for commands on the same machine.

The application does not know what it is served on: a Unix socket in the state directory, which only our own
user may open, and a TCP port (``port``).  Nothing that is asked changes anything, and what asking may cost
is bounded.
"""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from msgspec import Struct

from painless.controller.ports import WorldError
from painless.controller.pricing import Asked
from painless.controller.status import Status
from painless.observe import logs
from painless.plan.price import Price
from painless.web.planned import NotUnderstood, asked
from painless.web.port import Port, serve_port
from painless.web.quiet import quiet

SOCKET = "admin.sock"
LONGEST = 107
"""Bytes of a Unix socket's path: the kernel has room for 108, the last of which is zero."""
AT_THE_END = 1.0  # Seconds that requests have when we stop.


class Bounds(Struct, frozen=True):
    """What asking may cost: ``largest`` bytes of a body, as many as 5,000 Ingresses have, twice.

    ``waiting`` are compiled or wait for it, one at a time; ``under_way`` are all requests.  A body comes
    within ``read_within`` seconds, and an answer within ``answer_within``: 5,000 Ingresses take seconds.
    """

    largest: int = 16 * 2**20
    waiting: int = 4
    under_way: int = 32
    read_within: float = 10.0
    answer_within: float = 60.0


BOUNDS = Bounds()

Stating = Callable[[], Awaitable[Status]]
"""Who says how things stand."""


class Pricing(Protocol):
    """Who says what a change costs."""

    async def price(self, asked: Asked, threads: Executor) -> Price: ...


Adding = Callable[[web.Application], None]
"""Whatever else answers adds its own paths."""


@asynccontextmanager
async def serve_admin(
    state: Path,
    status: Stating,
    pricing: Pricing,
    bounds: Bounds = BOUNDS,
    port: Port | None = None,
    more: tuple[Adding, ...] = (),
) -> AsyncIterator[None]:
    """Answer on the socket of a state directory that is ours alone; without one, say so and go on."""

    def routed(before: Iterable[Middleware] = ()) -> web.Application:
        # What one costs leaves the other's bounds alone: strangers do not keep commands waiting.
        made = application(status, pricing, threads, bounds, before)
        for add in more:
            add(made)
        return made

    # One thread: whoever asks next waits for the one before, and the rounds have the other cores.
    with ThreadPoolExecutor(1, "pricing") as threads:
        runner = web.AppRunner(
            routed(),
            access_log=None,
            logger=quiet("admin"),
            shutdown_timeout=AT_THE_END,
        )
        await runner.setup()
        path = state / SOCKET
        try:
            try:
                await web.SockSite(runner, listen(path)).start()
            except WorldError as problem:
                logs.event("admin_unavailable", level=logging.WARNING, problem=str(problem))
            async with serve_port(port, routed):
                yield
        finally:
            await runner.cleanup()
            with suppress(OSError):
                path.unlink(missing_ok=True)


def listen(path: Path) -> socket.socket:
    """Return a socket that only our user may open; one that a killed controller left is removed."""
    if (length := len(os.fsencode(path))) > LONGEST:
        raise WorldError(
            f"the path {path} has {length} bytes and a socket's has {LONGEST} at most: painless status and "
            "painless plan --running need a shorter --state-dir"
        )
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        path.unlink(missing_ok=True)
        # Before it has a name: Linux gives the name the mode that the socket has.
        os.fchmod(found.fileno(), 0o600)
        found.bind(str(path))
        found.listen()
    except OSError as cause:
        found.close()
        raise WorldError(f"the socket {path} cannot be made: {cause.strerror}") from cause
    return found


def application(
    status: Stating,
    pricing: Pricing,
    threads: Executor,
    bounds: Bounds = BOUNDS,
    before: Iterable[Middleware] = (),
) -> web.Application:
    """Return what answers, on whatever it is served; ``before`` it come those who let in."""
    admin = _Admin(status, pricing, threads, bounds)
    made = web.Application(middlewares=[*before, admin.bounded], client_max_size=bounds.largest)
    made.router.add_get("/v1/status", admin.status)
    made.router.add_post("/v1/plan", admin.plan)
    return made


class _Admin:
    """Answers requests."""

    def __init__(self, status: Stating, pricing: Pricing, threads: Executor, bounds: Bounds) -> None:
        self._status = status
        self._pricing = pricing
        self._threads = threads
        self._bounds = bounds
        self._under_way = 0
        self._waiting = 0

    @web.middleware
    async def bounded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer so many requests at a time and no more; what goes wrong is a sentence as JSON."""
        if self._under_way >= self._bounds.under_way:
            return _says(503, f"{self._under_way} requests are under way already")
        self._under_way += 1
        try:
            async with asyncio.timeout(self._bounds.answer_within):
                return await handler(request)
        except web.HTTPException as problem:
            return _says(problem.status, _sentence(problem.status, self._bounds))
        except WorldError as problem:
            return _says(502, str(problem))
        except TimeoutError:
            return _says(504, f"there was no answer within {self._bounds.answer_within:g} seconds")
        finally:
            self._under_way -= 1

    async def status(self, _: web.Request) -> web.Response:
        return _json(msgspec.json.encode(await self._status()))

    async def plan(self, request: web.Request) -> web.Response:
        if self._waiting >= self._bounds.waiting:
            return _says(503, f"{self._waiting} plans are being made already; ask again in a moment")
        self._waiting += 1
        try:
            return await self._planned(request)
        finally:
            self._waiting -= 1

    async def _planned(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(self._bounds.read_within):
                body = await request.read()
        except TimeoutError:
            return _says(408, f"the body did not come within {self._bounds.read_within:g} seconds")
        work = asyncio.get_running_loop().run_in_executor
        found = await work(self._threads, asked, body)
        if isinstance(found, NotUnderstood):
            return _says(400, found.says)
        price = await self._pricing.price(found, self._threads)
        return _json(await work(self._threads, msgspec.json.encode, price))


def _sentence(status: int, bounds: Bounds) -> str:
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return f"found a body of more than {bounds.largest} bytes, expected at most so many"
    return "found another request, expected GET /v1/status or POST /v1/plan"


def _says(status: int, text: str) -> web.Response:
    response = _json(msgspec.json.encode({"says": text}), status)
    # Whatever of the request has not been read is not read any more.
    response.force_close()
    return response


def _json(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")
