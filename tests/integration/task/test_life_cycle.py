"""A task's life: waiting, pausing, asking, stopping, doubting, sharing tabs; and what a caller sees of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from doubles.browser_double import BrowserDouble, element
from integration.task.harness import OWNER, house
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2, error_pb2, task_pb2, task_service_pb2

if TYPE_CHECKING:
    from pathlib import Path

RUNNING, PAUSED = task_pb2.TASK_STATE_RUNNING, task_pb2.TASK_STATE_PAUSED
TWO_CLICKS = 'click "Go" then click "Add to cart"'


def _states(events: list[task_pb2.TaskEvent]) -> list[str]:
    names = [task_pb2.TaskState.Name(e.state_changed.to) for e in events if e.HasField("state_changed")]
    return [name.removeprefix("TASK_STATE_") for name in names]


async def test_pause_takes_effect_after_the_current_action_and_resume_goes_on(tmp_path: Path) -> None:
    browser = BrowserDouble()
    reached, go_on = browser.holding("click")
    async with house(tmp_path, browser) as home:
        task = await home.create(TWO_CLICKS)
        await reached.wait()
        paused = await home.pause(task.task_id)
        assert paused.state == PAUSED
        assert (await home.pause(task.task_id)).state == PAUSED, "safe to repeat"
        go_on.set()
        held = await home.until(task.task_id, lambda t: len(t.steps) == 1 and t.steps[0].HasField("finished_at"))
        assert held.state == PAUSED
        assert len(browser.executed) == 1
        resumed = await home.resume(task.task_id)
        assert resumed.state == RUNNING
        done = await home.ended(task.task_id)
        assert done.state == task_pb2.TASK_STATE_SUCCEEDED
        assert len(browser.executed) == 2
        assert _states(await home.events(task.task_id)) == ["RUNNING", "PAUSED", "RUNNING", "SUCCEEDED"]


async def test_stop_cancels_the_current_action_and_says_so(tmp_path: Path) -> None:
    browser = BrowserDouble()
    reached, _ = browser.holding("click")
    async with house(tmp_path, browser) as home:
        task = await home.create(TWO_CLICKS)
        await reached.wait()
        assert (await home.stop(task.task_id, "enough")).state == task_pb2.TASK_STATE_STOPPING
        stopped = await home.ended(task.task_id)
        assert stopped.state == task_pb2.TASK_STATE_STOPPED
        assert stopped.cause.code == error_pb2.ERROR_CODE_CANCELLED
        assert "enough" in stopped.cause.message
        assert browser.cancelled == [f"{task.task_id}/1/0"]
        assert browser.executed == []
        assert stopped.steps[0].status == task_pb2.STEP_STATUS_CANCELLED
        assert stopped.steps[0].results[0].error_info.error_code == error_pb2.ERROR_CODE_CANCELLED
        assert (await home.stop(task.task_id)).state == task_pb2.TASK_STATE_STOPPED, "safe to repeat"
        assert _states(await home.events(task.task_id)) == ["RUNNING", "STOPPING", "STOPPED"]


@pytest.mark.parametrize("held", ["paused", "waiting for a browser", "asking", "queued"])
async def test_stop_works_in_every_state(tmp_path: Path, held: str) -> None:
    browser = BrowserDouble()
    async with house(tmp_path, browser) as home:
        if held == "asking":
            task = await home.create('ask "Really?"')
            await home.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_HUMAN)
        elif held == "waiting for a browser":
            browser.disconnect()
            task = await home.create(TWO_CLICKS)
            await home.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_BROWSER)
        elif held == "paused":
            task = await home.create('ask "Really?"')
            await home.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_HUMAN)
            await home.pause(task.task_id)
        else:
            reached, _ = browser.holding("click")
            first = await home.create(TWO_CLICKS)
            await reached.wait()
            task = await home.create(TWO_CLICKS)
            assert first.task_id != task.task_id
        await home.stop(task.task_id)
        assert (await home.ended(task.task_id)).state == task_pb2.TASK_STATE_STOPPED


async def test_a_task_waits_for_its_browser_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    browser = BrowserDouble()
    browser.disconnect()
    async with house(tmp_path, browser) as home:
        task = await home.create(TWO_CLICKS)
        waiting = await home.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_BROWSER)
        assert waiting.cause.code == error_pb2.ERROR_CODE_BROWSER_DISCONNECTED
        assert waiting.cause.remedy
        browser.connect()
        done = await home.ended(task.task_id)
        assert done.state == task_pb2.TASK_STATE_SUCCEEDED, done.cause


async def test_an_action_whose_answer_was_lost_is_done_once(tmp_path: Path) -> None:
    browser = BrowserDouble()
    reached, go_on = browser.holding("click")
    async with house(tmp_path, browser) as home:
        task = await home.create(TWO_CLICKS)
        await reached.wait()
        browser.disconnect()
        go_on.set()
        await home.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_BROWSER)
        browser.connect()
        done = await home.ended(task.task_id)
        assert done.state == task_pb2.TASK_STATE_SUCCEEDED, done.cause
        assert browser.received == [f"{task.task_id}/1/0", f"{task.task_id}/1/0", f"{task.task_id}/2/0"]
        assert [action_id for _, action_id in browser.executed] == [f"{task.task_id}/1/0", f"{task.task_id}/2/0"]


async def test_a_click_in_doubt_needs_a_persons_look_then_goes_on(tmp_path: Path) -> None:
    browser = BrowserDouble()
    unknown = action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_FAILED)
    unknown.error_info.error_code = error_pb2.ERROR_CODE_OUTCOME_UNKNOWN
    unknown.error_info.message = "The page was lost."
    browser.fail["click"] = [unknown]
    async with house(tmp_path, browser) as home:
        task = await home.create(TWO_CLICKS)
        doubt = await home.in_state(task.task_id, task_pb2.TASK_STATE_NEEDS_ATTENTION)
        assert doubt.cause.code == error_pb2.ERROR_CODE_OUTCOME_UNKNOWN
        assert doubt.cause.remedy
        await home.resume(task.task_id)
        done = await home.ended(task.task_id)
        assert done.state == task_pb2.TASK_STATE_SUCCEEDED, done.cause
        assert [action_id for _, action_id in browser.executed] == [f"{task.task_id}/2/0"], "the click is not repeated"


async def test_typing_in_doubt_is_checked_on_the_page_and_repeated_if_it_did_not_happen(tmp_path: Path) -> None:
    browser = BrowserDouble()
    unknown = action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_FAILED)
    unknown.error_info.error_code = error_pb2.ERROR_CODE_OUTCOME_UNKNOWN
    browser.fail["input_text"] = [unknown]
    async with house(tmp_path, browser) as home:
        task = await home.create('type "x" into "Search"')
        done = await home.ended(task.task_id)
        assert done.state == task_pb2.TASK_STATE_SUCCEEDED, done.cause
        assert browser.executed == [("input_text", f"{task.task_id}/1/0/x")]


async def test_a_browser_that_was_started_again_is_not_asked_to_repeat_a_click(tmp_path: Path) -> None:
    browser = BrowserDouble()
    reached, go_on = browser.holding("click")
    async with house(tmp_path, browser) as home:
        task = await home.create(TWO_CLICKS)
        await reached.wait()
        browser.disconnect()
        go_on.set()
        await home.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_BROWSER)
        browser.new_session()
        browser.connect()
        doubt = await home.in_state(task.task_id, task_pb2.TASK_STATE_NEEDS_ATTENTION)
        assert doubt.cause.code == error_pb2.ERROR_CODE_OUTCOME_UNKNOWN
        assert browser.executed == []


async def test_a_start_url_is_opened_in_a_tab_of_its_own(tmp_path: Path) -> None:
    browser = BrowserDouble(pages={"https://a.test/": lambda: [element(1, "text", "Page A")]})
    async with house(tmp_path, browser) as home:
        task = await home.create("read page", start_url="https://a.test/")
        done = await home.ended(task.task_id)
        assert (done.result, done.tab_id) == ("Page A", 2)
        assert done.start_url == "https://a.test/"
        assert [kind for kind, _ in browser.executed] == ["open_tab", "read_text"]


async def test_two_running_tasks_never_share_a_tab(tmp_path: Path) -> None:
    browser = BrowserDouble()
    reached, go_on = browser.holding("click")
    async with house(tmp_path, browser) as home:
        first = await home.create(TWO_CLICKS)
        await reached.wait()
        second = await home.create(TWO_CLICKS)
        other = await home.create("read page", start_url="https://shop.test/")
        assert (await home.ended(other.task_id)).state == task_pb2.TASK_STATE_SUCCEEDED, "another tab is free"
        assert (await home.get(second.task_id)).state == task_pb2.TASK_STATE_QUEUED
        go_on.set()
        for task in (first, second):
            assert (await home.ended(task.task_id)).state == task_pb2.TASK_STATE_SUCCEEDED
        clicks = [action_id.split("/")[0] for kind, action_id in browser.executed if kind == "click"]
        assert clicks == [first.task_id] * 2 + [second.task_id] * 2


async def test_a_task_does_not_take_the_tab_of_another(tmp_path: Path) -> None:
    browser = BrowserDouble()
    reached, go_on = browser.holding("click")
    async with house(tmp_path, browser) as home:
        first = await home.create(TWO_CLICKS)
        await reached.wait()
        thief = await home.create("switch to tab 1", start_url="https://shop.test/")
        ended = await home.ended(thief.task_id)
        assert ended.cause.code == error_pb2.ERROR_CODE_POLICY_DENIED
        go_on.set()
        await home.ended(first.task_id)


async def test_an_answer_while_paused_is_kept(tmp_path: Path) -> None:
    async with house(tmp_path, BrowserDouble()) as home:
        task = await home.create('ask "Really?" with options "Yes", "No"')
        await home.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_HUMAN)
        await home.pause(task.task_id)
        assert (await home.resume(task.task_id)).state == task_pb2.TASK_STATE_WAITING_HUMAN, (
            "the question is still open"
        )
        await home.pause(task.task_id)
        assert (await home.answer(task.task_id, "yes")).state == PAUSED
        await home.resume(task.task_id)
        done = await home.ended(task.task_id)
        assert done.state == task_pb2.TASK_STATE_SUCCEEDED
        assert done.steps[0].results[0].text == "Yes"


async def test_answers_nobody_waits_for_are_refused(tmp_path: Path) -> None:
    async with house(tmp_path, BrowserDouble()) as home:
        task = await home.create('ask "Really?" with options "Yes", "No"')
        asked = await home.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_HUMAN)
        for answer, request_id, code in (
            ("Yes", "other", error_pb2.ERROR_CODE_FAILED_PRECONDITION),
            ("Perhaps", "", error_pb2.ERROR_CODE_INVALID_ARGUMENT),
        ):
            with pytest.raises(TabwireError) as raised:
                await home.answer(task.task_id, answer, request_id)
            assert raised.value.code == code
        await home.answer(task.task_id, "No", asked.human_request.request_id)
        await home.ended(task.task_id)
        with pytest.raises(TabwireError) as raised:
            await home.answer(task.task_id, "No")
        assert raised.value.code == error_pb2.ERROR_CODE_FAILED_PRECONDITION


async def test_commands_that_are_still_to_come_can_be_changed(tmp_path: Path) -> None:
    browser = BrowserDouble()
    reached, go_on = browser.holding("click")
    async with house(tmp_path, browser) as home:
        task = await home.create(TWO_CLICKS)
        await reached.wait()
        with pytest.raises(TabwireError) as raised:
            await home.modify(task.task_id, description='click "Checkout"')
        assert raised.value.code == error_pb2.ERROR_CODE_FAILED_PRECONDITION
        with pytest.raises(TabwireError) as raised:
            await home.modify(task.task_id, description='click "Go" then dance')
        assert raised.value.code == error_pb2.ERROR_CODE_COMMAND_SYNTAX
        changed = await home.modify(task.task_id, description='click "Go" then read "Total"', notes="mine")
        assert changed.notes == "mine"
        go_on.set()
        done = await home.ended(task.task_id)
        assert done.result == "Total: $0.00"
        with pytest.raises(TabwireError) as raised:
            await home.modify(task.task_id, notes="later")
        assert raised.value.code == error_pb2.ERROR_CODE_FAILED_PRECONDITION


async def test_a_browser_that_is_gone_for_good_fails_the_task(tmp_path: Path) -> None:
    browser = BrowserDouble()
    async with house(tmp_path, browser) as home:
        with pytest.raises(TabwireError) as raised:
            await home.create(TWO_CLICKS, browser_id="unknown")
        assert raised.value.code == error_pb2.ERROR_CODE_NOT_FOUND


async def test_a_fault_of_the_server_ends_the_task_and_shows_nothing_of_it(tmp_path: Path) -> None:
    browser = BrowserDouble()

    async def broken(*_args: object, **_kwargs: object) -> action_pb2.ActionResult:
        raise ZeroDivisionError("secret inner detail")

    browser.act = broken  # type: ignore[method-assign] # a fault that nobody foresaw
    async with house(tmp_path, browser) as home:
        ended = await home.ended((await home.create(TWO_CLICKS)).task_id)
        assert ended.cause.code == error_pb2.ERROR_CODE_INTERNAL
        assert "secret" not in str(ended)
        assert "correlation id" in ended.cause.message


async def test_watching_replays_then_follows_then_ends(tmp_path: Path) -> None:
    browser = BrowserDouble()
    reached, go_on = browser.holding("click")
    async with house(tmp_path, browser) as home:
        task = await home.create(TWO_CLICKS)
        await reached.wait()

        async def watched(after: int) -> list[task_pb2.TaskEvent]:
            request = task_service_pb2.WatchTaskRequest(task_id=task.task_id, after_seq=after)
            return [response.event async for response in home.manager.watch(OWNER, request)]

        early, late = asyncio.create_task(watched(0)), asyncio.create_task(watched(3))
        await asyncio.sleep(0)
        go_on.set()
        whole, part = await early, await late
        assert [event.seq for event in whole] == list(range(1, len(whole) + 1))
        assert whole[-1].state_changed.to == task_pb2.TASK_STATE_SUCCEEDED
        assert part == whole[3:]
        assert await watched(0) == whole, "the same for one who comes after the end"
        assert await watched(len(whole)) == []
        with pytest.raises(TabwireError) as raised:
            await watched(len(whole) + 1)
        assert raised.value.code == error_pb2.ERROR_CODE_OUT_OF_RANGE
