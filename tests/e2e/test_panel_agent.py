"""The side panel beside an agent that a model drives: what it thinks as it comes, its plan, a tab handed over and back.

The model is a scripted double that streams slowly; all else is real.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from doubles.scripted_model import Reply, decide, done, on
from e2e.stack import PANEL_URL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.agent import Agent
    from e2e.page_server import PageServer

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]
_PATIENT_MS = 45_000
_THOUGHT = "The page has one button that puts things into the cart, and it is the first one of them all."


@pytest.fixture
def streaming(agent: Agent) -> Iterator[Agent]:
    agent.model.streams = True
    yield agent
    agent.model.streams = False


async def test_thinking_plan_and_a_hand_over_are_seen_and_answered_in_the_panel(
    streaming: Agent, pages: PageServer
) -> None:
    agent = streaming
    plan = "[x] Open the shop\n[>] Fill the cart\n[ ] Say what it costs"
    slow = {**decide(read_text={}), "reasoning": _THOUGHT, "next_goal": "Read the total", "plan": plan}
    agent.will(
        Reply(json.dumps(slow), pace_s=0.3),
        decide(hand_over={"prompt": "Please choose the colour."}),
        on('button "Add to cart"'),
        done("Total: $7.00"),
    )
    site, _ = await agent.visit(pages.fresh("chain/actions.html"))
    panel = await agent.context.new_page()
    await panel.goto(PANEL_URL)
    await panel.get_by_test_id("task-input").fill("Put one into the cart")
    await panel.get_by_test_id("task-send").click()
    step = panel.get_by_test_id("step")
    await expect(step).to_contain_text("The page has one button", timeout=_PATIENT_MS)
    assert _THOUGHT not in await step.inner_text(), "it is shown as it comes"
    await expect(step.first).to_contain_text(_THOUGHT, timeout=_PATIENT_MS)
    await expect(panel.get_by_test_id("plan").get_by_role("listitem")).to_have_text(
        ["Open the shop (done)", "Fill the cart (under way)", "Say what it costs (to do)"], timeout=_PATIENT_MS
    )
    await expect(panel.get_by_test_id("question")).to_contain_text("Please choose the colour.", timeout=_PATIENT_MS)
    await site.locator("select").select_option("Blue")
    await panel.get_by_test_id("hand-back-note").fill("Blue it is.")
    await panel.get_by_test_id("hand-back").click()
    await expect(panel.get_by_test_id("result")).to_contain_text("$7.00", timeout=_PATIENT_MS)
    assert await site.evaluate("[truth.clicks, truth.chosen]") == [1, "b"]
    told = agent.model.requests[2].last
    assert "Blue it is." in told
    assert "Blue" in told.split("Blue it is.", 1)[1], "what the person changed is told with it"
    await panel.close()
    await site.close()
