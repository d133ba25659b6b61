"""The page in a real Chromium: each view, live, with the keyboard, on a phone, for everybody.

One browser and one server for all, since each takes a second to start.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.base import AXE_SCRIPT
from msgspec import structs
from playwright.async_api import Browser, Page, expect
from tests.builders import ingress, path, rule
from tests.page.browser import NEEDED, browser, tab
from tests.page.looked import Looked, cluster, incident, served

from painless.controller.history import Entry, What
from painless.demo.ports import free_ports
from painless.observe.tally import Answered
from painless.web.page.streams import Bounds

pytestmark = [NEEDED, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

HOST = "app-0000.shop.example"
LONG = ".".join(["x" * 60] * 4)
"""A host that is as long as one may be, of an Ingress of such a name: it widens nothing."""
VIEWS = {
    "/": "Overview",
    "/hosts": "Hosts",
    f"/hosts/{HOST}": HOST,
    "/generations": "Generations",
    "/generations/3": "NGINX loaded",
    "/queues": "Accept queues",
    "/capacity": "Capacity",
    "/diagnostics": "Diagnostics",
    "/objects/Ingress/search/app-0007": "Ingress search/app-0007",
    "/certificates": "Certificates",
    "/search?q=app-0012": "Search",
    "/doctor": "Doctor",
    f"/explain?url=https://{HOST}/api/x": "Explain a URL",
    f"/hosts/{LONG}": LONG,
    f"/hosts?f={LONG}": "Hosts",
    "/search?q=nnnn": "Search",
}
FIRST_VIEW, UPDATE = 1_000, 100
"""Milliseconds at 5,000 Ingresses: until the first view is there, and that the script takes for an update.

The best of some is looked at, since others use the same cores.
"""
FEW, MANY = 60, 5_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[Browser]:
    async with browser() as one:
        yield one


@pytest.fixture(scope="module")
def many() -> Looked:
    return Looked(cluster(MANY))


@pytest.fixture
def looked() -> Looked:
    found = Looked((*cluster(FEW), ingress("n" * 200, rule(LONG, path("/" + "p" * 300, "app-0000")))))
    incident(found)
    found.ask(100)
    return found


async def serious(page: Page) -> list[tuple[str, str]]:
    """Return what keeps somebody out, as axe-core sees it, each with where it is."""
    run = 'await axe.run({resultTypes: ["violations"]})'
    found: dict[str, Any] = await page.evaluate(f"(async () => {{ {AXE_SCRIPT}; return {run}; }})()")
    return [
        (one["id"], node["html"][:120])
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


async def took(page: Page, name: str) -> float:
    """Return how many milliseconds the quickest of the script's updates took."""
    found: list[float] = await page.evaluate(
        "name => performance.getEntriesByName(name).map(one => one.duration)", name
    )
    return min(found)


@pytest.mark.parametrize("width", [1280, 360])
async def test_each_view_is_whole_and_open_to_everybody(running: Browser, looked: Looked, width: int) -> None:
    """At its own address, live, no wider than the screen, and with nothing that keeps somebody out."""
    odd: list[object] = []
    # A scan takes half a second: of the narrow and dark ones, those are looked at that differ most.
    scanned = VIEWS if width > 360 else ("/", "/hosts", "/queues")
    async with served(looked) as (url, _), tab(running, width, dark=width == 360) as page:
        for there, title in VIEWS.items():
            await page.goto(url + there)
            await expect(page.locator("h1").first).to_contain_text(title)
            await expect(page.locator("#live")).to_have_text("live")
            wide = await page.evaluate("document.documentElement.scrollWidth")
            odd += [(there, wide)] if wide > width else []
            odd += [(there, *one) for one in await serious(page)] if there in scanned else []
    assert odd == []


async def test_the_overview_says_what_is_wrong_and_follows(running: Browser, looked: Looked) -> None:
    """What is wrong, which hosts fail and what changed last; in a second it is as things are then."""
    async with served(looked) as (url, _), tab(running) as page:
        await page.goto(url)
        await expect(page.locator("#verdict")).to_contain_text("0.0.0.0:80 dropped 1204 connections")
        await expect(page.locator("#tile-clients")).to_contain_text("worker_connections ends first")
        await expect(page.locator("#changes li").first).to_contain_text("changed Ingress shop/app-0000")
        looked.ask(5_000, 40)
        await expect(page.locator("#hosts")).to_contain_text(HOST)
        await expect(page.locator("#tile-requests")).to_contain_text("failed")
        looked.status = structs.replace(looked.status, overflows=(), held=type(looked.status.held)())
        await expect(page.locator("#verdict")).to_contain_text("It serves. To look at:")
        await expect(page.locator("#standing")).to_have_text("It serves")
        looked.compiled, looked.status = (
            Looked(cluster(5)).compiled,
            structs.replace(looked.status, doctor=None),
        )
        await expect(page.locator("#verdict")).to_contain_text("All is well")
        await expect(page.locator("#standing")).to_have_text("All is well")
        await expect(page.locator("[data-badge='/queues']")).to_be_hidden()


async def test_focus_selection_and_scroll_stay(running: Browser, looked: Looked) -> None:
    """An update changes what differs and nothing else."""
    async with served(looked) as (url, _), tab(running) as page:
        await page.goto(f"{url}/diagnostics")
        link = page.locator("#main section a").nth(2)
        await link.focus()
        await page.evaluate("scrollTo(0, 120)")
        await page.evaluate("getSelection().selectAllChildren(document.querySelector('.finding p'))")
        before = await page.evaluate("[scrollY, String(getSelection()), document.activeElement.href]")
        await page.evaluate("document.querySelector('main').dataset.same = 'yes'")
        looked.compiled = Looked(cluster(FEW + 30)).compiled
        await expect(page.locator("#main")).to_contain_text("app-0087")
        after = await page.evaluate("[scrollY, String(getSelection()), document.activeElement.href]")
        assert (before, "yes") == (after, await page.evaluate("document.querySelector('main').dataset.same"))


async def test_from_a_change_to_its_difference_by_keyboard_alone(running: Browser, looked: Looked) -> None:
    """Skip link, search with arrows, ways with arrows: nobody needs a mouse."""
    async with served(looked) as (url, _), tab(running) as page:
        await page.goto(url)
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("#main")).to_be_focused()
        await page.keyboard.press("/")
        await expect(page.locator("#q")).to_be_focused()
        await page.keyboard.type(looked.compiled.generation.id)
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{url}/search?q={looked.compiled.generation.id}")
        await expect(page.locator("#hits a")).to_have_count(1)
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{url}/generations/3")
        await expect(page.locator(".diff .added").nth(1)).to_contain_text("client_max_body_size 8m")
        await expect(page.locator(".diff .removed")).to_contain_text("server_name app-0000.shop.example;")


async def test_search_shows_results_as_one_types(running: Browser, looked: Looked) -> None:
    """Hosts, objects, Services, Secrets and pods; the address says what was searched for."""
    async with served(looked) as (url, _), tab(running) as page:
        await page.goto(f"{url}/search?q=app-0012")
        await expect(page.locator("#hits")).to_contain_text("found no Service search/app-0012")
        await page.locator("#q").fill("pair media")
        await expect(page.locator("#hits .kind").first).to_have_text("Secret")
        await expect(page).to_have_url(f"{url}/search?q=pair+media")
        await page.locator("#q").fill("10.1.0.1:8080")
        await expect(page.locator("#hits .kind")).to_have_text(["Pod", "Pod"])
        await page.locator("#q").fill("nobody has this")
        await expect(page.locator("#main")).to_contain_text("Nothing is called so.")


async def test_a_url_is_explained(running: Browser, looked: Looked) -> None:
    """Who answers and why, at an address that one can send to others; what is no URL is a sentence."""
    async with served(looked) as (url, _), tab(running) as page:
        await page.goto(f"{url}/explain")
        await page.locator("#url").fill(f"https://{HOST}/api/cart")
        await page.keyboard.press("Enter")
        await expect(page.locator("#answer")).to_contain_text("shop/app-0000")
        await expect(page.locator("#outcomes")).to_contain_text("10.1.0.1:8080")
        assert "explain?method=GET&url=https%3A%2F%2Fapp-0000.shop.example%2Fapi%2Fcart" in page.url
        await page.goto(f"{url}/explain?url=nothing")
        await expect(page.get_by_role("alert")).to_contain_text("expected a URL such as")


async def test_the_doctor_is_heard(running: Browser, looked: Looked) -> None:
    """The worst on the overview, all of it in its view; before the first look it is said how to ask."""
    async with served(looked) as (url, _), tab(running) as page:
        await page.goto(url)
        await expect(page.locator("#doctor")).to_contain_text("0.0.0.0:80 has dropped 1204 connections")
        await page.goto(f"{url}/doctor")
        await expect(page.locator("#found li").first).to_contain_text("A listener drops connections")
        await page.locator("summary").click()
        await expect(page.locator("#unknown")).to_contain_text("its files are not here")
        looked.report = b""
        await expect(page.locator("#main pre")).to_have_text("painless doctor")


async def opened(page: Page, there: str) -> float:
    """Open the list; return how many milliseconds later all of its rows are there."""
    await page.goto(there)
    await expect(page.locator("#host-count")).to_have_text("5,001 of 5,001")
    await expect(page.locator("#host-rows tr[data-host]").first).to_be_visible()
    found: float = await page.evaluate(
        "performance.getEntriesByName('painless-rows').map(one => one.startTime + one.duration)[0]"
    )
    return found


async def test_five_thousand_ingresses(running: Browser, many: Looked) -> None:
    """The first view in a second, an update in a tenth; of all rows there are those that can be seen."""
    many.answered = {}
    many.ask(100)
    async with served(many) as (url, pages), tab(running) as page:
        await pages.watch.latest()
        assert min([await opened(page, f"{url}/hosts") for _ in range(3)]) < FIRST_VIEW
        rows = page.locator("#host-rows tr[data-host]")
        assert await rows.count() < 60
        # Far down by keyboard, where the focus stays while every row changes.
        await page.locator("#filter").focus()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("End")
        await page.keyboard.press("ArrowUp")
        last = page.locator("tr[data-host='app-4999.shop.example'] a")
        await expect(last).to_be_focused()
        many.answered = {one: Answered(each.requests + 900) for one, each in (many.answered or {}).items()}
        await expect(page.locator("tr[data-host='app-4999.shop.example'] td").nth(3)).not_to_have_text("?")
        many.answered = {one: Answered(each.requests + 9_000) for one, each in many.answered.items()}
        await expect(page.locator("tr[data-host='app-4999.shop.example'] td").nth(3)).to_contain_text("/s")
        await expect(last).to_be_focused()
        assert await took(page, "painless-rows") + await took(page, "painless-update") < UPDATE


async def test_the_list_is_filtered_and_ordered_at_its_address(running: Browser, many: Looked) -> None:
    async with served(many) as (url, _), tab(running) as page:
        await page.goto(f"{url}/hosts?only=trouble")
        await expect(page.locator("#host-count")).to_have_text("125 of 5,001")
        await page.locator("#filter").fill("search app-49")
        await expect(page.locator("#host-count")).to_have_text("2 of 5,001")
        await expect(page).to_have_url(f"{url}/hosts?f=search+app-49&only=trouble")
        await page.locator("tr[data-host] a").first.click()
        await expect(page.locator("h1")).to_contain_text("no Service")
        await page.go_back()
        await expect(page.locator("#host-count")).to_have_text("2 of 5,001")


async def test_without_scripts_all_of_it_is_there(running: Browser, many: Looked) -> None:
    """The list in parts, filters as forms."""
    async with served(many) as (url, _):
        context = await running.new_context(java_script_enabled=False)
        page = await context.new_page()
        await page.goto(f"{url}/hosts?page=50")
        await expect(page.locator("#host-rows")).to_contain_text("app-4999.shop.example")
        await page.locator("#filter").fill("app-0012")
        await page.get_by_role("button", name="Show").click()
        await expect(page.locator("#host-rows tbody tr")).to_have_count(1)
        await context.close()


async def test_whoever_comes_back_is_told_what_is_new(running: Browser, looked: Looked) -> None:
    """While nobody answers that is said, and when somebody does again the page follows by itself."""
    port = free_ports(1)[0]
    async with tab(running, alone=True) as page:
        async with served(looked, port=port) as (url, _):
            await page.goto(f"{url}/generations")
            await expect(page.locator("#live")).to_have_text("live")
        await expect(page.locator("#live")).to_contain_text("no news since")
        ended = Entry(4, "2026-11-24T18:20:00Z", What.ENDED, "it is started again")
        looked.history = (ended, *looked.history)
        async with served(looked, port=port):
            await expect(page.locator("#entry-4")).to_contain_text("NGINX ended")
            await expect(page.locator("#live")).to_have_text("live")


async def test_one_page_too_many_follows_more_slowly(running: Browser, looked: Looked) -> None:
    """Where no stream is left, a page asks by itself."""
    async with served(looked, Bounds(streams=0)) as (url, _), tab(running, alone=True) as page:
        await page.goto(f"{url}/queues")
        looked.status = structs.replace(looked.status, overflows=())
        await expect(page.locator("#main .verdict")).to_have_count(0)
        await expect(page.locator("#live")).to_have_text("not live")
