"""``GET /v1/explain?url=…``: what happens to a request.

``method``, ``header`` (``Name: value``, as often as wanted) and ``client`` (an address) say more about it.
How much may be asked at a time is the admin application's to bound, and who may ask whoever serves it.
"""

from http import HTTPStatus
from typing import Protocol

import msgspec
from aiohttp import web

from painless.explain.answer import Explanation
from painless.explain.asked import NotUnderstood, Request, understood

PATH = "/v1/explain"


class Explaining(Protocol):
    """Who says what happens to a request."""

    async def explain(self, asked: Request) -> Explanation: ...


class Explained:
    """Answers what happens to requests."""

    def __init__(self, explaining: Explaining) -> None:
        self._explaining = explaining

    def add_to(self, application: web.Application) -> None:
        application.router.add_get(PATH, self.explain)

    async def explain(self, request: web.Request) -> web.Response:
        query = request.query
        headers = query.getall("header", [])
        asked = understood(query.get("url", ""), query.get("method", "GET"), headers, query.get("client", ""))
        if isinstance(asked, NotUnderstood):
            return _json({"says": asked.says}, HTTPStatus.BAD_REQUEST)
        return _json(await self._explaining.explain(asked))


def _json(value: object, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")
