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
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

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

    def __init__(self, database: Database, manager: TaskManager, store: TaskStore, browser: BrowserDouble) -> None:
        self.database = database
        self.manager = manager
        self.store = store
        self.browser = browser

    async def create(self, text: str, **fields: Any) -> task_pb2.Task:
        return await self.manager.create(OWNER, task_service_pb2.CreateTaskRequest(user_prompt=text, **fields))

    async def get(self, task_id: str) -> task_pb2.Task:
        return await self.manager.get(OWNER, task_service_pb2.GetTaskRequest(task_id=task_id))

    async def answer(self, task_id: str, answer: str, request_id: str = "") -> task_pb2.Task:
        request = task_service_pb2.AnswerTaskRequest(task_id=task_id, answer=answer, request_id=request_id)
        return await self.manager.answer(OWNER, request)

    async def modify(self, task_id: str, **fields: str) -> task_pb2.Task:
        return await self.manager.modify(OWNER, task_service_pb2.ModifyTaskRequest(task_id=task_id, **fields))

    async def pause(self, task_id: str) -> task_pb2.Task:
        return await self.manager.pause(OWNER, task_service_pb2.PauseTaskRequest(task_id=task_id))

    async def resume(self, task_id: str) -> task_pb2.Task:
        return await self.manager.resume(OWNER, task_service_pb2.ResumeTaskRequest(task_id=task_id))

    async def stop(self, task_id: str, reason: str = "") -> task_pb2.Task:
        return await self.manager.stop_task(OWNER, task_service_pb2.StopTaskRequest(task_id=task_id, reason=reason))

    async def events(self, task_id: str) -> list[task_pb2.TaskEvent]:
        return await self.store.events(task_id, after_seq=0, limit=10_000)

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
    home: Path, browser: BrowserDouble, *, store: Callable[[Database], TaskStore] = TaskStore, **fields: Any
) -> AsyncIterator[House]:
    """A started manager over a database in `home`, stopped at the end."""
    await asyncio.to_thread(home.mkdir, parents=True, exist_ok=True)
    database = await open_database(home)
    task_store = store(database)
    hurry = Hurry()
    chosen = settings(home, **fields)
    manager = TaskManager(task_store, BrowsersDouble(browser), chosen, sleep=hurry.sleep, clock=hurry.clock)
    try:
        await manager.start()
        try:
            yield House(database, manager, task_store, browser)
        finally:
            await manager.stop()
    finally:
        await database.close()
