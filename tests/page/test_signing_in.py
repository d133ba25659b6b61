"""A real browser signs in where a token is asked for, and other people's pages get nothing."""

from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.page.browser import NEEDED, PATIENCE, browser
from tests.unit.web.reached import TOKEN, reached

pytestmark = NEEDED

EVIL = """<!doctype html><title>evil</title>
<script>
const seen = [];
const tried = (what) => fetch(what, {credentials: "include"})
  .then(() => seen.push("answered"), () => seen.push("refused"));
Promise.all([tried("@/v1/status"), tried("@/")]).then(() => { document.title = seen.join(" "); });
</script><iframe src="@/"></iframe><a href="@/v1/status">a link</a>"""


async def test_a_browser_signs_in_and_stays_so(tmp_path: Path) -> None:
    """By the form, with a wrong token first, which leads to where it began; no script sees the token."""
    async with reached(tmp_path, tokens=TOKEN) as port, browser() as running:
        url = f"http://localhost:{port.settings.port}"
        page = await running.new_page()
        page.set_default_timeout(PATIENCE)
        refused = await page.goto(f"{url}/v1/status?from=link")
        assert refused is not None
        assert (401, "Painless: sign in") == (refused.status, await page.title())
        await page.get_by_label("Token").fill("wrong-" + TOKEN)
        await page.keyboard.press("Enter")
        await page.get_by_role("alert").filter(has_text="a token that nobody has").wait_for()
        await page.get_by_label("Token").fill(TOKEN)
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(f"{url}/v1/status?from=link")
        assert '"ready":true' in await page.content()
        assert "" == await page.evaluate("document.cookie")


async def test_other_peoples_pages_get_nothing(tmp_path: Path) -> None:
    """On loopback, where no token is asked for: scripts and frames get no answer, and a link leads here."""
    async with reached(tmp_path, loopback=True) as port, browser() as running:
        url = f"http://localhost:{port.settings.port}"

        async def evil(_: web.Request) -> web.Response:
            return web.Response(text=EVIL.replace("@", url), content_type="text/html")

        application = web.Application()
        application.router.add_get("/", evil)
        async with TestServer(application) as server:
            context = await running.new_context()
            page = await context.new_page()
            await page.goto(str(server.make_url("/")))
            await page.wait_for_function("document.title != 'evil'", timeout=PATIENCE)
            assert "refused refused" == await page.title()
            assert not [
                one for one in page.frames if one.url.startswith(url) and "ready" in await one.content()
            ]
            await page.get_by_text("a link").click()
            await page.wait_for_url(f"{url}/v1/status", timeout=PATIENCE)
            assert '"ready":true' in await page.content()
            await context.close()
