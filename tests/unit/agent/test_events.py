"""What the journal says of actions beside the actions themselves."""

from __future__ import annotations

from tabwire.agent import events
from tabwire.v1 import action_pb2, state_pb2, task_pb2

SAVE = state_pb2.Element(id=1, type=state_pb2.ELEMENT_TYPE_BUTTON, name="Save\n  it")
FIELD = state_pb2.Element(id=2, type=state_pb2.ELEMENT_TYPE_INPUT_FIELD, role="textbox", name="x" * 500)
STATE = state_pb2.PageState(actionable_elements=[SAVE, FIELD])


def click(element_id: int) -> action_pb2.Action:
    return action_pb2.Action(click=action_pb2.ClickAction(element_id=element_id))


def test_elements_are_named_once_each_in_the_order_of_the_actions() -> None:
    actions = [click(2), click(1), click(2)]
    assert [one.element_id for one in events.named_elements(actions, STATE)] == [2, 1]


def test_a_name_is_one_line_and_not_longer_than_is_promised() -> None:
    field, save = events.named_elements([click(2), click(1)], STATE)
    assert save == task_pb2.NamedElement(element_id=1, role="button", name="Save it")
    assert len(field.name) == 120
    assert field.name.endswith("…")


def test_what_was_not_seen_is_not_named() -> None:
    assert events.named_elements([click(9)], STATE) == []
    assert events.named_elements([click(1)], None) == []
    assert events.named_elements([action_pb2.Action()], STATE) == []


def test_both_ends_of_a_drag_and_what_is_waited_for() -> None:
    drag = action_pb2.Action(drag=action_pb2.DragAction(element_id=1, to_element_id=2))
    wait = action_pb2.Action(wait=action_pb2.WaitAction(element_id=1))
    assert len(events.named_elements([drag], STATE)) == 2
    assert len(events.named_elements([wait], STATE)) == 1
