"""Whether the rest of a decision still fits the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from doubles.browser_double import element
from tabwire.agent import batch
from tabwire.v1 import action_pb2, error_pb2, state_pb2
from unit.agent.talk import click, page, succeeded

if TYPE_CHECKING:
    from collections.abc import Callable

REST = [action_pb2.Action(input_text=action_pb2.InputTextAction(element_id=2, text="x")), click(3)]


def _form(*extra: state_pb2.Element) -> state_pb2.PageState:
    state = page(*extra)
    for one in state.actionable_elements:
        one.form = "Order"
    return state


def _rename(state: state_pb2.PageState) -> None:
    state.actionable_elements[2].name = state.actionable_elements[2].text_content = "Pay now"


def _remove(state: state_pb2.PageState) -> None:
    del state.actionable_elements[1]


def _go_on(state: state_pb2.PageState) -> None:
    state.url = "https://a.test/other"


def _another_document(state: state_pb2.PageState) -> None:
    state.document_id = "e"


def _dialog(state: state_pb2.PageState) -> None:
    state.actionable_elements.add(id=70, role="dialog", name="Are you sure?")


def _disable(state: state_pb2.PageState) -> None:
    state.actionable_elements[2].states.disabled = True


def _lose(state: state_pb2.PageState) -> None:
    state.error_info.error_code = error_pb2.ERROR_CODE_RESTRICTED_PAGE


def _add_field(state: state_pb2.PageState) -> None:
    state.actionable_elements.append(element(71, "textbox", "Coupon", form="Order"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_rename, "element 3 is another one"),
        (_remove, "element 2 is gone"),
        (_go_on, "address"),
        (_another_document, "address"),
        (_dialog, "dialog"),
        (_disable, "element 3 takes no input"),
        (_lose, "cannot be seen"),
        (_add_field, "form"),
    ],
)
def test_what_was_not_foreseen_ends_the_batch(change: Callable[[state_pb2.PageState], None], words: str) -> None:
    after = _form()
    change(after)
    assert words in batch.unforeseen(_form(), after, REST)


def test_what_a_decision_leads_to_itself_does_not() -> None:
    after = _form(element(80, "text", "3 suggestions"), element(81, "button", "Suggestion"))
    after.actionable_elements[1].current_value = "x"
    after.actionable_elements[5].states.checked = state_pb2.TOGGLE_ON
    after.url = "https://a.test/#two"
    assert batch.unforeseen(_form(), after, REST) == ""


def test_what_nobody_can_tell_is_not_guessed() -> None:
    assert batch.unforeseen(None, page(), REST) == ""
    assert batch.unforeseen(page(), None, REST) == ""
    assert batch.unforeseen(page(), page(), []) == ""
    beyond = [click(4711)]
    assert batch.unforeseen(page(), page(), beyond) == "", "it was not in the state that the decision was made for"


def test_what_ends_a_batch_by_itself() -> None:
    opened = succeeded()
    opened.outcome_details.opened_tab_ids.append(5)
    asked = succeeded()
    asked.outcome_details.dialogs.add(message="Sure?")
    assert batch.ends(click(), opened)
    assert batch.ends(click(), asked)
    assert batch.ends(click(), succeeded(navigation_occurred=True))
    assert batch.ends(action_pb2.Action(reload=action_pb2.ReloadAction()), succeeded())
    assert not batch.ends(click(), succeeded(dom_changes=3))
