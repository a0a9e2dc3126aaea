"""What cannot be taken back is asked about first, with the exact action; and what people do all day is not.

The model is a scripted double behind the real HTTP interface; page, browser, edge and server are real, the policy is
the default one. What was done is read from the page itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from doubles.scripted_model import decide, done, on
from e2e.agent import SUCCEEDED, answering, approvals
from e2e.stack import PANEL_URL
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2, policy_pb2, task_pb2

if TYPE_CHECKING:
    from e2e.agent import Agent
    from e2e.page_server import PageServer

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]
_PATIENT_MS = 45_000
_ORDER = 'button "Place order"'


async def test_an_order_is_shown_in_the_panel_approved_there_and_placed_once(agent: Agent, pages: PageServer) -> None:
    agent.will(on(_ORDER), done())
    site, _ = await agent.visit(pages.fresh("policy/checkout.html"))
    panel = await agent.context.new_page()
    await panel.goto(PANEL_URL)
    await panel.get_by_test_id("task-input").fill("Order the stapler")
    await panel.get_by_test_id("task-send").click()
    facts = panel.get_by_test_id("approval-facts")
    await expect(facts).to_contain_text("127.0.0.1", timeout=_PATIENT_MS)
    await expect(facts).to_contain_text("spend money")
    question = panel.get_by_test_id("question")
    await expect(question).to_contain_text('click the button "Place order"')
    await expect(question).to_contain_text('Deliver to "1 Main Street"')
    assert await site.evaluate("truth.ordered") == [], "nothing is done before the person has said so"
    await panel.get_by_test_id("approve").click()
    await expect(panel.get_by_test_id("result")).to_be_visible(timeout=_PATIENT_MS)
    assert await site.evaluate("truth.ordered") == ["1 Main Street"]
    task = (await agent.client.list_tasks()).tasks[0]
    effects = await agent.stack.cli_json("task", "effects", task.task_id)
    ordered = [effect for effect in effects["effects"] if effect.get("consequences") == ["CONSEQUENCE_BUY"]]
    assert {effect["approved"] for effect in ordered} == {True}
    await panel.close()
    await site.close()


async def test_an_order_is_approved_at_the_command_line(agent: Agent, pages: PageServer) -> None:
    agent.will(on(_ORDER), done())
    url = pages.fresh("policy/checkout.html")
    site, here = await agent.visit(url)
    task = await agent.client.create_task("order it", context=here)
    request = await agent.asked(task.task_id)
    assert request.kind == task_pb2.HUMAN_REQUEST_KIND_APPROVAL
    assert list(request.consequences) == [policy_pb2.CONSEQUENCE_BUY]
    assert request.action.HasField("click")
    code, out, err = await agent.stack.cli("task", "show", task.task_id)
    assert code == 0
    assert "Place order" in out + err
    assert await site.evaluate("truth.ordered") == []
    code, out, err = await agent.stack.cli("task", "answer", task.task_id, "yes")
    assert code == 0, out + err
    await agent.succeeded(task.task_id)
    assert await site.evaluate("truth.ordered") == ["1 Main Street"]
    await site.close()


async def test_what_is_denied_is_not_done_and_the_agent_goes_on_otherwise(agent: Agent, pages: PageServer) -> None:
    agent.will(on('button "Delete cart"'), on('button "Save for later"'), done())
    url = pages.fresh("policy/checkout.html")
    site, here = await agent.visit(url)
    task = await agent.client.create_task("get rid of the cart", context=here)
    request = await agent.asked(task.task_id)
    assert list(request.consequences) == [policy_pb2.CONSEQUENCE_DELETE]
    panel = await agent.context.new_page()
    await panel.goto(PANEL_URL)
    await panel.get_by_role("button", name="History").click()
    await panel.get_by_text("get rid of the cart").first.click()
    await panel.get_by_test_id("deny-reason").fill("I still need what is in it.")
    await panel.get_by_test_id("deny").click()
    ended = await agent.succeeded(task.task_id)
    assert await site.evaluate("[truth.deleted, truth.saved]") == [0, 1]
    told = agent.model.requests[1].last
    assert "APPROVAL_DENIED" in told
    assert "I still need what is in it." in told
    assert ended.steps[0].results[0].error_info.error_code == error_pb2.ERROR_CODE_APPROVAL_DENIED
    await panel.close()
    await site.close()


async def test_what_changed_since_it_was_shown_is_asked_anew_and_not_done(agent: Agent, pages: PageServer) -> None:
    agent.will(on(_ORDER), done())
    url = pages.fresh("policy/checkout.html")
    site, here = await agent.visit(url)
    task = await agent.client.create_task("order it", context=here)
    shown = await agent.asked(task.task_id)
    await site.evaluate("document.querySelector('[name=address]').value = '666 Elsewhere'")
    await agent.client.answer_task(
        task.task_id, request_id=shown.request_id, approve=True, action_digest=shown.action_digest
    )
    again = await agent.asked(task.task_id, after=shown.request_id)
    assert await site.evaluate("truth.ordered") == [], "what was approved is not what would be sent now"
    assert again.action_digest != shown.action_digest
    with pytest.raises(TabwireError) as refused:
        await agent.client.answer_task(
            task.task_id, request_id=again.request_id, approve=True, action_digest=shown.action_digest
        )
    assert refused.value.code == error_pb2.ERROR_CODE_FAILED_PRECONDITION
    assert await site.evaluate("truth.ordered") == []
    await agent.client.answer_task(
        task.task_id, request_id=again.request_id, approve=True, action_digest=again.action_digest
    )
    await agent.succeeded(task.task_id)
    assert await site.evaluate("truth.ordered") == ["666 Elsewhere"]
    await site.close()


async def test_what_people_do_all_day_is_never_asked_about(agent: Agent, pages: PageServer) -> None:
    """Reading, links, searches, filters, logging in, carts: who is asked about these soon approves everything."""
    url = pages.fresh("policy/browse.html")
    buttons = (
        "Accept all",
        "Price",
        "Add to cart",
        "Load more",
        "Next",
        "Close",
        "Cancel",
        "Apply",
        "Search",
        "Log in",
    )
    agent.will(
        lambda request: decide(
            {"input_text": {"element_id": request.element('searchbox "Search"'), "text": "stapler", "submit": True}}
        ),
        lambda request: decide(
            {"input_text": {"element_id": request.element('textbox "At most"'), "text": "5"}},
            {"set_checked": {"element_id": request.element('checkbox "In stock"'), "checked": True}},
            {"select_option": {"element_id": request.element('combobox "Colour"'), "options": ["Blue"]}},
        ),
        *(on(f'button "{name}"') for name in buttons),
        on('link "Help"'),
        on('link "Trash"'),
        decide(go_back={}),
        on('link "How to buy a stapler'),
        decide(go_back={}),
        decide(scroll={"direction": "down"}),
        decide(find_text={"text": "stapler"}),
        on('link "Order history"'),
        decide(go_back={}),
        decide(open_tab={"url": pages.fresh("chain/second.html")}),
        decide(read_text={}),
        done(),
    )
    task = await agent.client.create_task("look around", start_url=url)
    ended, asked = await answering(agent.client, task.task_id, lambda _: False)
    assert ended.state == SUCCEEDED, (ended.cause, approvals(asked))
    assert approvals(asked) == []
    failed = [r.error_info for step in ended.steps for r in step.results if r.HasField("error_info")]
    assert failed == []
    async with agent.stack.client() as client:
        effects = [effect.description for effect in (await client.list_task_effects(task.task_id)).effects]
    assert len(effects) >= len(buttons), effects
    for page in agent.context.pages:
        if "chain/second.html" in page.url or page.url.startswith(url):
            await page.close()
