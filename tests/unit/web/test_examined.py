"""What the doctor found last is said as it is, and before the first look why there is nothing."""

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from painless.web.examined import PATH, Examined


async def test_before_and_after_the_first_look() -> None:
    looks = [b"", b'{"at":1}']
    application = web.Application()
    Examined(lambda: looks.pop(0)).add_to(application)
    async with TestClient(TestServer(application)) as client:
        before, after = await client.get(PATH), await client.get(PATH)
        says = "the doctor has not looked yet, or is not wanted (--doctor-interval)"
        assert (503, {"says": says}) == (before.status, await before.json())
        assert (200, {"at": 1}) == (after.status, await after.json())
