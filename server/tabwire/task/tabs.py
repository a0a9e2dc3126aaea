"""Which running task works in which tab: no two share one. Held in memory; tasks claim anew when they are taken up."""

from __future__ import annotations

import asyncio


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

    async def release_all(self, browser_id: str, task_id: str) -> None:
        """Gives all tabs of a task back. Of another owner's browser a task of the same id is another one."""
        self._holders = {
            place: holder for place, holder in self._holders.items() if place[0] != browser_id or holder != task_id
        }
        async with self._changed:
            self._changed.notify_all()
