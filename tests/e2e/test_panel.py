"""The side panel's page, opened in a tab: connection, a task with its steps, a question, history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import expect

from e2e.stack import PANEL_URL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import BrowserContext, Page

    from e2e.page_server import PageServer

pytestmark = pytest.mark.asyncio(loop_scope="session")
_PATIENT_MS = 45_000


@pytest_asyncio.fixture(loop_scope="session")
async def site(context: BrowserContext, pages: PageServer) -> AsyncIterator[Page]:
    page = await context.new_page()
    await page.goto(pages.fresh("chain/actions.html"))
    yield page
    await page.close()


@pytest_asyncio.fixture(loop_scope="session")
async def panel(site: Page, context: BrowserContext) -> AsyncIterator[Page]:
    page = await context.new_page()
    await page.goto(PANEL_URL)
    yield page
    await page.close()


async def test_it_shows_that_it_is_connected(panel: Page) -> None:
    await expect(panel.get_by_test_id("connection")).to_contain_text("onnected", timeout=_PATIENT_MS)


async def test_a_task_from_the_panel_to_the_page_and_back(panel: Page, site: Page) -> None:
    await panel.get_by_test_id("task-input").fill('click "Add to cart" then read "Total"')
    await panel.get_by_test_id("task-send").click()
    await expect(panel.get_by_test_id("result")).to_contain_text("$7.00", timeout=_PATIENT_MS)
    assert await site.evaluate("truth.clicks") == 1
    await expect(panel.get_by_test_id("step")).to_have_count(2)


async def test_a_question_is_answered_and_the_task_is_kept(panel: Page, site: Page) -> None:
    await panel.get_by_test_id("task-input").fill('ask "Really?" then click "Add to cart"')
    await panel.get_by_test_id("task-input").press("Enter")
    await expect(panel.get_by_test_id("question")).to_contain_text("Really?", timeout=_PATIENT_MS)
    # Closing the panel stops nothing, and opening it again shows where the task stands.
    await panel.reload()
    await expect(panel.get_by_test_id("question")).to_contain_text("Really?", timeout=_PATIENT_MS)
    await panel.get_by_test_id("answer-input").fill("Yes")
    await panel.get_by_test_id("answer-send").click()
    await expect(panel.get_by_test_id("task-state")).to_contain_text("one", timeout=_PATIENT_MS)
    assert await site.evaluate("truth.clicks") == 1


async def test_a_command_that_cannot_be_read_is_shown_with_its_place(panel: Page) -> None:
    await panel.get_by_test_id("task-input").fill("click the thing without quotes")
    await panel.get_by_test_id("task-send").click()
    await expect(panel.locator("body")).to_contain_text("TABWIRE_MODEL", timeout=_PATIENT_MS)
