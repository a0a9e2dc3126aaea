"""Several tasks in one browser, each with its tabs; follow-ups, lists, deletion; what a new task is checked for."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from doubles.browser_double import BrowserDouble, element
from doubles.scripted_model import ScriptedModel, done, on
from integration.task.harness import OWNER, House, house
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2, policy_pb2, task_pb2, task_service_pb2

if TYPE_CHECKING:
    from pathlib import Path

QUEUED, SUCCEEDED = task_pb2.TASK_STATE_QUEUED, task_pb2.TASK_STATE_SUCCEEDED
INVALID, NOT_FOUND = error_pb2.ERROR_CODE_INVALID_ARGUMENT, error_pb2.ERROR_CODE_NOT_FOUND
FAILED_PRECONDITION = error_pb2.ERROR_CODE_FAILED_PRECONDITION


async def _code(call: Any) -> error_pb2.ErrorCode.ValueType:
    with pytest.raises(TabwireError) as raised:
        await call
    return raised.value.code


async def test_a_tab_that_the_page_opens_is_the_tasks_and_the_browser_is_told(tmp_path: Path) -> None:
    browser = BrowserDouble(opened_by_click=["https://shop.test/"])
    reached, go_on = browser.holding("read_text")
    async with house(tmp_path, browser) as home:
        task = await home.create('click "Go" then read page')
        await reached.wait()
        assert list((await home.get(task.task_id)).tab_ids) == [1, 2]
        thief = await home.create("switch to tab 2", start_url="https://shop.test/")
        ended = await home.ended(thief.task_id)
        assert ended.cause.code == error_pb2.ERROR_CODE_POLICY_DENIED
        go_on.set()
        await home.ended(task.task_id)
        told = [tabs for _, tabs, title in browser.rules if not title or title.startswith('click "Go"')]
        assert told[:2] == [[1], [1, 2]]
        await home.until_quiet()
        assert [tabs for _, tabs, _ in browser.rules].count([]) == 2, "both tasks gave their tabs back"


async def test_a_closed_tab_is_no_longer_the_tasks(tmp_path: Path) -> None:
    async with house(tmp_path, BrowserDouble()) as home:
        task = await home.create("open tab https://shop.test/ then close tab then read page")
        ended = await home.ended(task.task_id)
        assert ended.state == SUCCEEDED, ended.cause
        assert list(ended.tab_ids) == [1]
        updates = [
            e.task_update.tabs.tab_ids for e in await home.events(task.task_id) if e.task_update.HasField("tabs")
        ]
        assert [list(tabs) for tabs in updates] == [[1], [1, 2], [1]], "each change is in the journal"


async def test_a_queued_task_says_whom_it_waits_for(tmp_path: Path) -> None:
    browser = BrowserDouble()
    reached, go_on = browser.holding("click")
    async with house(tmp_path, browser) as home:
        first = await home.create('click "Go"')
        await reached.wait()
        second = await home.create('click "Go"')
        waiting = await home.until(second.task_id, lambda task: bool(task.cause.message))
        assert waiting.state == QUEUED
        assert first.task_id in waiting.cause.message
        assert waiting.cause.remedy
        go_on.set()
        assert (await home.ended(second.task_id)).state == SUCCEEDED


async def test_the_tabs_of_all_tasks_are_claimed_again_after_a_restart(tmp_path: Path) -> None:
    browser = BrowserDouble(opened_by_click=["https://shop.test/"])
    async with house(tmp_path, browser) as first:
        task = await first.create('click "Go" then ask "Really?"')
        await first.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_HUMAN)
    async with house(tmp_path, browser) as second:
        thief = await second.create("switch to tab 2", start_url="https://shop.test/")
        assert (await second.ended(thief.task_id)).cause.code == error_pb2.ERROR_CODE_POLICY_DENIED


async def test_a_follow_up_keeps_the_conversation_and_the_tabs(tmp_path: Path) -> None:
    browser = BrowserDouble(
        pages={"https://a.test/": lambda: [element(1, "button", "Go"), element(2, "text", "Staplers and paper")]}
    )
    script = [on('button "Go"'), done("Page A is open."), done("Staplers and paper")]
    with ScriptedModel(script) as model:
        endpoint: dict[str, Any] = {"model": "scripted", "openai_base_url": model.base_url, "openai_api_key": "key"}
        async with house(tmp_path, browser, **endpoint) as home:
            first = await home.create("open the first page", start_url="https://a.test/")
            assert await _code(home.create("and now?", follows_task_id=first.task_id)) == FAILED_PRECONDITION
            assert await _code(home.create("and now?", follows_task_id="unknown")) == NOT_FOUND
            ended = await home.ended(first.task_id)
            assert ended.state == SUCCEEDED, ended.cause
            second = await home.create("and what does it say?", follows_task_id=first.task_id)
            last = await home.ended(second.task_id)
            assert last.state == SUCCEEDED, last.cause
            assert (last.tab_id, list(last.tab_ids)) == (ended.tab_id, list(ended.tab_ids))
            assert last.follows_task_id == first.task_id
    told = model.requests[-1].whole
    assert "open the first page" in told
    assert "Page A is open." in told
    assert "and what does it say?" in told


async def test_a_follow_up_whose_tab_is_gone_starts_where_the_person_is(tmp_path: Path) -> None:
    browser = BrowserDouble(pages={"https://a.test/": lambda: [element(1, "text", "Page A")]})
    async with house(tmp_path, browser) as home:
        first = await home.create("read page", start_url="https://a.test/")
        ended = await home.ended(first.task_id)
        del browser.tabs[ended.tab_id]
        second = await home.ended((await home.create('read "Total"', follows_task_id=first.task_id)).task_id)
        assert second.state == SUCCEEDED, second.cause
        assert list(second.tab_ids) == [1]


async def test_deleting(tmp_path: Path) -> None:
    browser = BrowserDouble()
    async with house(tmp_path, browser) as home:
        task = await home.create('ask "Really?"', idempotency_key="k")
        assert await _code(home.delete(task.task_id)) == FAILED_PRECONDITION
        await home.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_HUMAN)
        await home.stop(task.task_id)
        await home.ended(task.task_id)
        follower = await home.create('ask "Really?"', follows_task_id=task.task_id)
        assert await _code(home.delete(task.task_id)) == FAILED_PRECONDITION, "another one goes on with it"
        await home.stop(follower.task_id)
        await home.ended(follower.task_id)
        await home.manager.delete("other", task_service_pb2.DeleteTaskRequest(task_id=task.task_id))
        assert (await home.get(task.task_id)).task_id == task.task_id, "another owner deletes nothing"
        await home.delete(task.task_id)
        await home.delete(task.task_id)
        assert await _code(home.get(task.task_id)) == NOT_FOUND
        assert await home.events(task.task_id) == []
        anew = await home.create('read "Total"', idempotency_key="k")
        assert anew.task_id != task.task_id


async def _listed(home: House, **fields: Any) -> list[str]:
    answer = await home.manager.list(OWNER, task_service_pb2.ListTasksRequest(**fields))
    return [task.user_prompt for task in answer.tasks]


async def test_lists_are_filtered(tmp_path: Path) -> None:
    async with house(tmp_path, BrowserDouble("one"), BrowserDouble("two")) as home:
        for text, browser_id in (("read page", "one"), ('read "TOTAL: 100% Größe"', "two"), ("ask 'STRASSE_x'", "two")):
            await home.create(text, browser_id=browser_id)
        assert await _listed(home, browser_id="one") == ["read page"]
        assert await _listed(home, text="100% größe") == ['read "TOTAL: 100% Größe"']
        assert await _listed(home, text="%") == ['read "TOTAL: 100% Größe"'], "no wildcard"
        assert await _listed(home, text="straße_") == ["ask 'STRASSE_x'"], "compared without case"
        now = datetime.now(UTC)
        past, future = Timestamp(), Timestamp()
        past.FromDatetime(now - timedelta(minutes=5))
        future.FromDatetime(now + timedelta(minutes=5))
        assert len(await _listed(home, created_after=past, created_before=future)) == 3
        assert await _listed(home, created_before=past) == []
        assert await _listed(home, created_after=future) == []


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"output_schema": "{"}, INVALID, "not JSON"),
        ({"output_schema": "[]"}, INVALID, "not a JSON object"),
        ({"output_schema": '{"type": "nonsense"}'}, INVALID, "nonsense"),
        ({"output_schema": '{"$ref": "https://evil.test/schema"}'}, INVALID, "another document"),
        ({"output_schema": '{"properties": {"a": {"$ref": "file:///etc/passwd"}}}'}, INVALID, "another document"),
        ({"output_schema": "[" * 20_000}, INVALID, ""),
        ({"policy": policy_pb2.Policy(allowed_origins=["https://"])}, INVALID, "allowed_origins[0]"),
        ({"secrets": ["github", "none_of_these"]}, NOT_FOUND, "none_of_these"),
        ({"model": "another", "decider": task_pb2.DECIDER_MODEL}, error_pb2.ERROR_CODE_MODEL_NOT_CONFIGURED, ""),
    ],
)
async def test_what_a_new_task_is_checked_for(
    tmp_path: Path, fields: dict[str, Any], code: error_pb2.ErrorCode.ValueType, words: str
) -> None:
    async with house(tmp_path, BrowserDouble(), secret_names=["github"]) as home:
        with pytest.raises(TabwireError) as raised:
            await home.create("read page", **fields)
        assert raised.value.code == code, raised.value
        assert words in raised.value.info.message
        assert not await _listed(home)


async def test_a_task_keeps_all_that_it_was_given(tmp_path: Path) -> None:
    schema = json.dumps(
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"type": "string"}}}
    )
    plan = task_pb2.Plan(items=[task_pb2.PlanItem(text="look")])
    policy = policy_pb2.Policy(allowed_origins=["*.shop.test"])
    browser = BrowserDouble()
    async with house(tmp_path, browser, secret_names=["github"]) as home:
        task = await home.create(
            'ask "Really?"', output_schema=schema, plan=plan, policy=policy, secrets=["github", "github"], model="m"
        )
        await home.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_HUMAN)
        stricter = policy_pb2.Policy(denied_origins=["https://bank.test"])
        other = task_pb2.Plan(items=[task_pb2.PlanItem(text="go", status=task_pb2.PLAN_STATUS_ACTIVE)])
        rules = len(browser.rules)
        await home.modify(task.task_id, policy=stricter, plan=other)
        assert len(browser.rules) == rules + 1, "the browser is told of the new policy"
        bad = home.modify(task.task_id, policy=policy_pb2.Policy(denied_origins=["a b"]))
        assert await _code(bad) == INVALID
        changed = await home.get(task.task_id)
        assert (changed.output_schema, changed.policy, changed.plan) == (schema, stricter, other)
        assert (list(changed.secrets), changed.model) == (["github"], "m")
        assert changed.limits.max_wait_seconds == 86_400


async def test_thinking_is_shown_to_those_who_want_it_and_kept_by_nobody(tmp_path: Path) -> None:
    browser = BrowserDouble()
    reached, go_on = browser.holding("click")
    async with house(tmp_path, browser) as home:
        task = await home.create('click "Go"')
        await reached.wait()
        seen: list[str] = []

        async def watch(*, with_thinking: bool) -> list[str]:
            told = []
            async for response in home.watched(task.task_id, with_thinking=with_thinking):
                told.append("event" if response.HasField("event") else "thinking")
                if response.HasField("thinking"):
                    seen.append(response.thinking.reasoning)
                    go_on.set()
            return told

        curious, plain = asyncio.create_task(watch(with_thinking=True)), asyncio.create_task(watch(with_thinking=False))
        while not seen:
            home.runner(task.task_id).thinking(task_pb2.Thinking(step_number=1, reasoning="Hm."))
            await asyncio.sleep(0.05)
        with_thinking, without = await curious, await plain
        assert set(seen) == {"Hm."}
        assert "thinking" not in without
        assert [one for one in with_thinking if one == "event"] == without
        assert len(without) == len(await home.events(task.task_id))
