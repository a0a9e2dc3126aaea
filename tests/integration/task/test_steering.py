"""What people do to a running agent: talk to it, cut it off, approve, hand over and take back, use its tab, be late."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from doubles.browser_double import BrowserDouble
from doubles.scripted_model import ScriptedModel, decide, done, on
from integration.task.harness import House, house
from tabwire.errors import TabwireError
from tabwire.task.fold import fold
from tabwire.v1 import action_pb2, error_pb2, policy_pb2, task_pb2

if TYPE_CHECKING:
    from pathlib import Path

WAITING, PAUSED = task_pb2.TASK_STATE_WAITING_HUMAN, task_pb2.TASK_STATE_PAUSED
SUCCEEDED, FAILED = task_pb2.TASK_STATE_SUCCEEDED, task_pb2.TASK_STATE_FAILED
GO = on('button "Go"')


def _with(model: ScriptedModel) -> dict[str, Any]:
    return {"model": "scripted", "openai_base_url": model.base_url, "openai_api_key": "key"}


async def _code(call: Any) -> error_pb2.ErrorCode.ValueType:
    with pytest.raises(TabwireError) as raised:
        await call
    return raised.value.code


async def test_what_a_person_says_reaches_the_model_at_its_next_turn(tmp_path: Path) -> None:
    browser = BrowserDouble()
    reached, go_on = browser.holding("click")
    with ScriptedModel([GO, done()]) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            task = await home.create("do it")
            await reached.wait()
            await home.steer(task.task_id, "Take the blue one.", message_id="m1")
            await home.steer(task.task_id, "Take the blue one.", message_id="m1")
            again = home.steer(task.task_id, "Take the red one.", message_id="m1")
            assert await _code(again) == error_pb2.ERROR_CODE_ALREADY_EXISTS
            go_on.set()
            ended = await home.ended(task.task_id)
            assert ended.state == SUCCEEDED, ended.cause
            said = [event for event in await home.events(task.task_id) if event.HasField("person_message")]
            assert len(said) == 1, "a repeat is the same message"
            assert await _code(home.steer(task.task_id, "Too late.")) == error_pb2.ERROR_CODE_FAILED_PRECONDITION
            assert browser.cancelled == []
    assert "Take the blue one." not in model.requests[0].whole
    assert model.requests[1].whole.count("Take the blue one.") == 1


async def test_an_interruption_cancels_the_action_and_reports_what_came_of_it(tmp_path: Path) -> None:
    browser = BrowserDouble()
    reached, _ = browser.holding("click")
    with ScriptedModel([GO, on('textbox "Search"', "input_text", text="x"), done()]) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            task = await home.create("do it")
            await reached.wait()
            await home.steer(task.task_id, "Not that one!", interrupt=True)
            ended = await home.ended(task.task_id)
            assert ended.state == SUCCEEDED, ended.cause
            first = ended.steps[0]
            assert first.status == task_pb2.STEP_STATUS_CANCELLED
            assert first.results[0].status == action_pb2.ACTION_STATUS_CANCELLED
            assert first.results[0].error_info.error_code == error_pb2.ERROR_CODE_CANCELLED
            assert browser.cancelled == [f"{task.task_id}/1/0"]
            assert [kind for kind, _ in browser.executed] == ["input_text"], "the click did not happen, also not later"
            assert [one.kind for one in (await home.effects(task.task_id)).effects] == [task_pb2.EFFECT_KIND_CHANGED]
    assert "Not that one!" in model.requests[1].whole


async def test_an_interruption_that_comes_too_late_tells_the_truth(tmp_path: Path) -> None:
    """The browser had done it when the cancel came: its record says so, and nothing is done twice."""
    browser = BrowserDouble()
    reached, _ = browser.holding("click")
    with ScriptedModel([GO, done()]) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            task = await home.create("do it")
            await reached.wait()
            action_id = f"{task.task_id}/1/0"
            answer = action_pb2.ActionResult(original_action_id=action_id, status=action_pb2.ACTION_STATUS_SUCCEEDED)
            answer.outcome_details.dom_changes = 3
            browser.done_before_cancel[action_id] = answer
            await home.steer(task.task_id, "Wait.", interrupt=True)
            ended = await home.ended(task.task_id)
            assert ended.steps[0].results[0].status == action_pb2.ACTION_STATUS_SUCCEEDED
            assert browser.received == [action_id, action_id], "asked for once more under the same id"


async def test_plain_commands_do_not_listen(tmp_path: Path) -> None:
    async with house(tmp_path, BrowserDouble()) as home:
        task = await home.create('ask "Really?"')
        await home.in_state(task.task_id, WAITING)
        assert await _code(home.steer(task.task_id, "Hello")) == error_pb2.ERROR_CODE_FAILED_PRECONDITION


async def test_a_person_who_uses_the_tab_pauses_the_task(tmp_path: Path) -> None:
    browser = BrowserDouble()
    reached, go_on = browser.holding("click")
    async with house(tmp_path, browser) as home:
        task = await home.create('click "Go" then click "Add to cart"')
        await reached.wait()
        home.browsers.person_acts(browser.name, 99, "click")  # a tab of nobody
        home.browsers.person_acts("another", 1, "click")
        home.browsers.person_acts(browser.name, 1, "click")
        paused = await home.in_state(task.task_id, PAUSED)
        assert paused.cause.code == error_pb2.ERROR_CODE_PERSON_ACTED
        assert "click" in paused.cause.message
        assert paused.cause.remedy
        go_on.set()
        await home.until(task.task_id, lambda t: t.steps[0].HasField("finished_at"))
        home.browsers.person_acts(browser.name, 1, "key")  # it is paused already
        await home.resume(task.task_id)
        ended = await home.ended(task.task_id)
        assert ended.state == SUCCEEDED, ended.cause
        acted = [event.person_acted for event in await home.events(task.task_id) if event.HasField("person_acted")]
        assert [(one.tab_id, one.what) for one in acted] == [(1, "click")]


async def _asked_to_approve(home: House, browser: BrowserDouble, **fields: Any) -> task_pb2.Task:
    browser.asks_about = {"click"}
    task = await home.create('click "Go" then read "Total"', **fields)
    return await home.in_state(task.task_id, WAITING)


async def test_an_approval_is_bound_to_the_action_that_was_shown(tmp_path: Path) -> None:
    browser = BrowserDouble()
    async with house(tmp_path, browser) as home:
        task = await _asked_to_approve(home, browser)
        request = task.human_request
        assert request.kind == task_pb2.HUMAN_REQUEST_KIND_APPROVAL
        assert request.action.click.element_id == 3
        assert list(request.consequences) == [policy_pb2.CONSEQUENCE_BUY]
        assert request.expires_at.seconds - request.asked_at.seconds == 86_400
        for wrong in (b"", b"another"):
            call = home.answer(task.task_id, "", approve=True, action_digest=wrong)
            assert await _code(call) == error_pb2.ERROR_CODE_FAILED_PRECONDITION
        assert browser.executed == []
        await home.answer(task.task_id, "", approve=True, action_digest=request.action_digest)
        ended = await home.ended(task.task_id)
        assert ended.state == SUCCEEDED, ended.cause
        effects = (await home.effects(task.task_id)).effects
        assert [one.kind for one in effects] == [task_pb2.EFFECT_KIND_CLICKED, task_pb2.EFFECT_KIND_SUBMITTED]
        assert all(one.approved for one in effects)
        assert all(list(one.consequences) == [policy_pb2.CONSEQUENCE_BUY] for one in effects)


async def test_of_two_answers_at_once_one_counts(tmp_path: Path) -> None:
    browser = BrowserDouble()
    async with house(tmp_path, browser) as home:
        task = await _asked_to_approve(home, browser)
        digest = task.human_request.action_digest
        answers = await asyncio.gather(
            home.answer(task.task_id, "", approve=True, action_digest=digest),
            home.answer(task.task_id, "", approve=False),
            home.answer(task.task_id, "", approve=True, action_digest=digest),
            return_exceptions=True,
        )
        refused = [one for one in answers if isinstance(one, BaseException)]
        assert [one.code for one in refused if isinstance(one, TabwireError)] == [
            error_pb2.ERROR_CODE_FAILED_PRECONDITION
        ] * 2
        await home.ended(task.task_id)
        given = [event for event in await home.events(task.task_id) if event.HasField("human_input")]
        assert len(given) == 1


async def test_what_is_denied_is_not_done(tmp_path: Path) -> None:
    browser = BrowserDouble()
    async with house(tmp_path, browser) as home:
        task = await _asked_to_approve(home, browser)
        await home.answer(task.task_id, "", approve=False)
        ended = await home.ended(task.task_id)
        assert ended.state == FAILED
        assert ended.cause.code == error_pb2.ERROR_CODE_APPROVAL_DENIED
        assert browser.executed == []
        assert not (await home.effects(task.task_id)).effects


async def test_an_approval_that_nobody_gives_in_time_is_denied(tmp_path: Path) -> None:
    browser = BrowserDouble()
    async with house(tmp_path, browser) as home:
        task = await _asked_to_approve(home, browser, limits=task_pb2.TaskLimits(max_wait_seconds=1))
        ended = await home.ended(task.task_id)
        assert ended.cause.code == error_pb2.ERROR_CODE_APPROVAL_DENIED
        (given,) = [event.human_input for event in await home.events(task.task_id) if event.HasField("human_input")]
        assert given.timed_out
        assert not given.approved
        assert browser.executed == []


async def test_a_question_that_nobody_answers_in_time_ends_the_task(tmp_path: Path) -> None:
    limits = task_pb2.TaskLimits(max_wait_seconds=1)
    async with house(tmp_path, BrowserDouble()) as home:
        task = await home.create('ask "Really?" then click "Go"', limits=limits)
        ended = await home.ended(task.task_id)
        assert ended.state == FAILED
        assert ended.cause.code == error_pb2.ERROR_CODE_HUMAN_TIMEOUT
        assert ended.cause.remedy
        assert ended.steps[0].status == task_pb2.STEP_STATUS_FAILED
        assert ended.steps[0].error_info.error_code == error_pb2.ERROR_CODE_HUMAN_TIMEOUT
        assert not ended.HasField("human_request")
        assert fold(await home.events(task.task_id)) == ended


async def test_the_time_runs_on_while_the_server_is_away_and_starts_anew_after_a_pause(tmp_path: Path) -> None:
    limits = task_pb2.TaskLimits(max_wait_seconds=1)
    browser = BrowserDouble()
    async with house(tmp_path, browser) as first:
        late = await first.create('ask "Really?"', limits=limits)
        held = await first.create('ask "Really?"', start_url="https://shop.test/", limits=limits)
        for task in (late, held):
            await first.in_state(task.task_id, WAITING)
        await first.pause(held.task_id)
    await asyncio.sleep(1.1)  # the time they have is what is tested
    async with house(tmp_path, browser) as second:
        assert (await second.ended(late.task_id)).cause.code == error_pb2.ERROR_CODE_HUMAN_TIMEOUT
        assert (await second.get(held.task_id)).state == PAUSED, "a person has it in hand"
        before = (await second.get(held.task_id)).human_request.expires_at.ToDatetime()
        resumed = await second.resume(held.task_id)
        assert resumed.human_request.expires_at.ToDatetime() > before
        assert (await second.ended(held.task_id)).cause.code == error_pb2.ERROR_CODE_HUMAN_TIMEOUT


async def test_a_tab_is_handed_over_and_taken_back(tmp_path: Path) -> None:
    browser = BrowserDouble()
    with ScriptedModel([decide(hand_over={"prompt": "Please log in."}), done("Welcome back")]) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            task = await home.create("do it")
            waiting = await home.in_state(task.task_id, WAITING)
            assert waiting.human_request.kind == task_pb2.HUMAN_REQUEST_KIND_HANDOVER
            home.browsers.person_acts(browser.name, 1, "click")  # that is what it was handed over for
            assert (await home.get(task.task_id)).state == WAITING
            browser.tabs[1].find(7).text_content = "Welcome back"  # type: ignore[union-attr] # it is there
            await home.answer(task.task_id, "")
            ended = await home.ended(task.task_id)
            assert ended.state == SUCCEEDED, ended.cause
    assert "Welcome back" in model.requests[1].last
