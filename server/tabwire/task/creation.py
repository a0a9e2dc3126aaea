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
from tabwire.policy.levels import unreadable_patterns
from tabwire.task.human import DEFAULT_MAX_WAIT_S
from tabwire.task.schema_check import check_output_schema
from tabwire.v1 import error_pb2, task_pb2

if TYPE_CHECKING:
    from datetime import datetime

    from tabwire.settings import Settings
    from tabwire.v1 import policy_pb2, task_service_pb2


def digest(request: task_service_pb2.CreateTaskRequest) -> bytes:
    """What makes two requests the same: everything but the clock of the sender, who may send it again later."""
    content = type(request)()
    content.CopyFrom(request)
    content.ClearField("timestamp")
    return hashlib.sha256(content.SerializeToString(deterministic=True)).digest()


def new_task(
    request: task_service_pb2.CreateTaskRequest,
    *,
    browser_id: str,
    settings: Settings,
    now: datetime,
    earlier: task_pb2.Task | None = None,
) -> task_pb2.Task:
    """The task, queued. `earlier` is the one that it goes on from: it takes its tabs and its notebook over.

    Raises `TabwireError` COMMAND_SYNTAX, MODEL_NOT_CONFIGURED or INVALID_ARGUMENT.
    """
    if request.output_schema:
        check_output_schema(request.output_schema)
    if request.HasField("policy"):
        check_policy(request.policy)
    if request.model:
        settings = settings.model_copy(update={"model": request.model})
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
        output_schema=request.output_schema,
        model=request.model,
        secrets=dict.fromkeys(request.secrets),
        follows_task_id=request.follows_task_id,
    )
    for name in ("context", "timestamp", "policy", "plan"):
        if request.HasField(name):
            getattr(task, name).CopyFrom(getattr(request, name))
    if earlier is not None:
        _go_on_from(task, earlier)
    steps = len(parse(request.user_prompt)) if decider == task_pb2.DECIDER_COMMANDS else 0
    task.limits.max_steps = request.limits.max_steps or max(DEFAULT_MAX_STEPS, steps)
    task.limits.max_tokens = request.limits.max_tokens or DEFAULT_MAX_TOKENS
    task.limits.max_seconds = request.limits.max_seconds or DEFAULT_MAX_SECONDS
    task.limits.max_wait_seconds = request.limits.max_wait_seconds or DEFAULT_MAX_WAIT_S
    task.created_at.FromDatetime(now)
    task.updated_at.FromDatetime(now)
    return task


def _go_on_from(task: task_pb2.Task, earlier: task_pb2.Task) -> None:
    """A follow-up starts where the earlier task ended, unless it is to start elsewhere. Tabs are of one browser."""
    task.scratchpad = earlier.scratchpad
    if task.browser_id != earlier.browser_id:
        return
    task.tab_ids.extend(earlier.tab_ids)
    if not task.start_url and not task.context.active_tab_id:
        task.tab_id = earlier.tab_id


def check_policy(policy: policy_pb2.Policy) -> None:
    """Raises `TabwireError` INVALID_ARGUMENT, naming the patterns that cannot be understood."""
    unreadable = unreadable_patterns(policy)
    if unreadable:
        violations = [
            error_pb2.FieldViolation(field=field, description="must be an origin pattern such as https://example.com")
            for field in unreadable
        ]
        raise TabwireError(
            error_pb2.ERROR_CODE_INVALID_ARGUMENT,
            f"These origin patterns cannot be understood: {', '.join(unreadable[:5])}.",
            remedy='Write them as "https://example.com", "*.example.com" or "http://localhost:*".',
            details=error_pb2.ErrorDetails(field_violations=error_pb2.FieldViolationsDetails(violations=violations)),
        )


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
