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
from tabwire.v1 import action_pb2

if TYPE_CHECKING:
    from pathlib import Path

    from tabwire.client import Client

# Chrome ends an idle service worker after 30 seconds.
_IDLE_S = 37.0
# The product's own time between signs of life: a busy machine is not to be taken for a broken connection.
_HEARTBEAT_MS = 10_000
_SHORT = (
    Fault.SERVER_KILLED,
    Fault.ENVOY_KILLED,
    Fault.WORKER_STOPPED,
    Fault.EXTENSION_RELOADED,
    Fault.CONNECTION_CUT,
    Fault.LAPTOP_SLEPT,
)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1, 2])
async def test_guarantees_hold_while_things_break(tmp_path: Path, seed: int) -> None:
    plan = draw(seed, _SHORT)
    history = await run(plan, tmp_path, heartbeat_ms=_HEARTBEAT_MS)
    history.write(tmp_path / "history.jsonl")
    assert check(history.entries) == [], plan


@pytest.mark.timeout(300)
async def test_a_browser_that_was_idle_for_longer_than_a_service_worker_lives(tmp_path: Path) -> None:
    stack = ChaosStack(tmp_path, {"TABWIRE_HEARTBEAT_MS": str(_HEARTBEAT_MS)})
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
