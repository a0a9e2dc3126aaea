"""Which element a name means."""

from __future__ import annotations

import pytest

from doubles.browser_double import element
from tabwire.agent import names
from tabwire.agent.command_parser import LAST, Purpose, Target
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2, state_pb2

CLICK, FILL, READ = Purpose.CLICK, Purpose.FILL, Purpose.READ


def _state(*elements: state_pb2.Element) -> state_pb2.PageState:
    return state_pb2.PageState(actionable_elements=elements)


def _id(state: state_pb2.PageState, name: str, purpose: Purpose = CLICK, **target: object) -> int:
    return names.find(state, Target(name, **target), purpose).element.id  # type: ignore[arg-type] # as the test says


def _refused(state: state_pb2.PageState, name: str, purpose: Purpose = CLICK, **target: object) -> error_pb2.ErrorInfo:
    with pytest.raises(TabwireError) as raised:
        _id(state, name, purpose, **target)
    return raised.value.info


def test_the_better_match_wins() -> None:
    exact, case = element(1, "button", "Save"), element(2, "button", "save")
    prefix, inside = element(3, "button", "Save as"), element(4, "button", "Autosave")
    assert _id(_state(inside, prefix, case, exact), "Save") == 1
    assert _id(_state(inside, prefix, case), "Save") == 2
    assert _id(_state(inside, prefix), "Save") == 3
    assert _id(_state(inside), "Save") == 4


def test_the_beginning_of_any_word_counts_as_a_beginning() -> None:
    assert _id(_state(element(1, "button", "Please save"), element(2, "button", "Autosave")), "Save") == 1


def test_what_can_be_operated_comes_before_mere_text() -> None:
    state = _state(element(1, "heading", "Search"), element(2, "button", "Search the shop"))
    assert _id(state, "Search") == 2


def test_a_text_inside_of_a_button_means_the_button() -> None:
    state = _state(element(1, "button", "Buy now for $3"), element(2, "text", "for $3", parent_id=1))
    assert _id(state, "for $3") == 1


def test_a_label_beside_a_field_means_the_field() -> None:
    state = _state(element(1, "text", "Email:"), element(2, "textbox", ""), element(3, "textbox", "Other"))
    assert _id(state, "Email", FILL) == 2


def test_a_colon_and_a_star_at_the_end_do_not_matter() -> None:
    assert _id(_state(element(1, "textbox", "Email *:")), "email", FILL) == 1


def test_hidden_elements_are_not_meant() -> None:
    state = _state(element(1, "button", "Go", is_visible=False), element(2, "button", "Go"))
    assert _id(state, "Go") == 2


def test_links_to_one_address_are_one_choice() -> None:
    here = [element(n, "link", "More", href="https://a.test/") for n in (1, 2)]
    assert _id(_state(*here), "More") == 1
    there = element(3, "link", "More", href="https://b.test/")
    assert _refused(_state(*here, there), "More").error_code == error_pb2.ERROR_CODE_AMBIGUOUS_TARGET


def test_an_ambiguous_name_lists_what_it_may_mean() -> None:
    state = _state(*(element(n, "button", "Add", heading=f"Item {n}") for n in range(1, 30)))
    info = _refused(state, "Add")
    assert info.error_code == error_pb2.ERROR_CODE_AMBIGUOUS_TARGET
    assert len(info.details.candidates.candidates) == names.MAX_CANDIDATES
    assert info.details.candidates.candidates[1] == error_pb2.Candidate(
        element_id=2, role="button", name="Add", context="Item 2"
    )
    assert "29 elements" in info.message
    assert "21 more" in info.message
    assert 'first "Add"' in info.remedy
    assert '"Add" in "Item 1"' in info.remedy


def test_ordinals_count_in_reading_order() -> None:
    state = _state(*(element(n, "button", "Add") for n in (5, 3, 9)))
    assert [_id(state, "Add", ordinal=n) for n in (1, 2, 3, LAST)] == [5, 3, 9, 9]
    info = _refused(state, "Add", ordinal=4)
    assert info.error_code == error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND
    assert "shows 3" in info.message


def test_a_place_may_be_a_heading_a_form_a_card_or_a_landmark() -> None:
    state = _state(
        element(1, "listitem", "Red stapler $3 Add"),
        element(2, "button", "Add", parent_id=1, landmark='main "Shop"'),
        element(3, "listitem", "Blue stapler $4 Add"),
        element(4, "button", "Add", parent_id=3, form="Blue form", heading="Blue heading"),
    )
    assert _id(state, "Add", context="Red stapler") == 2
    assert _id(state, "Add", context="blue stapler") == 4
    assert _id(state, "Add", context="Blue form") == 4
    assert _id(state, "Add", context="Blue heading") == 4
    assert _id(state, "Add", context="Shop") == 2
    assert 'in "Green"' in _refused(state, "Add", context="Green").message


def test_the_nearest_place_around_wins() -> None:
    state = _state(
        element(1, "listitem", "Red stapler Blue stapler"),
        element(2, "listitem", "Red stapler", parent_id=1),
        element(3, "button", "Add", parent_id=2),
        element(4, "listitem", "Blue stapler", parent_id=1),
        element(5, "button", "Add", parent_id=4),
    )
    assert _id(state, "Add", context="Red stapler") == 3


def test_what_is_not_there_gives_the_nearest_names() -> None:
    info = _refused(
        _state(element(1, "button", "Search"), element(2, "link", "Imprint"), element(3, "text", "Serch")), "Serch"
    )
    assert info.error_code == error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND
    assert [one.name for one in info.details.candidates.candidates] == ["Search"]
    assert 'button "Search"' in info.message


def test_a_page_with_little_on_it_is_told_whole() -> None:
    info = _refused(_state(element(1, "button", "Yes"), element(2, "button", "No")), "Abrakadabra")
    assert {one.name for one in info.details.candidates.candidates} == {"Yes", "No"}


def test_a_disabled_element_is_said_to_be_disabled() -> None:
    info = _refused(_state(element(1, "button", "Pay", disabled=True)), "pay")
    assert info.error_code == error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE


def test_reading_prefers_the_field_and_finds_the_text_beside_a_label() -> None:
    state = _state(element(1, "text", "Total"), element(2, "text", "$3.50"), element(3, "text", "Subtotal: $3"))
    label = names.find(state, Target("Total"), READ).element
    assert names.text_beside(state, label, "Total").id == 2
    whole = _state(element(1, "text", "Total: $3.50"))
    assert names.text_beside(whole, names.find(whole, Target("Total"), READ).element, "Total").id == 1
    alone = _state(element(1, "text", "Total"), element(2, "button", "Pay"))
    assert names.text_beside(alone, alone.actionable_elements[0], "Total").id == 1


def test_names_in_other_scripts() -> None:
    state = _state(element(1, "button", "加入购物车"), element(2, "button", "ПОИСК"), element(3, "button", "Größe"))
    assert _id(state, "购物车") == 1
    assert _id(state, "поиск") == 2
    assert _id(state, "GRÖSSE") == 3


def _beside(state: state_pb2.PageState, name: str) -> int:
    found = names.find(state, Target(name), READ).element
    return names.text_beside(state, found, name).id


def _placed(made: state_pb2.Element, x: float, y: float) -> state_pb2.Element:
    made.bounds.CopyFrom(state_pb2.Rect(x=x, y=y, width=80, height=20))
    return made


def test_a_field_that_cannot_be_filled_is_never_passed_over_for_another_one() -> None:
    locked = element(1, "textbox", "Account")
    locked.available_operations[:] = [state_pb2.OPERATION_READ_VALUE]
    locked.states.readonly = True
    state = _state(locked, element(2, "textbox", "Password"))
    error = _refused(state, "Account", FILL)
    assert error.error_code == error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE
    assert "read-only" in error.message
    box = element(3, "checkbox", "Terms", checked=False, disabled=True)
    boxes = _state(box, element(4, "checkbox", "News", checked=False))
    assert "disabled" in _refused(boxes, "Terms", Purpose.CHECK).message


def test_a_disabled_button_does_not_lose_to_a_looser_match() -> None:
    state = _state(element(1, "button", "Send", disabled=True), element(2, "button", "Send feedback"))
    assert _refused(state, "Send").error_code == error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE


def test_a_label_belongs_to_the_first_control_after_it() -> None:
    state = _state(element(1, "text", "Photo"), element(2, "button", "Choose a file"), element(3, "textbox", "Caption"))
    assert _refused(state, "Photo", FILL).error_code == error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND


def test_reading_goes_on_to_the_next_text_only_from_a_label() -> None:
    head, text = _placed(element(1, "heading", "Alpha"), 0, 0), _placed(element(2, "text", "Beta"), 0, 40)
    assert _beside(_state(head, text), "Alpha") == 1
    below = _placed(element(3, "text", "Gamma"), 0, 80)
    assert _beside(_state(text, below), "Beta") == 2, "what stands below is another paragraph"
    right = _placed(element(4, "text", "$3.99"), 100, 40)
    assert _beside(_state(text, right), "Beta") == 4, "what stands in the same line is its value"
    term = _placed(element(5, "text", "Total", tag="dt"), 0, 0)
    assert _beside(_state(term, _placed(element(6, "text", "$7"), 0, 40)), "Total") == 6
