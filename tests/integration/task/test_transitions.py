"""Every line of the life cycle's table happens: real tasks go through all of them, each with its cause.

Each scenario drives the real manager and listens to the table. `REACHED_BY` names for each line a scenario that has to
reach it; a line without one fails the last test.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from doubles.browser_double import BrowserDouble
from integration.task.harness import House, house
from tabwire.errors import TabwireError
from tabwire.task import journal as journals
from tabwire.task.lifecycle import TRANSITIONS, Trigger, next_state
from tabwire.v1 import action_pb2, error_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUEUED, RUNNING, PAUSED = task_pb2.TASK_STATE_QUEUED, task_pb2.TASK_STATE_RUNNING, task_pb2.TASK_STATE_PAUSED
HUMAN, BROWSER = task_pb2.TASK_STATE_WAITING_HUMAN, task_pb2.TASK_STATE_WAITING_BROWSER
ATTENTION, STOPPED = task_pb2.TASK_STATE_NEEDS_ATTENTION, task_pb2.TASK_STATE_STOPPED
FAILED, SUCCEEDED = task_pb2.TASK_STATE_FAILED, task_pb2.TASK_STATE_SUCCEEDED
TWO_CLICKS = 'click "Go" then click "Add to cart"'
ASKS = 'ask "Really?" then click "Go"'

STOPPING = task_pb2.TASK_STATE_STOPPING
REACHED_BY: dict[tuple[task_pb2.TaskState.ValueType, Trigger], str] = {
    (QUEUED, Trigger.FAIL): "test_a_queued_task_whose_browser_goes_for_good_fails",
    (QUEUED, Trigger.LOSE_BROWSER): "test_a_fault_of_ours_while_a_task_waits_ends_it[TASK_STATE_WAITING_BROWSER]",
    (QUEUED, Trigger.PAUSE): "test_from_queued",
    (QUEUED, Trigger.START): "test_a_task_that_fails",
    (QUEUED, Trigger.STOP): "test_from_queued",
    (QUEUED, Trigger.WAIT_TAB): "test_from_queued",
    (RUNNING, Trigger.ASK): "test_a_fault_of_ours_while_a_task_waits_ends_it[TASK_STATE_WAITING_HUMAN]",
    (RUNNING, Trigger.DOUBT): "test_from_needs_attention[after a restart]",
    (RUNNING, Trigger.FAIL): "test_a_task_that_fails",
    (RUNNING, Trigger.LOSE_BROWSER): "test_from_running_to_the_browsers_return",
    (RUNNING, Trigger.PAUSE): "test_from_running[paused]",
    (RUNNING, Trigger.PERSON_ACTED): "test_from_running[by a person's hand]",
    (RUNNING, Trigger.RESTART): "test_a_restart[False]",
    (RUNNING, Trigger.STOP): "test_from_running[stopped]",
    (RUNNING, Trigger.SUCCEED): "test_a_restart[False]",
    (PAUSED, Trigger.RESUME): "test_from_running[by a person's hand]",
    (PAUSED, Trigger.RESUME_ASKED): "test_from_waiting_for_a_person",
    (PAUSED, Trigger.RESUME_QUEUED): "test_from_queued",
    (PAUSED, Trigger.STOP): "test_from_waiting_for_a_person",
    (HUMAN, Trigger.ANSWER): "test_from_waiting_for_a_person",
    (HUMAN, Trigger.EXPIRE): "test_from_waiting_for_a_person",
    (HUMAN, Trigger.FAIL): "test_a_fault_of_ours_while_a_task_waits_ends_it[TASK_STATE_WAITING_HUMAN]",
    (HUMAN, Trigger.PAUSE): "test_from_waiting_for_a_person",
    (HUMAN, Trigger.STOP): "test_from_waiting_for_a_person",
    (BROWSER, Trigger.FAIL): "test_a_fault_of_ours_while_a_task_waits_ends_it[TASK_STATE_WAITING_BROWSER]",
    (BROWSER, Trigger.FIND_BROWSER): "test_from_running_to_the_browsers_return",
    (BROWSER, Trigger.PAUSE): "test_from_running_to_the_browsers_return",
    (BROWSER, Trigger.REQUEUE): "test_from_running_to_the_browsers_return",
    (BROWSER, Trigger.RESTART): "test_a_restart[True]",
    (BROWSER, Trigger.STOP): "test_stopped_while_the_browser_is_away",
    (STOPPING, Trigger.CANCELLED): "test_from_running[stopped]",
    (ATTENTION, Trigger.RESUME): "test_from_needs_attention[resumed]",
    (ATTENTION, Trigger.RESUME_QUEUED): "test_from_needs_attention[after a restart]",
    (ATTENTION, Trigger.STOP): "test_from_needs_attention[stopped]",
}


@pytest.fixture(autouse=True)
def listening(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    pulled: set[tuple[task_pb2.TaskState.ValueType, Trigger]] = set()

    def heard(state: task_pb2.TaskState.ValueType, trigger: Trigger) -> task_pb2.TaskState.ValueType | None:
        to = next_state(state, trigger)
        if to is not None:
            pulled.add((state, trigger))
        return to

    monkeypatch.setattr(journals, "next_state", heard)
    yield
    wanted = {line for line, scenario in REACHED_BY.items() if scenario == request.node.name}
    assert wanted <= pulled, f"not reached: {wanted - pulled}"


def _unknown() -> action_pb2.ActionResult:
    unknown = action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_FAILED)
    unknown.error_info.error_code = error_pb2.ERROR_CODE_OUTCOME_UNKNOWN
    return unknown


async def _queued(home: House, browser: BrowserDouble) -> tuple[task_pb2.Task, asyncio.Event]:
    """A task that waits for its tab, and what lets the one go on that has it."""
    reached, go_on = browser.holding("click")
    await home.create(TWO_CLICKS)
    await reached.wait()
    second = await home.create('read "Total"')
    await home.until(second.task_id, lambda task: bool(task.cause.message))
    return second, go_on


async def test_from_queued(tmp_path: Path) -> None:
    browser = BrowserDouble()
    async with house(tmp_path, browser) as home:
        second, go_on = await _queued(home, browser)
        assert (await home.pause(second.task_id)).state == PAUSED
        assert (await home.resume(second.task_id)).state == QUEUED
        stopped = await home.create('read "Total"')
        await home.stop(stopped.task_id)
        assert (await home.ended(stopped.task_id)).state == STOPPED
        go_on.set()
        assert (await home.ended(second.task_id)).state == SUCCEEDED


async def test_a_queued_task_whose_browser_goes_for_good_fails(tmp_path: Path) -> None:
    browser = BrowserDouble()
    async with house(tmp_path, browser) as home:
        home.browsers.forgotten.add(browser.name)
        ended = await home.ended((await home.create('read "Total"', browser_id=browser.name)).task_id)
        assert (ended.state, ended.cause.code) == (FAILED, error_pb2.ERROR_CODE_NOT_FOUND)


async def test_from_running_to_the_browsers_return(tmp_path: Path) -> None:
    browser = BrowserDouble()
    browser.disconnect()
    async with house(tmp_path, browser) as home:
        task = await home.create(TWO_CLICKS)
        await home.in_state(task.task_id, BROWSER)
        assert (await home.pause(task.task_id)).state == PAUSED
        await home.resume(task.task_id)
        await home.in_state(task.task_id, BROWSER)
        reached, go_on = browser.holding("click")
        browser.connect()
        await reached.wait()
        browser.disconnect()
        go_on.set()
        await home.until(task.task_id, lambda one: one.state == BROWSER and bool(one.steps))
        browser.connect()
        assert (await home.ended(task.task_id)).state == SUCCEEDED


async def test_stopped_while_the_browser_is_away(tmp_path: Path) -> None:
    browser = BrowserDouble()
    browser.disconnect()
    async with house(tmp_path, browser) as home:
        task = await home.create(TWO_CLICKS)
        await home.in_state(task.task_id, BROWSER)
        await home.stop(task.task_id, "enough")
        ended = await home.ended(task.task_id)
        assert (ended.state, ended.cause.code) == (STOPPED, error_pb2.ERROR_CODE_CANCELLED)


@pytest.mark.parametrize("how", ["paused", "by a person's hand", "stopped"])
async def test_from_running(tmp_path: Path, how: str) -> None:
    browser = BrowserDouble()
    reached, go_on = browser.holding("click")
    async with house(tmp_path, browser) as home:
        task = await home.create(TWO_CLICKS)
        await reached.wait()
        if how == "stopped":
            await home.stop(task.task_id)
            assert (await home.ended(task.task_id)).state == STOPPED
            return
        if how == "paused":
            await home.pause(task.task_id)
        else:
            home.browsers.person_acts(browser.name, 1, "key")
        paused = await home.in_state(task.task_id, PAUSED)
        assert paused.cause.remedy
        go_on.set()
        await home.resume(task.task_id)
        assert (await home.ended(task.task_id)).state == SUCCEEDED


async def test_from_waiting_for_a_person(tmp_path: Path) -> None:
    async with house(tmp_path, BrowserDouble()) as home:
        task = await home.create(ASKS)
        await home.in_state(task.task_id, HUMAN)
        assert (await home.pause(task.task_id)).state == PAUSED
        assert (await home.resume(task.task_id)).state == HUMAN
        await home.answer(task.task_id, "yes")
        assert (await home.ended(task.task_id)).state == SUCCEEDED
        for paused in (False, True):
            task = await home.create(ASKS)
            await home.in_state(task.task_id, HUMAN)
            if paused:
                await home.pause(task.task_id)
            await home.stop(task.task_id)
            assert (await home.ended(task.task_id)).state == STOPPED
        late = await home.create(ASKS, limits=task_pb2.TaskLimits(max_wait_seconds=1))
        assert (await home.ended(late.task_id)).cause.code == error_pb2.ERROR_CODE_HUMAN_TIMEOUT


@pytest.mark.parametrize("how", ["resumed", "stopped", "after a restart"])
async def test_from_needs_attention(tmp_path: Path, how: str) -> None:
    browser = BrowserDouble()
    browser.fail["click"] = [_unknown()]
    async with house(tmp_path, browser) as home:
        task = await home.create(TWO_CLICKS)
        doubt = await home.in_state(task.task_id, ATTENTION)
        assert doubt.cause.code == error_pb2.ERROR_CODE_OUTCOME_UNKNOWN
        with pytest.raises(TabwireError):
            await home.pause(task.task_id)
        if how == "stopped":
            await home.stop(task.task_id)
            assert (await home.ended(task.task_id)).state == STOPPED
        elif how == "resumed":
            await home.resume(task.task_id)
            assert (await home.ended(task.task_id)).state == SUCCEEDED
    if how == "after a restart":
        async with house(tmp_path, browser) as second:
            assert (await second.resume(task.task_id)).state == QUEUED, "it has to have its tab first"
            assert (await second.ended(task.task_id)).state == SUCCEEDED


@pytest.mark.parametrize("away", [False, True])
async def test_a_restart(tmp_path: Path, away: bool) -> None:
    browser = BrowserDouble()
    reached, _ = browser.holding("click")
    async with house(tmp_path, browser) as first:
        if away:
            browser.disconnect()
        task = await first.create(TWO_CLICKS)
        if away:
            await first.in_state(task.task_id, BROWSER)
        else:
            await reached.wait()
    browser.hold.clear()
    browser.connect()
    async with house(tmp_path, browser) as second:
        assert (await second.ended(task.task_id)).state == SUCCEEDED
        causes = [event.state_changed.cause.message for event in await second.events(task.task_id)]
        assert any("taken the task up" in cause for cause in causes)


async def test_a_task_that_fails(tmp_path: Path) -> None:
    async with house(tmp_path, BrowserDouble()) as home:
        ended = await home.ended((await home.create('click "Nothing of that name"')).task_id)
        assert ended.state == FAILED
        assert ended.cause.remedy


@pytest.mark.parametrize("state", [HUMAN, BROWSER], ids=task_pb2.TaskState.Name)
async def test_a_fault_of_ours_while_a_task_waits_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: task_pb2.TaskState.ValueType
) -> None:
    browser = BrowserDouble()
    async with house(tmp_path, browser) as home:
        fault = asyncio.Event()

        async def broken(*_given: Any, **_named: Any) -> None:
            await fault.wait()
            raise ZeroDivisionError("nobody foresaw it")

        if state == BROWSER:
            monkeypatch.setattr("tabwire.task.place.Place.until_connected", _losing(broken))
        else:
            monkeypatch.setattr("tabwire.task.runner.Runner._wait_for_answer", broken)
        task = await home.create(ASKS)
        await home.in_state(task.task_id, state)
        fault.set()
        ended = await home.ended(task.task_id)
        assert (ended.state, ended.cause.code) == (FAILED, error_pb2.ERROR_CODE_INTERNAL)
        assert "nobody foresaw it" not in str(ended)


def _losing(then: Any) -> Any:
    async def lose(place: Any) -> None:
        await place._journal.move(Trigger.LOSE_BROWSER)
        await then()

    return lose


def test_every_line_of_the_table_has_its_scenario(request: pytest.FixtureRequest) -> None:
    assert set(REACHED_BY) == set(TRANSITIONS)
    here = {item.name for item in request.session.items if item.path == request.path}
    one_alone = len(here) == 1
    assert one_alone or set(REACHED_BY.values()) <= here
