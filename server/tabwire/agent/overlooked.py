"""What the person's task names, the page shows, and nothing was done with: a reason to ask a weak model once more.

Such a model says that it is done as soon as most is, and presses what the task names last before what it names first.
The names of what can be operated are compared with the words of the task alone; that it is right to use them is for the
model to say, so it is asked once and then believed: about its word that it is done once in a task, about what it
presses once in a step. Pure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tabwire.agent import catalog
from tabwire.agent.render import label, quote, role
from tabwire.v1 import action_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from tabwire.agent.history import History

_SHOWN = 3
_TOLD = ", not used yet."
_TOLD_BEFORE = "Before that the task names "
_MIN_NAME = 2
_USED = (state_pb2.OPERATION_CLICK, state_pb2.OPERATION_SET_CHECKED)


def doubt(decision: task_pb2.Decision, task: task_pb2.Task, history: History, state: state_pb2.PageState | None) -> str:
    """What speaks against a decision to report success or to press something, for the model; empty if nothing does."""
    if state is None:
        return ""
    if any(action.HasField("done") and action.done.success for action in decision.actions):
        if _was_told(history, _TOLD):
            return ""
        words = _unused(task, history, state, before=None)
        return (
            f"The task names {words}{_TOLD} If that is still to be used, do so now; if not, done again."
            if words
            else ""
        )
    pressed = next((action.click.element_id for action in decision.actions if action.HasField("click")), 0)
    name = next((label(one) for one in state.actionable_elements if one.id == pressed), "")
    places = _places(name, task.description or task.user_prompt)
    if not places or _was_told(history, _TOLD_BEFORE, steps=1):
        return ""
    words = _unused(task, history, state, before=places[-1])
    if not words:
        return ""
    return (
        f"{_TOLD_BEFORE}{words}: nothing was done with it. If that is still to do, do it now; if not, decide the same."
    )


def _unused(task: task_pb2.Task, history: History, state: state_pb2.PageState, *, before: int | None) -> str:
    """What the task names, the first in its words first; `before`: only what it names before that place."""
    asked = task.description or task.user_prompt
    used, messages = _used(history, state.document_id)
    named = [
        (places[0], one)
        for one in state.actionable_elements
        if any(operation in one.available_operations for operation in _USED)
        and not one.states.disabled
        and one.states.checked != state_pb2.TOGGLE_ON
        and one.id not in used
        and (places := _places(label(one), asked))
        and (before is None or places[0] < before)
        and f'"{label(one)}"' not in messages
    ]
    if before is not None:
        named.sort(key=lambda found: found[0])
    return ", ".join(f"{role(one)} {quote(label(one), 60)} [{one.id}]" for _, one in named[:_SHOWN])


def _was_told(history: History, words: str, *, steps: int = 0) -> bool:
    """Whether it was asked before, in the last so many steps or ever: it is believed then."""
    return any(words in asked.text for record in history.steps[-steps:] for asked in record.asked[1:])


def _used(history: History, document_id: str) -> tuple[set[int], str]:
    """The elements of this page that something was done with, and what was said of all that was done."""
    ids: set[int] = set()
    messages = []
    for record in history.closed_steps:
        for action, result in record.done():
            if result is not None and result.status == action_pb2.ACTION_STATUS_SUCCEEDED:
                messages.append(result.outcome_details.message)
                if action.document_id == document_id:
                    ids.add(catalog.element_id(action))
    return ids, "\n".join(messages)


def _places(name: str, asked: str) -> list[int]:
    """Where a text names something, in whole words."""
    words = " ".join(name.split())
    if len(words) < _MIN_NAME:
        return []
    pattern = rf"(?<!\w){re.escape(words)}(?!\w)"
    return [found.start() for found in re.finditer(pattern, " ".join(asked.split()), re.IGNORECASE)]
