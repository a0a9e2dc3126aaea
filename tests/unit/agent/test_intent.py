"""Where a weak model pressed something else than it had said."""

from __future__ import annotations

import pytest

from doubles.browser_double import element, shop
from tabwire.agent.choices import ids_of, narrowed, page_schema
from tabwire.agent.intent import slip
from tabwire.agent.profile import SMALL
from tabwire.v1 import action_pb2, state_pb2, task_pb2
from unit.agent.talk import click

_STATE = state_pb2.PageState(document_id="d", actionable_elements=shop())
_NAMES = {2: ("Search", "textbox"), 3: ("Go", "button"), 4: ("Add to cart", "button"), 8: ("Checkout", "link")}
_SCHEMA = page_schema(SMALL, list(_STATE.actionable_elements), names=_NAMES)


def _decided(said: str, action: action_pb2.Action) -> task_pb2.Decision:
    return task_pb2.Decision(reasoning=f"Done: something else. {said}", actions=[action])


@pytest.mark.parametrize(
    "said",
    [
        "Next: Go.",
        'Next: click on the button "Go".',
        "Next: Go is to be pressed.",
        "Next: look through all of it to find and press 'Go'.",
    ],
)
def test_it_is_held_to_what_it_said(said: str) -> None:
    found = slip(_decided(said, click(8)), _STATE, _SCHEMA)
    assert found is not None
    assert found.words == 'You said that button "Go" [3] is next, but chose link "Checkout" [8].'
    assert ids_of(narrowed(_SCHEMA, found.only)) == {3}


@pytest.mark.parametrize(
    "said",
    [
        "Next: Checkout.",
        "Next: the link.",
        "Next: [8].",
        "Next: proceed.",
        "Go is to be pressed.",
        "Next: choose the second of the two, then at last press Go.",
    ],
)
def test_what_was_said_or_cannot_be_told_is_believed(said: str) -> None:
    assert slip(_decided(said, click(8)), _STATE, _SCHEMA) is None


def test_what_does_not_show_is_looked_for_in_what_is_closed() -> None:
    tabs = [element(number, "button", f"Part {number}") for number in (1, 2)]
    tabs[0].states.expanded, tabs[1].states.expanded = state_pb2.TOGGLE_ON, state_pb2.TOGGLE_OFF
    state = state_pb2.PageState(actionable_elements=[*tabs, element(3, "link", "News")])
    schema = page_schema(SMALL, list(state.actionable_elements), names={})
    wanted = 'Next: click on "Imprint".'
    found = slip(_decided(wanted, click(3)), state, schema)
    assert found is not None
    assert found.words.startswith('Nothing that shows is called "Imprint".')
    assert ids_of(narrowed(schema, found.only)) == {2}
    assert slip(_decided(wanted, click(2)), state, schema) is None, "it opens what is closed"
    assert slip(_decided('Next: click on "New".', click(1)), state, schema) is None, "it may mean News"
    assert slip(_decided(wanted, click(3)), _STATE, _SCHEMA) is None, "nothing is closed"


def test_the_longest_name_and_its_capitals_count() -> None:
    names = ("Plan", "Plan B", "plan b", "Other")
    elements = [element(number, "link", name) for number, name in enumerate(names, 1)]
    state = state_pb2.PageState(actionable_elements=elements)
    schema = page_schema(SMALL, elements, names={})
    for said, ids in (("Next: Plan B.", {2}), ("Next: plan b", {3}), ("Next: PLAN B", set())):
        found = slip(_decided(said, click(4)), state, schema)
        assert (found.only if found else set()) == ids


def test_a_name_of_one_letter_is_meant_but_not_looked_for() -> None:
    elements = [element(1, "link", "2"), element(2, "link", "Next page")]
    state = state_pb2.PageState(actionable_elements=elements)
    schema = page_schema(SMALL, elements, names={})
    assert slip(_decided("Next: 2, of the Next page links.", click(1)), state, schema) is None
    assert slip(_decided("Next: 2.", click(2)), state, schema) is None


def test_only_what_could_be_chosen_counts() -> None:
    schema = page_schema(SMALL, list(_STATE.actionable_elements), names=_NAMES, spent=frozenset({("click", 3)}))
    assert slip(_decided("Next: Go.", click(8)), _STATE, schema) is None
    assert slip(_decided("Next: Go.", click(8)), None, schema) is None
    assert slip(_decided("Next: Go.", click(8)), _STATE, None) is None


def test_what_is_typed_or_said_is_no_press() -> None:
    typed = action_pb2.Action(input_text=action_pb2.InputTextAction(element_id=2, text="x"))
    done = action_pb2.Action(done=action_pb2.DoneAction(text="x", success=True))
    for action in (typed, done):
        assert slip(_decided("Next: Go.", action), _STATE, _SCHEMA) is None


def test_a_kind_in_quotation_marks_is_meant() -> None:
    state = state_pb2.PageState(
        actionable_elements=[element(1, "textbox", "x"), element(2, "link", "y"), element(3, "link", "z")]
    )
    schema = page_schema(SMALL, list(state.actionable_elements), names={})
    found = slip(_decided('Next: click on a "link" there.', click(1)), state, schema)
    assert found is not None
    assert found.only == {2, 3}
    assert slip(_decided('Next: click on a "link" there.', click(3)), state, schema) is None
