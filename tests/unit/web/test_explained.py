"""What happens to a request, asked over HTTP."""

import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from painless.explain.answer import Explanation, Outcome, Place, Source
from painless.explain.asked import Request
from painless.web.explained import Explained


class Asked:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def explain(self, asked: Request) -> Explanation:
        self.requests.append(asked)
        outcome = Outcome("404 Not Found", status=404)
        place = Place("the catch-all", "no rule has it", Source("painless"))
        return Explanation("GET", asked.url, outcome.says, served=False, outcomes=(outcome,), server=place)


async def test_a_request_is_asked_about() -> None:
    """With its method, headers and client; the answer is JSON."""
    asked = Asked()
    application = web.Application()
    Explained(asked).add_to(application)
    async with TestClient(TestServer(application)) as client:
        query = [
            ("url", "http://a.example/x?y=%20"),
            ("method", "POST"),
            ("header", "A: b"),
        ]
        answer = await client.get(
            "/v1/explain", params=[*query, ("header", "C: d"), ("client", "203.0.113.9")]
        )
        found = json.loads(await answer.read())
    (one,) = asked.requests
    assert ("POST", "/x?y=%20", (("a", "b"), ("c", "d")), "203.0.113.9") == (
        one.method,
        one.raw,
        one.headers,
        one.client,
    )
    assert (200, "404 Not Found") == (answer.status, found["answer"])


@pytest.mark.parametrize(
    "query", ["", "url=x", "url=http://a.example/&method=%20", "url=http://a.example/&client=x"]
)
async def test_what_is_no_request_is_said(query: str) -> None:
    """400, with a sentence that says what was expected."""
    application = web.Application()
    Explained(Asked()).add_to(application)
    async with TestClient(TestServer(application)) as client:
        answer = await client.get(f"/v1/explain?{query}")
        assert (400, True) == (answer.status, "expected" in (await answer.json())["says"])
