"""The tabs of tasks: which tabs are a task's, by its journal, and which running task has which: no two share one.

What a task's tabs are is pure and journalled. Who has a tab now is held in memory; tasks claim anew when they are taken
up.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tabwire.v1 import action_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_TABS = 100


def tabs_after(task: task_pb2.Task, events: Iterable[task_pb2.TaskEvent]) -> list[int]:
    """The task's tabs once these events have happened to it: those it goes to or opens are its own, closed ones not."""
    tabs = list(task.tab_ids)
    current = task.tab_id
    for event in events:
        kind = event.WhichOneof("kind")
        if kind == "task_update" and event.task_update.HasField("tabs"):
            tabs = list(event.task_update.tabs.tab_ids)
        elif kind == "task_update" and event.task_update.tab_id:
            current = event.task_update.tab_id
            tabs.append(current)
        elif kind == "action_finished":
            tabs.extend(event.action_finished.result.outcome_details.opened_tab_ids)
            closed = _closed(task, event.action_finished, current)
            tabs = [tab_id for tab_id in tabs if tab_id != closed]
    return list(dict.fromkeys(tabs))[-MAX_TABS:]


def _closed(task: task_pb2.Task, finished: task_pb2.ActionFinished, current: int) -> int:
    """The tab that an action closed; 0 if it closed none."""
    if finished.result.status != action_pb2.ACTION_STATUS_SUCCEEDED:
        return 0
    for step in reversed(task.steps):
        if step.number == finished.step_number and finished.index < len(step.actions):
            action = step.actions[finished.index]
            return (action.close_tab.tab_id or current) if action.HasField("close_tab") else 0
    return 0


class TabClaims:
    """The claims of all tasks that this server runs."""

    def __init__(self) -> None:
        self._holders: dict[tuple[str, int], str] = {}
        self._changed = asyncio.Condition()

    def holder(self, browser_id: str, tab_id: int) -> str:
        """The task that has a tab; empty if none has."""
        return self._holders.get((browser_id, tab_id), "")

    def claim(self, browser_id: str, tab_id: int, task_id: str) -> str:
        """Gives a free tab to a task. Returns the other task that has it instead, if one has."""
        holder = self._holders.setdefault((browser_id, tab_id), task_id)
        return "" if holder == task_id else holder

    async def wait_for(self, browser_id: str, tab_id: int, task_id: str) -> None:
        """Gives a tab to a task as soon as it is free."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self.claim(browser_id, tab_id, task_id))

    async def keep_only(self, browser_id: str, tab_ids: Iterable[int], task_id: str) -> None:
        """Gives all tabs of a task back but these. Of another owner's browser a task of the same id is another one."""
        kept = set(tab_ids)
        self._holders = {
            (browser, tab): holder
            for (browser, tab), holder in self._holders.items()
            if browser != browser_id or holder != task_id or tab in kept
        }
        async with self._changed:
            self._changed.notify_all()
