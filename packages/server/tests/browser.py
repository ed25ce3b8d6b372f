"""A real Chromium with the live page in it, signed in."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import BrowserContext, Page, async_playwright, expect
from stigmer_server.testing import CLIENT_KEY

from packages.server.tests.http_server import HttpServer, http_server

PHONE: Final = {"width": 320, "height": 640}
# Only to end at all what will never be: a slow machine is no defect of the page.
_PATIENCE_MS: Final = 120_000
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")


@dataclass(slots=True)
class LivePage:
    """The page, the server behind it, and what the browser complained about."""

    page: Page
    context: BrowserContext
    server: HttpServer
    complaints: list[str]

    async def show(self, path: str, heading: str) -> None:
        """Go to a view and wait until it is there."""
        await self.page.goto(f"{self.server.base_url}/#{path}")
        await self.page.get_by_role("heading", level=1, name=heading).wait_for()

    async def sign_in(self, key: str = CLIENT_KEY) -> None:
        """Open the page and give it the key."""
        await self.page.goto(self.server.base_url)
        await self.page.get_by_label("API key").fill(key)
        await self.page.get_by_role("button", name="Sign in").click()
        await self.page.get_by_role("heading", level=1, name="Runs").wait_for()


def chromium() -> str:
    """The browser: CHROMIUM, or one on the PATH. Raises RuntimeError when there is none."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if not found:
        raise RuntimeError("there is no Chromium on the PATH: install it (`apt-get install chromium`) or set CHROMIUM")
    return found


@asynccontextmanager
async def live_page(folder: Path, *, signed_in: bool = True, **options: Any) -> AsyncIterator[LivePage]:
    """The page of a new server; `options` are those of a Playwright context. Complaints of the browser are failures."""
    async with http_server(folder) as server, browser_page(**options) as (context, page, complaints):
        live = LivePage(page=page, context=context, server=server, complaints=complaints)
        if signed_in:
            await live.sign_in()
        yield live


@asynccontextmanager
async def browser_page(**options: Any) -> AsyncIterator[tuple[BrowserContext, Page, list[str]]]:
    """An empty page of a new browser, and what the browser complains about, which must be nothing at the end."""
    async with async_playwright() as playwright:
        # In containers tests run as root, where Chromium's own sandbox cannot be had.
        browser = await playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox"], timeout=_PATIENCE_MS
        )
        try:
            context = await browser.new_context(
                **{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **options}
            )
            context.set_default_timeout(_PATIENCE_MS)
            expect.set_options(timeout=_PATIENCE_MS)
            page = await context.new_page()
            complaints: list[str] = []
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
            yield context, page, complaints
            # A refusal or a cut that the test asked for is told by the browser too.
            assert [text for text in complaints if "Failed to load resource" not in text and "net::" not in text] == []
        finally:
            await browser.close()
