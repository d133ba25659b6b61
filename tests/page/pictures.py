"""Takes the pictures of the page that are on our pages: ``python -m tests.page.pictures``."""

import asyncio
from pathlib import Path

from msgspec import structs
from tests.page.browser import browser, tab
from tests.page.looked import Looked, cluster, incident, served

FOLDER = Path(__file__).parents[2] / "docs" / "how-to" / "page"
WIDE, PHONE = (1240, 600), (360, 740)
PICTURES = {
    "overview": ("/", WIDE, False),
    "hosts": ("/hosts?sort=failed", WIDE, False),
    "host": ("/hosts/app-0000.shop.example", WIDE, True),
    "change": ("/generations/3", WIDE, False),
    "explain": ("/explain?url=https://app-0000.shop.example/api/cart", WIDE, True),
    "phone": ("/", PHONE, False),
}
"""By name: where, how large, and whether it is dark."""
MOST = 150_000  # Bytes of a picture.


async def take() -> None:
    looked = Looked(cluster(300))
    incident(looked)
    # Where a listener drops connections, some hosts have no pods either.
    down = (one for one in looked.compiled.site.upstreams if one.service in {"app-0003", "app-0005"})
    looked.without_pods = frozenset(one.name for one in down)
    looked.status = structs.replace(looked.status, nginx="1.31.3")
    async with served(looked) as (url, pages), browser() as running:
        for _ in range(12):
            looked.ask(1_500, 6)
            await pages.watch.latest()
            await asyncio.sleep(1.05)
        for name, (there, (width, height), dark) in PICTURES.items():
            async with tab(running, width, height, dark=dark) as page:
                await page.goto(url + there)
                await page.locator("#live", has_text="live").wait_for()
                picture = await page.screenshot(path=FOLDER / f"{name}.png")
                assert len(picture) <= MOST, f"{name} has {len(picture)} bytes"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    asyncio.run(take())
