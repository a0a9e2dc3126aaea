"""When a failure ends a task, with which cause, and when a step may be tried again. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.agent import events
from tabwire.v1 import action_pb2, error_pb2, task_pb2

if TYPE_CHECKING:
    from tabwire.agent.history import StepRecord

DEFAULT_MAX_STEPS = 50
DEFAULT_MAX_TOKENS = 2_000_000
DEFAULT_MAX_SECONDS = 3_600
DEFAULT_MAX_RETRIES = 3

# Errors about the way to the browser, not about the action: the same is to be asked again when the browser is back.
AWAY = frozenset({error_pb2.ERROR_CODE_BROWSER_DISCONNECTED, error_pb2.ERROR_CODE_LINK_CLOSED})
# Those of them after which the action may have had effect.
MAY_HAVE_HAPPENED = frozenset({error_pb2.ERROR_CODE_LINK_CLOSED})
# Nothing else is to be had by asking the model once more.
_ENDS_AT_ONCE = frozenset(
    {
        error_pb2.ERROR_CODE_MODEL_UNAVAILABLE,
        error_pb2.ERROR_CODE_MODEL_REFUSED,
        error_pb2.ERROR_CODE_MODEL_NOT_CONFIGURED,
        error_pb2.ERROR_CODE_NO_PROGRESS,
    }
)
# The agent said that it was done, and its word was given back to it.
_GIVEN_BACK = frozenset({error_pb2.ERROR_CODE_RESULT_INVALID, error_pb2.ERROR_CODE_SUCCESS_NOT_SHOWN})
# With these the action certainly did not happen, and another look at the page may help.
_NOT_HAPPENED = frozenset(
    {
        error_pb2.ERROR_CODE_STALE_ELEMENT,
        error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND,
        error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE,
        error_pb2.ERROR_CODE_ELEMENT_COVERED,
        error_pb2.ERROR_CODE_NAVIGATION_FAILED,
        error_pb2.ERROR_CODE_COMMAND_REFUSED,
    }
)
# The element was seen a moment ago, and is gone: removed, or the document or the extension was loaded anew since.
_UNKNOWN_NOW = frozenset({error_pb2.ERROR_CODE_STALE_ELEMENT, error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND})


def limit_reached(task: task_pb2.Task, active_seconds: float) -> task_pb2.TaskCause | None:
    """The cause to end with before another step, if a limit is reached."""
    limits = task.limits
    max_steps = limits.max_steps or DEFAULT_MAX_STEPS
    if len(task.steps) >= max_steps:
        return _limit(f"It has taken {max_steps} steps, as many as it may.", "max_steps")
    max_tokens = limits.max_tokens or DEFAULT_MAX_TOKENS
    if task.usage.prompt_tokens + task.usage.completion_tokens >= max_tokens:
        return _limit(f"It has used {max_tokens} tokens, as many as it may.", "max_tokens")
    max_cost = limits.max_cost_micro_usd
    if max_cost and task.usage.cost_micro_usd >= max_cost:
        return _limit(f"It has cost {max_cost / 1_000_000:.4f} US dollars, as much as it may.", "max_cost_micro_usd")
    max_seconds = limits.max_seconds or DEFAULT_MAX_SECONDS
    if active_seconds >= max_seconds:
        return _limit(f"It has worked for {max_seconds} seconds, as long as it may.", "max_seconds")
    return None


def failure(record: StepRecord, *, failures: int, max_retries: int, sees_outcomes: bool) -> task_pb2.TaskCause | None:
    """The cause to end with after a failed step, if the task ends with it."""
    error = record.error or error_pb2.ErrorInfo(
        error_code=error_pb2.ERROR_CODE_INTERNAL, message="The step failed without saying why."
    )
    if not sees_outcomes:
        # A person has looked at it and let the task go on: it waited in NEEDS_ATTENTION.
        if error.error_code == error_pb2.ERROR_CODE_OUTCOME_UNKNOWN or error.error_code in MAY_HAVE_HAPPENED:
            return None
        return cause_of(error)
    if error.error_code in _ENDS_AT_ONCE:
        return cause_of(error)
    if error.error_code in _GIVEN_BACK:  # how often is told by `tabwire.agent.verify`
        return None
    if failures <= max_retries:
        return None
    if error.error_code == error_pb2.ERROR_CODE_MODEL_OUTPUT_INVALID:
        return cause_of(error)
    return task_pb2.TaskCause(
        code=error_pb2.ERROR_CODE_TOO_MANY_FAILURES,
        message=f"{failures} steps failed one after the other. The last: {error.message}",
        retryable=True,
        remedy=error.remedy or "Look at the steps, say more about how it can be done, and start it again.",
    )


def may_repeat(action: action_pb2.Action, error: error_pb2.ErrorInfo) -> bool:
    """Whether a failed action may be decided and done anew without any harm."""
    if error.error_code in _UNKNOWN_NOW:
        return True
    if not error.retryable:
        return False
    return events.is_repeatable(action) or error.error_code in _NOT_HAPPENED


def cause_of(error: error_pb2.ErrorInfo) -> task_pb2.TaskCause:
    """An error as the cause of a task's end."""
    return task_pb2.TaskCause(
        code=error.error_code,
        message=error.message,
        retryable=error.retryable,
        remedy=error.remedy or "Look at the page and at the task's steps, then start it again.",
    )


def _limit(message: str, name: str) -> task_pb2.TaskCause:
    return task_pb2.TaskCause(
        code=error_pb2.ERROR_CODE_LIMIT_REACHED,
        message=message,
        retryable=True,
        remedy=f"Start it again with a higher {name}.",
    )
