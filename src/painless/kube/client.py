"""Requests to one API server: bytes in, bytes out, failures as ``kube.errors``.

Knows HTTP, TLS and credentials.  What the bytes mean, when to try again and for how long is its callers'
business: a request is sent once, and once more only when new credentials may help.
"""

import os
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from painless import __version__
from painless.kube.access import Access, tls_context
from painless.kube.credentials import Credential
from painless.kube.errors import Unauthorized, Unreachable, failure
from painless.kube.requests import request_of

CALL_S = 30.0  # Seconds for a whole request: a page of 500 objects takes well under one, a busy server more.
CONNECT_S = 10.0  # Seconds for a connection with its TLS: farther away nobody has an API server.
IDLE_S = 90.0  # Seconds of silence in a watch: with bookmarks, servers say something each minute.
CONNECTIONS = 64  # At once: seven watches, and enough to write hundreds of statuses a second.
ALIVE = (15, 5, 3)  # Seconds idle, seconds between probes, probes: a dead peer is known after 30 s.
LINE_LIMIT = 64 * 1024 * 1024  # Bytes of one event: etcd holds 1.5 MB of an object; beyond is no API server.


class Client:
    """A session with one API server; ``close`` it."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._base = access.server.rstrip("/")
        self._session: aiohttp.ClientSession | None = None
        self._tls: Any = True
        self._certified: Credential | None = None

    @property
    def server(self) -> str:
        return self._base

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] = {},
        body: bytes = b"",
        content_type: str = "application/json",
        within: float = CALL_S,
    ) -> bytes:
        """Return the body of a success; raises ``KubeError``, whatever else happens."""
        timeout = aiohttp.ClientTimeout(total=within, sock_connect=CONNECT_S)
        kind = {"Content-Type": content_type} if body else {}
        for last in (False, True):
            try:
                async with self._sent(
                    method, path, query, timeout, data=body or None, headers=kind
                ) as answer:
                    return await answer.read()
            except Unauthorized:
                if last:
                    raise
                self._access.credentials.forget()
        raise AssertionError("the last try returns or raises")

    async def stream(
        self,
        path: str,
        query: Mapping[str, str],
        *,
        idle: float = IDLE_S,
        opened: Callable[[], None] = lambda: None,
    ) -> AsyncGenerator[bytes, None]:
        """Yield the lines of an answer that does not end, until the server ends it.

        ``opened`` is called when the server has said yes, which may be long before the first line.
        Raises ``Unreachable`` after ``idle`` seconds of silence, and when the connection breaks.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=idle)
        for last in (False, True):
            try:
                async with self._sent("GET", path, query, timeout) as answer:
                    opened()
                    async for line in lines(answer.content.iter_any()):
                        yield line
                    return
            except Unauthorized:
                if last:
                    raise
                self._access.credentials.forget()

    async def close(self) -> None:
        """End all connections."""
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def _sent(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 -- aiohttp's, which knows connecting from reading
        **more: Any,  # noqa: ANN401 -- what aiohttp takes besides
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        credential = await self._access.credentials.current()
        headers = {**more.pop("headers", {}), **_authorization(credential)}
        try:
            async with self._opened().request(
                method,
                f"{self._base}{path}",
                params=query,
                timeout=timeout,
                headers=headers,
                allow_redirects=False,
                ssl=self._context(credential),
                server_hostname=self._access.trust.name or None,
                proxy=self._access.proxy or None,
                **more,
            ) as answer:
                if answer.status >= 300:
                    request = request_of(method, path, query)
                    raise failure(answer.status, answer.headers, await answer.read(), request)
                yield answer
        except (aiohttp.ClientError, OSError, TimeoutError) as problem:
            raise Unreachable(f"the API server {self._base} does not answer: {_words(problem)}") from problem

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS, socket_factory=_socket),
                headers={"Accept": "application/json", "User-Agent": f"painless/{__version__}"},
                auto_decompress=True,
            )
        return self._session

    def _context(self, credential: Credential) -> Any:  # noqa: ANN401 -- aiohttp's union
        """Return the TLS context; the same one for the same certificate, since connections hang on it."""
        if self._base.startswith("https:"):
            shown = Credential(certificate=credential.certificate, key=credential.key)
            if shown != self._certified:
                self._tls = tls_context(self._access.trust, shown)
                self._certified = shown
        return self._tls


async def lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Cut a stream at its line ends; a part line at the end is none: the event did not arrive."""
    held: list[bytes] = []
    size = 0
    async for chunk in chunks:
        first, *others = chunk.split(b"\n")
        held.append(first)
        size += len(first)
        if size > LINE_LIMIT:
            raise aiohttp.ClientPayloadError(f"one event is longer than {LINE_LIMIT // 1024**2} MiB")
        if others:
            if size:
                yield b"".join(held)
            for line in others[:-1]:
                if line:
                    yield line
            held, size = [others[-1]], len(others[-1])


def _authorization(credential: Credential) -> dict[str, str]:
    token = credential.token.reveal().decode("latin-1")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _socket(about: tuple[Any, Any, int, str, Any]) -> socket.socket:
    """Make a socket that notices when its peer is gone without a word."""
    family, kind, proto, _, _ = about
    made = socket.socket(family, kind, proto)
    made.settimeout(0)
    idle, interval, probes = ALIVE
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, idle)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, interval)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, probes)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, (idle + interval * probes) * 1000)
    return made


def _words(problem: Exception) -> str:
    if isinstance(problem, TimeoutError):
        return "no answer in time"
    if isinstance(problem, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted: {problem.certificate_error}"
    if isinstance(problem, aiohttp.ClientConnectorError):
        number = problem.os_error.errno
        return os.strerror(number) if number and number > 0 else str(problem.os_error)
    return str(problem) or type(problem).__name__
