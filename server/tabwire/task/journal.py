"""The journal of one task that this server runs: the only way to change it.

Gives every event its number, stores it in one transaction with the snapshot (the fold of all events), and only then
lets anybody see it. What the events mean is told by `tabwire.task.fold` and `tabwire.task.lifecycle`.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from tabwire.agent.history import History
from tabwire.task import fold
from tabwire.task.lifecycle import ENDED, Trigger, default_cause, next_state
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

    from tabwire.store.task_store import StoredTask, TaskStore

_PAGE = 500
_T = TypeVar("_T")


def utc_now() -> datetime:
    """The server's clock."""
    return datetime.now(UTC)


class Journal:
    """One task and its events. Readers take `task` and `history` as they stand and never change them."""

    def __init__(
        self,
        store: TaskStore,
        stored: StoredTask,
        *,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._now = now
        self._clock = clock
        # Work is measured by a clock that nobody sets: from the last event that was loaded on.
        self._anchor = (now(), clock())
        self._lock = asyncio.Lock()
        self._changed = asyncio.Condition()
        self._watchers: set[asyncio.Event] = set()
        self._active = fold.ActiveTime()
        self.key = stored.key
        self.owner_id = stored.owner_id
        self.epoch = stored.epoch
        self.task = stored.task
        self.history = History()

    async def load(self) -> None:
        """Reads all events there are. Call once before use."""
        task = task_pb2.Task()
        while True:
            events = await self._store.events(self.key, after_seq=task.last_event_seq, limit=_PAGE)
            for event in events:
                fold.apply(task, event)
                at = event.time.ToDatetime(tzinfo=UTC)
                self._observe(event, at)
                self._anchor = (at, self._clock())
            if len(events) < _PAGE:
                break
        self.task = task

    @property
    def state(self) -> task_pb2.TaskState.ValueType:
        """Where the task stands."""
        return self.task.state

    @property
    def has_ended(self) -> bool:
        """Whether it stands there for good."""
        return self.task.state in ENDED

    def active_seconds(self) -> float:
        """How long the task has been at work."""
        return self._active.seconds(self._moment())

    async def record(self, *events: task_pb2.TaskEvent) -> None:
        """Appends events that change no state. They are stored when this returns, also if the caller is cancelled."""
        await _unbroken(self._record(events))

    async def move(
        self,
        trigger: Trigger,
        cause: task_pb2.TaskCause | None = None,
        *,
        result: str = "",
        before: Sequence[task_pb2.TaskEvent] = (),
    ) -> bool:
        """Pulls a trigger, with events that belong to it stored in the same transaction just before.

        False, and nothing is stored, if the trigger is not allowed where the task stands.
        """
        return await _unbroken(self._move(trigger, cause, result, before))

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        """Returns as soon as the condition, about this journal, holds."""
        async with self._changed:
            await self._changed.wait_for(condition)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever the journal has grown, for as long as the block runs."""
        grown = asyncio.Event()
        self._watchers.add(grown)
        try:
            yield grown
        finally:
            self._watchers.discard(grown)

    def wake_watchers(self) -> None:
        """Lets the watchers look again, because the journal has grown or nobody writes it any more."""
        for grown in self._watchers:
            grown.set()

    async def _record(self, events: Sequence[task_pb2.TaskEvent]) -> None:
        async with self._lock:
            await self._append(events)

    async def _move(
        self,
        trigger: Trigger,
        cause: task_pb2.TaskCause | None,
        result: str,
        before: Sequence[task_pb2.TaskEvent],
    ) -> bool:
        async with self._lock:
            to = next_state(self.task.state, trigger)
            if to is None:
                return False
            change = task_pb2.TaskStateChanged(
                to=to, cause=cause if cause is not None else default_cause(trigger), result=result
            )
            setattr(change, "from", self.task.state)  # `from` is a keyword of Python
            await self._append([*before, task_pb2.TaskEvent(state_changed=change)])
            return True

    async def _append(self, events: Sequence[task_pb2.TaskEvent]) -> None:
        now = self._now()
        task = task_pb2.Task()
        task.CopyFrom(self.task)
        numbered = []
        for event in events:
            stamped = task_pb2.TaskEvent()
            stamped.CopyFrom(event)
            stamped.task_id = task.task_id
            stamped.seq = task.last_event_seq + 1
            stamped.time.FromDatetime(now)
            fold.apply(task, stamped)
            numbered.append(stamped)
        await self._store.append(self.key, task, numbered, epoch=self.epoch, now=now)
        self.task = task
        for event in numbered:
            self._observe(event, self._moment())
        self.wake_watchers()
        async with self._changed:
            self._changed.notify_all()

    def _observe(self, event: task_pb2.TaskEvent, at: datetime) -> None:
        self.history.apply(event)
        self._active.apply(event, at)

    def _moment(self) -> datetime:
        at, since = self._anchor
        return at + timedelta(seconds=self._clock() - since)


async def _unbroken(work: Coroutine[object, object, _T]) -> _T:
    """Lets work end even if the caller is cancelled meanwhile, so that memory and database never disagree."""
    job = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(job)
    except asyncio.CancelledError:
        await asyncio.wait([job])
        if not job.cancelled() and (error := job.exception()) is not None:
            raise asyncio.CancelledError from error
        raise
