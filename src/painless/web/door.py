"""A port that strangers can reach, with TLS or without: so many connections and no more, whatever comes.

Who waits for a place waits in the kernel, where a connection costs us nothing.  When all places are taken,
the oldest connection that asks for nothing goes.  What is said on a connection is the server's business.
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Collection
from contextlib import suppress
from itertools import islice
from ssl import SSLContext
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from painless.controller.ports import WorldError

CONNECTIONS = 64
"""Each costs 400 kB at most; an API server opens one for each review under way, and keeps some."""
HANDSHAKES = 16  # At the same time; they are a part of no connection yet.
HANDSHAKE = 3.0  # Seconds; the API server is near.
UNREAD = 30.0
"""Seconds for which an answer waits for who does not read it: then the kernel ends the connection."""
FAREWELL = 1.0  # Seconds for TLS to say goodbye.
WAITING = 128  # Connections in the kernel.
FULL = 0.1  # Seconds until another try, when the process or the machine has no file left.
_OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def listen(host: str, port: int, flag: str) -> socket.socket:
    """Return a socket that listens; an empty host means all addresses of the machine."""
    both = not host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both or ":" in host else socket.AF_INET
    try:
        found = socket.create_server((host, port), family=family, backlog=WAITING, dualstack_ipv6=both)
    except OSError as cause:
        says = f"the port {host or '*'}:{port} of {flag} cannot be bound: {cause.strerror}"
        raise WorldError(says) from cause
    found.settimeout(0)
    return found


class Door:
    """Lets clients in; ``busy`` are the connections whose requests are being answered."""

    def __init__(
        self,
        listening: socket.socket,
        server: web.Server,
        context: Callable[[], SSLContext | None],
        busy: Collection[RequestHandler],
    ) -> None:
        self._listening = listening
        self._server = server
        self._context = context
        self._busy = busy
        self._shaking = asyncio.Semaphore(HANDSHAKES)

    async def run(self) -> None:
        """Let clients in until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._shaking.acquire()
                group.create_task(self._meet(await self._next()))

    async def _next(self) -> socket.socket:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(self._listening)
            except OSError as problem:
                if problem.errno in _OUT_OF_FILES:
                    await asyncio.sleep(FULL)
            else:
                return connection

    async def _meet(self, connection: socket.socket) -> None:
        try:
            # A client that does not get so far is nobody's concern; the next one is met.
            with suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(1000 * UNREAD))
                await asyncio.get_running_loop().connect_accepted_socket(
                    self._server, connection, **_with(self._context())
                )
                self._make_room()
        finally:
            self._shaking.release()

    def _make_room(self) -> None:
        """End the oldest connections that ask for nothing, when there are too many."""
        here = self._server.connections
        idle = (one for one in here if one not in self._busy)
        for one in islice(idle, max(0, len(here) - CONNECTIONS)):
            if one.transport is not None:
                # At once: saying goodbye to somebody who does not listen takes its time.
                one.transport.abort()


def _with(context: SSLContext | None) -> dict[str, Any]:
    if context is None:
        return {}
    return {"ssl": context, "ssl_handshake_timeout": HANDSHAKE, "ssl_shutdown_timeout": FAREWELL}
