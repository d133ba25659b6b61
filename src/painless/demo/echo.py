"""A pod to talk to: an HTTP, HTTPS or WebSocket server that says who answered and what it was asked.

For the demo and for tests.  The first line of each answer is the pod's name, which is also in the
``X-Pod`` header, so that whoever asks knows where a request went.  The query steers the answer:
``?delay=0.2`` waits, ``?status=500`` answers so, ``?header=X-A:b`` adds a header, ``?tell=host`` has the
header ``X-Told`` say how it was asked, with what headers of these names, ``?format=json`` answers in JSON.
"""

import asyncio
import ssl
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from aiohttp import WSMsgType, web
from msgspec import Struct

LONGEST_DELAY = 60.0  # seconds; a client that asks for more has mistyped it
CHUNK = 65_536  # bytes of a body read at a time: counted and thrown away, so its size does not matter
FAREWELL = 1.0  # seconds that open requests get to end when the pod stops; tests wait for it


class Tls(Struct, frozen=True):
    """Where the certificate and its key are, in PEM; ``clients`` is who signs those of clients."""

    certificate: Path
    key: Path
    clients: Path | None = None


class Asked(Struct, frozen=True):
    """What a request looked like to the pod."""

    pod: str
    method: str
    path: str
    query: str
    version: str
    headers: tuple[tuple[str, str], ...]
    length: int

    def __str__(self) -> str:
        target = f"{self.path}?{self.query}" if self.query else self.path
        lines = [self.pod, f"{self.method} {target} HTTP/{self.version}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\n".join([*lines, "", f"{self.length} bytes of body", ""])


class Echo:
    """A pod of that name at an address and port (0 chooses a free one) for as long as it is entered."""

    def __init__(self, name: str, address: str, port: int = 0, tls: Tls | None = None) -> None:
        self.name = name
        self.address = address
        self.port = port
        self.requests = 0
        self.served = asyncio.Event()
        """Set at the first request."""
        self._tls = tls
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=FAREWELL)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.address, self.port, ssl_context=_context(self._tls))
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests += 1
        self.served.set()
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._converse(request)
        length = 0
        async for chunk in request.content.iter_chunked(CHUNK):
            length += len(chunk)
        try:
            delay = _between(request, "delay", 0.0, (0.0, LONGEST_DELAY))
            status = int(_between(request, "status", 200, (200, 599)))
        except ValueError as wrong:
            return self._said(400, f"{self.name}\n{wrong}\n")
        await asyncio.sleep(delay)
        asked = _asked(self.name, request, length)
        as_json = request.query.get("format") == "json"
        text = msgspec.json.encode(asked).decode() if as_json else str(asked)
        answer = self._said(status, text, "application/json" if as_json else "text/plain")
        answer.headers.update(_wanted_headers(request))
        if tell := request.query.getall("tell", []):
            answer.headers["X-Told"] = _told(asked, tell)
        return answer

    def _said(self, status: int, text: str, kind: str = "text/plain") -> web.Response:
        return web.Response(status=status, text=text, content_type=kind, headers={"X-Pod": self.name})

    async def _converse(self, request: web.BaseRequest) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        socket.headers["X-Pod"] = self.name
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await socket.send_bytes(message.data)
        return socket


def _asked(pod: str, request: web.BaseRequest, length: int) -> Asked:
    headers = tuple((name.lower(), value) for name, value in request.headers.items())
    version = f"{request.version.major}.{request.version.minor}"
    path, _, query = request.raw_path.partition("?")
    return Asked(pod, request.method, path, query, version, headers, length)


def _told(asked: Asked, names: list[str]) -> str:
    found = (f"{name}={value}" for name, value in asked.headers if name in names)
    return "; ".join((f"{asked.method} {asked.path} {asked.length} bytes", *found))


def _wanted_headers(request: web.BaseRequest) -> dict[str, str]:
    pairs = (text.partition(":") for text in request.query.getall("header", []))
    return {name: value for name, _, value in pairs if name}


def _between(request: web.BaseRequest, name: str, default: float, limits: tuple[float, float]) -> float:
    low, high = limits
    text = request.query.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not low <= value <= high:
        raise ValueError(f"the query has {name}={text}; expected a number from {low:g} to {high:g}")
    return value


def _context(tls: Tls | None) -> ssl.SSLContext | None:
    if tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tls.certificate, tls.key)
    if tls.clients is not None:
        context.load_verify_locations(tls.clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
