"""The journal of one task that this server runs: the only way to change it.

Gives every event its number, stores it in one transaction with the snapshot (the fold of all events), and only then
lets anybody see it. What the events mean is told by `tabwire.task.fold`, `tabwire.task.tabs` and
`tabwire.task.lifecycle`. What a model is thinking goes by beside the journal: it is shown and not kept.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from tabwire.agent.history import History
from tabwire.task import fold
from tabwire.task.lifecycle import ENDED, HELD, Trigger, default_cause, next_state
from tabwire.task.tabs import tabs_after
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

    from tabwire.store.task_store import StoredTask, TaskStore

_PAGE = 500
_T = TypeVar("_T")


def utc_now() -> datetime:
    """The server's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Change:
    """What is to be written in one transaction: events, then the trigger that they belong to, if there is one."""

    events: Sequence[task_pb2.TaskEvent] = ()
    trigger: Trigger | None = None
    cause: task_pb2.TaskCause | None = None
    result: str = ""
    evidence: str = ""


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
        self.messages: dict[str, task_pb2.PersonMessage] = {}
        """What people said to the agent, by the messages' ids."""
        self.holds = 0
        """How often the task was paused or held otherwise."""
        self.when_interrupted = asyncio.Event()
        """Set from the moment a person interrupts the open step until that is closed."""
        self.thinking: task_pb2.Thinking | None = None

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

    def now(self) -> datetime:
        """The moment, by the clock that the events are stamped with."""
        return self._now()

    def active_seconds(self) -> float:
        """How long the task has been at work."""
        return self._active.seconds(self._moment())

    @property
    def interrupted(self) -> bool:
        """Whether a person interrupted the step that is open."""
        return self.when_interrupted.is_set()

    async def record(self, *events: task_pb2.TaskEvent) -> None:
        """Appends events that change no state. They are stored when this returns, also if the caller is cancelled."""
        await self.change(lambda: Change(events))

    async def move(
        self,
        trigger: Trigger,
        cause: task_pb2.TaskCause | None = None,
        *,
        before: Sequence[task_pb2.TaskEvent] = (),
    ) -> bool:
        """Pulls a trigger, with events that belong to it stored in the same transaction just before.

        False, and nothing is stored, if the trigger is not allowed where the task stands.
        """
        return await self.change(lambda: Change(before, trigger, cause))

    async def change(self, plan: Callable[[], Change | None]) -> bool:
        """Looks and writes in one go: between what `plan` sees of the task and what it wants written, nobody writes.

        False, and nothing is stored, if it wants nothing, or a trigger that is not allowed where the task stands. What
        the plan raises is the caller's, and nothing is stored either.
        """
        return await _unbroken(self._change(plan))

    def think(self, thinking: task_pb2.Thinking | None) -> None:
        """Shows the watchers what the model has written of an answer that is still coming; None when it has come."""
        self.thinking = thinking
        if thinking is not None:
            self.wake_watchers()

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

    async def _change(self, plan: Callable[[], Change | None]) -> bool:
        async with self._lock:
            wanted = plan()
            if wanted is None:
                return False
            events = list(wanted.events)
            if wanted.trigger is not None:
                to = next_state(self.task.state, wanted.trigger)
                if to is None:
                    return False
                events.append(task_pb2.TaskEvent(state_changed=self._state_change(to, wanted.trigger, wanted)))
            await self._append(events)
            return True

    def _state_change(
        self, to: task_pb2.TaskState.ValueType, trigger: Trigger, wanted: Change
    ) -> task_pb2.TaskStateChanged:
        cause = wanted.cause if wanted.cause is not None else default_cause(trigger)
        change = task_pb2.TaskStateChanged(to=to, cause=cause, result=wanted.result, evidence=wanted.evidence)
        setattr(change, "from", self.task.state)  # `from` is a keyword of Python
        return change

    async def _append(self, events: Sequence[task_pb2.TaskEvent]) -> None:
        now = self._now()
        task = task_pb2.Task()
        task.CopyFrom(self.task)
        numbered = []
        tabs = tabs_after(task, events)
        if tabs != list(task.tab_ids):
            follow = task_pb2.TaskEvent(task_update=task_pb2.TaskUpdate(tabs=task_pb2.TaskTabs(tab_ids=tabs)))
            # Nothing comes after the event with which a task ends.
            place = len(events) - (1 if events[-1].HasField("state_changed") else 0)
            events = [*events[:place], follow, *events[place:]]
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
        kind = event.WhichOneof("kind")
        if kind == "state_changed" and event.state_changed.to in HELD:
            self.holds += 1
        elif kind == "person_message":
            self.messages[event.person_message.message_id] = event.person_message
            if event.person_message.interrupt:
                self.when_interrupted.set()
        elif kind == "step_update" and event.step_update.step.status != task_pb2.STEP_STATUS_RUNNING:
            self.when_interrupted.clear()
        elif kind == "decision_made":
            self.think(None)

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
