"""The database cannot be written for a while: a task goes on when it can, and repeats nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from doubles.browser_double import BrowserDouble, element
from integration.task.harness import house
from tabwire.store.task_store import TaskStore
from tabwire.task.fold import fold
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from tabwire.store.database import Database

COMMANDS = 'type "stapler" into "Search"\nclick "Go"\nopen tab https://a.test/ then read page'


class FullDisk(TaskStore):
    """A store that cannot write from a certain event on, until it was asked several times."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.fails_at = 0
        self.failures = 0
        self.error: Exception = OperationalError("INSERT", {}, Exception("database or disk is full"))

    async def append(
        self, key: str, task: task_pb2.Task, events: Sequence[task_pb2.TaskEvent], *, epoch: int, now: datetime
    ) -> None:
        self._write(any(event.seq >= self.fails_at > 0 for event in events))
        await super().append(key, task, events, epoch=epoch, now=now)

    def _write(self, is_due: bool) -> None:
        if is_due and self.failures < 2:
            self.failures += 1
            raise self.error


def _browser() -> BrowserDouble:
    return BrowserDouble(pages={"https://a.test/": lambda: [element(1, "text", "Page A")]})


async def _run(home: Path, browser: BrowserDouble, fails_at: int) -> tuple[task_pb2.Task, list[task_pb2.TaskEvent]]:
    async with house(home, browser, store=FullDisk) as full:
        assert isinstance(full.store, FullDisk)
        full.store.fails_at = fails_at
        await full.create(COMMANDS, task_id="t")
        ended = await full.ended("t")
        assert full.store.failures == (2 if fails_at else 0)
        return ended, await full.events("t")


async def test_a_task_goes_on_when_it_can_be_written_again(tmp_path: Path) -> None:
    calm = _browser()
    whole, events = await _run(tmp_path / "calm", calm, 0)
    assert whole.state == task_pb2.TASK_STATE_SUCCEEDED
    # The first event is written when the task is taken: whoever gives it is told then. One of each other kind will do.
    for event in {event.WhichOneof("kind"): event for event in events[1:]}.values():
        browser = _browser()
        ended, told = await _run(tmp_path / str(event.seq), browser, event.seq)
        where = f"nothing could be written at event {event.seq}, {event.WhichOneof('kind')}"
        assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, f"{where}: {ended.cause}"
        assert browser.executed == calm.executed, where
        assert [one.seq for one in told] == list(range(1, len(told) + 1)), where
        assert fold(told) == ended, where


async def test_a_task_whose_runner_fails_by_a_fault_of_ours_is_run_again(tmp_path: Path) -> None:
    """Twice: the first fault would end the task as failed, but that cannot be written either."""
    browser = _browser()
    async with house(tmp_path, browser, store=FullDisk) as faulty:
        assert isinstance(faulty.store, FullDisk)
        faulty.store.error, faulty.store.fails_at = RuntimeError("a fault of ours"), 5
        await faulty.create(COMMANDS, task_id="t")
        while not (await faulty.get("t")).HasField("finished_at"):  # noqa: ASYNC110 - nobody follows a task that no one runs
            await asyncio.sleep(0.01)
        assert faulty.store.failures == 2
        assert (await faulty.get("t")).state == task_pb2.TASK_STATE_SUCCEEDED


class AwayOnceTaken(TaskStore):
    """A store that cannot be read for a moment after a task was taken."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.failures = 0

    async def events(self, key: str, *, after_seq: int, limit: int) -> list[task_pb2.TaskEvent]:
        if self.failures < 3:
            self.failures += 1
            raise OperationalError("SELECT", {}, Exception("unable to open database file"))
        return await super().events(key, after_seq=after_seq, limit=limit)


async def test_a_task_that_was_taken_runs_though_the_database_is_away_just_then(tmp_path: Path) -> None:
    browser = _browser()
    async with house(tmp_path, browser, store=AwayOnceTaken) as away:
        await away.create(COMMANDS, task_id="t")
        assert isinstance(away.store, AwayOnceTaken)
        while away.store.failures < 3 or not (await away.get("t")).HasField("finished_at"):  # noqa: ASYNC110 - following it would read
            await asyncio.sleep(0.01)
        assert (await away.get("t")).state == task_pb2.TASK_STATE_SUCCEEDED
