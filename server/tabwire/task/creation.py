"""What a new task is: from a request to the task that is stored, or to the error that says why it cannot be taken."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

from tabwire.agent.command_parser import looks_like_commands, parse
from tabwire.agent.failures import DEFAULT_MAX_RETRIES, DEFAULT_MAX_SECONDS, DEFAULT_MAX_STEPS, DEFAULT_MAX_TOKENS
from tabwire.agent.model import Model
from tabwire.agent.model_errors import not_configured
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2, task_pb2

if TYPE_CHECKING:
    from datetime import datetime

    from tabwire.settings import Settings
    from tabwire.v1 import task_service_pb2


def digest(request: task_service_pb2.CreateTaskRequest) -> bytes:
    """What makes two requests the same: everything but the clock of the sender, who may send it again later."""
    content = type(request)()
    content.CopyFrom(request)
    content.ClearField("timestamp")
    return hashlib.sha256(content.SerializeToString(deterministic=True)).digest()


def new_task(
    request: task_service_pb2.CreateTaskRequest, *, browser_id: str, settings: Settings, now: datetime
) -> task_pb2.Task:
    """The task, queued.

    Raises `TabwireError` COMMAND_SYNTAX or MODEL_NOT_CONFIGURED.
    """
    decider = choose_decider(request.user_prompt, request.decider, settings)
    task = task_pb2.Task(
        task_id=request.task_id or uuid.uuid4().hex,
        user_prompt=request.user_prompt,
        description=request.user_prompt,
        details=request.details,
        max_retries=request.max_retries or DEFAULT_MAX_RETRIES,
        state=task_pb2.TASK_STATE_QUEUED,
        browser_id=browser_id,
        limits=request.limits,
        decider=decider,
        start_url=request.start_url,
    )
    if request.HasField("context"):
        task.context.CopyFrom(request.context)
    if request.HasField("timestamp"):
        task.timestamp.CopyFrom(request.timestamp)
    steps = len(parse(request.user_prompt)) if decider == task_pb2.DECIDER_COMMANDS else 0
    task.limits.max_steps = request.limits.max_steps or max(DEFAULT_MAX_STEPS, steps)
    task.limits.max_tokens = request.limits.max_tokens or DEFAULT_MAX_TOKENS
    task.limits.max_seconds = request.limits.max_seconds or DEFAULT_MAX_SECONDS
    task.created_at.FromDatetime(now)
    task.updated_at.FromDatetime(now)
    return task


def choose_decider(text: str, wanted: task_pb2.Decider.ValueType, settings: Settings) -> task_pb2.Decider.ValueType:
    """Who decides: plain commands if the text is in their language, else the model."""
    hint = ""
    if wanted != task_pb2.DECIDER_MODEL:
        try:
            parse(text)
        except TabwireError as error:
            if wanted == task_pb2.DECIDER_COMMANDS:
                raise
            if looks_like_commands(text) or not Model.is_configured(settings):
                hint = error.info.message
        else:
            return task_pb2.DECIDER_COMMANDS
    if not Model.is_configured(settings):
        missing = "TABWIRE_MODEL is not set" if not settings.model else "OPENAI_API_KEY or OPENAI_BASE_URL is not set"
        raise not_configured(missing, hint)
    return task_pb2.DECIDER_MODEL


def changed_commands(task: task_pb2.Task, description: str) -> None:
    """Checks a new text of a task that follows plain commands.

    Raises `TabwireError` COMMAND_SYNTAX, or FAILED_PRECONDITION if commands that are done or under way would change.
    """
    begun = len(task.steps)
    before = [command.source for command in parse(task.description)][:begun]
    after = [command.source for command in parse(description)][:begun]
    if before != after:
        raise TabwireError(
            error_pb2.ERROR_CODE_FAILED_PRECONDITION,
            f"The first {begun} commands are done or under way and cannot change any more.",
            remedy="Leave them as they are and change those that follow, or stop the task and start another one.",
        )
