"""What the extension costs a page while no task runs: its script's size, its evaluation at page load, and after that.

A paired and connected product, with Chromium's own trace as the witness: every run of extension code in a page is an
event in it. The page is busy by itself (it changes its DOM all the time), then it is used by a person (real clicks and
keys). The same loads in a Chromium without the extension tell what loading costs without it.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.async_api import async_playwright

from bench import pages
from bench.host import PageHost
from bench.side import ROOT
from e2e.stack import EXTENSION_ID, Stack, tab_id

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext

    from tabwire.client import Client

_BUILT = ROOT / "extension" / ".output" / "chrome-mv3"
# What never runs in a web page.
_ELSEWHERE = "background.js"
# What only rarer actions, and only tabs that are not in front, get when they first need it.
_RARE = {"extras.js", "kept_frames.js"}
_CATEGORIES = ["devtools.timeline", "v8", "disabled-by-default-v8.compile", "blink.user_timing"]
_IDLE_S = 5.0
_WATCH_S = 2.0
_CLICKS = 10
_ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--window-size=1280,900"]
_LOAD = """() => {
  const [entry] = performance.getEntriesByType("navigation");
  return entry.loadEventEnd - entry.fetchStart;
}"""


async def measure(loads: int) -> dict[str, Any]:
    """All of it."""
    page, busy = pages.make("shop", 1_000), pages.make_busy()
    host = PageHost([page, busy])
    result: dict[str, Any] = {"loads": loads, "scripts": _scripts()}
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder))
        await stack.start()
        try:
            async with async_playwright() as playwright, stack.inspect() as context:
                plain = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_ARGUMENTS)
                without = await plain.new_context()
                result.update(await _load_cost(context, without, host.url(page), loads))
                await plain.close()
                async with stack.client() as client:
                    result["first_look_ms"] = await _first_look(context, client, host.url(page), loads)
                    result.update(await _idle_cost(context, client, host.url(busy)))
        finally:
            await stack.stop_if_running()
            host.close()
    return result


def _scripts() -> list[dict[str, Any]]:
    """The scripts that pages get: what the manifest has every page load, and what is put in when it is needed."""
    manifest = json.loads((_BUILT / "manifest.json").read_text(encoding="utf-8"))
    resident = {name for entry in manifest["content_scripts"] for name in entry["js"]}
    return [
        {
            "name": path.name,
            "resident": path.name in resident,
            "rare": path.name in _RARE,
            "bytes": path.stat().st_size,
            "gzipped": len(gzip.compress(path.read_bytes(), 9)),
        }
        for path in sorted(_BUILT.glob("*.js"))
        if path.name != _ELSEWHERE
    ]


async def _load_cost(context: BrowserContext, without: BrowserContext, url: str, loads: int) -> dict[str, Any]:
    """Loads of the page with and without the extension, in turn; and what its script took of those with it."""
    evaluated: list[float] = []
    cpu: list[float] = []
    times: dict[str, list[float]] = {"with": [], "without": []}
    for _ in range(loads):
        for name, where in (("with", context), ("without", without)):
            tab = await where.new_page()
            async with Trace(where) as trace:
                await tab.goto(url)
            if name == "with":
                own = [event for event in _own(trace.events, url) if event["name"] == "EvaluateScript"]
                evaluated.append(sum(event["dur"] for event in own) / 1000)
                cpu.append(sum(event.get("tdur", event["dur"]) for event in own) / 1000)
            await tab.goto(url)
            times[name].append(await tab.evaluate(_LOAD))
            await tab.close()
    return {
        "evaluate_ms": evaluated,
        "evaluate_cpu_ms": cpu,
        "load_with_ms": times["with"],
        "load_without_ms": times["without"],
    }


async def _first_look(context: BrowserContext, client: Client, url: str, looks: int) -> list[float]:
    """How long the extension's script is evaluated when a page is looked at for the first time."""
    spent = []
    for number in range(looks):
        tab = await context.new_page()
        await tab.goto(f"{url}?{number}")
        tab_number = await tab_id(client, tab)
        async with Trace(context) as trace:
            await client.get_page_state(tab_number)
        own = [event for event in _runs(trace.events) if EXTENSION_ID in json.dumps(event.get("args", {}))]
        # The service worker's own script was evaluated long before.
        spent.append(sum(event["dur"] for event in own if event["name"] == "EvaluateScript") / 1000)
        await tab.close()
    return spent


async def _idle_cost(context: BrowserContext, client: Client, url: str) -> dict[str, Any]:
    """What runs of the extension in a page that changes by itself, and in one that a person uses.

    Then a program watches the tab: that runs must be seen, or the trace would see none at all.
    """
    tab = await context.new_page()
    await tab.goto(url)
    async with Trace(context) as busy:
        await asyncio.sleep(_IDLE_S)
    changes = int(await tab.text_content("#count") or 0)
    async with Trace(context) as used:
        for number in range(_CLICKS):
            await tab.mouse.click(40 + number * 10, 40)
            await tab.keyboard.press("a")
            await tab.mouse.wheel(0, 20)
    watched = await _watched(context, client, await tab_id(client, tab), url)
    await tab.close()
    own_busy, own_used = _own(busy.events, url), _own(used.events, url)
    return {
        "idle_s": _IDLE_S,
        "idle_changes": changes,
        "idle_runs": len(own_busy),
        "idle_us": sum(event["dur"] for event in own_busy),
        "idle_page_runs": len(_runs(busy.events)) - len(own_busy),
        "used_events": _CLICKS * 3,
        "used_runs": len(own_used),
        "used_us": sum(event["dur"] for event in own_used),
        "watched_runs": watched,
    }


async def _watched(context: BrowserContext, client: Client, tab: int, url: str) -> int:
    """How much of the extension runs in a page while its tab is watched."""

    async def watch() -> None:
        async for _update in client.watch_tab(tab):
            pass

    watching = asyncio.create_task(watch())
    try:
        async with Trace(context) as trace:
            await asyncio.sleep(_WATCH_S)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    return len(_own(trace.events, url))


class Trace:
    """Records Chromium's trace for the length of a block."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self.events: list[dict[str, Any]] = []

    async def __aenter__(self) -> Trace:
        browser = self._context.browser
        assert browser is not None
        self._session = await browser.new_browser_cdp_session()
        self._done = asyncio.Event()
        self._session.on("Tracing.dataCollected", lambda data: self.events.extend(data["value"]))
        self._session.on("Tracing.tracingComplete", lambda _data: self._done.set())
        await self._session.send(
            "Tracing.start",
            {"traceConfig": {"includedCategories": _CATEGORIES}, "transferMode": "ReportEvents"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.send("Tracing.end")
        async with asyncio.timeout(30):
            await self._done.wait()
        await self._session.detach()


def _runs(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everything that runs script."""
    return [event for event in events if event.get("name") in _NAMES and "dur" in event]


_NAMES = frozenset({"EvaluateScript", "FunctionCall", "v8.compile", "TimerFire"})


def _own(events: list[dict[str, Any]], url: str) -> list[dict[str, Any]]:
    """What runs script of the extension in the processes that hold the page. The extension's own are not meant."""
    holders = {event["pid"] for event in events if url in json.dumps(event.get("args", {}))}
    if not holders:
        raise RuntimeError("The trace shows no work of the page itself, so it would show none of the extension.")
    runs = [event for event in _runs(events) if event["pid"] in holders]
    return [event for event in runs if EXTENSION_ID in json.dumps(event.get("args", {}))]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(5)), indent=1))
