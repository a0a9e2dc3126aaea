"""How long a click takes through the whole chain, and which part of it is spent in the page: `make bench`.

Starts the product as the end-to-end tests do, with nothing attached to Chromium, and prints medians over 50 clicks.
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

_CLICKS = 50


async def _measure(client: Client, url: str) -> None:
    opened = (await client.act(action_pb2.Action(open_tab=action_pb2.OpenTabAction(url=url)))).result
    tab = opened.current_tab_id
    whole = state_pb2.StateRequest(scope=state_pb2.STATE_SCOPE_PAGE)
    state = (await client.get_page_state(tab, options=whole)).page_state
    button = next(e.id for e in state.actionable_elements if e.name == "Add to cart")
    click = action_pb2.Action(click=action_pb2.ClickAction(element_id=button))
    total_ms, page_ms, settle_ms, ping_ms = [], [], [], []
    for _ in range(_CLICKS):
        began = time.perf_counter()
        result = (await client.act(click, tab)).result
        total_ms.append((time.perf_counter() - began) * 1000)
        if result.status != action_pb2.ACTION_STATUS_SUCCEEDED:
            raise RuntimeError(result.error_info.message)
        page_ms.append(result.timing.in_page_us / 1000)
        settle_ms.append(result.timing.settle_us / 1000)
        began = time.perf_counter()
        await client.ping(tab, into_page=True)
        ping_ms.append((time.perf_counter() - began) * 1000)
    print(f"{_CLICKS} clicks, client to page and back")
    for name, values in (
        ("click, whole", total_ms),
        ("  of it in the page", page_ms),
        ("  of it settling", settle_ms),
        ("ping into the page", ping_ms),
    ):
        print(f"  {name:24} median {statistics.median(values):7.1f} ms   max {max(values):7.1f} ms")


async def main() -> None:
    """Runs the benchmark."""
    pages = PageServer(ROOT / "tests" / "pages")
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder), {"TABWIRE_BROWSER_ARGS": ""})
        await stack.start()
        try:
            async with stack.client() as client:
                await _measure(client, pages.url("chain/actions.html"))
        finally:
            await stack.stop()
            pages.close()


if __name__ == "__main__":
    asyncio.run(main())
