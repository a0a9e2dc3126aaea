"""Taking tasks once, finding them again, and keeping owners apart."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from doubles.browser_double import BrowserDouble
from integration.task.harness import OWNER, house
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2, task_pb2, task_service_pb2

if TYPE_CHECKING:
    from pathlib import Path

    from tabwire.store.task_store import StoredTask

READ = 'read "Total"'


@pytest.mark.parametrize(
    "name", [{"idempotency_key": "k1"}, {"task_id": "my-task"}, {"task_id": "b", "idempotency_key": "k"}]
)
async def test_a_repeat_is_the_first_task_and_other_content_is_refused(tmp_path: Path, name: dict[str, Any]) -> None:
    browser = BrowserDouble()
    async with house(tmp_path, browser) as home:
        first = await home.create(READ, timestamp=Timestamp(seconds=1), **name)
        again = await home.create(READ, timestamp=Timestamp(seconds=2), **name)
        assert again.task_id == first.task_id
        await home.ended(first.task_id)
        late = await home.create(READ, **name)
        assert late.task_id == first.task_id
        assert late.state == task_pb2.TASK_STATE_SUCCEEDED
        assert len(browser.executed) == 1
        with pytest.raises(TabwireError) as raised:
            await home.create('click "Go"', **name)
        assert raised.value.code == error_pb2.ERROR_CODE_ALREADY_EXISTS


async def test_of_many_at_once_with_the_same_key_one_is_taken(tmp_path: Path) -> None:
    browser = BrowserDouble()
    async with house(tmp_path, browser) as home:
        tasks = await asyncio.gather(*(home.create(READ, idempotency_key="k") for _ in range(8)))
        assert len({task.task_id for task in tasks}) == 1
        await home.ended(tasks[0].task_id)
        assert len(browser.executed) == 1


async def test_a_task_is_as_it_was_sent(tmp_path: Path) -> None:
    context = task_pb2.TaskContext(url="https://shop.test/", page_title="Shop", selected_text="x", active_tab_id=1)
    async with house(tmp_path, BrowserDouble()) as home:
        task = await home.create(READ, context=context, details="d", max_retries=7, timestamp=Timestamp(seconds=5))
        done = await home.ended(task.task_id)
        assert done.context == context
        assert (done.user_prompt, done.description, done.details, done.max_retries) == (READ, READ, "d", 7)
        assert done.timestamp.seconds == 5
        assert done.limits.max_steps == 50
        assert done.created_at.seconds > 0
        assert done.finished_at.seconds >= done.created_at.seconds
        assert done.updated_at == (await home.events(task.task_id))[-1].time


async def test_another_owners_task_is_not_there(tmp_path: Path) -> None:
    async with house(tmp_path, BrowserDouble()) as home:
        task = await home.create(READ, task_id="mine")
        name: dict[str, Any] = {"task_id": task.task_id}
        calls = [
            home.manager.get("other", task_service_pb2.GetTaskRequest(**name)),
            home.manager.modify("other", task_service_pb2.ModifyTaskRequest(**name)),
            home.manager.pause("other", task_service_pb2.PauseTaskRequest(**name)),
            home.manager.resume("other", task_service_pb2.ResumeTaskRequest(**name)),
            home.manager.stop_task("other", task_service_pb2.StopTaskRequest(**name)),
            home.manager.answer("other", task_service_pb2.AnswerTaskRequest(answer="x", **name)),
            anext(home.manager.watch("other", task_service_pb2.WatchTaskRequest(**name))),
        ]
        for call in calls:
            with pytest.raises(TabwireError) as raised:
                await call
            assert raised.value.code == error_pb2.ERROR_CODE_NOT_FOUND
        assert not (await home.manager.list("other", task_service_pb2.ListTasksRequest())).tasks


async def test_listing_page_by_page(tmp_path: Path) -> None:
    async with house(tmp_path, BrowserDouble()) as home:
        ids = []
        for _ in range(5):
            ids.append((await home.create(READ)).task_id)
            await home.ended(ids[-1])
        seen: list[str] = []
        token = ""
        while True:
            request = task_service_pb2.ListTasksRequest(page_size=2, page_token=token)
            page = await home.manager.list(OWNER, request)
            assert not any(task.steps for task in page.tasks)
            seen.extend(task.task_id for task in page.tasks)
            token = page.next_page_token
            if not token:
                break
        assert seen == ids[::-1]
        running = task_service_pb2.ListTasksRequest(states=[task_pb2.TASK_STATE_RUNNING])
        assert not (await home.manager.list(OWNER, running)).tasks
        done = task_service_pb2.ListTasksRequest(states=[task_pb2.TASK_STATE_SUCCEEDED])
        assert len((await home.manager.list(OWNER, done)).tasks) == 5


@pytest.mark.parametrize("token", ["nonsense", "AAAA", "bm8gdGltZSBoZXJl", "ü"])
async def test_a_page_token_of_nobody(tmp_path: Path, token: str) -> None:
    async with house(tmp_path, BrowserDouble()) as home:
        with pytest.raises(TabwireError) as raised:
            await home.manager.list(OWNER, task_service_pb2.ListTasksRequest(page_token=token))
        assert raised.value.code == error_pb2.ERROR_CODE_INVALID_ARGUMENT
        assert raised.value.info.details.field_violations.violations[0].field == "page_token"


async def test_the_only_browser_may_be_away_when_a_task_is_taken(tmp_path: Path) -> None:
    browser = BrowserDouble()
    browser.disconnect()
    async with house(tmp_path, browser) as home:
        task = await home.create(READ)
        assert task.browser_id == browser.name
        await home.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_BROWSER)


async def test_a_lease_keeps_other_servers_away_until_it_runs_out(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    async with house(tmp_path, BrowserDouble()) as home:
        task = task_pb2.Task(task_id="t", browser_id="b", state=task_pb2.TASK_STATE_QUEUED, last_event_seq=1)
        event = task_pb2.TaskEvent(task_id="t", seq=1, created=task_pb2.TaskCreated(task=task))
        until = now + timedelta(seconds=30)
        assert await home.store.insert(
            OWNER, task, [event], idempotency_key="", request_digest=b"", lease_owner="first", lease_until=until
        )

        async def take(at: datetime) -> StoredTask | None:
            return await home.store.take_up(
                "t", lease_owner="second", lease_until=at + timedelta(seconds=30), free_at=at
            )

        assert await home.store.unfinished(free_at=now) == []
        assert await take(now) is None
        late = until + timedelta(seconds=1)
        assert await home.store.unfinished(free_at=late) == ["t"]
        taken = await take(late)
        assert taken is not None
        assert taken.epoch == 2
        task.last_event_seq = 2
        with pytest.raises(TabwireError) as raised:
            await home.store.append(task.task_id, task, [event], epoch=1, now=late)
        assert raised.value.code == error_pb2.ERROR_CODE_EPOCH_FENCED
