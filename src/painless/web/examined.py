"""``GET /v1/doctor``: what the doctor found last; ``POST /v1/doctor/owners``: whose lines are those.

When it looks is ``painless.examining``'s business; nobody who asks makes it look.  Owners are for a doctor
that looks from outside: a list of ``file:line`` brings the Ingresses behind each.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

import msgspec
from aiohttp import web

PATH = "/v1/doctor"
OWNERS = "/v1/doctor/owners"


class Examined:
    """Answers with the last look (``json``: nothing before the first); ``owners`` knows whose lines are."""

    def __init__(self, json: Callable[[], bytes], owners: Callable[[tuple[str, ...]], object]) -> None:
        self._json = json
        self._owners = owners

    def add_to(self, application: web.Application) -> None:
        application.router.add_get(PATH, self.doctor)
        application.router.add_post(OWNERS, self.owners)

    async def doctor(self, _: web.Request) -> web.Response:
        if found := self._json():
            return _json(found)
        says = "the doctor has not looked yet, or is not wanted (--doctor-interval)"
        return _json(msgspec.json.encode({"says": says}), HTTPStatus.SERVICE_UNAVAILABLE)

    async def owners(self, request: web.Request) -> web.Response:
        try:
            places = msgspec.json.decode(await request.read(), type=tuple[str, ...])
        except msgspec.DecodeError as problem:
            says = f"found no list of places, expected one of file:line: {problem}"
            return _json(msgspec.json.encode({"says": says}), HTTPStatus.BAD_REQUEST)
        return _json(await asyncio.to_thread(lambda: msgspec.json.encode(self._owners(places))))


def _json(body: bytes, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")
