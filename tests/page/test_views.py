"""The page without a browser: what it answers, to whom, and what that costs."""

import asyncio
import re
import socket
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.builders import CLASS, ingress, path, rule, service
from tests.page.looked import PAIR, Looked, cluster, incident, served
from tests.page.pictures import FOLDER, MOST, PICTURES

from painless.web.page.html import el
from painless.web.page.streams import Bounds

DEADLINE = 20.0  # Seconds for what takes a moment.
HOSTILE = '<script>alert("x")</script>&\'\u202e\x1b[31m'


class Links(HTMLParser):
    """The ways out of a page, and every element that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "a":
            self.links.add(dict(attrs).get("href") or "")


async def crawl(session: ClientSession, url: str) -> dict[str, tuple[int, str]]:
    """Return every view that a link leads to, from the first one on."""
    found: dict[str, tuple[int, str]] = {}
    left = {"/"}
    while left:
        there = left.pop()
        async with session.get(url + there) as response:
            found[there] = response.status, await response.text()
        links = {urlsplit(one) for one in Links(found[there][1]).links}
        left |= {one._replace(fragment="").geturl() for one in links if one.path} - found.keys()
    return found


async def test_every_link_leads_somewhere() -> None:
    """From the overview on, during an incident, each way ends at a whole page of ours."""
    looked = Looked(cluster(45))
    incident(looked)
    async with served(looked) as (url, _), ClientSession() as session:
        found = await crawl(session, url)
    assert {200} == {status for status, _ in found.values()}
    wanted = {"/", "/hosts", "/generations/3", "/queues", "/capacity", "/diagnostics", "/certificates"}
    assert wanted <= found.keys()
    assert {True} == {text.startswith('<!doctype html><html lang="en">') for _, text in found.values()}


async def test_nothing_secret_and_no_markup_of_users_is_on_it() -> None:
    """Keys come nowhere, and what users wrote is text, whatever it looks like."""
    hostile = ingress(
        "evil",
        rule("evil.example", path("/<b>x</b>", "app-0000")),
        annotations={"proxy-body-size": HOSTILE, "rewrite-target": "</pre><img src=x>"},
    )
    looked = Looked((*cluster(15), hostile))
    incident(looked)
    async with served(looked) as (url, _), ClientSession() as session:
        found = await crawl(session, url)
        query = "/search?q=%3Cscript%3Ealert%28%22"
        async with session.get(url + query) as response:
            found[query] = response.status, await response.text()
    texts = "".join(text for _, text in found.values())
    key = PAIR.key.decode().splitlines()[1:-1]
    assert ([], False) == ([line for line in key if line in texts], "PRIVATE KEY" in texts)
    elements = [one for text in (text for _, text in found.values()) for one in Links(text).elements]
    assert {"module"} == {str(attributes.get("type")) for tag, attributes in elements if tag == "script"}
    assert [] == [
        one for one in elements if one[0] in {"img", "b"} or "style" in one[1] or "onload" in one[1]
    ]
    assert [True, True, False] == [one in texts for one in ("evil.example", "&lt;script&gt;", "\u202e")]


@given(st.text(), st.text())
def test_whatever_the_text_is(text: str, attribute: str) -> None:
    """It ends neither its element nor its attribute."""
    found = Links(str(el("p", text, title=attribute))).elements
    assert [("p", {"title"})] == [(tag, set(some)) for tag, some in found]


async def test_each_answer_has_the_policy() -> None:
    """Nothing may run or load but what is ours, nobody frames it, and nobody keeps a view."""
    async with served(Looked(cluster(3))) as (url, _), ClientSession() as session:
        async with session.get(url + "/") as response:
            policy = response.headers["Content-Security-Policy"]
            text = await response.text()
            assert "no-store" == response.headers["Cache-Control"]
        names = re.findall(r'(?:href|src)="(/page/[^"]+)"', text)
        kinds = []
        for name in names:
            async with session.get(url + name) as response:
                kinds.append((response.content_type, "immutable" in response.headers["Cache-Control"]))
    assert "default-src 'none'; script-src 'self'; style-src 'self'" == policy.partition("; img-src")[0]
    assert [("image/svg+xml", True), ("text/css", True), ("text/javascript", True)] == kinds


@pytest.mark.parametrize(
    ("there", "status"),
    [
        ("/hosts/nobody.example", 404),
        ("/generations/77", 404),
        ("/generations/%00", 404),
        ("/objects/Ingress/shop/none", 404),
        ("/page/none.js", 404),
        ("/page/..%2fserving.py", 404),
        ("/hosts?page=99999999999999999999&sort=none&f=" + "x" * 900, 200),
        ("/hosts?page=-1", 200),
        ("/page/rows?since=x", 200),
        ("/search?q=" + "x" * 5000, 414),
    ],
)
async def test_whatever_is_asked(there: str, status: int) -> None:
    async with (
        served(Looked(cluster(3))) as (url, _),
        ClientSession() as session,
        session.get(url + there) as response,
    ):
        assert (status, True) == (response.status, bool(await response.read()))


async def test_nothing_is_served_yet() -> None:
    """Before the first objects there is a page, too."""
    looked = Looked(())
    looked.status = structs.replace(looked.status, ready=False, missing="no generation serves yet")
    looked.counts, looked.answered = False, None
    async with served(looked) as (url, _), ClientSession() as session:
        found = await crawl(session, url)
    assert {200} == {status for status, _ in found.values()}
    assert ["Not ready", "--enable-metrics is off"] == [
        one for one in ("Not ready", "--enable-metrics is off") if one in found["/"][1]
    ]


async def test_all_who_look_cost_what_one_does() -> None:
    """So many at a time are one look and one page made; who has it already is told so."""
    looked = Looked(cluster(30))
    async with served(looked) as (url, pages), ClientSession() as session:
        first = await session.get(url + "/hosts")
        many = await asyncio.gather(*(session.get(url + "/hosts") for _ in range(20)))
        mark = {"If-None-Match": first.headers["ETag"]}
        again = await session.get(url + "/hosts", headers=mark)
        # One more where a second has passed meanwhile.
        assert looked.looks <= 1 + pages.watch.looks <= 4
    assert ({200}, 304, b"") == ({one.status for one in many}, again.status, await again.read())


async def test_rows_are_sent_once_and_then_as_they_change() -> None:
    looked = Looked(cluster(20))
    looked.answered = None
    async with served(looked) as (url, _), ClientSession() as session:

        async def rows(since: int) -> dict[str, Any]:
            async with session.get(f"{url}/page/rows?since={since}") as response:
                found: dict[str, Any] = await response.json()
                return found

        async def after(since: int) -> dict[str, Any]:
            async with asyncio.timeout(DEADLINE):
                while (found := await rows(since))["version"] == since:
                    await asyncio.sleep(0.05)
            return found

        first = await rows(0)
        down = next(one for one in looked.compiled.site.upstreams if one.service == "app-0003")
        looked.without_pods = frozenset((down.name,))
        second = await after(first["version"])
        looked.compiled = Looked(cluster(21)).compiled
        third = await after(second["version"])
    assert (21, True) == (len(first["rows"]), first["whole"])
    assert [["app-0003.shop.example", "no pod is ready"]] == [[one[0], one[3]] for one in second["rows"]]
    assert (22, True) == (len(third["rows"]), third["whole"])


async def test_the_next_controller_is_another_one() -> None:
    """A page that stays open over a restart is sent all rows, however many there were before."""
    looked = Looked(cluster(3))
    async with served(looked) as (url, _), ClientSession() as session:
        first = await (await session.get(url + "/page/rows")).json()
    looked.at += 5
    async with served(looked) as (url, _), ClientSession() as session:
        second = await (await session.get(f"{url}/page/rows?since={first['version']}")).json()
    assert (4, True) == (len(second["rows"]), second["whole"])


async def test_so_many_streams_and_no_more() -> None:
    """Others are turned away at once, and all who listen get the same events."""
    looked = Looked(cluster(3))
    async with served(looked, Bounds(streams=2)) as (url, pages), ClientSession() as session:
        one, other = await session.get(url + "/page/events"), await session.get(url + "/page/events")
        refused = await session.get(url + "/page/events")
        async with asyncio.timeout(DEADLINE):
            said = [await event(each.content) for each in (one, other)]
        assert (503, 2) == (refused.status, pages.streams.open)
        assert said[0] == said[1]
        one.close()
        async with asyncio.timeout(DEADLINE):
            while pages.streams.open > 1:
                await asyncio.sleep(0.02)
        other.close()


async def event(content: Any) -> bytes:
    found: bytes = await content.readuntil(b"\n\n")
    while not found.startswith(b"data: "):
        found = await content.readuntil(b"\n\n")
    return found


async def test_a_browser_that_never_reads_is_let_go() -> None:
    """Its stream ends by itself, and nothing is kept for it; others are answered all the while."""
    looked = Looked(cluster(3))
    async with served(looked, Bounds(lasts=1.0, every=0.01)) as (url, pages), ClientSession() as session:
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        deaf.setblocking(False)
        address = urlsplit(url)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(deaf, (address.hostname, address.port))
        await loop.sock_sendall(deaf, b"GET /page/events HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(DEADLINE):
            while not pages.streams.open:
                await asyncio.sleep(0.01)
            async with session.get(url + "/") as response:
                assert 200 == response.status
            while pages.streams.open:
                await asyncio.sleep(0.02)
        deaf.close()


async def test_a_host_without_a_name_is_every_other_host() -> None:
    objects = (CLASS, ingress("all", rule("", path("/", "web"))), service("web"))
    async with served(Looked(objects)) as (url, _), ClientSession() as session:
        response = await session.get(url + "/hosts/_")
        text = await response.text()
    assert ["Every other host", "10.1.0.1:8080"] == [
        one for one in ("Every other host", "10.1.0.1:8080") if one in text
    ]


def test_pictures_on_our_pages_are_small() -> None:
    """Each is on the page about the page, and quickly there."""
    text = (FOLDER.parent / "look-at-the-page.md").read_text()
    sizes = {one.stem: one.stat().st_size for one in FOLDER.glob("*.png")}
    assert (set(PICTURES), set()) == (set(sizes), {one for one in sizes if f"(page/{one}.png)" not in text})
    assert max(sizes.values()) <= MOST
