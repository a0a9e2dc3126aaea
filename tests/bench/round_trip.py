"""How long a click takes through the whole chain on a small page, and which part of it is spent where.

A part of the benchmark (run.py), and a program of its own for a quick look while something is changed. Starts the
product as the end-to-end tests do, with nothing attached to Chromium.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.page_server import PageServer
from e2e.stack import ROOT, Stack
from tabwire.v1 import action_pb2, state_pb2

if TYPE_CHECKING:
    from tabwire.client import Client

WORDS = {
    "click": "click, client to page and back",
    "in_page": "of it in the page",
    "settle": "of that settling",
    "ping": "ping into the page",
    "ping_browser": "of it from the server's link on",
    "ping_page": "of that from the service worker into the page",
}


async def measure(clicks: int) -> dict[str, list[float]]:
    """Milliseconds of each part, by the keys of WORDS."""
    pages = PageServer(ROOT / "tests" / "pages")
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder), {"TABWIRE_BROWSER_ARGS": ""})
        await stack.start()
        try:
            async with stack.client() as client:
                return await _measure(client, pages.url("chain/actions.html"), clicks)
        finally:
            await stack.stop()
            pages.close()


async def _measure(client: Client, url: str, clicks: int) -> dict[str, list[float]]:
    opened = (await client.act(action_pb2.Action(open_tab=action_pb2.OpenTabAction(url=url)))).result
    tab = opened.current_tab_id
    whole = state_pb2.StateRequest(scope=state_pb2.STATE_SCOPE_PAGE)
    state = (await client.get_page_state(tab, options=whole)).page_state
    button = next(e.id for e in state.actionable_elements if e.name == "Add to cart")
    click = action_pb2.Action(click=action_pb2.ClickAction(element_id=button))
    times: dict[str, list[float]] = {name: [] for name in WORDS}
    for _ in range(clicks):
        began = time.perf_counter()
        result = (await client.act(click, tab)).result
        times["click"].append((time.perf_counter() - began) * 1000)
        if result.status != action_pb2.ACTION_STATUS_SUCCEEDED:
            raise RuntimeError(result.error_info.message)
        times["in_page"].append(result.timing.in_page_us / 1000)
        times["settle"].append(result.timing.settle_us / 1000)
        began = time.perf_counter()
        hops = (await client.ping(tab, into_page=True)).hops
        times["ping"].append((time.perf_counter() - began) * 1000)
        times["ping_browser"].append(hops[0].round_trip_us / 1000)
        times["ping_page"].append(hops[-1].round_trip_us / 1000)
    return times


def main() -> None:
    """Measures and prints."""
    for name, values in asyncio.run(measure(50)).items():
        print(f"{WORDS[name]:48} median {statistics.median(values):7.1f} ms   max {max(values):7.1f} ms")


if __name__ == "__main__":
    main()
