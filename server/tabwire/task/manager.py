"""All tasks: takes them, runs them, and answers for them. The one door of the task package for servicers.

Every unfinished task of this server has a `Runner` in an asyncio task of its own; ended ones are only read. A lease in
the database says which server runs a task; on SQLite there is only one server, which takes everything up at its start.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from tabwire.agent.commands import CommandDecider
from tabwire.agent.model import Model
from tabwire.agent.model_decider import ModelDecider
from tabwire.errors import TabwireError
from tabwire.store.database import DATABASE_AWAY
from tabwire.store.task_store import StoredTask
from tabwire.task import creation, paging
from tabwire.task.journal import Journal, utc_now
from tabwire.task.lifecycle import ENDED, PAUSED, RUNNING, WAITING_BROWSER, Trigger, resume_trigger, state_name
from tabwire.task.runner import Runner
from tabwire.task.tabs import TabClaims
from tabwire.v1 import error_pb2, task_pb2, task_service_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
    from datetime import datetime

    from tabwire.agent.ports import Decider
    from tabwire.browser.port import Browsers
    from tabwire.settings import Settings
    from tabwire.store.task_store import TaskStore

_log = structlog.get_logger()
_LEASE = timedelta(seconds=30)
# How long to wait before a task is taken up again that could not be written down.
_AGAIN_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_EVENTS_PAGE = 200
# How often a watcher looks for events of a task that another server runs.
_POLL_S = 1.0


class TaskManager:
    """See the module. `start` before use, `stop` after."""

    def __init__(
        self,
        store: TaskStore,
        browsers: Browsers,
        settings: Settings,
        *,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._browsers = browsers
        self._settings = settings
        self._now = now
        self._sleep = sleep
        self._clock = clock
        self._server_id = uuid.uuid4().hex
        self._alone = settings.database.startswith("sqlite")
        self._claims = TabClaims()
        self._runners: dict[str, Runner] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self._failures: dict[str, int] = {}  # how often in a row a task's runner has failed
        self._leases: asyncio.Task[None] | None = None
        self._model: Model | None = None
        self._stopping = False

    async def start(self) -> None:
        """Takes up the tasks that have not ended. They wait for their browsers on their own; this does not."""
        if Model.is_configured(self._settings):
            self._model = Model(self._settings, sleep=self._sleep)
        await self._take_up_all(free_at=None if self._alone else self._now())
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
        await self._store.release(self._server_id)
        if self._model is not None:
            await self._model.close()
            self._model = None

    async def create(self, owner_id: str, request: task_service_pb2.CreateTaskRequest) -> task_pb2.Task:
        """Takes a task, or returns the one that was taken with the same key or id and content."""
        digest = creation.digest(request)
        known = await self._known(owner_id, request, digest)
        if known is not None:
            return known
        browser_id = await self._browser(owner_id, request.browser_id)
        now = self._now()
        task = creation.new_task(request, browser_id=browser_id, settings=self._settings, now=now)
        first = task_pb2.TaskEvent(task_id=task.task_id, seq=1, created=task_pb2.TaskCreated(task=task))
        first.time.FromDatetime(now)
        task.last_event_seq = 1
        key = await self._store.insert(
            owner_id,
            task,
            [first],
            idempotency_key=request.idempotency_key,
            request_digest=digest,
            lease_owner=self._server_id,
            lease_until=now + _LEASE,
        )
        if key is None:
            # Somebody was faster with the same id or key.
            known = await self._known(owner_id, request, digest)
            if known is not None:
                return known
            raise _in_use()
        await self._run(StoredTask(key, owner_id, task, digest, epoch=1))
        return task

    async def get(self, owner_id: str, request: task_service_pb2.GetTaskRequest) -> task_pb2.Task:
        """One task with its steps."""
        return (await self._stored(owner_id, request.task_id)).task

    async def list(
        self, owner_id: str, request: task_service_pb2.ListTasksRequest
    ) -> task_service_pb2.ListTasksResponse:
        """Tasks, newest first, without their steps."""
        size = request.page_size or paging.DEFAULT_SIZE
        after = paging.cursor(request.page_token) if request.page_token else None
        tasks = await self._store.list_tasks(owner_id, states=request.states, after=after, limit=size + 1)
        response = task_service_pb2.ListTasksResponse()
        for task in tasks[:size]:
            task.ClearField("steps")
            response.tasks.append(task)
        if len(tasks) > size:
            response.next_page_token = paging.token(tasks[size - 1])
        return response

    async def watch(
        self, owner_id: str, request: task_service_pb2.WatchTaskRequest
    ) -> AsyncGenerator[task_pb2.TaskEvent, None]:
        """The journal after a number: what there is, then what comes, to the event with which the task ends."""
        stored = await self._stored(owner_id, request.task_id)
        key, task = stored.key, stored.task
        seq = request.after_seq
        if seq > task.last_event_seq:
            raise TabwireError(
                error_pb2.ERROR_CODE_OUT_OF_RANGE,
                f"The journal of this task ends at {task.last_event_seq}; {seq} lies beyond it.",
                remedy="Watch from 0.",
            )
        while True:
            runner = self._runners.get(key)
            if self._stopping:
                raise TabwireError(
                    error_pb2.ERROR_CODE_UNAVAILABLE,
                    "The server is stopping.",
                    remedy="Watch again from the last event you have.",
                )
            if runner is None:
                ended = (await self._stored(owner_id, task.task_id)).task.state in ENDED
                async for event in self._replay(key, seq):
                    seq = event.seq
                    yield event
                if ended:
                    return
                await asyncio.sleep(_POLL_S)
                continue
            async with runner.journal.watching() as grown:
                while self._runners.get(key) is runner:
                    grown.clear()
                    last = runner.journal.has_ended
                    async for event in self._replay(key, seq):
                        seq = event.seq
                        yield event
                    if last:
                        return
                    await grown.wait()

    async def modify(self, owner_id: str, request: task_service_pb2.ModifyTaskRequest) -> task_pb2.Task:
        """Changes what a running task is to do."""
        journal = (await self._live(owner_id, request.task_id, "changed")).journal
        update = task_pb2.TaskUpdate()
        for name in ("description", "details", "notes", "scratchpad"):
            if request.HasField(name):
                setattr(update, name, getattr(request, name))
        if update.HasField("description"):
            if journal.task.decider == task_pb2.DECIDER_COMMANDS:
                creation.changed_commands(journal.task, update.description)
            elif not update.description.strip():
                raise TabwireError(error_pb2.ERROR_CODE_INVALID_ARGUMENT, "A task's description cannot be empty.")
        if update.ListFields():
            await journal.record(task_pb2.TaskEvent(task_update=update))
        return journal.task

    async def pause(self, owner_id: str, request: task_service_pb2.PauseTaskRequest) -> task_pb2.Task:
        """Pauses a task after its current action."""
        journal = (await self._live(owner_id, request.task_id, "paused")).journal
        if journal.state != PAUSED and not await journal.move(Trigger.PAUSE) and journal.state != PAUSED:
            raise _not_now(journal.task, "paused")
        return journal.task

    async def resume(self, owner_id: str, request: task_service_pb2.ResumeTaskRequest) -> task_pb2.Task:
        """Lets a paused task, or one that needs attention, go on. One that is at work is left alone."""
        runner = await self._live(owner_id, request.task_id, "resumed")
        journal = runner.journal
        if journal.state in (PAUSED, task_pb2.TASK_STATE_NEEDS_ATTENTION):
            await journal.move(resume_trigger(journal.task, had_turn=runner.had_turn))
        elif journal.state == task_pb2.TASK_STATE_STOPPING:
            raise _not_now(journal.task, "resumed")
        return journal.task

    async def stop_task(self, owner_id: str, request: task_service_pb2.StopTaskRequest) -> task_pb2.Task:
        """Stops a task; its current action is cancelled."""
        stored = await self._stored(owner_id, request.task_id)
        if stored.task.state == task_pb2.TASK_STATE_STOPPED:
            return stored.task
        journal = (await self._live(owner_id, request.task_id, "stopped")).journal
        reason = " ".join(request.reason.split())
        cause = task_pb2.TaskCause(
            code=error_pb2.ERROR_CODE_CANCELLED,
            message=f"Stopped by its owner: {reason}" if reason else "Stopped by its owner.",
        )
        await journal.move(Trigger.STOP, cause)
        return journal.task

    async def answer(self, owner_id: str, request: task_service_pb2.AnswerTaskRequest) -> task_pb2.Task:
        """Answers what a task asked."""
        journal = (await self._live(owner_id, request.task_id, "answered")).journal
        open_request = journal.task.human_request
        if not journal.task.HasField("human_request") or (
            request.request_id and request.request_id != open_request.request_id
        ):
            raise TabwireError(
                error_pb2.ERROR_CODE_FAILED_PRECONDITION,
                "The task does not wait for this answer.",
                remedy="Read the task again and answer the question that is open.",
            )
        given = task_pb2.TaskEvent(
            human_input=task_pb2.HumanInput(
                request_id=open_request.request_id, answer=_chosen(open_request, request.answer)
            )
        )
        # A paused task takes the answer and stays paused.
        if not await journal.move(Trigger.ANSWER, before=[given]):
            await journal.record(given)
        return journal.task

    # Where tasks are.

    async def _known(
        self, owner_id: str, request: task_service_pb2.CreateTaskRequest, digest: bytes
    ) -> task_pb2.Task | None:
        """The task that a request with a key or an id has already made."""
        for key in ({"idempotency_key": request.idempotency_key}, {"task_id": request.task_id}):
            if not any(key.values()):
                continue
            stored = await self._store.find(owner_id, **key)
            if stored is not None:
                if stored.request_digest != digest:
                    raise _in_use()
                return stored.task
        return None

    async def _browser(self, owner_id: str, browser_id: str) -> str:
        """The browser to work in. The only one there is may be away: the task waits for it."""
        try:
            return await self._browsers.resolve(owner_id, browser_id)
        except TabwireError as error:
            if browser_id or error.code != error_pb2.ERROR_CODE_BROWSER_DISCONNECTED:
                raise
            paired = await self._browsers.list_browsers(owner_id)
            if len(paired) != 1:
                raise
            return paired[0].browser_id

    async def _stored(self, owner_id: str, task_id: str) -> StoredTask:
        stored = await self._store.find(owner_id, task_id=task_id)
        if stored is None:
            raise TabwireError(
                error_pb2.ERROR_CODE_NOT_FOUND,
                "There is no such task.",
                remedy="List the tasks to see which there are: tabwire task list.",
            )
        return stored

    async def _live(self, owner_id: str, task_id: str, wanted: str) -> Runner:
        """The runner of a task that has not ended."""
        stored = await self._stored(owner_id, task_id)
        if stored.task.state in ENDED:
            raise _not_now(stored.task, wanted)
        runner = self._runners.get(stored.key)
        if runner is None:
            raise TabwireError(
                error_pb2.ERROR_CODE_UNAVAILABLE,
                "Another server runs this task just now.",
                remedy="Try again in a minute.",
            )
        if runner.journal.has_ended:
            raise _not_now(runner.journal.task, wanted)
        return runner

    async def _replay(self, key: str, after_seq: int) -> AsyncGenerator[task_pb2.TaskEvent, None]:
        while True:
            events = await self._store.events(key, after_seq=after_seq, limit=_EVENTS_PAGE)
            for event in events:
                after_seq = event.seq
                yield event
            if len(events) < _EVENTS_PAGE:
                return

    # Running.

    async def _take_up_all(self, *, free_at: datetime | None) -> None:
        for key in await self._store.unfinished(free_at=free_at):
            if key in self._runners:
                continue
            stored = await self._store.take_up(
                key, lease_owner=self._server_id, lease_until=self._now() + _LEASE, free_at=free_at
            )
            if stored is not None:
                _log.info("task_taken_up", task_id=stored.task.task_id, epoch=stored.epoch)
                await self._run(stored, restarted=True)

    async def _run(self, stored: StoredTask, *, restarted: bool = False) -> None:
        journal = Journal(self._store, stored, now=self._now, clock=self._clock)
        await journal.load()
        task = journal.task
        if restarted and task.tab_id:
            # Before any task that is new to a tab: this one was there first.
            self._claims.claim(task.browser_id, task.tab_id, task.task_id)
        if restarted and task.state in (RUNNING, WAITING_BROWSER):
            await journal.move(Trigger.RESTART)
        runner = Runner(journal, self._browsers, self._claims, self._decider(task), sleep=self._sleep)
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
            self._in_background(self._take_up_again(key), f"retake-{key}")
        except Exception:  # noqa: BLE001 - a fault of ours; the next start takes the task up again
            _log.exception("task_runner_failed", task_id=runner.journal.task.task_id)
        finally:
            if self._runners.get(key) is runner:
                del self._runners[key]
            runner.journal.wake_watchers()

    async def _take_up_again(self, key: str) -> None:
        """Tries until a task that could not be written down is taken up, or has ended, or is another server's."""
        while not self._stopping:
            self._failures[key] = self._failures.get(key, 0) + 1
            await self._sleep(_AGAIN_S[min(self._failures[key], len(_AGAIN_S)) - 1])
            try:
                stored = await self._store.take_up(
                    key, lease_owner=self._server_id, lease_until=self._now() + _LEASE, free_at=self._now()
                )
                if stored is not None and key not in self._runners:
                    _log.info("task_taken_up_again", task_id=stored.task.task_id, epoch=stored.epoch)
                    await self._run(stored, restarted=True)
            except DATABASE_AWAY:
                _log.warning("task_waits_for_the_database", key=key)
            else:
                return

    def _decider(self, task: task_pb2.Task) -> Decider:
        if task.decider == task_pb2.DECIDER_COMMANDS:
            return CommandDecider(sleep=self._sleep, clock=self._clock)
        return ModelDecider(self._model)

    async def _keep_leases(self) -> None:
        """Renews the leases of this server, and takes up what others have left."""
        while True:
            await asyncio.sleep(_LEASE.total_seconds() / 3)
            now = self._now()
            try:
                await self._store.renew(self._server_id, lease_until=now + _LEASE)
                if not self._alone:
                    await self._take_up_all(free_at=now)
            except Exception:  # noqa: BLE001 - a database that is away comes back; leases must then go on
                _log.exception("task_leases_failed")


def _chosen(request: task_pb2.HumanRequest, answer: str) -> str:
    """The answer as the question offers it."""
    if not request.options:
        return answer
    for option in request.options:
        if option.casefold() == answer.strip().casefold():
            return option
    raise TabwireError(
        error_pb2.ERROR_CODE_INVALID_ARGUMENT,
        f"This is none of the answers to choose from: {', '.join(request.options)}.",
        remedy="Answer with one of them.",
    )


def _in_use() -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_ALREADY_EXISTS,
        "This task id or idempotency key is in use for another task.",
        remedy="Use a new key or id for a new task.",
    )


def _not_now(task: task_pb2.Task, wanted: str) -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_FAILED_PRECONDITION,
        f"The task is {state_name(task.state)} and cannot be {wanted}.",
        remedy="Start a new task." if task.state in ENDED else "Wait until it has changed its state.",
    )
