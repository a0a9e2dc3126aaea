"""A few MiniWoB++ tasks through the whole chain, so that the driver keeps working. All of them: `make miniwob`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniwob.environment import installed_version
from miniwob.run import run

if TYPE_CHECKING:
    from e2e.stack import Stack

_TASKS = ["click-button", "click-checkboxes", "enter-text", "choose-list"]


@pytest.mark.skipif(installed_version() is None, reason="needs the pages: pip install --no-deps miniwob==1.1.0")
@pytest.mark.asyncio(loop_scope="session")
async def test_tasks_are_solved_from_the_page_state_alone(stack: Stack) -> None:
    report = await run(stack, _TASKS, 1, background=True)
    assert [row.task for row in report.rows] == _TASKS
    assert report.solved_all, "\n".join(row.line() for row in report.rows)
