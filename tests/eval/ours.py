"""Tabwire's side of the evaluation: a task for its agent, given and watched through the public client."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.stack import Stack, unattended
from eval.figures import Outcome
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from miniwob.environment import Episode
    from tabwire.client import Client

_POLL_S = 0.3
_ENDED = frozenset({task_pb2.TASK_STATE_SUCCEEDED, task_pb2.TASK_STATE_FAILED, task_pb2.TASK_STATE_STOPPED})
# A task that waits for a person will wait for ever here: nobody is there.
_STUCK = frozenset({task_pb2.TASK_STATE_WAITING_HUMAN, task_pb2.TASK_STATE_NEEDS_ATTENTION})


class Ours:
    """The whole product with its managed Chromium."""

    name = "tabwire"

    def __init__(self, base_url: str, model: str) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="eval-", ignore_cleanup_errors=True)
        self._stack = Stack(
            Path(self._home.name),
            {
                "TABWIRE_BROWSER_ARGS": "",
                "TABWIRE_MODEL": model,
                "OPENAI_BASE_URL": base_url,
                "OPENAI_API_KEY": "none",
                "TABWIRE_MODEL_TIMEOUT_S": "300",
            },
        )
        self._stack.policy = unattended()  # the pages' "Send" and "Delete" are games, and nobody is there to approve
        self._client: Client | None = None
        self._tab = 0

    async def start(self) -> None:
        """Starts everything."""
        await self._stack.start()
        self._client = self._stack.client()
        self._tab = next(tab.tab_id for tab in (await self._client.list_tabs()).tabs if tab.is_active)

    async def stop(self) -> None:
        """Ends everything."""
        if self._client is not None:
            await self._client.close()
        await self._stack.stop_if_running()
        self._home.cleanup()

    async def open(self, url: str) -> None:
        """Brings the tab to an address."""
        assert self._client is not None
        action = action_pb2.Action(navigate=action_pb2.NavigateAction(url=url))
        result = (await self._client.act(action, self._tab)).result
        if result.status != action_pb2.ACTION_STATUS_SUCCEEDED:
            raise RuntimeError(result.error_info.message)

    async def solve(
        self, episode: Episode, instruction: str, steps: int, seconds: float, is_over: Callable[[], bool]
    ) -> Outcome:
        """Gives the task and waits until it has ended, the page has awarded everything, or nobody would answer."""
        assert self._client is not None
        task = await self._client.create_task(
            instruction,
            decider=task_pb2.DECIDER_MODEL,
            context=task_pb2.TaskContext(active_tab_id=self._tab, url=episode.url),
            limits=task_pb2.TaskLimits(max_steps=steps),
        )
        until = time.monotonic() + seconds
        while task.state not in _ENDED and task.state not in _STUCK and not is_over() and time.monotonic() < until:
            await asyncio.sleep(_POLL_S)
            task = await self._client.get_task(task.task_id)
        while task.state not in _ENDED:
            with contextlib.suppress(TabwireError):  # it may have ended by itself meanwhile
                await self._client.stop_task(task.task_id)
            await asyncio.sleep(_POLL_S)
            task = await self._client.get_task(task.task_id)
        claimed = task.state == task_pb2.TASK_STATE_SUCCEEDED
        words = task.result if claimed else task.cause.message or task.human_request.prompt
        if time.monotonic() >= until:
            words = f"not within {seconds:.0f} s; {words}"
        return Outcome(len(task.steps), claimed, words)
