"""A pod that remembers: what copies of requests were, whom nobody waits for.

``GET /seen?requests=2`` waits until so many have come and answers with all of them, and how long ago that is
does not matter.  ``?status=500`` and ``?delay=1`` steer the answer to any other request.
"""

import asyncio
from types import TracebackType
from typing import Self

from aiohttp import web

PATIENCE = 20.0  # Seconds: copies come at once, on a machine that is busy a little later.
FAREWELL = 0.1  # Seconds for requests that are open at the end: nobody reads their answers.


class Recorder:
    """A pod of that name at an address and port for as long as it is entered."""

    def __init__(self, name: str, address: str, port: int) -> None:
        self.name = name
        self._place = (address, port)
        self._seen: list[str] = []
        self._changed = asyncio.Condition()
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=FAREWELL)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, *self._place).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/seen":
            return self._said(200, await self._all(int(request.query.get("requests", "0"))))
        body = await request.read()
        headers = "\n".join(f"{name.lower()}: {value}" for name, value in request.headers.items())
        async with self._changed:
            self._seen.append(f"{request.method} {request.path_qs}\n{headers}\n{len(body)} bytes of body\n")
            self._changed.notify_all()
        await asyncio.sleep(float(request.query.get("delay", "0")))
        return self._said(int(request.query.get("status", "200")), "")

    async def _all(self, wanted: int) -> str:
        async with self._changed, asyncio.timeout(PATIENCE):
            await self._changed.wait_for(lambda: len(self._seen) >= wanted)
        return f"{len(self._seen)} requests\n" + "\n".join(self._seen)

    def _said(self, status: int, text: str) -> web.Response:
        return web.Response(status=status, text=text, headers={"X-Pod": self.name})
