"""browser-use's side of the benchmark: page state, click and input, in its own environment and Debian's Chromium.

What is called is what its own agent calls: `get_browser_state_summary` for the state, and its tools' `click` and
`input` for the actions. In its favour the state is taken without the screenshot that the agent always takes with it,
without highlighting, and without the extensions that it would download. No model is called.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
from typing import TYPE_CHECKING, Any

os.environ.setdefault("ANONYMIZED_TELEMETRY", "false")
os.environ.setdefault("BROWSER_USE_CLOUD_SYNC", "false")
os.environ.setdefault("BROWSER_USE_VERSION_CHECK", "false")
os.environ.setdefault("BROWSER_USE_LOGGING_LEVEL", "error")

# Installed in this side's own environment only.
from browser_use import BrowserProfile, BrowserSession, Tools  # type: ignore[import-not-found]

from bench.rivals.wire import Lost, Stopwatch, serve

if TYPE_CHECKING:
    from browser_use.agent.views import ActionResult  # type: ignore[import-not-found]


class BrowserUseSide:
    """One session with one tab."""

    def __init__(self, session: BrowserSession) -> None:
        self._session = session
        self._tools = Tools()
        self._seen: dict[int, Any] = {}

    async def about(self, _request: dict[str, Any]) -> dict[str, Any]:
        """What is measured."""
        return {"version": importlib.metadata.version("browser-use")}

    async def open(self, request: dict[str, Any]) -> dict[str, Any]:
        """Opens an address."""
        self._seen = {}
        with Stopwatch() as watch:
            await self._session.navigate_to(request["url"])
        return {"ms": watch.ms}

    async def state(self, request: dict[str, Any]) -> dict[str, Any]:
        """The page state as its agent gets it, down to the text for the model."""
        with Stopwatch() as watch:
            summary = await self._session.get_browser_state_summary(include_screenshot=False)
            text = summary.dom_state.llm_representation()
        self._seen = dict(summary.dom_state.selector_map)
        if not self._seen:
            raise Lost(f"it gave an empty state after {watch.ms / 1000:.0f} s")
        told = {"ms": watch.ms, "bytes": len(text.encode()), "elements": len(self._seen)}
        return {**told, "text": text} if request.get("keep") else told

    async def click(self, request: dict[str, Any]) -> dict[str, Any]:
        """A click by index."""
        index = self._index(request)
        with Stopwatch() as watch:
            result = await self._tools.click(index=index, browser_session=self._session)
        _check(result)
        return {"ms": watch.ms}

    async def input(self, request: dict[str, Any]) -> dict[str, Any]:
        """Types into a field by index."""
        index = self._index(request)
        with Stopwatch() as watch:
            result = await self._tools.input(
                index=index, text=request["text"], clear=True, browser_session=self._session
            )
        _check(result)
        value = await self._evaluate(f"() => document.querySelector({request['css']!r}).value")
        if value != request["text"]:
            raise Lost(f"the field holds {len(value)} characters, not what was typed")
        return {"ms": watch.ms}

    async def read(self, request: dict[str, Any]) -> dict[str, Any]:
        """The text of an element, to see what really happened."""
        document = "document"
        if request.get("frame_css"):
            document = f"document.querySelector({request['frame_css']!r}).contentDocument"
        return {"text": await self._evaluate(f"() => {document}.querySelector({request['css']!r}).textContent")}

    async def close(self, _request: dict[str, Any]) -> dict[str, Any]:
        """Leaves the page."""
        self._seen = {}
        await self._session.navigate_to("about:blank")
        return {}

    async def _evaluate(self, script: str) -> str:
        page = await self._session.must_get_current_page()
        return str(await page.evaluate(script))

    def _index(self, request: dict[str, Any]) -> int:
        """The index of an element in the latest state, by its id in the page."""
        wanted = request["css"].removeprefix("#")
        for index, node in self._seen.items():
            if (node.attributes or {}).get("id") == wanted:
                return int(index)
        raise Lost("its state does not list the element" if self._seen else "it has no state to act from")


def _check(result: ActionResult) -> None:
    if result.error:
        raise Lost(result.error)


async def main() -> None:
    """Starts the browser and answers."""
    profile = BrowserProfile(
        executable_path="/usr/bin/chromium",
        headless=True,
        chromium_sandbox=False,
        enable_default_extensions=False,
        highlight_elements=False,
        viewport={"width": 1280, "height": 800},
        args=["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"],
        user_data_dir=None,
    )
    session = BrowserSession(browser_profile=profile)
    await session.start()
    side = BrowserUseSide(session)
    names = ("about", "open", "state", "click", "input", "read", "close")
    await serve({name: getattr(side, name) for name in names})
    await session.kill()


if __name__ == "__main__":
    asyncio.run(main())
