"""The product with a scripted model, and the person beside it, who gives tasks in free words, waits for where they
stand, and answers what they ask, having looked at what is to be approved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from doubles.scripted_model import ScriptedModel
from e2e.stack import Stack, tab_id, until
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from pathlib import Path

    from playwright.async_api import BrowserContext, Page

    from tabwire.client import Client

SUCCEEDED = task_pb2.TASK_STATE_SUCCEEDED
WAITING = task_pb2.TASK_STATE_WAITING_HUMAN
PATIENCE_S = 90


@dataclass
class Agent:
    """One product whose model is a double."""

    stack: Stack
    model: ScriptedModel
    client: Client
    context: BrowserContext

    def will(self, *script: Any, then: Any = None) -> None:
        """What the model answers to the next calls. What it was asked before is forgotten."""
        self.model.script, self.model.then, self.model.requests = list(script), then, []

    async def when(self, task_id: str, *states: task_pb2.TaskState.ValueType) -> task_pb2.Task:
        """Waits until a task is in a state, and fails if it ends in another one."""

        async def reached() -> task_pb2.Task | None:
            now = await self.client.get_task(task_id)
            assert now.state in states or not now.HasField("finished_at"), (now.cause, self.model.requests[-1:])
            return now if now.state in states else None

        names = " or ".join(task_pb2.TaskState.Name(state) for state in states)
        return await until(reached, f"{task_id} to be {names}, see {self.stack.log}", PATIENCE_S)

    async def asked(self, task_id: str, *, after: str = "") -> task_pb2.HumanRequest:
        """Waits for the task's request, another one than `after`."""

        async def there() -> task_pb2.HumanRequest | None:
            now = await self.client.get_task(task_id)
            assert not now.HasField("finished_at"), (now.cause, self.model.requests[-1:])
            is_new = now.state == WAITING and now.human_request.request_id != after
            return now.human_request if is_new else None

        return await until(there, f"{task_id} to ask, see {self.stack.log}", PATIENCE_S)

    async def succeeded(self, task_id: str) -> task_pb2.Task:
        """Waits until a task is done."""
        return await self.when(task_id, SUCCEEDED)

    async def visit(self, url: str) -> tuple[Page, task_pb2.TaskContext]:
        """Opens a page in a tab in front, for a task that is given there."""
        page = await self.context.new_page()
        await page.goto(url)
        await page.bring_to_front()
        return page, task_pb2.TaskContext(active_tab_id=await tab_id(self.client, page))

    async def truth(self, url: str, expression: str) -> Any:
        """What a page knows that a task has opened; its tab is closed then."""
        async with self.stack.page_at(url) as page:
            told = await page.evaluate(expression)
            await page.close()
            return told


async def answering(
    client: Client, task_id: str, approve: Callable[[task_pb2.HumanRequest], bool]
) -> tuple[task_pb2.Task, list[task_pb2.HumanRequest]]:
    """Answers a task's approvals until it has ended: what the person says to each, bound to what was shown.

    Returns the ended task and what it asked.
    """
    asked: list[task_pb2.HumanRequest] = []

    async def ended() -> task_pb2.Task | None:
        now = await client.get_task(task_id)
        request = now.human_request
        is_new = not asked or asked[-1].request_id != request.request_id
        if now.state == WAITING and request.kind == task_pb2.HUMAN_REQUEST_KIND_APPROVAL and is_new:
            asked.append(request)
            await client.answer_task(
                task_id, request_id=request.request_id, approve=approve(request), action_digest=request.action_digest
            )
        return now if now.HasField("finished_at") else None

    return await until(ended, f"{task_id} to end", PATIENCE_S), asked


async def running_agent(home: Path) -> AsyncIterator[Agent]:
    """The product with a scripted model that may look at pictures, and with the policy as it is by default."""
    with ScriptedModel() as model:
        env = {
            "TABWIRE_MODEL": "scripted",
            "TABWIRE_MODEL_PROFILE": "strong",
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "none needed",
        }
        stack = Stack(home, env)
        await stack.start()
        async with stack.client() as client, stack.inspect() as context:
            yield Agent(stack, model, client, context)
        assert await stack.stop() == 0


def approvals(requests: Iterable[task_pb2.HumanRequest]) -> list[str]:
    """What was asked, for a failing test to show."""
    return [request.prompt for request in requests]
