"""Planned ends of a stream in the middle of a task: by its age, with its token, with the server, with Envoy.

The task goes on, whoever watches it sees one journal without a gap, and every effect comes once. The page counts.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from e2e.stack import tab_id, until
from tabwire.v1 import action_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from playwright.async_api import Page

    from e2e.page_server import PageServer
    from e2e.stack import Stack

    MakeStack = Callable[[Mapping[str, str] | None], Stack]
    Happening = Callable[[Stack, "Streams"], Awaitable[None]]

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]
_STEPS = 24
_ANSWER_MS = 400


class Streams:
    """The streams that were attached to links since this was made, as the server's log tells."""

    def __init__(self, stack: Stack) -> None:
        self._log = stack.settings().logs_path / "server.log"
        self._from = self._log.stat().st_size

    def attached(self) -> list[tuple[str, int]]:
        """The link and the epoch of each, in order."""
        text = self._log.read_bytes()[self._from :].decode()
        entries = [json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")]
        return [(entry["link_id"], entry["epoch"]) for entry in entries if entry["event"] == "attached"]


async def _pressed(page: Page, count: int) -> None:
    async def enough() -> bool:
        return int(await page.evaluate("truth.presses.length")) >= count

    await until(enough, f"{count} presses", 90)


async def _run(stack: Stack, pages: PageServer, happens: Happening) -> tuple[list[task_pb2.TaskEvent], Streams]:
    """A task with effects and waits, in the middle of which something happens. Its journal as a watcher saw it."""
    async with stack.inspect() as context, stack.client() as client:
        page = await context.new_page()
        await page.goto(f"{pages.fresh('chain/paced.html')}#{_STEPS},{_ANSWER_MS}")
        number = await tab_id(client, page)
        text = "\n".join(f'click "Step {i}"\nwait until "Answer {i}" appears' for i in range(1, _STEPS + 1))
        streams = Streams(stack)
        task = await client.create_task(text, context=task_pb2.TaskContext(active_tab_id=number))
        seen: list[task_pb2.TaskEvent] = []

        async def watch() -> None:
            async for event in client.watch_task(task.task_id, resume_s=60):
                seen.append(event)  # noqa: PERF401 - what came before it ended counts

        watching = asyncio.create_task(watch())
        try:
            await _pressed(page, 3)
            await happens(stack, streams)
            assert await page.evaluate("truth.presses.length") < _STEPS, "it came too late to prove anything"
            await asyncio.wait_for(watching, 150)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        done = await client.get_task(task.task_id)
        assert done.state == task_pb2.TASK_STATE_SUCCEEDED, done.cause
        assert await page.evaluate("truth.presses") == list(range(1, _STEPS + 1))
        await page.close()
    assert [event.seq for event in seen] == list(range(1, len(seen) + 1)), "the watcher saw each event once"
    results = [event.action_finished.result for event in seen if event.HasField("action_finished")]
    assert [result.status for result in results] == [action_pb2.ACTION_STATUS_SUCCEEDED] * (2 * _STEPS)
    return seen, streams


def _waited_for_browser(events: list[task_pb2.TaskEvent]) -> bool:
    return any(event.state_changed.to == task_pb2.TASK_STATE_WAITING_BROWSER for event in events)


@pytest.mark.parametrize("cause", ["TABWIRE_STREAM_MAX_AGE_S", "TABWIRE_ACCESS_TOKEN_S"])
async def test_streams_that_end_by_plan(own_stack: MakeStack, pages: PageServer, cause: str) -> None:
    """By their age, and with their token, again and again: it is one link, and the task notices nothing."""
    stack = own_stack({cause: "5"})
    await stack.start()

    async def twice(_stack: Stack, streams: Streams) -> None:
        async def rotated() -> bool:
            return len(streams.attached()) >= 2

        await until(rotated, "two new streams", 60)

    events, streams = await _run(stack, pages, twice)
    assert not _waited_for_browser(events)
    links = streams.attached()
    assert len({link_id for link_id, _ in links}) == 1
    epochs = [epoch for _, epoch in links]
    assert epochs == list(range(epochs[0], epochs[0] + len(epochs)))


@pytest.mark.parametrize("child", ["server", "envoy"])
async def test_a_part_is_stopped_as_at_an_update(own_stack: MakeStack, pages: PageServer, child: str) -> None:
    """SIGTERM, as a service manager sends it, and a new start."""
    stack = own_stack(None)
    await stack.start()

    async def restarted(stack: Stack, streams: Streams) -> None:
        before = stack.child(child)
        os.kill(before, signal.SIGTERM)

        async def replaced() -> bool:
            return stack.child(child) != before and len(streams.attached()) > 0

        await until(replaced, f"{child} to be started again, and the browser to be back", 90)

    events, streams = await _run(stack, pages, restarted)
    if child == "envoy":
        assert len({link_id for link_id, _ in streams.attached()}) == 1, "the link outlives its edge"
    else:
        assert any(event.state_changed.to == task_pb2.TASK_STATE_RUNNING for event in events[3:]), "it was taken up"
