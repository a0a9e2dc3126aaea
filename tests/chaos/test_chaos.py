"""A few chaos runs for every `make test`: the same seeds each time. `make chaos` makes many more, of all faults.

And the life of the service worker when nobody watches it: no debugger is attached, which would keep it alive.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from chaos.checker import check
from chaos.drive import run
from chaos.house import ChaosStack
from chaos.plan import Fault, draw
from chaos.traces import traces
from tabwire.v1 import action_pb2

if TYPE_CHECKING:
    from pathlib import Path

    from tabwire.client import Client

# Chrome ends an idle service worker after 30 seconds.
_IDLE_S = 37.0
_SHORT = (
    Fault.SERVER_KILLED,
    Fault.ENVOY_KILLED,
    Fault.WORKER_STOPPED,
    Fault.EXTENSION_RELOADED,
    Fault.CONNECTION_CUT,
    Fault.LAPTOP_SLEPT,
)


# What nobody tells the product about: it has to notice, and to bring back what does not come back by itself.
_SILENT = (Fault.CONNECTION_HALF_OPEN, Fault.EXTENSION_PROCESS_KILLED, Fault.OFFSCREEN_CLOSED)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("seed", "faults"), [(1, _SHORT), (2, _SHORT), (4, _SILENT)])
async def test_guarantees_hold_while_things_break(tmp_path: Path, seed: int, faults: tuple[Fault, ...]) -> None:
    plan = draw(seed, faults)
    history = await run(plan, tmp_path)
    history.write(tmp_path / "history.jsonl")
    violations = check(history.entries)
    if violations:
        print(traces(history.entries, violations, tmp_path))  # all that is left of it where the files are not kept
    assert violations == [], plan


@pytest.mark.timeout(300)
async def test_a_browser_that_was_idle_for_longer_than_a_service_worker_lives(tmp_path: Path) -> None:
    stack = ChaosStack(tmp_path)
    try:
        await stack.prepare()
        await stack.start()
        async with stack.client() as client:
            await _opens_a_tab(client)
            await asyncio.sleep(_IDLE_S)
            browsers = (await client.list_browsers()).browsers
            assert [browser.is_connected for browser in browsers] == [True], "the link outlives the worker"
            await _opens_a_tab(client)
            # The same at a moment of our choosing: at most times an alarm has just started the worker again.
            await stack.stop_worker()
            await _opens_a_tab(client)
    finally:
        await stack.dismantle()


async def _opens_a_tab(client: Client) -> None:
    opened = await client.act(action_pb2.Action(open_tab=action_pb2.OpenTabAction(url="about:blank")))
    assert opened.result.status == action_pb2.ACTION_STATUS_SUCCEEDED, opened
