"""``GET /v1/doctor``: what the doctor found when it looked last.

When it looks is ``painless.examining``'s business; nobody who asks makes it look.
"""

from collections.abc import Callable
from http import HTTPStatus

import msgspec
from aiohttp import web

PATH = "/v1/doctor"


class Examined:
    """Answers with the last look; ``json`` returns nothing before the first."""

    def __init__(self, json: Callable[[], bytes]) -> None:
        self._json = json

    def add_to(self, application: web.Application) -> None:
        application.router.add_get(PATH, self.doctor)

    async def doctor(self, _: web.Request) -> web.Response:
        if found := self._json():
            return _json(found)
        says = "the doctor has not looked yet, or is not wanted (--doctor-interval)"
        return _json(msgspec.json.encode({"says": says}), HTTPStatus.SERVICE_UNAVAILABLE)


def _json(body: bytes, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")
