"""A task in free words, decided by a model (a scripted double behind the real HTTP interface), done in a real page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from doubles.scripted_model import ScriptedModel, done, on
from e2e.stack import until
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from e2e.page_server import PageServer
    from e2e.stack import Stack

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


async def test_a_model_acts_in_a_real_page(
    own_stack: Callable[[Mapping[str, str] | None], Stack], pages: PageServer
) -> None:
    answers = [
        on('textbox "Search"', "input_text", text="stapler"),
        on('button "Add to cart"'),
        done("It is in the cart."),
    ]
    with ScriptedModel(answers) as model:
        stack = own_stack(
            {"TABWIRE_MODEL": "scripted", "OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "no secret"}
        )
        await stack.start()
        async with stack.client() as client:
            task = await client.create_task("buy a stapler", start_url=pages.url("chain/actions.html"))

            async def ended() -> task_pb2.Task | None:
                now = await client.get_task(task.task_id)
                return now if now.HasField("finished_at") else None

            finished = await until(ended, "the task to end", 90)
            assert finished.state == task_pb2.TASK_STATE_SUCCEEDED, finished.cause
            assert finished.result == "It is in the cart."
            assert finished.usage.model_calls == 3
            async with stack.page_at(pages.url("chain/actions.html")) as page:
                assert await page.evaluate("truth.clicks") == 1
                assert await page.evaluate("document.querySelector('[name=q]').value") == "stapler"
