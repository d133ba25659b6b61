"""What the doctor found last is said as it is, and before the first look why there is nothing."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from painless.web.examined import OWNERS, PATH, Examined


async def test_before_and_after_the_first_look() -> None:
    looks = [b"", b'{"at":1}']
    application = web.Application()
    Examined(lambda: looks.pop(0), lambda asked: {"of": asked}).add_to(application)
    async with TestClient(TestServer(application)) as client:
        before, after = await client.get(PATH), await client.get(PATH)
        says = "the doctor has not looked yet, or is not wanted (--doctor-interval)"
        assert (503, {"says": says}) == (before.status, await before.json())
        assert (200, {"at": 1}) == (after.status, await after.json())


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b'["nginx.conf:1"]', 200, {"of": ["nginx.conf:1"]}),
        (b"{}", 400, None),
        (b"\xff", 400, None),
    ],
)
async def test_owners_of_places(body: bytes, status: int, says: object) -> None:
    """What is no list of texts is answered with a sentence."""
    application = web.Application()
    Examined(bytes, lambda asked: {"of": asked}).add_to(application)
    async with TestClient(TestServer(application)) as client:
        response = await client.post(OWNERS, data=body)
        found = await response.json()
        assert (status, says or found["says"]) == (response.status, found if says else found["says"])
