"""A conversation in short: what was done in a line for each step, what failed, what is noted and what is still open.

Made from the journal alone, without a model, so that it is the same whenever it is made. Pure.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tabwire.agent import catalog, plan, tokens
from tabwire.agent.render import quote
from tabwire.agent.schema import enum_word
from tabwire.enums import name_of
from tabwire.v1 import action_pb2, error_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.message import Message

    from tabwire.agent.history import History, Past, StepRecord

# The latest steps are told one by one; of older ones, those that failed.
_MAX_STEPS = 40
_MAX_GOAL = 160
_MAX_VALUE = 60
_MAX_FAILED = 12


def compact(task: task_pb2.Task, history: History) -> task_pb2.ContextCompacted | None:
    """The end of the conversation so far, in short; None if there is nothing to shorten.

    The outcome of the last step is not in it if the model has not been told it yet.
    """
    untold = {event.step_update.step.number for event in history.news if event.HasField("step_update")}
    told = [record for record in history.closed_steps if record.number not in untold]
    if not told:
        return None
    return task_pb2.ContextCompacted(through_step=told[-1].number, summary=steps(task, told))


def past(earlier: Past, limit: int) -> str:
    """An earlier task: what was asked, how it went, what came of it. At most about `limit` tokens."""
    task, history = earlier.task, earlier.history
    lines = [f"task: {quote(task.description or task.user_prompt, 2000)}"]
    told = steps(task, history.closed_steps)
    result = f"result: {quote(task.result, 4000)}" if task.result else "it ended without a result"
    if tokens.estimate(told) > limit:
        told = "\n".join(_facts(task))
    return "\n".join([*lines, *([told] if told else []), result])


def steps(task: task_pb2.Task, told: Sequence[StepRecord]) -> str:
    """Some steps in short, with what is to be remembered and what is still open."""
    lines = []
    early, late = told[:-_MAX_STEPS], told[-_MAX_STEPS:]
    if early:
        lines.append(f"({len(early)} earlier steps, {sum(record.failed for record in early)} of them failed)")
    lines.extend(_step(record) for record in late)
    failed = _failed(told)
    if failed:
        lines.append("failed: " + "; ".join(failed))
    lines.extend(_facts(task))
    lines.extend(f"still to do: {quote(item.text)}" for item in plan.open_items(task.plan))
    return "\n".join(lines)


def action_text(action: action_pb2.Action) -> str:
    """An action in short, as `click 12` or `input_text 3 "stapler"`."""
    kind = catalog.kind(action)
    if not kind:
        return "something unknown"
    return " ".join([kind, *_values(catalog.body(action))])


def _values(body: Message) -> list[str]:
    words = []
    for field, value in body.ListFields():
        if field.is_repeated:
            words.append(", ".join(quote(str(one), _MAX_VALUE) for one in list(value)[:5]))
        elif field.enum_type is not None:
            known = field.enum_type.values_by_number.get(value)
            words.append(enum_word(known) if known is not None else str(value))
        elif isinstance(value, str):
            words.append(quote(value, _MAX_VALUE))
        elif isinstance(value, bool):
            words.append(field.name if value else f"not {field.name}")
        elif isinstance(value, int | float):
            words.append(json.dumps(value))
    return words


def _step(record: StepRecord) -> str:
    goal = record.step.description or record.step.reasoning
    did = "; ".join(f"{action_text(action)}: {_came_of(result)}" for action, result in record.done())
    if record.step.HasField("error_info"):
        did = f"{did}; {_code(record.step.error_info)}".lstrip("; ")
    return f"{record.number}. {quote(goal, _MAX_GOAL)} {did or 'nothing done'}"


def _came_of(result: action_pb2.ActionResult | None) -> str:
    if result is None:
        return "dropped"
    if result.status != action_pb2.ACTION_STATUS_SUCCEEDED:
        return _code(result.error_info)
    if result.outcome_details.navigation_occurred:
        return "another page"
    return "nothing seen" if result.outcome_details.no_effect_seen else "done"


def _code(error: error_pb2.ErrorInfo) -> str:
    return name_of(error_pb2.ErrorCode, error.error_code, "ERROR_CODE_")


def _failed(told: Sequence[StepRecord]) -> list[str]:
    """What was tried and did not work, each once, the latest last."""
    tried: dict[str, str] = {}
    for record in told:
        for action, result in record.done():
            if result is not None and result.status == action_pb2.ACTION_STATUS_FAILED:
                words = action_text(action)
                tried.pop(words, None)
                tried[words] = f"{words} ({_code(result.error_info)})"
    return list(tried.values())[-_MAX_FAILED:]


def _facts(task: task_pb2.Task) -> list[str]:
    return [f"noted: {quote(line.removeprefix('- '), 500)}" for line in task.scratchpad.splitlines() if line.strip()]
