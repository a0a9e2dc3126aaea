"""Playwright's side of the benchmark: aria snapshot, click and fill, in its own environment and Debian's Chromium.

Elements are found by CSS id, which is the cheapest way for Playwright; `click_by_role` also measures the way that an
agent has, which knows role and name from the snapshot.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
from typing import TYPE_CHECKING, Any

from playwright.async_api import async_playwright

from bench.rivals.wire import Lost, Stopwatch, serve

if TYPE_CHECKING:
    from playwright.async_api import Browser, FrameLocator, Page

# Playwright's own limit is 30 s.
_LIMIT_MS = 30_000


class PlaywrightSide:
    """One browser with one page at a time."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._page: Page | None = None

    async def about(self, _request: dict[str, Any]) -> dict[str, Any]:
        """What is measured."""
        return {"version": importlib.metadata.version("playwright"), "browser": self._browser.version}

    async def open(self, request: dict[str, Any]) -> dict[str, Any]:
        """Opens an address; the number of nodes that the browser counts in all documents and shadow trees."""
        self._page = await self._browser.new_page(viewport={"width": 1280, "height": 800})
        with Stopwatch() as watch:
            await self._page.goto(request["url"])
        counts = [await frame.evaluate(_COUNT) for frame in self._page.frames]
        return {"ms": watch.ms, "nodes": sum(counts)}

    async def state(self, request: dict[str, Any]) -> dict[str, Any]:
        """An aria snapshot. The mode "ai" goes into frames and gives references, the default one does not."""
        page = self._shown()
        with Stopwatch() as watch:
            text = await page.aria_snapshot(mode=request["mode"], timeout=_LIMIT_MS)
        if not text.strip():
            raise Lost("the snapshot is empty")
        told = {"ms": watch.ms, "bytes": len(text.encode()), "elements": text.count("\n") + 1}
        return {**told, "text": text} if request.get("keep") else told

    async def click(self, request: dict[str, Any]) -> dict[str, Any]:
        """A bare click."""
        target = self._around(request).locator(request["css"])
        with Stopwatch() as watch:
            await target.click(timeout=_LIMIT_MS)
        return {"ms": watch.ms}

    async def click_by_role(self, request: dict[str, Any]) -> dict[str, Any]:
        """A click on what is found as an agent finds it."""
        target = self._around(request).get_by_role(request["role"], name=request["name"], exact=True)
        with Stopwatch() as watch:
            await target.click(timeout=_LIMIT_MS)
        return {"ms": watch.ms}

    async def input(self, request: dict[str, Any]) -> dict[str, Any]:
        """Fills a field."""
        target = self._around(request).locator(request["css"])
        with Stopwatch() as watch:
            await target.fill(request["text"], timeout=_LIMIT_MS)
        if await target.input_value() != request["text"]:
            raise Lost("the field holds another text")
        return {"ms": watch.ms}

    async def read(self, request: dict[str, Any]) -> dict[str, Any]:
        """The text of an element, to see what really happened."""
        return {"text": await self._around(request).locator(request["css"]).text_content()}

    async def close(self, _request: dict[str, Any]) -> dict[str, Any]:
        """Closes the page."""
        await self._shown().close()
        self._page = None
        return {}

    def _shown(self) -> Page:
        if self._page is None:
            raise Lost("no page is open")
        return self._page

    def _around(self, request: dict[str, Any]) -> Page | FrameLocator:
        page = self._shown()
        return page.frame_locator(request["frame_css"]) if request.get("frame_css") else page


_COUNT = """() => {
  const count = (root) => [...root.querySelectorAll("*")].reduce(
    (sum, element) => sum + 1 + (element.shadowRoot ? count(element.shadowRoot) : 0), 0);
  return count(document);
}"""


async def main() -> None:
    """Starts the browser and answers."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            headless=True,
            args=_ARGUMENTS,
        )
        side = PlaywrightSide(browser)
        names = ("about", "open", "state", "click", "click_by_role", "input", "read", "close")
        await serve({name: getattr(side, name) for name in names})
        await browser.close()


_ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

if __name__ == "__main__":
    asyncio.run(main())
