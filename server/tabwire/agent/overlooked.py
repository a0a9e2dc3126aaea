"""What the person's task names, the page shows, and nothing was done with: a reason to ask a weak model once more.

Such a model says that it is done as soon as most is. The names of what can be operated are compared with the words of
the task alone; that it is right to use them is for the model to say, so it is asked once and then believed. Pure.
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
_MIN_NAME = 2
_USED = (state_pb2.OPERATION_CLICK, state_pb2.OPERATION_SET_CHECKED)


def doubt(decision: task_pb2.Decision, task: task_pb2.Task, history: History, state: state_pb2.PageState | None) -> str:
    """What speaks against a decision to report success, for the model; empty if nothing does."""
    if (
        state is None
        or _was_told(history)
        or not any(action.HasField("done") and action.done.success for action in decision.actions)
    ):
        return ""
    asked = task.description or task.user_prompt
    used, messages = _used(history, state.document_id)
    named = [
        one
        for one in state.actionable_elements
        if any(operation in one.available_operations for operation in _USED)
        and not one.states.disabled
        and one.states.checked != state_pb2.TOGGLE_ON
        and one.id not in used
        and _is_named(label(one), asked)
        and f'"{label(one)}"' not in messages
    ]
    if not named:
        return ""
    words = ", ".join(f"[{one.id}] {role(one)} {quote(label(one), 60)}" for one in named[:_SHOWN])
    return f"The task names {words}{_TOLD} If that is still to be used, do so now; if not, done again."


def _was_told(history: History) -> bool:
    """Whether it was asked before: it is believed then."""
    return any(_TOLD in asked.text for record in history.steps for asked in record.asked[1:])


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


def _is_named(name: str, asked: str) -> bool:
    words = " ".join(name.split())
    if len(words) < _MIN_NAME:
        return False
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", " ".join(asked.split()), re.IGNORECASE) is not None
