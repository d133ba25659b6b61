"""The validating webhook: HTTPS for the API server, within bounds for everybody else who finds the port.

What is asked is decoded in ``review``, who may connect is ``door``'s; the verdict is the controller's.  A
request that gets none answers with a status that is not 200, which leaves the decision to the webhook's
``failurePolicy``.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Protocol

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from msgspec import Struct

from painless.compiler.admission import Verdict, Version
from painless.settings import Webhook
from painless.web.door import Door, listen
from painless.web.keypair import KeyPair
from painless.web.quiet import quiet
from painless.web.review import Asked, NotUnderstood, answered, asked, failed

PATH = "/networking/v1/ingresses"
"""Where ingress-nginx answers, so that a ValidatingWebhookConfiguration of its chart can stay."""

KEEP_ALIVE = 90.0  # Seconds; Go's clients, such as the API server, keep idle connections as long.
LINGER = 1.0  # Seconds for which a body that nobody wants is thrown away, so that its sender reads why.
AT_THE_END = 2.0  # Seconds that requests have when we stop.
_SMALL = 32 * 1024  # Bytes that are decoded in less time than it takes to ask a thread.
_READ_AHEAD = 64 * 1024  # Bytes of a body that wait for their reader.


class Bounds(Struct, frozen=True):
    """What one port may cost.

    ``largest`` is in bytes, as many as the API server itself takes of a client.  ``at_once`` are read and
    judged at the same time: what bodies become takes most memory.  ``under_way`` are answered or wait for it.
    The body comes within ``read_within`` seconds, since the API server is near, and the answer within
    ``answer_within``: just below the ten that the API server waits by default.
    """

    largest: int = 3 * 2**20
    at_once: int = 2
    under_way: int = 32
    read_within: float = 3.0
    answer_within: float = 9.0


BOUNDS = Bounds()


class Judge(Protocol):
    """Who decides."""

    @property
    def ready(self) -> bool: ...
    async def review(self, before: Version | None, after: Version, threads: Executor) -> Verdict: ...


class Reviewed(Struct, frozen=True):
    """One answer: about which Ingress, how it was judged, and the seconds for that and for everything."""

    about: str
    verdict: Verdict
    judged: float
    answered: float


class Listener(Protocol):
    """Is told what happened."""

    def reviewed(self, one: Reviewed) -> None: ...
    def unanswered(self, says: str) -> None: ...
    def certificate(self, problem: str) -> None: ...


@asynccontextmanager
async def serve_webhook(
    settings: Webhook,
    judge: Judge,
    listener: Listener,
    bounds: Bounds = BOUNDS,
) -> AsyncIterator[None]:
    """Answer while the context lasts; raises ``WorldError`` when that is not possible."""
    pair = KeyPair(settings.certificate, settings.key, listener.certificate, "the webhook's")
    with (
        listen(settings.host, settings.port, "--validating-webhook") as listening,
        ThreadPoolExecutor(bounds.at_once, "admission") as threads,
    ):
        webhook = _Webhook(judge, listener, threads, bounds)
        server = web.Server(
            webhook.answer,
            access_log=None,
            logger=quiet("webhook"),
            keepalive_timeout=KEEP_ALIVE,
            lingering_time=LINGER,
            read_bufsize=_READ_AHEAD,
            auto_decompress=False,  # A few bytes could become gigabytes.
        )
        door = Door(listening, server, pair.context, webhook.busy)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(door.run())
            try:
                yield
            finally:
                task.cancel()
                await server.shutdown(AT_THE_END)


class _Webhook:
    """Answers requests, a few at a time."""

    def __init__(self, judge: Judge, listener: Listener, threads: Executor, bounds: Bounds) -> None:
        self._judge = judge
        self._listener = listener
        self._threads = threads
        self._bounds = bounds
        self._turn = asyncio.Semaphore(bounds.at_once)
        self.busy: set[RequestHandler] = set()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; whatever it is, it gets an answer."""
        if refusal := self._refusal(request):
            return self._failed(*refusal)
        self.busy.add(request.protocol)
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._bounds.answer_within), self._turn:
                return await self._judged(request, began)
        except TimeoutError:
            return self._failed(504, f"no verdict within {self._bounds.answer_within:g} seconds")
        finally:
            self.busy.discard(request.protocol)

    def _refusal(self, request: web.BaseRequest) -> tuple[int, str] | None:
        """Return why a request is not even read, if it is not."""
        if wrong := _misdirected(request):
            return wrong
        if (request.content_length or 0) > self._bounds.largest:
            return self._too_large()
        if not self._judge.ready:
            return 503, "the objects of the cluster are not listed yet"
        if len(self.busy) >= self._bounds.under_way:
            return 503, f"{len(self.busy)} reviews are under way already"
        return None

    async def _judged(self, request: web.BaseRequest, began: float) -> web.Response:
        try:
            async with asyncio.timeout(self._bounds.read_within):
                body = await _body(request, self._bounds.largest)
        except TimeoutError:
            return self._failed(408, f"the body did not come within {self._bounds.read_within:g} seconds")
        if body is None:
            return self._failed(*self._too_large())
        found = asked(body) if len(body) <= _SMALL else await self._asked(body)
        if isinstance(found, NotUnderstood):
            return self._failed(400, found.says)
        if found.after is None:
            return _json(answered(found.uid, Verdict(warnings=(found.why,) if found.why else ())))
        return await self._verdict(found, found.after, began)

    async def _verdict(self, found: Asked, after: Version, began: float) -> web.Response:
        asked_at = time.monotonic()
        verdict = await self._judge.review(found.before, after, self._threads)
        now = time.monotonic()
        self._listener.reviewed(Reviewed(str(after.ref), verdict, now - asked_at, now - began))
        return _json(answered(found.uid, verdict))

    async def _asked(self, body: bytes) -> Asked | NotUnderstood:
        return await asyncio.get_running_loop().run_in_executor(self._threads, asked, body)

    def _too_large(self) -> tuple[int, str]:
        return 413, f"found a body of more than {self._bounds.largest} bytes, expected at most so many"

    def _failed(self, code: int, says: str) -> web.Response:
        self._listener.unanswered(says)
        response = _json(failed(code, says), code)
        # Whatever of the request has not been read is not read any more.
        response.force_close()
        return response


def _misdirected(request: web.BaseRequest) -> tuple[int, str] | None:
    if request.path != PATH:
        return 404, f"found another path, expected {PATH}"
    if request.method != "POST":
        return 405, "found another method, expected POST"
    if request.headers.get("Content-Encoding", "identity") != "identity":
        return 415, "found an encoded body, expected plain JSON"
    return None


async def _body(request: web.BaseRequest, largest: int) -> bytes | None:
    """Return the body, or ``None`` when it is too large: it may not say how long it is."""
    parts = bytearray()
    async for part in request.content.iter_any():
        parts += part
        if len(parts) > largest:
            return None
    return bytes(parts)


def _json(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")
