"""What the task tests share: a database with an owner, a manager over the browser double, ways to wait for events."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from doubles.browser_double import BrowserDouble, BrowsersDouble
from tabwire.settings import Settings
from tabwire.store.database import Database
from tabwire.store.tables import Owner
from tabwire.store.task_store import TaskStore
from tabwire.task.lifecycle import ENDED
from tabwire.task.manager import TaskManager
from tabwire.v1 import task_pb2, task_service_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection
    from pathlib import Path

    from tabwire.task.runner import Runner

OWNER = "local"


class Hurry:
    """Waits that the tests need not sit through: they pass at once by this clock, and the loop still turns."""

    def __init__(self) -> None:
        self._slept_s = 0.0

    def clock(self) -> float:
        return time.monotonic() + self._slept_s

    async def sleep(self, seconds: float) -> None:
        self._slept_s += seconds
        await asyncio.sleep(0)


def settings(home: Path, **fields: Any) -> Settings:
    """Settings that no environment of the machine reaches into."""
    given: dict[str, Any] = {"model": "", "openai_api_key": "", "openai_base_url": "", **fields}
    return Settings(_env_file=None, home=home, **given)  # type: ignore[call-arg] # pydantic-settings' own keyword


_template: list[bytes] = []


async def open_database(home: Path) -> Database:
    """The database in a folder. A new one is a copy of one that was migrated before, to save each test the time."""
    file = home / "tabwire.db"
    if not await asyncio.to_thread(file.exists):
        if not _template:
            _template.append(await _migrated(home / "template"))
        await asyncio.to_thread(file.write_bytes, _template[0])
    return await _opened(home)


async def _migrated(folder: Path) -> bytes:
    await asyncio.to_thread(folder.mkdir, parents=True)
    await (await _opened(folder)).close()
    return await asyncio.to_thread((folder / "tabwire.db").read_bytes)


async def _opened(home: Path) -> Database:
    database = Database(f"sqlite+aiosqlite:///{home / 'tabwire.db'}")
    await database.open()
    async with database.session() as session:
        if await session.get(Owner, OWNER) is None:
            session.add(Owner(id=OWNER, created_at=datetime.now(UTC)))
    return database


class House:
    """A manager and all it stands on."""

    def __init__(self, database: Database, manager: TaskManager, store: TaskStore, browsers: BrowsersDouble) -> None:
        self.database = database
        self.manager = manager
        self.store = store
        self.browsers = browsers

    async def create(self, text: str, **fields: Any) -> task_pb2.Task:
        return await self.manager.create(OWNER, task_service_pb2.CreateTaskRequest(user_prompt=text, **fields))

    async def get(self, task_id: str) -> task_pb2.Task:
        return await self.manager.get(OWNER, task_service_pb2.GetTaskRequest(task_id=task_id))

    async def answer(self, task_id: str, answer: str, request_id: str = "", **fields: Any) -> task_pb2.Task:
        request = task_service_pb2.AnswerTaskRequest(task_id=task_id, answer=answer, request_id=request_id, **fields)
        return await self.manager.answer(OWNER, request)

    async def steer(self, task_id: str, text: str, **fields: Any) -> task_pb2.Task:
        request = task_service_pb2.SteerTaskRequest(task_id=task_id, text=text, **fields)
        return await self.manager.steer(OWNER, request)

    async def delete(self, task_id: str) -> None:
        await self.manager.delete(OWNER, task_service_pb2.DeleteTaskRequest(task_id=task_id))

    async def effects(self, task_id: str, **fields: Any) -> task_service_pb2.ListTaskEffectsResponse:
        return await self.manager.effects(OWNER, task_service_pb2.ListTaskEffectsRequest(task_id=task_id, **fields))

    async def export(self, task_id: str, format: task_service_pb2.ExportFormat.ValueType, table: str = "") -> bytes:  # noqa: A002 - the contract's word
        request = task_service_pb2.ExportTaskRequest(task_id=task_id, format=format, table=table)
        return b"".join([piece.data async for piece in self.manager.export(OWNER, request)])

    async def watched(
        self, task_id: str, *, after_seq: int = 0, with_thinking: bool = False
    ) -> AsyncIterator[task_service_pb2.WatchTaskResponse]:
        """What a watcher is told."""
        request = task_service_pb2.WatchTaskRequest(
            task_id=task_id, after_seq=after_seq, include_thinking=with_thinking
        )
        async with contextlib.aclosing(self.manager.watch(OWNER, request)) as responses:
            async for response in responses:
                yield response

    async def modify(self, task_id: str, **fields: Any) -> task_pb2.Task:
        return await self.manager.modify(OWNER, task_service_pb2.ModifyTaskRequest(task_id=task_id, **fields))

    async def pause(self, task_id: str) -> task_pb2.Task:
        return await self.manager.pause(OWNER, task_service_pb2.PauseTaskRequest(task_id=task_id))

    async def resume(self, task_id: str) -> task_pb2.Task:
        return await self.manager.resume(OWNER, task_service_pb2.ResumeTaskRequest(task_id=task_id))

    async def stop(self, task_id: str, reason: str = "") -> task_pb2.Task:
        return await self.manager.stop_task(OWNER, task_service_pb2.StopTaskRequest(task_id=task_id, reason=reason))

    async def events(self, task_id: str) -> list[task_pb2.TaskEvent]:
        return await self.store.events(task_id, after_seq=0, limit=10_000)

    def runner(self, task_id: str) -> Runner:
        """What runs a task now."""
        return self.manager.supervisor._runners[task_id]

    async def until_quiet(self) -> None:
        """Returns when no task runs any more."""
        while jobs := [job for job in self.manager.supervisor.jobs if job.get_name().startswith("task-")]:
            await asyncio.wait(jobs)

    async def until(self, task_id: str, condition: Callable[[task_pb2.Task], bool]) -> task_pb2.Task:
        """The task as soon as it is as wanted. Follows the journal; the test's time limit ends a wait in vain."""
        request = task_service_pb2.WatchTaskRequest(task_id=task_id)
        async with contextlib.aclosing(self.manager.watch(OWNER, request)) as events:
            async for _ in events:
                task = await self.get(task_id)
                if condition(task):
                    return task
        task = await self.get(task_id)
        assert condition(task), f"the task ended otherwise: {task}"
        return task

    async def in_state(self, task_id: str, state: task_pb2.TaskState.ValueType) -> task_pb2.Task:
        return await self.until(task_id, lambda task: task.state == state)

    async def ended(self, task_id: str) -> task_pb2.Task:
        return await self.until(task_id, lambda task: task.state in ENDED)


@contextlib.asynccontextmanager
async def house(
    home: Path,
    *browsers: BrowserDouble,
    store: Callable[[Database], TaskStore] = TaskStore,
    secret_names: Collection[str] = (),
    **fields: Any,
) -> AsyncIterator[House]:
    """A started manager over a database in `home`, stopped at the end."""

    async def secrets(_owner_id: str) -> Collection[str]:
        return secret_names

    await asyncio.to_thread(home.mkdir, parents=True, exist_ok=True)
    database = await open_database(home)
    task_store = store(database)
    hurry = Hurry()
    chosen = settings(home, **fields)
    doubles = BrowsersDouble(*browsers)
    manager = TaskManager(task_store, doubles, chosen, sleep=hurry.sleep, clock=hurry.clock, secret_names=secrets)
    try:
        await manager.start()
        try:
            yield House(database, manager, task_store, doubles)
        finally:
            await manager.stop()
    finally:
        await database.close()
