"""The part of the typed client that gives tasks, watches them, steers them, and reads what they did."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf.timestamp_pb2 import Timestamp

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2, task_pb2, task_service_pb2, task_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from datetime import datetime

    from tabwire.client.transport import Transport
    from tabwire.v1 import policy_pb2

_CALL_S = 30.0
_RESUME_S = 60.0
ENDED = frozenset({task_pb2.TASK_STATE_SUCCEEDED, task_pb2.TASK_STATE_FAILED, task_pb2.TASK_STATE_STOPPED})


@dataclass(frozen=True)
class ExportedFile:
    """A file that was made of a task."""

    file_name: str
    mime_type: str
    data: bytes


class TaskCalls:
    """The calls of TaskService over a connection."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._tasks = task_service_pb2_grpc.TaskServiceStub(transport.channel)

    async def create_task(
        self,
        user_prompt: str,
        *,
        start_url: str = "",
        browser_id: str = "",
        context: task_pb2.TaskContext | None = None,
        decider: task_pb2.Decider.ValueType = task_pb2.DECIDER_UNSPECIFIED,
        limits: task_pb2.TaskLimits | None = None,
        max_retries: int = 0,
        details: str = "",
        idempotency_key: str = "",
        task_id: str = "",
        output_schema: str = "",
        model: str = "",
        policy: policy_pb2.Policy | None = None,
        secrets: Sequence[str] = (),
        follows_task_id: str = "",
        plan: task_pb2.Plan | None = None,
    ) -> task_pb2.Task:
        """Gives a task. It runs whether or not anybody watches. A lost answer is asked for again with the same key."""
        now = Timestamp()
        now.GetCurrentTime()
        request = task_service_pb2.CreateTaskRequest(
            user_prompt=user_prompt,
            start_url=start_url,
            browser_id=browser_id,
            context=context,
            decider=decider,
            limits=limits,
            max_retries=max_retries,
            details=details,
            idempotency_key=idempotency_key or uuid.uuid4().hex,
            task_id=task_id,
            output_schema=output_schema,
            model=model,
            policy=policy,
            secrets=secrets,
            follows_task_id=follows_task_id,
            plan=plan,
            timestamp=now,
        )
        return (await self.transport.unary(self._tasks.CreateTask, request, _CALL_S)).task

    async def get_task(self, task_id: str) -> task_pb2.Task:
        """A task with its steps."""
        request = task_service_pb2.GetTaskRequest(task_id=task_id)
        return (await self.transport.unary(self._tasks.GetTask, request, _CALL_S)).task

    async def list_tasks(
        self,
        *,
        page_size: int = 0,
        page_token: str = "",
        states: Sequence[task_pb2.TaskState.ValueType] = (),
        browser_id: str = "",
        text: str = "",
        created_after: datetime | None = None,
        created_before: datetime | None = None,
    ) -> task_service_pb2.ListTasksResponse:
        """Tasks, newest first, without their steps; those that fit all that is given."""
        request = task_service_pb2.ListTasksRequest(
            page_size=page_size, page_token=page_token, states=states, browser_id=browser_id, text=text
        )
        if created_after is not None:
            request.created_after.FromDatetime(created_after)
        if created_before is not None:
            request.created_before.FromDatetime(created_before)
        return await self.transport.unary(self._tasks.ListTasks, request, _CALL_S)

    async def watch_task(
        self, task_id: str, *, after_seq: int = 0, resume_s: float = _RESUME_S
    ) -> AsyncGenerator[task_pb2.TaskEvent, None]:
        """The journal of a task, first what there is, then what comes, until the task has ended.

        A connection that breaks is taken up again where it stopped, for up to `resume_s` seconds.
        """
        told = self._watch(task_service_pb2.WatchTaskRequest(task_id=task_id, after_seq=after_seq), resume_s)
        async with aclosing(told) as responses:
            async for response in responses:
                yield response.event

    async def watch_task_thinking(
        self, task_id: str, *, after_seq: int = 0, resume_s: float = _RESUME_S
    ) -> AsyncGenerator[task_pb2.TaskEvent | task_pb2.Thinking, None]:
        """As `watch_task`, and between the events what the model is thinking, as it comes."""
        request = task_service_pb2.WatchTaskRequest(task_id=task_id, after_seq=after_seq, include_thinking=True)
        async with aclosing(self._watch(request, resume_s)) as responses:
            async for response in responses:
                yield response.event if response.HasField("event") else response.thinking

    async def _watch(
        self, request: task_service_pb2.WatchTaskRequest, resume_s: float
    ) -> AsyncGenerator[task_service_pb2.WatchTaskResponse, None]:
        loop = asyncio.get_running_loop()
        lost_at: float | None = None
        while True:
            try:
                async for response in self.transport.stream(self._tasks.WatchTask, request):
                    lost_at = None
                    if response.HasField("event"):
                        request.after_seq = response.event.seq
                    yield response
                    if response.event.state_changed.to in ENDED:
                        return
                # A clean end before the task's: the server is stopping, or the task had ended before `after_seq`.
                if (await self.get_task(request.task_id)).state in ENDED:
                    return
            except TabwireError as error:
                # No answer came, or the server says that it is stopping: another one goes on with the task.
                if error.code != error_pb2.ERROR_CODE_UNAVAILABLE:
                    raise
                lost_at = lost_at or loop.time()
                if loop.time() - lost_at > resume_s:
                    raise
            await asyncio.sleep(0.3)

    async def pause_task(self, task_id: str) -> task_pb2.Task:
        """Pauses a task after its current action."""
        request = task_service_pb2.PauseTaskRequest(task_id=task_id)
        return (await self.transport.unary(self._tasks.PauseTask, request, _CALL_S)).task

    async def resume_task(self, task_id: str) -> task_pb2.Task:
        """Lets a paused task go on."""
        request = task_service_pb2.ResumeTaskRequest(task_id=task_id)
        return (await self.transport.unary(self._tasks.ResumeTask, request, _CALL_S)).task

    async def stop_task(self, task_id: str, reason: str = "") -> task_pb2.Task:
        """Stops a task; its current action is cancelled."""
        request = task_service_pb2.StopTaskRequest(task_id=task_id, reason=reason)
        return (await self.transport.unary(self._tasks.StopTask, request, _CALL_S)).task

    async def answer_task(
        self,
        task_id: str,
        answer: str = "",
        *,
        request_id: str = "",
        approve: bool = False,
        action_digest: bytes = b"",
    ) -> task_pb2.Task:
        """Answers what a task asked. An approval takes `approve` and the digest of the action that was shown."""
        request = task_service_pb2.AnswerTaskRequest(
            task_id=task_id, request_id=request_id, answer=answer, approve=approve, action_digest=action_digest
        )
        return (await self.transport.unary(self._tasks.AnswerTask, request, _CALL_S)).task

    async def steer_task(
        self, task_id: str, text: str, *, interrupt: bool = False, message_id: str = ""
    ) -> task_pb2.Task:
        """Says something to the running agent; with `interrupt` its current action is cancelled for it."""
        request = task_service_pb2.SteerTaskRequest(
            task_id=task_id, text=text, interrupt=interrupt, message_id=message_id or uuid.uuid4().hex
        )
        return (await self.transport.unary(self._tasks.SteerTask, request, _CALL_S)).task

    async def modify_task(
        self,
        task_id: str,
        *,
        description: str | None = None,
        details: str | None = None,
        notes: str | None = None,
        scratchpad: str | None = None,
        plan: task_pb2.Plan | None = None,
        policy: policy_pb2.Policy | None = None,
    ) -> task_pb2.Task:
        """Changes what a running task is to do; what is None stays."""
        request = task_service_pb2.ModifyTaskRequest(
            task_id=task_id,
            description=description,
            details=details,
            notes=notes,
            scratchpad=scratchpad,
            plan=plan,
            policy=policy,
        )
        return (await self.transport.unary(self._tasks.ModifyTask, request, _CALL_S)).task

    async def delete_task(self, task_id: str) -> None:
        """Deletes a task that has ended, with its journal."""
        request = task_service_pb2.DeleteTaskRequest(task_id=task_id)
        await self.transport.unary(self._tasks.DeleteTask, request, _CALL_S)

    async def list_task_effects(
        self, task_id: str, *, page_size: int = 0, page_token: str = ""
    ) -> task_service_pb2.ListTaskEffectsResponse:
        """What a task did: pages it went to, what it typed, clicked, sent, downloaded."""
        request = task_service_pb2.ListTaskEffectsRequest(task_id=task_id, page_size=page_size, page_token=page_token)
        return await self.transport.unary(self._tasks.ListTaskEffects, request, _CALL_S)

    async def export_task(
        self,
        task_id: str,
        format: task_service_pb2.ExportFormat.ValueType,  # noqa: A002 - the contract's word
        *,
        table: str = "",
    ) -> ExportedFile:
        """What a task brought, as a file."""
        request = task_service_pb2.ExportTaskRequest(task_id=task_id, format=format, table=table)
        name, mime_type, pieces = "", "", []
        async for piece in self.transport.stream(self._tasks.ExportTask, request):
            name, mime_type = name or piece.file_name, mime_type or piece.mime_type
            pieces.append(piece.data)
        return ExportedFile(name, mime_type, b"".join(pieces))

    async def get_task_prompt(self, task_id: str = "") -> task_service_pb2.GetTaskPromptResponse:
        """The prompt of a task's model with the size of its parts; without a task, what is the same for all tasks."""
        request = task_service_pb2.GetTaskPromptRequest(task_id=task_id)
        return await self.transport.unary(self._tasks.GetTaskPrompt, request, _CALL_S)
