"""Parts die in the middle of a task, and the task goes on: nothing lost, nothing done twice. The page counts."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from e2e.stack import tab_id, until
from tabwire.errors import TabwireError
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import BrowserContext, Page

    from e2e.page_server import PageServer
    from e2e.stack import Stack

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]
_STEPS = 30
_ENDED = (task_pb2.TASK_STATE_SUCCEEDED, task_pb2.TASK_STATE_FAILED, task_pb2.TASK_STATE_STOPPED)


async def _survives(
    stack: Stack, context: BrowserContext, pages: PageServer, breakage: Callable[[Page], Awaitable[None]]
) -> None:
    page = await context.new_page()
    await page.goto(pages.fresh("chain/steps.html"))
    async with stack.client() as client:
        number = await tab_id(client, page)
        text = "\n".join(f'click "Step {i}"' for i in range(1, _STEPS + 1))
        task = await client.create_task(text, context=task_pb2.TaskContext(active_tab_id=number))

        async def under_way() -> bool:
            return int(await page.evaluate("truth.presses.length")) >= 3

        await until(under_way, "three presses")
    await breakage(page)
    assert await page.evaluate("truth.presses.length") < _STEPS, "the breakage came too late to prove anything"

    async def ended() -> task_pb2.Task | None:
        # The edge or the server may still be coming back.
        with contextlib.suppress(TabwireError):
            async with stack.client() as fresh:
                found = await fresh.get_task(task.task_id)
                return found if found.state in _ENDED else None
        return None

    done = await until(ended, "the task to end", 120)
    assert done.state == task_pb2.TASK_STATE_SUCCEEDED, done.cause
    assert await page.evaluate("truth.presses") == list(range(1, _STEPS + 1))
    async with stack.client() as client:
        sequence = [event.seq async for event in client.watch_task(task.task_id)]
    assert sequence == list(range(1, len(sequence) + 1)), "the journal has no gap"
    await page.close()


async def test_the_server_is_killed(stack: Stack, context: BrowserContext, pages: PageServer) -> None:
    await _survives(stack, context, pages, lambda _page: stack.kill_child("server"))


async def test_envoy_is_killed(stack: Stack, context: BrowserContext, pages: PageServer) -> None:
    await _survives(stack, context, pages, lambda _page: stack.kill_child("envoy"))


async def test_the_service_worker_dies(stack: Stack, context: BrowserContext, pages: PageServer) -> None:
    async def stop_workers(page: Page) -> None:
        session = await context.new_cdp_session(page)
        await session.send("ServiceWorker.enable")
        await session.send("ServiceWorker.stopAllWorkers")
        await session.detach()

    await _survives(stack, context, pages, stop_workers)
