"""What the person's task names, the page shows, and nothing was done with: a reason to ask a weak model once more.

Such a model says that it is done as soon as most is, and presses what the task names last before what it names first.
The names of what can be operated are compared with the words of the task alone; that it is right to use them is for the
model to say, so it is asked once and then believed: about its word that it is done once in a task, about what it
presses once in a step. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.agent import catalog
from tabwire.agent.mentions import CLOSING, folded, places
from tabwire.agent.render import label, quote, role
from tabwire.v1 import action_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tabwire.agent.history import History

_SHOWN = 3
_TOLD = ", not used yet."
_NOTHING_DONE = "nothing was done"
_USED = (state_pb2.OPERATION_CLICK, state_pb2.OPERATION_SET_CHECKED)


def doubt(decision: task_pb2.Decision, task: task_pb2.Task, history: History, state: state_pb2.PageState | None) -> str:
    """What speaks against a decision to report success or to press something, for the model; empty if nothing does."""
    if state is None:
        return ""
    if any(action.HasField("done") and action.done.success for action in decision.actions):
        if _was_told(history, _TOLD):
            return ""
        words = _words([one for _, one in _unused(task, history, state)])
        return (
            f"The task names {words}{_TOLD} If that is still to be used, do so now; if not, done again."
            if words
            else ""
        )
    pressing = next((action for action in decision.actions if catalog.kind(action) in catalog.PRESSES), None)
    if pressing is None or _was_told(history, _NOTHING_DONE, steps=1):
        return ""
    return _before(pressing, task, history, state)


def _before(pressing: action_pb2.Action, task: task_pb2.Task, history: History, state: state_pb2.PageState) -> str:
    """What is told of what the task names before what is pressed; or anywhere, if it does not name that at all."""
    asked = task.description or task.user_prompt
    number = catalog.element_id(pressing)
    name = next((label(one) for one in state.actionable_elements if one.id == number), "")
    unused = [(place, one) for place, one in _unused(task, history, state) if one.id != number]
    # A choice may be one too many; in which order choices are made is the same.
    is_set = pressing.HasField("set_checked")
    mentioned = places(name, asked)
    if mentioned and is_set:
        return ""
    if mentioned:
        words = _words([one for place, one in unused if place < mentioned[-1]])
        head = "Before that the task"
    else:
        words = _words([one for place, one in unused if is_set or not _stands_last(label(one), place, asked)])
        head = "" if words and _was_told(history, words) else "The task"
    if not (words and head):
        return ""
    return f"{head} names {words}: {_NOTHING_DONE} with it. If that is to be done now, do it; if not, decide the same."


def named(task: task_pb2.Task, history: History, state: state_pb2.PageState) -> list[state_pb2.Element]:
    """What the task names and nothing was done with, in the task's order. All of their names are words of the task."""
    return [one for _, one in sorted(_unused(task, history, state), key=lambda found: found[0])]


def _unused(task: task_pb2.Task, history: History, state: state_pb2.PageState) -> list[tuple[int, state_pb2.Element]]:
    """What the task names and nothing was done with, each with its place in the task."""
    asked = task.description or task.user_prompt
    used, messages = _used(history, state.document_id)
    found = [
        (mentioned[0], one)
        for one in state.actionable_elements
        if any(operation in one.available_operations for operation in _USED)
        and not one.states.disabled
        and one.states.checked != state_pb2.TOGGLE_ON
        and one.id not in used
        and (mentioned := places(label(one), asked))
        and f'"{label(one)}"' not in messages
    ]
    # Of two that differ in capitals only, the one that is written as the task has it.
    exact = {place for place, one in found if _written(label(one), asked) == place}
    return [(place, one) for place, one in found if place not in exact or _written(label(one), asked) == place]


def _written(name: str, asked: str) -> int:
    return next(iter(places(name, asked, exactly=True)), -1)


def _words(elements: Sequence[state_pb2.Element]) -> str:
    return ", ".join(f"{role(one)} {quote(label(one), 60)} [{one.id}]" for one in elements[:_SHOWN])


def _stands_last(name: str, place: int, asked: str) -> bool:
    """Whether the task's last words name it: that is to be used when all else is done, unless it is all there is."""
    rest = folded(asked)[place + len(folded(name)) :]
    return not any(character.isalnum() for character in rest) and not rest.startswith(CLOSING)


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
