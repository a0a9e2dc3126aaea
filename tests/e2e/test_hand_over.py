"""The agent hands the tab to the person and takes it back; a person who steps in by themselves pauses the task.

The model is a scripted double behind the real HTTP interface; page, browser, edge and server are real.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from doubles.scripted_model import ScriptedModel, decide, done, on
from e2e.stack import until
from tabwire.v1 import error_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from e2e.page_server import PageServer
    from e2e.stack import Stack
    from tabwire.client import Client

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


async def _when(client: Client, task: task_pb2.Task, state: task_pb2.TaskState.ValueType) -> task_pb2.Task:
    async def reached() -> task_pb2.Task | None:
        now = await client.get_task(task.task_id)
        assert now.state == state or not now.HasField("finished_at"), now.cause
        return now if now.state == state else None

    return await until(reached, f"the task to be {task_pb2.TaskState.Name(state)}", 90)


async def test_the_person_does_a_part_and_hands_it_back(
    own_stack: Callable[[Mapping[str, str] | None], Stack], pages: PageServer
) -> None:
    answers = [
        decide(hand_over={"prompt": "Please write the note yourself."}),
        on('button "Add to cart"'),
        done(),
    ]
    with ScriptedModel(answers) as model:
        stack = own_stack({"TABWIRE_MODEL": "scripted", "OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none"})
        await stack.start()
        async with stack.client() as client:
            task = await client.create_task("buy it, I write the note", start_url=pages.url("chain/actions.html"))
            waiting = await _when(client, task, task_pb2.TASK_STATE_WAITING_HUMAN)
            assert waiting.human_request.kind == task_pb2.HUMAN_REQUEST_KIND_HANDOVER
            assert waiting.human_request.prompt == "Please write the note yourself."
            async with stack.page_at(pages.url("chain/actions.html")) as page:
                await page.locator("[name=q]").fill("written by the person")
                await client.answer_task(task.task_id, "It is written.")
                await _when(client, task, task_pb2.TASK_STATE_SUCCEEDED)
                assert await page.evaluate("truth.clicks") == 1
    told = model.requests[1].last
    assert "It is written." in told
    assert "written by the person" in told, "what changed meanwhile is told with it"


async def test_a_person_who_steps_in_pauses_the_task(
    own_stack: Callable[[Mapping[str, str] | None], Stack], pages: PageServer
) -> None:
    wait = decide(wait={"text": "never to be seen", "timeout_ms": 60_000})
    with ScriptedModel([wait, on('button "Add to cart"'), done()]) as model:
        stack = own_stack({"TABWIRE_MODEL": "scripted", "OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none"})
        await stack.start()
        async with stack.client() as client:
            task = await client.create_task("buy it", start_url=pages.url("chain/actions.html"))

            async def begun() -> bool:
                return bool((await client.get_task(task.task_id)).steps)

            await until(begun, "the first step")
            async with stack.page_at(pages.url("chain/actions.html")) as page:
                await page.locator("[name=q]").click()
                await page.keyboard.type("mine")
                paused = await _when(client, task, task_pb2.TASK_STATE_PAUSED)
                assert paused.cause.code == error_pb2.ERROR_CODE_PERSON_ACTED
                assert paused.cause.message
                await client.stop_task(task.task_id)
                await _when(client, task, task_pb2.TASK_STATE_STOPPED)
                assert await page.evaluate("truth.clicks") == 0
