"""Requests to people: what a request says, which answers it takes, and when its time is over.

Pure, but for the clock that the journal brings. Who waits for the answer is `tabwire.task.runner`.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from tabwire.errors import TabwireError
from tabwire.task.journal import Change
from tabwire.task.lifecycle import STOPPING, WAITING_HUMAN, Trigger
from tabwire.v1 import error_pb2, task_pb2

if TYPE_CHECKING:
    from datetime import datetime

    from tabwire.v1 import task_service_pb2

DEFAULT_MAX_WAIT_S = 86_400

_APPROVAL = task_pb2.HUMAN_REQUEST_KIND_APPROVAL
_QUESTION = task_pb2.HUMAN_REQUEST_KIND_QUESTION


def asked(task: task_pb2.Task, request: task_pb2.HumanRequest, now: datetime) -> task_pb2.TaskEvent:
    """The event that puts a request to a person, with the time they have."""
    shown = task_pb2.HumanRequest()
    shown.CopyFrom(request)
    if not shown.HasField("asked_at"):
        shown.asked_at.FromDatetime(now)
    wait_s = task.limits.max_wait_seconds or DEFAULT_MAX_WAIT_S
    shown.expires_at.FromDatetime(now + timedelta(seconds=wait_s))
    return task_pb2.TaskEvent(human_input_needed=task_pb2.HumanInputNeeded(request=shown))


def seconds_left(request: task_pb2.HumanRequest, now: datetime) -> float:
    """How long a person may still take. A request of an older server has no end."""
    if not request.HasField("expires_at"):
        return float("inf")
    return (request.expires_at.ToDatetime(tzinfo=UTC) - now).total_seconds()


def answered(task: task_pb2.Task, request: task_service_pb2.AnswerTaskRequest) -> Change:
    """What is to be written for an answer. A paused task takes it and stays paused.

    Raises `TabwireError` FAILED_PRECONDITION if the task does not wait for it, INVALID_ARGUMENT if it is no answer.
    """
    is_open = task.HasField("human_request") and task.state != STOPPING
    if not is_open or request.request_id not in ("", task.human_request.request_id):
        raise TabwireError(
            error_pb2.ERROR_CODE_FAILED_PRECONDITION,
            "The task does not wait for this answer.",
            remedy="Read the task again and answer the question that is open.",
        )
    given = _given(task.human_request, request)
    trigger = Trigger.ANSWER if task.state == WAITING_HUMAN else None
    return Change([task_pb2.TaskEvent(human_input=given)], trigger)


def timed_out(request: task_pb2.HumanRequest) -> task_pb2.TaskEvent:
    """Nobody answered in time."""
    return task_pb2.TaskEvent(
        human_input=task_pb2.HumanInput(
            request_id=request.request_id, action_digest=request.action_digest, timed_out=True
        )
    )


def _given(request: task_pb2.HumanRequest, answer: task_service_pb2.AnswerTaskRequest) -> task_pb2.HumanInput:
    given = task_pb2.HumanInput(request_id=request.request_id, answer=answer.answer)
    if request.kind == _APPROVAL:
        if (answer.approve or answer.action_digest) and answer.action_digest != request.action_digest:
            raise TabwireError(
                error_pb2.ERROR_CODE_FAILED_PRECONDITION,
                "This is not the action that waits for approval.",
                remedy="Read the task again, look at the action it asks about, and answer with that one's digest.",
            )
        given.approved = answer.approve
        given.action_digest = request.action_digest
        return given
    if answer.approve or answer.action_digest:
        raise _invalid("approve", "The task asks for no approval.", "Answer its question with a text.")
    if request.kind == _QUESTION:
        given.answer = _chosen(request, answer.answer)
    return given


def _chosen(request: task_pb2.HumanRequest, answer: str) -> str:
    """The answer as the question offers it."""
    if not request.options:
        if not answer.strip():
            raise _invalid("answer", "The answer is empty.", "Answer the question.")
        return answer
    for option in request.options:
        if option.casefold() == answer.strip().casefold():
            return option
    raise _invalid(
        "answer",
        f"This is none of the answers to choose from: {', '.join(request.options)}.",
        "Answer with one of them.",
    )


def _invalid(field: str, message: str, remedy: str) -> TabwireError:
    violation = error_pb2.FieldViolation(field=field, description=message)
    return TabwireError(
        error_pb2.ERROR_CODE_INVALID_ARGUMENT,
        message,
        remedy=remedy,
        details=error_pb2.ErrorDetails(field_violations=error_pb2.FieldViolationsDetails(violations=[violation])),
    )
