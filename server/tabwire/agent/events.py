"""Makers of journal events that the agent records, and what results look like in the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.agent import catalog
from tabwire.agent.render import label, role
from tabwire.v1 import action_pb2, error_pb2, options_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME_CHARS = 120

_REPEATABLE = (options_pb2.EFFECT_CLASS_READ, options_pb2.EFFECT_CLASS_LOCAL)


def step_update(step: task_pb2.Step) -> task_pb2.TaskEvent:
    """A step as it stands."""
    return task_pb2.TaskEvent(step_update=task_pb2.StepUpdate(step=step))


def decision_made(number: int, decision: task_pb2.Decision) -> task_pb2.TaskEvent:
    """A decision."""
    return task_pb2.TaskEvent(decision_made=task_pb2.DecisionMade(step_number=number, decision=decision))


def named_elements(
    actions: Iterable[action_pb2.Action], state: state_pb2.PageState | None
) -> list[task_pb2.NamedElement]:
    """What the ids in actions stand for in a state, each once, for people to read."""
    wanted = dict.fromkeys(element_id for action in actions for element_id in catalog.element_ids(action))
    known = (
        {element.id: element for element in state.actionable_elements if element.id in wanted}
        if state is not None
        else {}
    )
    return [
        task_pb2.NamedElement(element_id=one, role=role(known[one]), name=_short(label(known[one])))
        for one in wanted
        if one in known
    ]


def _short(name: str) -> str:
    words = " ".join(name.split())
    return words if len(words) <= _NAME_CHARS else words[: _NAME_CHARS - 1] + "…"


def started(start: task_pb2.ActionStarted) -> task_pb2.TaskEvent:
    """An action is about to be sent."""
    return task_pb2.TaskEvent(action_started=start)


def finished(number: int, index: int, result: action_pb2.ActionResult) -> task_pb2.TaskEvent:
    """What became of it, without states and pictures."""
    kept = action_pb2.ActionResult()
    kept.CopyFrom(result)
    kept.ClearField("state_after")
    kept.ClearField("image")
    return task_pb2.TaskEvent(action_finished=task_pb2.ActionFinished(step_number=number, index=index, result=kept))


def update(**fields: str | int) -> task_pb2.TaskEvent:
    """Something about the task changed."""
    return task_pb2.TaskEvent(task_update=task_pb2.TaskUpdate(**fields))  # type: ignore[arg-type] # checked by protobuf


def failed_result(action: action_pb2.Action, error: error_pb2.ErrorInfo) -> action_pb2.ActionResult:
    """The result of an action that could not be tried, or whose outcome nobody knows."""
    return action_pb2.ActionResult(
        original_action_id=action.id, status=action_pb2.ACTION_STATUS_FAILED, error_info=error
    )


def is_repeatable(action: action_pb2.Action) -> bool:
    """Whether doing it twice harms nothing."""
    return catalog.facts(action).effect in _REPEATABLE


def only_looks(action: action_pb2.Action) -> bool:
    """Whether it leaves the page as it is, so that what was seen before it still holds."""
    facts = catalog.facts(action)
    return facts.effect == options_pb2.EFFECT_CLASS_READ and not facts.ends_batch


def outcome_unknown(action: action_pb2.Action) -> error_pb2.ErrorInfo:
    """Nobody can tell whether an action had effect."""
    return error_pb2.ErrorInfo(
        error_code=error_pb2.ERROR_CODE_OUTCOME_UNKNOWN,
        message=f"The browser was interrupted during this action ({catalog.kind(action)}); it may have had effect.",
        component_origin=error_pb2.COMPONENT_ORIGIN_SERVER,
        remedy="Look at the page: resume the task if it had, stop it otherwise.",
    )


def documents_of(state: state_pb2.PageState | None) -> dict[int, str]:
    """The documents of a state by the slots of their frames."""
    if state is None:
        return {}
    documents = {frame.slot: frame.document_id for frame in state.frames}
    if state.document_id:
        documents.setdefault(0, state.document_id)
    return documents
