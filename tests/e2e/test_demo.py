"""What `make run` does after the set-up: the demo task, each step printed, the result, and then it goes on serving."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.stack import until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from e2e.stack import Stack

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


async def test_the_demo_is_done_and_it_goes_on_serving(
    own_stack: Callable[[Mapping[str, str] | None], Stack],
) -> None:
    stack = own_stack(None)
    await stack.start(arguments=["--demo"])

    async def serving() -> bool:
        return "Give it the next task" in stack.log.read_text(encoding="utf-8")

    await until(serving, "the demo to end", 120)
    log = stack.log.read_text(encoding="utf-8")
    assert "find the cheapest stapler and put it in the cart" in log
    assert "Result: Total $3.99" in log
    assert log.index("Step 1") < log.index("Step 7") < log.index("Result:")
    code, out, err = await stack.cli("task", "run", 'read "Total"')
    assert code == 0, out + err
    assert "$3.99" in out
