"""What a weak model is not offered just now, because it would only do again what it has just done.

Such a model chooses the same again although it is told that it is done. So each control is set once between two actions
of another kind, and what was clicked or dragged is left out for one turn if nothing that can be used came of it, or if
it would only be switched back, and so is the other of two that it clicks to and fro. After any other action all of it
is offered again: a button for more stays usable, since what it brings shows, and so does a counter, since the number
stands beside it. What changes elsewhere in mere text (a clock, an advertisement) says nothing about what was clicked.
Pure; nothing in it is about a kind of task or page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.agent import catalog, progress
from tabwire.agent.events import documents_of
from tabwire.agent.render import label, role
from tabwire.v1 import action_pb2, state_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tabwire.agent.history import History

    Spent = frozenset[tuple[str, int]]
    """Actions by their names, each on an element by its id; 0 for those on none."""

_SETTING = frozenset({"input_text", "select_option", "set_checked"})
_ONCE = frozenset({"click", "drag", "hover"})
# A text that stands so far from an element in the page's order belongs to it.
_BESIDE = 2
# An element's id tells the frame it is in.
_SLOT = 100_000
_ALTERNATE = 3
_TOGGLES = ("checked", "selected", "pressed", "expanded")


def spent(history: History, before: state_pb2.PageState | None, now: state_pb2.PageState) -> Spent:
    """What would be of no use. `before` is the page on which the last step was decided, None if that is not known."""
    here = {one.id: one for one in now.actionable_elements}
    documents = documents_of(now)
    found = {
        (catalog.kind(action), number)
        for action, number, held in _set_since(history)
        if number in here
        and action.document_id == documents.get(number // _SLOT, "")
        and _holds(here[number], action, held)
    }
    # What a text was just put into has the focus.
    found.update([("click", number) for kind, number in found if kind == "input_text"])
    found |= _failed_here(history, now) | _to_and_fro(history)
    found.update(("click", number) for number, one in here.items() if _is_open_tab(one))
    if before is None or before.document_id != now.document_id or before.url != now.url:
        return frozenset(found)
    last = history.closed_steps[-1].done() if history.closed_steps else []
    for action, result in last:
        kind, number = catalog.kind(action), catalog.element_id(action)
        if result is None or number not in here or kind not in _ONCE | _SETTING:
            continue
        if (result.HasField("error_info") or kind in _ONCE) and _led_nowhere(number, before, now):
            found.add((kind, number))
    return frozenset(found)


def _set_since(history: History) -> Iterator[tuple[action_pb2.Action, int, str]]:
    """What was set since the last action of another kind that went through, and the value that it had then."""
    for record in reversed(history.closed_steps):
        for action, result in reversed(record.done()):
            if result is None or result.status != action_pb2.ACTION_STATUS_SUCCEEDED:
                continue
            if catalog.kind(action) not in _SETTING:
                return
            yield action, catalog.element_id(action), result.outcome_details.value_now


def _failed_here(history: History, now: state_pb2.PageState) -> set[tuple[str, int]]:
    """What failed on a page that showed what this one shows."""
    digest = progress.digest(now)
    return {
        (catalog.kind(action), catalog.element_id(action))
        for record in history.closed_steps[-progress.WINDOW :]
        if record.page_digest == digest
        for action, result in record.done()
        if result is not None and result.status == action_pb2.ACTION_STATUS_FAILED and catalog.element_id(action)
    }


def _to_and_fro(history: History) -> set[tuple[str, int]]:
    """Of two clicks that alternate, the one whose turn it would be: it would lead to where it led before."""
    last = [
        (catalog.kind(action), catalog.element_id(action), action.document_id)
        for record in history.closed_steps[-_ALTERNATE:]
        for action, _ in record.done()
    ][-_ALTERNATE:]
    if (
        len(last) < _ALTERNATE
        or last[0] != last[2]
        or last[0] == last[1]
        or not {kind for kind, *_ in last} <= catalog.PRESSES
    ):
        return set()
    return {last[1][:2]}


def _holds(element: state_pb2.Element, action: action_pb2.Action, held: str) -> bool:
    """Whether a control is as it was set, and the page does not say that it is wrong.

    `held`: the value that it had then, which for dates and the like is not what was typed.
    """
    if element.states.invalid:
        return False
    kind = catalog.kind(action)
    if kind == "set_checked":
        return element.states.checked == (state_pb2.TOGGLE_ON if action.set_checked.checked else state_pb2.TOGGLE_OFF)
    if kind == "select_option":
        chosen = {word for one in element.options if one.selected for word in (one.label, one.value)}
        return set(action.select_option.options) <= chosen
    # No page tells what a secret field holds.
    is_told = element.HasField("current_value") and element.attributes.get("type", "") != "password"
    return not is_told or element.current_value.strip() in (action.input_text.text.strip(), held.strip() or None)


def _is_open_tab(element: state_pb2.Element) -> bool:
    """A tab of the page that shows its panel already: a click would change nothing."""
    states = element.states
    return role(element) == "tab" and states.selected == state_pb2.TOGGLE_ON and states.expanded != state_pb2.TOGGLE_OFF


def _led_nowhere(number: int, before: state_pb2.PageState, now: state_pb2.PageState) -> bool:
    """Whether nothing that can be used came of an action on an element, or doing it again would only undo it."""
    old, new = _usable(before), _usable(now)
    if _toggles(before, number) != _toggles(now, number):
        return True
    return old == new and _texts(before, number) == _texts(now, number)


def _usable(state: state_pb2.PageState) -> list[tuple[object, ...]]:
    """What can be used, as far as it matters to who uses it; where the focus is does not."""
    return [
        (
            one.id,
            role(one),
            label(one),
            one.current_value,
            tuple(getattr(one.states, name) for name in _TOGGLES),
            one.states.disabled,
            one.states.invalid,
            tuple(option.index for option in one.options if option.selected),
        )
        for one in state.actionable_elements
        if any(operation not in _READING for operation in one.available_operations)
    ]


_READING = frozenset(
    {
        state_pb2.OPERATION_READ_TEXT,
        state_pb2.OPERATION_READ_VALUE,
        state_pb2.OPERATION_GET_ATTRIBUTES,
        state_pb2.OPERATION_SCROLL,
        state_pb2.OPERATION_HOVER,
    }
)


def _texts(state: state_pb2.PageState, number: int) -> tuple[frozenset[int], tuple[str, ...]]:
    """Which elements there are, and what those beside one of them say."""
    elements = state.actionable_elements
    at = next((index for index, one in enumerate(elements) if one.id == number), None)
    near = elements[max(0, at - _BESIDE) : at + _BESIDE + 1] if at is not None else ()
    return frozenset(one.id for one in elements), tuple(label(one) for one in near)


def _toggles(state: state_pb2.PageState, number: int) -> tuple[int, ...] | None:
    for one in state.actionable_elements:
        if one.id == number:
            return tuple(getattr(one.states, name) for name in _TOGGLES)
    return None
