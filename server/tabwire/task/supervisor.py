"""Runs tasks: every unfinished task of this server has a `Runner` in an asyncio task of its own.

A lease in the database says which server runs a task; on SQLite there is only one server, which takes everything up at
its start. A task that could not be written down, because the database was away, is taken up again until it can be.
What people want of a running task is told by the manager.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from tabwire.errors import TabwireError
from tabwire.store.trouble import DATABASE_AWAY
from tabwire.task import steering
from tabwire.task.journal import Journal, utc_now
from tabwire.task.lifecycle import RUNNING, WAITING_BROWSER, Trigger
from tabwire.task.runner import Runner
from tabwire.task.tabs import TabClaims
from tabwire.v1 import error_pb2, link_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from datetime import datetime

    from tabwire.browser.port import Browsers
    from tabwire.store.task_store import StoredTask, TaskStore
    from tabwire.task.deciders import Deciders

_log = structlog.get_logger()
_LEASE = timedelta(seconds=30)
# How long to wait before a task is taken up again that could not be written down. A disk is often full for a moment
# only, so the waits stay short: asking once more is cheap.
_AGAIN_S = (0.25, 0.5, 1.0)
# Failures count as being in a row if no more than this lies between them.
_IN_A_ROW_S = 30.0
# So often in a row a task is run again after a fault of ours; then it stays as it is until the next start.
_MOST_FAULTS = 5


@dataclass(frozen=True)
class _Failures:
    count: int
    last_at: float


class Supervisor:
    """See the module. `start` before use, `stop` after."""

    def __init__(
        self,
        store: TaskStore,
        browsers: Browsers,
        deciders: Deciders,
        *,
        is_alone: bool,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`is_alone`: no other server works with this database."""
        self._store = store
        self._browsers = browsers
        self._deciders = deciders
        self._is_alone = is_alone
        self._now = now
        self._sleep = sleep
        self._clock = clock
        self.server_id = uuid.uuid4().hex
        """Names this server in the leases of its tasks."""
        self._claims = TabClaims()
        self._runners: dict[str, Runner] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self._failures: dict[str, _Failures] = {}
        self._leases: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Takes up the tasks that have not ended. They wait for their browsers on their own; this does not."""
        self._browsers.on_person_input(self._person_input)
        await self._take_up_all(free_at=None if self._is_alone else self._now())
        self._leases = asyncio.create_task(self._keep_leases(), name="task-leases")

    async def stop(self) -> None:
        """Ends all work where it stands. The journals stay as they are, so that the next server goes on from there."""
        self._stopping = True
        jobs: list[asyncio.Task[None]] = [*self._jobs, *([self._leases] if self._leases else [])]
        for job in jobs:
            job.cancel()
        if jobs:
            await asyncio.wait(jobs)
        self._leases = None
        self._runners.clear()
        await self._store.release(self.server_id)

    @property
    def jobs(self) -> frozenset[asyncio.Task[None]]:
        """The asyncio tasks that work just now; those of tasks are named task-…"""
        return frozenset(self._jobs)

    def lease_until(self) -> datetime:
        """The end of a lease that is taken now."""
        return self._now() + _LEASE

    async def run(self, stored: StoredTask) -> None:
        """Runs a new task, whose lease is this server's. If the database is away just now, as soon as it is back."""
        try:
            await self._run(stored)
        except DATABASE_AWAY:
            _log.exception("task_not_begun", task_id=stored.task.task_id)
            self._again_later(stored.key)

    def runner(self, key: str) -> Runner | None:
        """The runner of a task, if this server runs it."""
        return self._runners.get(key)

    def journal(self, key: str) -> Journal | None:
        """The journal of a task that this server runs."""
        runner = self._runners.get(key)
        return runner.journal if runner is not None else None

    def journal_while_serving(self, key: str) -> Journal | None:
        """The same. Raises UNAVAILABLE when the server stops."""
        if self._stopping:
            raise TabwireError(
                error_pb2.ERROR_CODE_UNAVAILABLE,
                "The server is stopping.",
                remedy="Watch again from the last event you have.",
            )
        return self.journal(key)

    # A person in a task's tab.

    def _person_input(self, browser_id: str, told: link_pb2.PersonInput) -> None:
        """A person used a tab: the task that works in it is paused."""
        for runner in list(self._runners.values()):
            task = runner.journal.task
            if task.browser_id == browser_id and told.tab_id in task.tab_ids and not self._stopping:
                self._in_background(self._pause_for_person(runner.journal, told), f"person-{task.task_id}")

    async def _pause_for_person(self, journal: Journal, told: link_pb2.PersonInput) -> None:
        try:
            await steering.person_acted(journal, told)
        except (TabwireError, *DATABASE_AWAY):
            _log.exception("person_input_not_recorded", task_id=journal.task.task_id)

    # Running.

    async def _take_up_all(self, *, free_at: datetime | None) -> None:
        for key in await self._store.unfinished(free_at=free_at):
            if key not in self._runners:
                await self._take_up(key, free_at=free_at)

    async def _take_up(self, key: str, *, free_at: datetime | None) -> None:
        """Runs a task that was begun before, if nobody else runs it and it has not ended."""
        stored = await self._store.take_up(
            key, lease_owner=self.server_id, lease_until=self.lease_until(), free_at=free_at
        )
        if stored is not None:
            _log.info("task_taken_up", task_id=stored.task.task_id, epoch=stored.epoch)
            await self._run(stored, restarted=True)

    async def _run(self, stored: StoredTask, *, restarted: bool = False) -> None:
        journal = Journal(self._store, stored, now=self._now, clock=self._clock)
        await journal.load()
        task = journal.task
        if restarted:
            # Before any task that is new to a tab: this one was there first.
            for tab_id in {task.tab_id, *task.tab_ids} - {0}:
                self._claims.claim(task.browser_id, tab_id, task.task_id)
        if restarted and task.state in (RUNNING, WAITING_BROWSER):
            await journal.move(Trigger.RESTART)
        decider = await self._deciders.of(stored.owner_id, task)
        runner = Runner(journal, self._browsers, self._claims, decider, sleep=self._sleep)
        self._runners[journal.key] = runner
        self._in_background(self._supervise(runner), f"task-{task.task_id}")

    def _in_background(self, work: Coroutine[object, object, None], name: str) -> None:
        job = asyncio.create_task(work, name=name)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _supervise(self, runner: Runner) -> None:
        key = runner.journal.key
        try:
            await runner.run()
            self._failures.pop(key, None)
        except DATABASE_AWAY:
            _log.exception("task_not_written", task_id=runner.journal.task.task_id)
            self._again_later(key)
        except Exception:  # noqa: BLE001 - a fault of ours, of which the task may be free the next time
            _log.exception("task_runner_failed", task_id=runner.journal.task.task_id)
            if self._in_a_row(key) < _MOST_FAULTS:
                self._again_later(key)
        finally:
            if self._runners.get(key) is runner:
                del self._runners[key]
            runner.journal.wake_watchers()

    def _again_later(self, key: str) -> None:
        self._in_background(self._take_up_again(key), f"retake-{key}")

    async def _take_up_again(self, key: str) -> None:
        """Tries until a task that could not be written down is taken up, or has ended, or is another server's."""
        while not self._stopping:
            await self._sleep(self._wait_s(key))
            try:
                if key not in self._runners:
                    await self._take_up(key, free_at=self._now())
            except DATABASE_AWAY:
                _log.warning("task_waits_for_the_database", key=key)
            else:
                return

    def _wait_s(self, key: str) -> float:
        """How long to wait after one more failure."""
        count = self._in_a_row(key) + 1
        self._failures[key] = _Failures(count, self._clock())
        return _AGAIN_S[min(count, len(_AGAIN_S)) - 1]

    def _in_a_row(self, key: str) -> int:
        failures = self._failures.get(key)
        return failures.count if failures is not None and self._clock() - failures.last_at <= _IN_A_ROW_S else 0

    async def _keep_leases(self) -> None:
        """Renews the leases of this server, and takes up what others have left."""
        while True:
            await asyncio.sleep(_LEASE.total_seconds() / 3)
            try:
                await self._store.renew(self.server_id, lease_until=self.lease_until())
                if not self._is_alone:
                    await self._take_up_all(free_at=self._now())
            except Exception:  # noqa: BLE001 - a database that is away comes back; leases must then go on
                _log.exception("task_leases_failed")
