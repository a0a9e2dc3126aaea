"""Tasks from the command line: plain commands become clicks in a real page, watched, asked, paused, stopped."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from e2e.stack import tab_id, until
from tabwire.v1 import error_pb2, task_pb2

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext

    from e2e.page_server import PageServer
    from e2e.stack import Stack
    from tabwire.client import Client

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _in_state(client: Client, task_id: str, *states: task_pb2.TaskState.ValueType) -> task_pb2.Task:
    async def check() -> task_pb2.Task | None:
        task = await client.get_task(task_id)
        return task if task.state in states else None

    return await until(check, f"task {task_id} to be {[task_pb2.TaskState.Name(s) for s in states]}")


async def test_a_typed_task_becomes_clicks(stack: Stack, pages: PageServer) -> None:
    url = pages.fresh("chain/actions.html")
    code, out, err = await stack.cli(
        "task", "run", 'click "Add to cart" then click "Add to cart" then read "Total"',
        "--url", url, "--json",
    )  # fmt: skip
    assert code == 0, out + err
    assert "$10.50" in out

    async with stack.page_at(url) as page:
        assert await page.evaluate("truth.clicks") == 2
        await page.close()


async def test_a_task_that_fails_says_why_and_ends_with_1(stack: Stack, pages: PageServer) -> None:
    url = pages.url("chain/actions.html")
    code, out, err = await stack.cli("task", "run", 'click "Ad to card"', "--url", url, timeout_s=120)
    assert code == 1
    assert "Add to cart" in out + err, "the nearest name is offered"


async def test_what_cannot_be_understood_is_refused_with_its_remedy(stack: Stack) -> None:
    code, out, err = await stack.cli("task", "run", "please do something nice")
    assert code == 2
    assert "TABWIRE_MODEL" in out + err


async def test_a_task_with_a_question(stack: Stack, client: Client, pages: PageServer) -> None:
    text = 'ask "Which colour?" then click "Add to cart" then read "Total"'
    task = await client.create_task(text, start_url=pages.url("chain/actions.html"))
    asked = await _in_state(client, task.task_id, task_pb2.TASK_STATE_WAITING_HUMAN)
    assert asked.human_request.prompt == "Which colour?"
    code, out, err = await stack.cli("task", "answer", task.task_id, "Green")
    assert code == 0, out + err
    done = await _in_state(client, task.task_id, task_pb2.TASK_STATE_SUCCEEDED, task_pb2.TASK_STATE_FAILED)
    assert done.state == task_pb2.TASK_STATE_SUCCEEDED
    answers = [e.human_input.answer async for e in client.watch_task(task.task_id) if e.HasField("human_input")]
    assert answers == ["Green"]


async def test_pause_resume_stop(client: Client, context: BrowserContext, pages: PageServer) -> None:
    page = await context.new_page()
    await page.goto(pages.fresh("chain/steps.html"))
    number = await tab_id(client, page)
    text = "\n".join(f'click "Step {i}"' for i in range(1, 31))
    task = await client.create_task(text, context=task_pb2.TaskContext(active_tab_id=number))

    async def pressed(count: int) -> bool:
        return int(await page.evaluate("truth.presses.length")) >= count

    await until(lambda: pressed(2), "two presses")
    await client.pause_task(task.task_id)
    await _in_state(client, task.task_id, task_pb2.TASK_STATE_PAUSED)
    held = await page.evaluate("truth.presses.length")
    await asyncio.sleep(1)
    assert await page.evaluate("truth.presses.length") == held
    await client.resume_task(task.task_id)
    await until(lambda: pressed(held + 2), "two more presses")
    await client.stop_task(task.task_id, "enough")
    stopped = await _in_state(client, task.task_id, task_pb2.TASK_STATE_STOPPED)
    presses = await page.evaluate("truth.presses")
    assert presses == list(range(1, len(presses) + 1)), "every step once, in order"
    assert len(presses) < 30
    assert stopped.HasField("finished_at")
    await page.close()


async def test_two_tasks_work_side_by_side_in_tabs_of_their_own(client: Client, pages: PageServer) -> None:
    url = pages.url("chain/steps.html")
    text = "\n".join(f'click "Step {i}"' for i in range(1, 6))
    tasks = [await client.create_task(text, start_url=url) for _ in range(2)]
    ended = [
        await _in_state(client, t.task_id, task_pb2.TASK_STATE_SUCCEEDED, task_pb2.TASK_STATE_FAILED) for t in tasks
    ]
    assert [t.state for t in ended] == [task_pb2.TASK_STATE_SUCCEEDED] * 2, [t.cause for t in ended]
    assert ended[0].tab_id != ended[1].tab_id


async def test_a_restricted_page_is_said_to_be_one(client: Client, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.goto("chrome://version")
    number = await tab_id(client, page)
    task = await client.create_task('click "OK"', context=task_pb2.TaskContext(active_tab_id=number))
    failed = await _in_state(client, task.task_id, task_pb2.TASK_STATE_FAILED)
    assert failed.cause.code == error_pb2.ERROR_CODE_RESTRICTED_PAGE
    assert failed.cause.remedy
    await page.close()


async def test_the_command_line_reads_what_there_is(stack: Stack, client: Client, pages: PageServer) -> None:
    task = await client.create_task('read "Total"', start_url=pages.url("chain/actions.html"))
    await _in_state(client, task.task_id, task_pb2.TASK_STATE_SUCCEEDED)
    shown = await stack.cli_json("task", "show", task.task_id)
    assert shown["state"] == "TASK_STATE_SUCCEEDED"
    assert task.task_id in json.dumps(await stack.cli_json("task", "list"))
    browsers = await stack.cli_json("browsers")
    assert "is_connected" in json.dumps(browsers)
    state = await stack.cli_json("state", "--tab", str(shown["tab_id"]))
    assert "Add to cart" in json.dumps(state)
    acted = await stack.cli_json("act", "navigate", pages.url("chain/second.html"), "--tab", str(shown["tab_id"]))
    assert "ACTION_STATUS_SUCCEEDED" in json.dumps(acted)
    hops = await stack.cli_json("ping", "--tab", str(shown["tab_id"]))
    assert "page" in json.dumps(hops)
    assert "TABWIRE_HOME" in (await stack.cli("settings"))[1]
    assert str(stack.tabwire_home) in (await stack.cli("paths"))[1]


async def test_what_did_not_happen_is_no_success(stack: Stack, context: BrowserContext, pages: PageServer) -> None:
    page = await context.new_page()
    await page.goto(pages.fresh("chain/actions.html"))
    await page.bring_to_front()
    code, out, err = await stack.cli("task", "run", 'check "Gift wrap"')
    assert code == 0, out + err
    assert await page.evaluate("document.getElementById('gift').checked")
    code, out, err = await stack.cli("task", "run", 'check "Never"')
    assert code == 1
    assert "is not checked" in out + err
    code, out, err = await stack.cli("task", "run", 'type "7" into "Account number"')
    assert code == 1
    assert "read-only" in out + err
    assert await page.evaluate("document.querySelector('[name=p]').value") == "", "nor into another field"
    await page.close()
