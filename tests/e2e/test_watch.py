"""State updates that no command asked for: the page changes, goes elsewhere, is closed, and a watcher is told."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from e2e.stack import tab_id
from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext

    from e2e.page_server import PageServer
    from tabwire.client import Client

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_watcher_is_told_what_happens(client: Client, context: BrowserContext, pages: PageServer) -> None:
    page = await context.new_page()
    await page.goto(pages.fresh("chain/actions.html"))
    number = await tab_id(client, page)

    async with aclosing(client.watch_tab(number)) as updates, asyncio.timeout(60):
        first = await anext(updates)
        assert first.page_state.title == "Every action"

        await page.evaluate("document.body.insertAdjacentHTML('afterbegin', '<button>Brand new</button>'.repeat(3))")
        update = await anext(updates)
        while update.cause != state_pb2.STATE_CAUSE_MUTATION:
            update = await anext(updates)
        assert "Brand new" in [e.name for e in update.page_state.actionable_elements]

        await page.goto(pages.fresh("chain/second.html"))
        while update.page_state.title != "Second page":
            update = await anext(updates)

        await page.close()
        while update.cause != state_pb2.STATE_CAUSE_TAB_CLOSED:
            update = await anext(updates)
        assert not update.HasField("page_state")
