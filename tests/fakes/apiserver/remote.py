"""The tests' side door of a server that is a process of its own: ``POST /fake/…``.

``/fake/push`` keeps the objects of a JSON list as they are; ``/fake/faults/NAME`` calls a fault with the
arguments of a JSON object.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web
from tests.fakes.apiserver.faults import Faults, Which

PREFIX = "/fake/"


async def handle(push: Callable[[Any], None], faults: Faults, request: web.BaseRequest) -> web.Response:
    what = request.path.removeprefix(PREFIX)
    body = msgspec.json.decode(await request.read() or b"{}")
    if what == "push":
        push(body)
    elif what.startswith("faults/") and (fault := getattr(Faults, what.removeprefix("faults/"), None)):
        if "which" in body:
            body["which"] = Which(**body["which"])
        fault(faults, **body)
    else:
        raise web.HTTPNotFound(text=f"there is no {what}")
    return web.Response(text="done")
