"""A real Chromium for tests; where there is none they are skipped."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NEEDED = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: .ci/chromium installs it")

PATIENCE = 20_000
"""Milliseconds for what takes one second, since others use the same cores."""
expect.set_options(timeout=PATIENCE)

_QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
"""Nothing but the page under test is asked for; without a sandbox, since containers have none to give."""


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as driver:
        running = await driver.chromium.launch(executable_path=CHROMIUM, args=_QUIET)
        try:
            yield running
        finally:
            await running.close()


@asynccontextmanager
async def tab(
    running: Browser, width: int = 1280, height: int = 900, *, dark: bool = False, alone: bool = False
) -> AsyncIterator[Page]:
    """Yield a page of its own; what it complains about fails the test, unless it is to be left ``alone``."""
    context = await running.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
    )
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    try:
        yield page
        assert alone or said == []
    finally:
        await context.close()
