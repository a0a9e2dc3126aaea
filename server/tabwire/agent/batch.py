"""Whether the rest of a decision still fits the page after one of its actions. Pure.

A decision with several actions was made for one page. If the page has become another one in a way that the decision did
not foresee, the rest is dropped and the decider looks again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.agent import catalog
from tabwire.agent.render import label, role
from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tabwire.v1 import action_pb2

_DIALOGS = frozenset({"dialog", "alertdialog"})
_FIELDS = frozenset(
    {
        state_pb2.ELEMENT_TYPE_INPUT_FIELD,
        state_pb2.ELEMENT_TYPE_SELECT,
        state_pb2.ELEMENT_TYPE_CHECKBOX,
        state_pb2.ELEMENT_TYPE_RADIO,
        state_pb2.ELEMENT_TYPE_RANGE,
    }
)


def ends(action: action_pb2.Action, result: action_pb2.ActionResult) -> bool:
    """Whether an action, by what it is or by what came of it, is the last of its batch."""
    details = result.outcome_details
    return (
        catalog.facts(action).ends_batch
        or details.navigation_occurred
        or bool(details.dialogs)
        or bool(details.opened_tab_ids)
    )


def unforeseen(
    before: state_pb2.PageState | None, after: state_pb2.PageState | None, rest: Sequence[action_pb2.Action]
) -> str:
    """What has become of the page that the rest was not made for; empty if nothing, or if nobody can tell."""
    if before is None or after is None or not rest:
        return ""
    if after.HasField("error_info"):
        return "the page cannot be seen any more"
    if _address(before) != _address(after):
        return "the address changed"
    old = {element.id: element for element in before.actionable_elements}
    new = {element.id: element for element in after.actionable_elements}
    if any(_is_dialog(element) and number not in old for number, element in new.items()):
        return "a dialog opened"
    aimed = [number for action in rest for number in _aims(action) if number in old]
    for number in aimed:
        if number not in new:
            return f"element {number} is gone"
        if _meaning(old[number]) != _meaning(new[number]):
            return f"element {number} is another one now"
        if new[number].states.disabled and not old[number].states.disabled:
            return f"element {number} takes no input any more"
    forms = {(old[number].frame_slot, old[number].form) for number in aimed if old[number].form}
    for form in forms:
        if _fields(old, form) != _fields(new, form):
            return "the form changed"
    return ""


def _address(state: state_pb2.PageState) -> tuple[int, str, str]:
    return state.tab_id, state.document_id, state.url.partition("#")[0]


def _is_dialog(element: state_pb2.Element) -> bool:
    return element.type == state_pb2.ELEMENT_TYPE_DIALOG or element.role in _DIALOGS


def _aims(action: action_pb2.Action) -> Iterable[int]:
    """The elements that an action is about."""
    if not catalog.kind(action):
        return ()
    body = catalog.body(action)
    return (number for name in ("element_id", "to_element_id") if (number := getattr(body, name, 0)))


def _meaning(element: state_pb2.Element) -> tuple[object, ...]:
    # What can be typed into is called by its name; its text is its value.
    called = element.name if element.type in _FIELDS else label(element)
    return element.type, role(element), called, element.form, element.attributes.get("href", "")


def _fields(elements: Mapping[int, state_pb2.Element], form: tuple[int, str]) -> set[int]:
    return {
        number
        for number, element in elements.items()
        if element.type in _FIELDS and (element.frame_slot, element.form) == form
    }
