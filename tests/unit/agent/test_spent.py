"""What a weak model is not offered just now: what it has just done, where doing it again would be of no use."""

from __future__ import annotations

import pytest

from doubles.browser_double import element
from tabwire.agent import progress
from tabwire.agent.profile import SMALL
from tabwire.agent.prompt import Prompt
from tabwire.agent.spent import spent
from tabwire.v1 import action_pb2, state_pb2, task_pb2
from unit.agent.talk import Recorded, click, failed, page, succeeded

_BUTTON, _FIELD, _LIST, _BOX = 3, 2, 5, 6


def _here(action: action_pb2.Action) -> action_pb2.Action:
    action.document_id = "d"
    return action


def _typed(text: str = "ink") -> action_pb2.Action:
    return _here(action_pb2.Action(input_text=action_pb2.InputTextAction(element_id=_FIELD, text=text)))


def _checked() -> action_pb2.Action:
    return _here(action_pb2.Action(set_checked=action_pb2.SetCheckedAction(element_id=_BOX, checked=True)))


def _chosen(word: str) -> action_pb2.Action:
    return _here(action_pb2.Action(select_option=action_pb2.SelectOptionAction(element_id=_LIST, options=[word])))


def _one(state: state_pb2.PageState, number: int) -> state_pb2.Element:
    return next(one for one in state.actionable_elements if one.id == number)


def _clicked(*done: action_pb2.ActionResult) -> Recorded:
    recorded = Recorded()
    for result in done or (succeeded(),):
        recorded.step((_here(click(_BUTTON)), result))
    return recorded


def test_before_anything_was_done_all_is_offered() -> None:
    assert spent(Recorded().history, None, page()) == frozenset()


def test_a_click_that_changed_nothing_that_can_be_used_is_not_offered_again_at_once() -> None:
    history = _clicked().history
    focused = page()
    _one(focused, _BUTTON).states.focused = True
    assert spent(history, page(), focused) == {("click", _BUTTON)}, "only the focus has moved"
    assert spent(history, None, page()) == frozenset(), "after a restart nobody knows what was there before"


def test_a_clock_elsewhere_on_the_page_is_no_effect_of_a_click() -> None:
    texts = [element(number, "text", f"Text {number}") for number in range(20, 24)]
    ticked = [*texts[:-1], element(23, "text", "Text 24")]
    assert spent(_clicked().history, page(*texts), page(*ticked)) == {("click", _BUTTON)}


def test_a_counter_beside_its_button_can_be_counted_on() -> None:
    def counting(count: str) -> state_pb2.PageState:
        return page(element(20, "text", "Copies"), element(21, "text", count), element(22, "button", "+"))

    recorded = Recorded()
    recorded.step((_here(click(22)), succeeded()))
    assert spent(recorded.history, counting("1"), counting("2")) == frozenset()
    assert spent(recorded.history, counting("2"), counting("2")) == {("click", 22)}


@pytest.mark.parametrize(
    "brought", [element(20, "text", "Thank you."), element(20, "link", "Next entry")], ids=["text", "link"]
)
def test_a_click_that_brought_something_can_be_repeated(brought: state_pb2.Element) -> None:
    assert spent(_clicked().history, page(), page(brought)) == frozenset()


def test_a_click_that_led_to_another_page_can_be_repeated_there() -> None:
    history = _clicked().history
    assert spent(history, page(), page(document="e")) == frozenset()
    assert spent(history, page(), page(url="https://a.test/#2")) == frozenset()


def test_what_a_click_switched_is_not_switched_back_at_once() -> None:
    shut, opened = page(), page(element(20, "text", "More"))
    _one(shut, _BUTTON).states.expanded = state_pb2.TOGGLE_OFF
    _one(opened, _BUTTON).states.expanded = state_pb2.TOGGLE_ON
    history = _clicked()
    assert spent(history.history, shut, opened) == {("click", _BUTTON)}
    history.step((_here(click(4)), succeeded()))
    assert ("click", _BUTTON) not in spent(history.history, opened, opened), "after another action it may be"


def test_a_tab_of_the_page_that_is_open_is_not_opened_again() -> None:
    tab = element(20, "button", "Prices")
    tab.role, tab.states.selected = "tab", state_pb2.TOGGLE_ON
    assert spent(Recorded().history, None, page(tab)) == {("click", 20)}
    tab.states.expanded = state_pb2.TOGGLE_OFF
    assert spent(Recorded().history, None, page(tab)) == frozenset(), "its panel is shut"


def test_what_failed_is_not_offered_again_at_once_where_the_page_is_the_same() -> None:
    history = _clicked(failed()).history
    assert spent(history, page(), page()) == {("click", _BUTTON)}
    assert spent(history, page(element(20, "button", "Close")), page()) == frozenset(), "what covered it is gone"
    refused = Recorded()
    refused.step((_typed(), failed()))
    assert spent(refused.history, page(), page()) == {("input_text", _FIELD)}


def test_what_failed_is_not_tried_in_turns_either() -> None:
    recorded = Recorded()
    digest = progress.digest(page())
    recorded.step((_here(click(3)), failed()), digest=digest)
    recorded.step((_here(click(4)), failed()), digest=digest)
    assert spent(recorded.history, page(), page()) == {("click", 3), ("click", 4)}
    changed = page(element(20, "text", "Ready"))
    assert spent(recorded.history, page(), changed) == frozenset(), "the page has changed"


def test_a_field_is_filled_in_once_until_something_else_was_done() -> None:
    recorded = Recorded()
    recorded.step((_typed(), succeeded()))
    filled = page()
    _one(filled, _FIELD).current_value = "ink"
    assert spent(recorded.history, page(), filled) == {("input_text", _FIELD), ("click", _FIELD)}
    recorded.step((_checked(), succeeded()))
    _one(filled, _BOX).states.checked = state_pb2.TOGGLE_ON
    both = {("input_text", _FIELD), ("click", _FIELD), ("set_checked", _BOX)}
    assert spent(recorded.history, filled, filled) == both, "in turns neither, too"
    recorded.step((_here(click(_BUTTON)), succeeded()))
    found = page(element(20, "text", "Nothing found"))
    _one(found, _FIELD).current_value = "ink"
    assert spent(recorded.history, filled, found) == frozenset(), "another word can be searched for"


def test_what_does_not_hold_or_is_marked_as_wrong_can_be_set_again() -> None:
    recorded = Recorded()
    recorded.step((_typed(), succeeded()))
    emptied, wrong = page(), page()
    _one(emptied, _FIELD).current_value = ""
    _one(wrong, _FIELD).current_value = "ink"
    _one(wrong, _FIELD).states.invalid = True
    for state in (emptied, wrong, page(document="e")):
        assert spent(recorded.history, page(), state) == frozenset()


def test_a_list_is_chosen_from_once() -> None:
    recorded = Recorded()
    recorded.step((_chosen("Blue"), succeeded()))
    state = page()
    for option in _one(state, _LIST).options:
        option.selected = option.label == "Blue"
    assert spent(recorded.history, page(), state) == {("select_option", _LIST)}
    for option in _one(state, _LIST).options:
        option.selected = not option.selected
    assert spent(recorded.history, page(), state) == frozenset()


def test_a_model_is_neither_offered_nor_told_what_would_be_of_no_use() -> None:
    task = task_pb2.Task(task_id="t", description="Buy a stapler")
    recorded = Recorded(task)
    recorded.step((_checked(), succeeded()), text="t")
    state = page()
    _one(state, _BOX).states.checked = state_pb2.TOGGLE_ON
    prompt = Prompt(task, SMALL)
    assert "set_checked(" in prompt.turn(task, Recorded(task).history, page()).text
    turn = prompt.turn(task, recorded.history, state, shown=page())
    assert "set_checked(" not in turn.text
    assert "set_checked" not in str(turn.schema)
    assert f"[{_BOX}] checked" in turn.text, "that it is done is still shown"


def test_of_two_that_are_clicked_to_and_fro_the_one_whose_turn_it_would_be_is_not_offered() -> None:
    recorded = Recorded()
    for number in (_BUTTON, _BOX):
        recorded.step((_here(click(number)), succeeded()))
    assert spent(recorded.history, None, page()) == frozenset()
    recorded.step((_here(click(_BUTTON)), succeeded()))
    assert spent(recorded.history, None, page()) == {("click", _BOX)}
    recorded.step((_here(click(_FIELD)), succeeded()))
    assert spent(recorded.history, None, page()) == frozenset()


def test_the_same_again_is_no_going_to_and_fro() -> None:
    assert spent(_clicked(*[succeeded()] * 3).history, None, page()) == frozenset()


def test_a_date_that_the_field_writes_in_its_own_way_is_filled_in() -> None:
    recorded = Recorded()
    recorded.step((_typed("05/20/2010"), succeeded(value_now="2010-05-20")))
    filled = page()
    _one(filled, _FIELD).current_value = "2010-05-20"
    assert ("input_text", _FIELD) in spent(recorded.history, page(), filled)
    _one(filled, _FIELD).current_value = "2010-05-21"
    assert spent(recorded.history, page(), filled) == frozenset()
