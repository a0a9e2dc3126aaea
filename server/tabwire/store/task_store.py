"""Tasks in the database: the journal, the snapshot that goes with it, and the lease of the server that runs a task.

Knows nothing about what events mean: the caller brings the snapshot that is their fold (`tabwire.task.journal`). Every
write is one transaction, guarded by the epoch of the lease, so that a server that lost a task can write no more.

Ids that clients choose are each owner's own: two owners may use the same one and never learn of each other. So a row is
named by a key of ours, which is the task's id unless another owner was there first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import CursorResult, delete, func, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from tabwire.errors import TabwireError
from tabwire.store.tables import TaskEventRow, TaskRow
from tabwire.store.task_text import folded, searchable
from tabwire.v1 import error_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from tabwire.store.database import Database

_ENDED = (task_pb2.TASK_STATE_SUCCEEDED, task_pb2.TASK_STATE_FAILED, task_pb2.TASK_STATE_STOPPED)


@dataclass(frozen=True)
class StoredTask:
    """A task as it is stored, with what the contract does not show."""

    key: str
    owner_id: str
    task: task_pb2.Task
    request_digest: bytes
    epoch: int


@dataclass(frozen=True)
class Cursor:
    """A place in the list of tasks."""

    created_at: datetime
    task_id: str


@dataclass(frozen=True)
class Wanted:
    """Which tasks a list is to show. What is empty or None wants all."""

    states: Collection[int] = ()
    browser_id: str = ""
    text: str = ""
    created_after: datetime | None = None
    created_before: datetime | None = None


class TaskStore:
    """All tasks of all owners."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(
        self,
        owner_id: str,
        task: task_pb2.Task,
        events: Sequence[task_pb2.TaskEvent],
        *,
        idempotency_key: str,
        request_digest: bytes,
        lease_owner: str,
        lease_until: datetime,
        follows_key: str | None = None,
    ) -> str | None:
        """Stores a new task with its first events, leased at epoch 1.

        Returns the key of its row; None if its id or idempotency key is in use.
        """
        row: dict[str, Any] = {
            "owner_id": owner_id,
            "browser_id": task.browser_id,
            "state": task.state,
            "created_at": task.created_at.ToDatetime(tzinfo=UTC),
            "updated_at": task.updated_at.ToDatetime(tzinfo=UTC),
            "idempotency_key": idempotency_key or None,
            "request_digest": request_digest,
            "snapshot": task.SerializeToString(),
            "last_event_seq": task.last_event_seq,
            "epoch": 1,
            "lease_owner": lease_owner,
            "lease_until": lease_until,
            "text": searchable(task),
            "follows_key": follows_key,
        }
        own = _own_key(owner_id, task.task_id)
        for key in (task.task_id, own):
            try:
                async with self._database.session() as session:
                    session.add(TaskRow(id=key, **row))
                    await session.flush()
                    session.add_all(_event_rows(key, events))
                    await session.flush()
            except IntegrityError:
                # An id or key that is taken is the caller's to understand; anything else is a fault.
                if await self._is_taken(owner_id, task.task_id, idempotency_key):
                    return None
                if key == own:
                    raise
            else:
                return key
        return None

    async def _is_taken(self, owner_id: str, task_id: str, idempotency_key: str) -> bool:
        taken = _has_id(owner_id, task_id)
        if idempotency_key:
            taken = or_(taken, TaskRow.idempotency_key == idempotency_key)
        query = select(TaskRow.id).where(TaskRow.owner_id == owner_id, taken)
        async with self._database.session(read_only=True) as session:
            return (await session.execute(query.limit(1))).first() is not None

    async def find(self, owner_id: str, *, task_id: str = "", idempotency_key: str = "") -> StoredTask | None:
        """An owner's task by its key if one is given, else by its id."""
        query = select(TaskRow).where(TaskRow.owner_id == owner_id)
        if idempotency_key:
            query = query.where(TaskRow.idempotency_key == idempotency_key)
        else:
            query = query.where(_has_id(owner_id, task_id))
        async with self._database.session(read_only=True) as session:
            row = (await session.execute(query)).scalar_one_or_none()
            return None if row is None else _stored(row)

    async def list_tasks(
        self, owner_id: str, wanted: Wanted, *, after: Cursor | None, limit: int
    ) -> list[task_pb2.Task]:
        """An owner's tasks, newest first, from a place on."""
        query = select(TaskRow.snapshot).where(TaskRow.owner_id == owner_id, *_conditions(wanted))
        task_id = func.replace(TaskRow.id, _own_key(owner_id, ""), "")
        if after is not None:
            query = query.where(tuple_(TaskRow.created_at, task_id) < tuple_(after.created_at, after.task_id))
        query = query.order_by(TaskRow.created_at.desc(), task_id.desc()).limit(limit)
        async with self._database.session(read_only=True) as session:
            return [task_pb2.Task.FromString(snapshot) for snapshot in (await session.execute(query)).scalars()]

    async def append(
        self, key: str, task: task_pb2.Task, events: Sequence[task_pb2.TaskEvent], *, epoch: int, now: datetime
    ) -> None:
        """Appends events to a task together with the snapshot that they lead to.

        Raises `TabwireError` EPOCH_FENCED if another server has taken the task up since, or has written to it.
        """
        ended = task.state in _ENDED
        change = (
            update(TaskRow)
            .where(
                TaskRow.id == key,
                TaskRow.epoch == epoch,
                TaskRow.last_event_seq == task.last_event_seq - len(events),
            )
            .values(
                state=task.state,
                browser_id=task.browser_id,
                updated_at=now,
                snapshot=task.SerializeToString(),
                last_event_seq=task.last_event_seq,
                text=searchable(task),
            )
        )
        if ended:
            change = change.values(lease_owner=None, lease_until=None)
        async with self._database.session() as session:
            done = cast("CursorResult[object]", await session.execute(change))
            if done.rowcount != 1:
                raise TabwireError(
                    error_pb2.ERROR_CODE_EPOCH_FENCED,
                    "Another server has taken this task up.",
                    remedy="Send the request again.",
                )
            session.add_all(_event_rows(key, events))

    async def events(self, key: str, *, after_seq: int, limit: int) -> list[task_pb2.TaskEvent]:
        """Events of a task in order, after a number."""
        query = (
            select(TaskEventRow.payload)
            .where(TaskEventRow.task_id == key, TaskEventRow.seq > after_seq)
            .order_by(TaskEventRow.seq)
            .limit(limit)
        )
        async with self._database.session(read_only=True) as session:
            return [task_pb2.TaskEvent.FromString(payload) for payload in (await session.execute(query)).scalars()]

    async def delete(self, key: str) -> bool:
        """Deletes a task that has ended, with its journal. False if it has not, or if it is not there any more."""
        async with self._database.session() as session:
            row = TaskRow.id == key
            ended = (await session.execute(select(TaskRow.id).where(row, TaskRow.state.in_(_ENDED)))).first()
            if ended is None:
                return False
            await session.execute(delete(TaskEventRow).where(TaskEventRow.task_id == key))
            await session.execute(delete(TaskRow).where(row))
            return True

    async def is_followed(self, key: str) -> bool:
        """Whether a task that has not ended goes on with this one."""
        query = select(TaskRow.id).where(TaskRow.follows_key == key, TaskRow.state.not_in(_ENDED)).limit(1)
        async with self._database.session(read_only=True) as session:
            return (await session.execute(query)).first() is not None

    async def unfinished(self, *, free_at: datetime | None) -> list[str]:
        """Keys of the tasks that have not ended, oldest first; with `free_at`, those whose lease has run out then."""
        query = select(TaskRow.id).where(TaskRow.state.not_in(_ENDED))
        if free_at is not None:
            query = query.where(or_(TaskRow.lease_until.is_(None), TaskRow.lease_until < free_at))
        query = query.order_by(TaskRow.created_at, TaskRow.id)
        async with self._database.session(read_only=True) as session:
            return list((await session.execute(query)).scalars())

    async def take_up(
        self, key: str, *, lease_owner: str, lease_until: datetime, free_at: datetime | None
    ) -> StoredTask | None:
        """Takes the lease at the next epoch, which fences whoever had it. None if it is another one's, or ended."""
        change = (
            update(TaskRow)
            .where(TaskRow.id == key, TaskRow.state.not_in(_ENDED))
            .values(epoch=TaskRow.epoch + 1, lease_owner=lease_owner, lease_until=lease_until)
        )
        if free_at is not None:
            is_free = or_(TaskRow.lease_until.is_(None), TaskRow.lease_until < free_at)
            change = change.where(or_(is_free, TaskRow.lease_owner == lease_owner))
        async with self._database.session() as session:
            done = cast("CursorResult[object]", await session.execute(change))
            if done.rowcount != 1:
                return None
            row = (await session.execute(select(TaskRow).where(TaskRow.id == key))).scalar_one()
            return _stored(row)

    async def renew(self, lease_owner: str, *, lease_until: datetime) -> None:
        """Keeps all leases of a server."""
        async with self._database.session() as session:
            await session.execute(
                update(TaskRow).where(TaskRow.lease_owner == lease_owner).values(lease_until=lease_until)
            )

    async def release(self, lease_owner: str) -> None:
        """Gives all leases of a server back, so that the next one need not wait."""
        async with self._database.session() as session:
            await session.execute(
                update(TaskRow).where(TaskRow.lease_owner == lease_owner).values(lease_owner=None, lease_until=None)
            )


def _own_key(owner_id: str, task_id: str) -> str:
    """The key of a task whose id another owner has used before. No id has a slash in it."""
    return f"{owner_id}/{task_id}"


def _has_id(owner_id: str, task_id: str) -> ColumnElement[bool]:
    return TaskRow.id.in_((task_id, _own_key(owner_id, task_id)))


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.states:
        conditions.append(TaskRow.state.in_(wanted.states))
    if wanted.browser_id:
        conditions.append(TaskRow.browser_id == wanted.browser_id)
    if wanted.text:
        conditions.append(TaskRow.text.contains(folded(wanted.text), autoescape=True))
    if wanted.created_after is not None:
        conditions.append(TaskRow.created_at >= wanted.created_after)
    if wanted.created_before is not None:
        conditions.append(TaskRow.created_at < wanted.created_before)
    return conditions


def _event_rows(key: str, events: Sequence[task_pb2.TaskEvent]) -> list[TaskEventRow]:
    return [
        TaskEventRow(
            task_id=key,
            seq=event.seq,
            time=event.time.ToDatetime(tzinfo=UTC),
            payload=event.SerializeToString(),
        )
        for event in events
    ]


def _stored(row: TaskRow) -> StoredTask:
    return StoredTask(
        key=row.id,
        owner_id=row.owner_id,
        task=task_pb2.Task.FromString(row.snapshot),
        request_digest=row.request_digest,
        epoch=row.epoch,
    )
