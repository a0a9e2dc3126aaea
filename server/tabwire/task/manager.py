"""All tasks: takes them and answers for them. The one door of the task package for servicers.

Running them is left to `supervisor`; ended ones are only read. What people do to a running task is told by `steering`,
how it is followed by `watching`, what is read out of a journal by `records`, who decides by `deciders`.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC
from typing import TYPE_CHECKING, Literal

from tabwire.agent.profile import DEFAULT
from tabwire.agent.prompt_report import prompt_of
from tabwire.errors import TabwireError
from tabwire.store.task_store import StoredTask, Wanted
from tabwire.task import creation, paging, steering, watching
from tabwire.task.deciders import Deciders
from tabwire.task.journal import utc_now
from tabwire.task.lifecycle import ENDED, STOPPED
from tabwire.task.records import Records
from tabwire.task.supervisor import Supervisor
from tabwire.v1 import error_pb2, task_pb2, task_service_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
    from datetime import datetime

    from google.protobuf.timestamp_pb2 import Timestamp

    from tabwire.browser.port import Browsers
    from tabwire.settings import Settings
    from tabwire.store.task_store import TaskStore
    from tabwire.task.runner import Runner


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
        secret_names: Callable[[str], Awaitable[Collection[str]]] | None = None,
    ) -> None:
        """`secret_names` tells which secrets an owner has; without it there are none."""
        self._store = store
        self._secret_names = secret_names
        self.records = Records(store)
        self._browsers = browsers
        self._settings = settings
        self._now = now
        self._deciders = Deciders(self.records, settings, sleep=sleep, clock=clock)
        self._preparing: asyncio.Task[None] | None = None
        self.supervisor = Supervisor(
            store,
            browsers,
            self._deciders,
            is_alone=settings.database.startswith("sqlite"),
            now=now,
            sleep=sleep,
            clock=clock,
        )

    async def start(self) -> None:
        """Takes up the tasks that have not ended. They wait for their browsers on their own; this does not."""
        await self.supervisor.start()
        # Not before: a server that starts again is there for its browsers while this goes on.
        self._preparing = asyncio.create_task(self._deciders.prepare())

    async def stop(self) -> None:
        """Ends all work where it stands. The journals stay as they are, so that the next server goes on from there."""
        if self._preparing is not None:
            await asyncio.gather(self._preparing, return_exceptions=True)
        await self.supervisor.stop()
        await self._deciders.close()

    async def create(self, owner_id: str, request: task_service_pb2.CreateTaskRequest) -> task_pb2.Task:
        """Takes a task, or returns the one that was taken with the same key or id and content."""
        digest = creation.digest(request)
        known = await self._known(owner_id, request, digest)
        if known is not None:
            return known
        followed = await self._followed(owner_id, request.follows_task_id)
        earlier = followed.task if followed is not None else None
        wanted = request.browser_id or (earlier.browser_id if earlier is not None else "")
        browser_id = await self._browser(owner_id, wanted)
        await self._check_secrets(owner_id, request.secrets)
        now = self._now()
        task = creation.new_task(request, browser_id=browser_id, settings=self._settings, now=now, earlier=earlier)
        first = task_pb2.TaskEvent(task_id=task.task_id, seq=1, created=task_pb2.TaskCreated(task=task))
        first.time.FromDatetime(now)
        task.last_event_seq = 1
        key = await self._store.insert(
            owner_id,
            task,
            [first],
            idempotency_key=request.idempotency_key,
            request_digest=digest,
            lease_owner=self.supervisor.server_id,
            lease_until=self.supervisor.lease_until(),
            follows_key=followed.key if followed is not None else None,
        )
        if key is None:
            # Somebody was faster with the same id or key.
            known = await self._known(owner_id, request, digest)
            if known is not None:
                return known
            raise _in_use()
        await self.supervisor.run(StoredTask(key, owner_id, task, digest, epoch=1))
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
        wanted = Wanted(
            states=request.states,
            browser_id=request.browser_id,
            text=request.text,
            created_after=_moment(request, "created_after"),
            created_before=_moment(request, "created_before"),
        )
        tasks = await self._store.list_tasks(owner_id, wanted, after=after, limit=size + 1)
        response = task_service_pb2.ListTasksResponse()
        for task in tasks[:size]:
            task.ClearField("steps")
            response.tasks.append(task)
        if len(tasks) > size:
            response.next_page_token = paging.token(tasks[size - 1])
        return response

    async def watch(
        self, owner_id: str, request: task_service_pb2.WatchTaskRequest
    ) -> AsyncGenerator[task_service_pb2.WatchTaskResponse, None]:
        """The journal after a number: what there is, then what comes, to the event with which the task ends."""
        stored = await self._stored(owner_id, request.task_id)
        watching.check_start(stored.task, request.after_seq)
        watch = watching.Watch(
            self._store,
            stored.key,
            journal=lambda: self.supervisor.journal_while_serving(stored.key),
            stored=lambda: self._stored(owner_id, request.task_id),
        )
        async for response in watch.follow(request):
            yield response

    async def modify(self, owner_id: str, request: task_service_pb2.ModifyTaskRequest) -> task_pb2.Task:
        """Changes what a running task is to do."""
        runner = await self._live(owner_id, request.task_id, "changed")
        await steering.modify(runner.journal, request)
        if request.HasField("policy"):
            await runner.hold_tabs()
        return runner.journal.task

    async def pause(self, owner_id: str, request: task_service_pb2.PauseTaskRequest) -> task_pb2.Task:
        """Pauses a task after its current action."""
        journal = (await self._live(owner_id, request.task_id, "paused")).journal
        await steering.pause(journal)
        return journal.task

    async def resume(self, owner_id: str, request: task_service_pb2.ResumeTaskRequest) -> task_pb2.Task:
        """Lets a paused task, or one that needs attention, go on. One that is at work is left alone."""
        runner = await self._live(owner_id, request.task_id, "resumed")
        await steering.resume(runner.journal, had_turn=runner.had_turn)
        return runner.journal.task

    async def stop_task(self, owner_id: str, request: task_service_pb2.StopTaskRequest) -> task_pb2.Task:
        """Stops a task; its current action is cancelled."""
        stored = await self._stored(owner_id, request.task_id)
        if stored.task.state == STOPPED:
            return stored.task
        journal = (await self._live(owner_id, request.task_id, "stopped")).journal
        await steering.stop(journal, request)
        return journal.task

    async def answer(self, owner_id: str, request: task_service_pb2.AnswerTaskRequest) -> task_pb2.Task:
        """Answers what a task asked."""
        journal = (await self._live(owner_id, request.task_id, "answered")).journal
        await steering.answer(journal, request)
        return journal.task

    async def steer(self, owner_id: str, request: task_service_pb2.SteerTaskRequest) -> task_pb2.Task:
        """Says something to the running agent."""
        journal = (await self._live(owner_id, request.task_id, "told anything")).journal
        await steering.steer(journal, request)
        return journal.task

    async def delete(self, owner_id: str, request: task_service_pb2.DeleteTaskRequest) -> None:
        """Deletes a task that has ended. One that is not there is as good as deleted."""
        stored = await self._store.find(owner_id, task_id=request.task_id)
        if stored is None:
            return
        if stored.task.state not in ENDED:
            raise steering.not_now(stored.task, "deleted", remedy="Stop it first.")
        if await self._store.is_followed(stored.key):
            raise TabwireError(
                error_pb2.ERROR_CODE_FAILED_PRECONDITION,
                "A task that has not ended goes on with this one.",
                remedy="Stop that task first, or wait for its end.",
            )
        await self._store.delete(stored.key)

    async def effects(
        self, owner_id: str, request: task_service_pb2.ListTaskEffectsRequest
    ) -> task_service_pb2.ListTaskEffectsResponse:
        """The effects a task had."""
        return await self.records.effects(await self._stored(owner_id, request.task_id), request)

    async def export(
        self, owner_id: str, request: task_service_pb2.ExportTaskRequest
    ) -> AsyncGenerator[task_service_pb2.ExportTaskResponse, None]:
        """What a task brought, as a file in pieces."""
        stored = await self._stored(owner_id, request.task_id)
        async for piece in self.records.export(stored, request):
            yield piece

    async def prompt(
        self, owner_id: str, request: task_service_pb2.GetTaskPromptRequest
    ) -> task_service_pb2.GetTaskPromptResponse:
        """The prompt of a task's model, or without a task what is the same for all tasks."""
        task, history = None, None
        if request.task_id:
            stored = await self._stored(owner_id, request.task_id)
            journal = self.supervisor.journal(stored.key)
            task = stored.task if journal is None else journal.task
            history = await self.records.history(stored.key) if journal is None else journal.history
        await self._deciders.prepare()
        model = self._deciders.model_of(task)
        profile = model.profile if model is not None else DEFAULT
        mode = model.mode if model is not None else "json_schema"
        # Counting reads a vocabulary the first time, which takes a moment.
        return await asyncio.to_thread(prompt_of, task, history, profile=profile, mode=mode)

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

    async def _followed(self, owner_id: str, task_id: str) -> StoredTask | None:
        """The task that a new one is to go on from. It must have ended, or both would want its tabs."""
        if not task_id:
            return None
        followed = await self._stored(owner_id, task_id)
        if followed.task.state not in ENDED:
            raise steering.not_now(followed.task, "followed", remedy="Wait for its end, stop it, or steer it instead.")
        return followed

    async def _check_secrets(self, owner_id: str, names: Collection[str]) -> None:
        known = await self._secret_names(owner_id) if names and self._secret_names is not None else ()
        missing = sorted(set(names) - set(known))
        if missing:
            raise TabwireError(
                error_pb2.ERROR_CODE_NOT_FOUND,
                f"There is no secret named {', '.join(missing)}.",
                remedy="Store it first with `tabwire secret put`, or see which there are with `tabwire secret list`.",
            )

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
            raise steering.not_now(stored.task, wanted)
        runner = self.supervisor.runner(stored.key)
        if runner is None:
            raise TabwireError(
                error_pb2.ERROR_CODE_UNAVAILABLE,
                "Another server runs this task just now.",
                remedy="Try again in a minute.",
            )
        if runner.journal.has_ended:
            raise steering.not_now(runner.journal.task, wanted)
        return runner


def _moment(
    request: task_service_pb2.ListTasksRequest, name: Literal["created_after", "created_before"]
) -> datetime | None:
    """A moment that a list is limited by, if it is."""
    if not request.HasField(name):
        return None
    moment: Timestamp = getattr(request, name)
    return moment.ToDatetime(tzinfo=UTC)


def _in_use() -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_ALREADY_EXISTS,
        "This task id or idempotency key is in use for another task.",
        remedy="Use a new key or id for a new task.",
    )
