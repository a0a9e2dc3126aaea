"""What the journal has to say of a step that is cut off before its end: which actions were begun, and came to what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.agent import catalog, events
from tabwire.v1 import action_pb2, error_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tabwire.task.journal import Journal


def unfinished(journal: Journal) -> dict[int, task_pb2.ActionStarted]:
    """The actions of the open step that were begun and whose outcome is not known, by their places."""
    record = journal.history.open_step
    if record is None:
        return {}
    return {index: started for index, started in sorted(record.started.items()) if index not in record.results}


def closing_events(
    journal: Journal,
    status: task_pb2.StepStatus.ValueType,
    *,
    outcomes: Mapping[int, action_pb2.ActionResult] | None = None,
    error: error_pb2.ErrorInfo | None = None,
) -> list[task_pb2.TaskEvent]:
    """The events that close the open step. `outcomes` are those that were found out of actions that were begun."""
    record = journal.history.open_step
    if record is None:
        return []
    step = task_pb2.Step()
    step.CopyFrom(next(one for one in journal.task.steps if one.number == record.number))
    closing = []
    for index, started in unfinished(journal).items():
        result = (outcomes or {}).get(index) or _cut_off(started.action, error)
        finished = events.finished(record.number, index, result)
        closing.append(finished)
        step.results.append(finished.action_finished.result)
    step.status = status
    if error is not None:
        step.error_info.CopyFrom(error)
    step.finished_at.FromDatetime(journal.now())
    closing.append(events.step_update(step))
    return closing


def _cut_off(action: action_pb2.Action, error: error_pb2.ErrorInfo | None) -> action_pb2.ActionResult:
    harmless = events.is_repeatable(action)
    result = action_pb2.ActionResult(
        original_action_id=action.id,
        status=action_pb2.ACTION_STATUS_CANCELLED if harmless else action_pb2.ACTION_STATUS_FAILED,
    )
    if error is not None:
        result.status = action_pb2.ACTION_STATUS_FAILED
        result.error_info.CopyFrom(error)
        return result
    result.error_info.error_code = error_pb2.ERROR_CODE_CANCELLED
    result.error_info.component_origin = error_pb2.COMPONENT_ORIGIN_SERVER
    result.error_info.message = (
        f"Cancelled by stop ({catalog.kind(action)})."
        if harmless
        else f"Cancelled by stop while it was under way ({catalog.kind(action)}); it may have had effect."
    )
    return result
