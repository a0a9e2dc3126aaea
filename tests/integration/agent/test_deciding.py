"""What the loop does with decisions: batches, plans, candidates, and the agent's word that it is done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from doubles.browser_double import BrowserDouble, element, shop
from doubles.scripted_model import Request, ScriptedModel, decide, done, on
from integration.task.harness import house
from tabwire.v1 import action_pb2, error_pb2, task_pb2

if TYPE_CHECKING:
    from pathlib import Path

    from doubles.browser_double import TabDouble


def _with(model: ScriptedModel, **fields: Any) -> dict[str, Any]:
    return {"model": "scripted", "openai_base_url": model.base_url, **fields}


def _both(first: int, second: int) -> dict[str, Any]:
    return decide({"click": {"element_id": first}}, {"click": {"element_id": second}})


async def test_the_rest_of_a_decision_is_dropped_when_what_it_aimed_at_became_something_else(tmp_path: Path) -> None:
    def becomes_pay(browser: BrowserDouble, tab: TabDouble, action: action_pb2.Action) -> None:
        if action.HasField("click"):
            tab.elements[3] = element(4, "button", "Pay now")

    browser = BrowserDouble(on_effect=becomes_pay)
    with ScriptedModel([_both(3, 4), done()]) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            await home.ended((await home.create("do it")).task_id)
    assert [kind for kind, _ in browser.executed] == ["click"]
    assert "2. click: dropped, because the page changed before it" in model.requests[1].last
    assert 'button "Pay now"' in model.requests[1].last


async def test_an_element_that_is_gone_is_told_with_what_may_have_been_meant(tmp_path: Path) -> None:
    browser = BrowserDouble()

    def too_late(request: Request) -> dict[str, Any]:
        """The page is drawn anew while the model still thinks about what it was shown."""
        browser.tabs[1].elements = [element(40, "button", "Add to the cart"), *shop()[4:]]
        return decide(click={"element_id": request.element('button "Add to cart"')})

    with ScriptedModel([too_late, on('button "Add to the cart"'), done()]) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            ended = await home.ended((await home.create("do it")).task_id)
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
    assert "STALE_ELEMENT" in model.requests[1].last
    assert 'perhaps [40] "Add to the cart"' in model.requests[1].last
    candidates = ended.steps[0].results[0].error_info.details.candidates.candidates
    assert [one.element_id for one in candidates] == [40]


async def test_the_models_plan_is_the_tasks_and_is_not_told_back_to_it(tmp_path: Path) -> None:
    planned = {**decide({"reload": {}}), "plan": "[x] look\n[>] press"}
    with ScriptedModel([planned, on('button "Go"'), done()]) as model:
        async with house(tmp_path, BrowserDouble(), **_with(model)) as home:
            ended = await home.ended((await home.create("do it")).task_id)
    items = [(item.text, item.status) for item in ended.plan.items]
    assert items == [("look", task_pb2.PLAN_STATUS_DONE), ("press", task_pb2.PLAN_STATUS_ACTIVE)]
    assert "plan" not in model.requests[1].last


async def test_a_success_that_nothing_bears_out_is_told_back_and_fails_in_the_end(tmp_path: Path) -> None:
    with ScriptedModel([done("I bought it."), done("Really.")]) as model:
        async with house(tmp_path, BrowserDouble(), **_with(model)) as home:
            ended = await home.ended((await home.create("buy it")).task_id)
    assert ended.state == task_pb2.TASK_STATE_FAILED
    assert ended.cause.code == error_pb2.ERROR_CODE_SUCCESS_NOT_SHOWN
    assert ended.result == "Really.", "what it said is not lost"
    assert "SUCCESS_NOT_SHOWN" in model.requests[1].last


async def test_a_success_carries_what_was_seen(tmp_path: Path) -> None:
    with ScriptedModel([on('button "Add to cart"'), done("It is in the cart.")]) as model:
        async with house(tmp_path, BrowserDouble(), **_with(model)) as home:
            ended = await home.ended((await home.create("buy it")).task_id)
    assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
    assert "click 4" in ended.evidence


@pytest.mark.parametrize("mended", [True, False])
async def test_a_result_is_held_to_its_schema(tmp_path: Path, mended: bool) -> None:
    schema = json.dumps({"type": "object", "required": ["total"]})
    answers = [on('button "Go"'), done("none"), done('{"sum": "x"}'), done('{"total": "$0.00"}' if mended else "no")]
    with ScriptedModel(answers) as model:
        async with house(tmp_path, BrowserDouble(), **_with(model)) as home:
            ended = await home.ended((await home.create("what is the total?", output_schema=schema)).task_id)
    assert "RESULT_INVALID" in model.requests[2].last
    if mended:
        assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
        assert json.loads(ended.result) == {"total": "$0.00"}
    else:
        assert ended.cause.code == error_pb2.ERROR_CODE_RESULT_INVALID, ended.cause


async def test_a_tab_that_was_handed_over_is_looked_at_anew(tmp_path: Path) -> None:
    browser = BrowserDouble()
    with ScriptedModel([decide(hand_over={"prompt": "Log in, please"}), on('button "Account"'), done()]) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            task = await home.create("do it")
            asked = await home.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_HUMAN)
            assert asked.human_request.kind == task_pb2.HUMAN_REQUEST_KIND_HANDOVER
            browser.tabs[1].elements[2] = element(30, "button", "Account")
            await home.answer(task.task_id, "")
            ended = await home.ended(task.task_id)
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
    assert 'button "Account"' in model.requests[1].last
    assert "handed the tab back" in model.requests[1].last


async def test_the_cost_has_a_limit(tmp_path: Path) -> None:
    limits = task_pb2.TaskLimits(max_cost_micro_usd=400)
    with ScriptedModel(then=on('button "Go"')) as model:
        prices = {"price_prompt": 2.0, "price_completion": 10.0}
        async with house(tmp_path, BrowserDouble(), **_with(model, **prices)) as home:
            ended = await home.ended((await home.create("do it", limits=limits)).task_id)
    assert ended.cause.code == error_pb2.ERROR_CODE_LIMIT_REACHED
    assert "max_cost_micro_usd" in ended.cause.remedy
    assert len(ended.steps) == 2
    assert ended.usage.cost_micro_usd == 600
