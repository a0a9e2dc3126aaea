"""When a failure ends a task, and when a step may be tried again."""

from __future__ import annotations

import pytest

from tabwire.agent.failures import failure, limit_reached, may_repeat
from tabwire.agent.history import StepRecord
from tabwire.v1 import action_pb2, error_pb2, task_pb2

CLICK = action_pb2.Action(click=action_pb2.ClickAction(element_id=1))
READ = action_pb2.Action(read_text=action_pb2.ReadTextAction())


def _failed(code: error_pb2.ErrorCode.ValueType, message: str = "m") -> StepRecord:
    step = task_pb2.Step(number=1, status=task_pb2.STEP_STATUS_FAILED)
    step.error_info.error_code, step.error_info.message = code, message
    return StepRecord(1, step=step)


def test_limits_are_told_by_their_names() -> None:
    task = task_pb2.Task(limits=task_pb2.TaskLimits(max_steps=2, max_tokens=100, max_seconds=10))
    assert limit_reached(task, 9.9) is None
    assert "max_seconds" in str(limit_reached(task, 10))
    task.usage.prompt_tokens, task.usage.completion_tokens = 60, 40
    assert "max_tokens" in str(limit_reached(task, 0))
    task.steps.add()
    task.steps.add()
    cause = limit_reached(task, 0)
    assert cause is not None
    assert (cause.code, "max_steps" in cause.remedy) == (error_pb2.ERROR_CODE_LIMIT_REACHED, True)


@pytest.mark.parametrize(("failures", "ends"), [(1, False), (3, False), (4, True)])
def test_so_many_steps_may_fail_one_after_the_other(failures: int, ends: bool) -> None:
    record = _failed(error_pb2.ERROR_CODE_STALE_ELEMENT)
    cause = failure(record, failures=failures, max_retries=3, sees_outcomes=True)
    assert (cause is not None) is ends
    assert cause is None or cause.code == error_pb2.ERROR_CODE_TOO_MANY_FAILURES


@pytest.mark.parametrize("code", [error_pb2.ERROR_CODE_MODEL_UNAVAILABLE, error_pb2.ERROR_CODE_MODEL_REFUSED])
def test_a_model_that_does_not_answer_ends_the_task_at_once(code: error_pb2.ErrorCode.ValueType) -> None:
    cause = failure(_failed(code), failures=1, max_retries=3, sees_outcomes=True)
    assert cause is not None
    assert cause.code == code


def test_a_plain_command_ends_the_task_with_its_error() -> None:
    cause = failure(
        _failed(error_pb2.ERROR_CODE_ELEMENT_COVERED, "why"), failures=1, max_retries=3, sees_outcomes=False
    )
    assert cause is not None
    assert (cause.code, cause.message, bool(cause.remedy)) == (error_pb2.ERROR_CODE_ELEMENT_COVERED, "why", True)


@pytest.mark.parametrize(
    ("action", "code", "retryable", "repeated"),
    [
        (CLICK, error_pb2.ERROR_CODE_STALE_ELEMENT, False, True),
        (CLICK, error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND, False, True),
        (CLICK, error_pb2.ERROR_CODE_ELEMENT_COVERED, True, True),
        (CLICK, error_pb2.ERROR_CODE_ELEMENT_COVERED, False, False),
        (CLICK, error_pb2.ERROR_CODE_DEADLINE_EXCEEDED, True, False),
        (CLICK, error_pb2.ERROR_CODE_OUTCOME_UNKNOWN, True, False),
        (CLICK, error_pb2.ERROR_CODE_COMMUNICATION_ERROR_WITH_TARGET, True, False),
        (READ, error_pb2.ERROR_CODE_COMMUNICATION_ERROR_WITH_TARGET, True, True),
        (READ, error_pb2.ERROR_CODE_RESTRICTED_PAGE, False, False),
    ],
)
def test_only_what_did_not_happen_or_harms_nothing_is_repeated(
    action: action_pb2.Action, code: error_pb2.ErrorCode.ValueType, retryable: bool, repeated: bool
) -> None:
    assert may_repeat(action, error_pb2.ErrorInfo(error_code=code, retryable=retryable)) is repeated
