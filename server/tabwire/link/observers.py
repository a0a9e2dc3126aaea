"""Who wants to see the state updates of which tab of one browser."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from tabwire.errors import TabwireError
    from tabwire.v1 import link_pb2

_MOST_WAITING = 32


class Observer:
    """One reader of a tab's updates. A slow one loses the oldest updates: each update is a whole state."""

    def __init__(self, tab_id: int) -> None:
        self.tab_id = tab_id
        self._waiting: deque[link_pb2.StateUpdate] = deque(maxlen=_MOST_WAITING)
        self._error: TabwireError | None = None
        self._changed = asyncio.Event()

    def put(self, update: link_pb2.StateUpdate) -> None:
        """Adds an update."""
        self._waiting.append(update)
        self._changed.set()

    def fail(self, error: TabwireError) -> None:
        """No update will come any more."""
        self._error = error
        self._changed.set()

    async def next(self) -> link_pb2.StateUpdate:
        """The next update. Raises the error that ended the updates, after those that came before it."""
        while not self._waiting:
            if self._error is not None:
                raise self._error
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft()


class Observers:
    """All readers of one browser's updates."""

    def __init__(self) -> None:
        self._observers: set[Observer] = set()

    def __len__(self) -> int:
        return len(self._observers)

    @property
    def tab_ids(self) -> list[int]:
        """The tabs that anybody reads, in order."""
        return sorted({observer.tab_id for observer in self._observers})

    def add(self, observer: Observer) -> bool:
        """True if the tabs have changed by it."""
        before = self.tab_ids
        self._observers.add(observer)
        return self.tab_ids != before

    def remove(self, observer: Observer) -> bool:
        """True if the tabs have changed by it."""
        before = self.tab_ids
        self._observers.discard(observer)
        return self.tab_ids != before

    def publish(self, update: link_pb2.StateUpdate) -> None:
        """Hands an update to everybody who reads its tab, and a new tab's first to those who read its opener."""
        opener = update.tab.opener_tab_id if update.cause == state_pb2.STATE_CAUSE_TAB_OPENED else 0
        for observer in self._observers:
            if observer.tab_id in (update.tab_id, opener):
                observer.put(update)

    def fail_all(self, error: TabwireError) -> None:
        """No update will come any more."""
        for observer in self._observers:
            observer.fail(error)
