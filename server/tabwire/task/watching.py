"""Follows a task's journal for one caller: what there is after a number, then what comes, to the end of the task.

Everybody gets the same events, from the database and in their order. What the model is thinking goes beside them, to
those who want it, and is not repeated to anybody.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tabwire.errors import TabwireError
from tabwire.task.lifecycle import ENDED
from tabwire.v1 import error_pb2, task_service_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from tabwire.store.task_store import StoredTask, TaskStore
    from tabwire.task.journal import Journal
    from tabwire.v1 import task_pb2

_EVENTS_PAGE = 200
# How often a watcher looks for events of a task that another server runs.
_POLL_S = 1.0


class Watch:
    """One caller's watch over one task."""

    def __init__(
        self,
        store: TaskStore,
        key: str,
        *,
        journal: Callable[[], Journal | None],
        stored: Callable[[], Awaitable[StoredTask]],
    ) -> None:
        """`journal` is the task's while this server runs it; `stored` is the task as it is in the database now.

        `journal` raises `TabwireError` UNAVAILABLE when the server is stopping.
        """
        self._store = store
        self._key = key
        self._journal = journal
        self._stored = stored
        self._seq = 0
        self._all_told = False

    async def follow(
        self, request: task_service_pb2.WatchTaskRequest
    ) -> AsyncGenerator[task_service_pb2.WatchTaskResponse, None]:
        """What the caller is told."""
        self._seq = request.after_seq
        while True:
            journal = self._journal()
            if journal is None:
                ended = (await self._stored()).task.state in ENDED
                async for event in self._replay():
                    yield event
                if ended:
                    return
                await asyncio.sleep(_POLL_S)
                continue
            async for response in self._live(journal, with_thinking=request.include_thinking):
                yield response
            if self._all_told:
                return

    async def _live(
        self, journal: Journal, *, with_thinking: bool
    ) -> AsyncGenerator[task_service_pb2.WatchTaskResponse, None]:
        """Follows a journal until the task has ended or this server no longer runs it."""
        shown: task_pb2.Thinking | None = None
        async with journal.watching() as grown:
            while self._journal() is journal:
                grown.clear()
                last = journal.has_ended
                async for response in self._replay():
                    yield response
                if last:
                    self._all_told = True
                    return
                thinking = journal.thinking
                if with_thinking and thinking is not None and thinking is not shown:
                    shown = thinking
                    yield task_service_pb2.WatchTaskResponse(thinking=thinking)
                await grown.wait()

    async def _replay(self) -> AsyncGenerator[task_service_pb2.WatchTaskResponse, None]:
        while True:
            events = await self._store.events(self._key, after_seq=self._seq, limit=_EVENTS_PAGE)
            for event in events:
                self._seq = event.seq
                yield task_service_pb2.WatchTaskResponse(event=event)
            if len(events) < _EVENTS_PAGE:
                return


def check_start(task: task_pb2.Task, after_seq: int) -> None:
    """Raises `TabwireError` OUT_OF_RANGE for a place that the journal has not reached."""
    if after_seq > task.last_event_seq:
        raise TabwireError(
            error_pb2.ERROR_CODE_OUT_OF_RANGE,
            f"The journal of this task ends at {task.last_event_seq}; {after_seq} lies beyond it.",
            remedy="Watch from 0.",
        )
