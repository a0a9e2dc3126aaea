"""What a weak model is held to on a page: what the page takes, on the elements that it was told, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from doubles.browser_double import element, shop
from tabwire.agent import choices, decision
from tabwire.agent.profile import SMALL
from tabwire.agent.schema import decision_schema
from tabwire.errors import TabwireError
from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence


def _allows(schema: dict[str, Any], **action: Any) -> bool:
    said = {"reasoning": "r", "actions": [action]}
    if not jsonschema.Draft202012Validator(schema).is_valid(said):
        return False
    decision.parse(json.dumps(said), SMALL)  # what may be said must be understood
    return True


def _schema(elements: Sequence[state_pb2.Element], **given: Any) -> dict[str, Any]:
    return choices.page_schema(SMALL, elements, **given)


def _enums(schema: dict[str, Any]) -> list[str]:
    """All names of elements in a schema."""
    items = schema["properties"]["actions"]["items"]["anyOf"]
    return [name for one in items for name in one["properties"].get("element_id", {}).get("enum", [])]


def _typed(number: int, kind: str) -> state_pb2.Element:
    made = element(number, "textbox", "Field", value="")
    made.attributes["type"] = kind
    return made


def test_only_elements_that_were_told_can_be_named_and_only_for_what_they_take() -> None:
    schema = _schema(shop())
    assert _allows(schema, element_id=3, action="click")
    assert _allows(schema, element_id=2, action="input_text", text="stapler")
    assert not _allows(schema, element_id=99, action="click"), "no such element"
    assert not _allows(schema, element_id=3, action="input_text", text="x"), "a button takes no text"
    assert not _allows(schema, element_id=7, action="click"), "a mere text"
    assert not _allows(schema, action="click"), "an element is needed"


def test_the_element_is_said_before_the_action() -> None:
    """Whoever writes in order chooses the element first, and can then only go on with what it takes."""
    for one in _schema(shop())["properties"]["actions"]["items"]["anyOf"]:
        names = list(one["properties"])
        assert names.index("action") == (1 if "element_id" in names else 0)


def test_elements_are_said_by_name_and_id() -> None:
    names = {2: ("Search", "textbox"), 3: ('Go "now" \\ [9]',), 4: ("加入购物车",), 5: ("x" * 300, "select")}
    schema = _schema(shop(), names=names)
    assert _allows(schema, element_id="Search [2]", action="input_text", text="stapler")
    assert _allows(schema, element_id="textbox [2]", action="input_text", text="stapler")
    assert _allows(schema, element_id="Go now [9] [3]", action="click"), "without what breaks grammars"
    assert _allows(schema, element_id="[4]", action="click")
    assert not _allows(schema, element_id=3, action="click")
    assert not _allows(schema, element_id="Search [3]", action="click")
    assert max(len(word) for word in _enums(schema)) < 80


def test_the_last_number_of_a_name_is_the_element() -> None:
    said = {"reasoning": "r", "actions": [{"element_id": "Go now [9] [3]", "action": "click"}]}
    assert decision.parse(json.dumps(said), SMALL).actions[0].click.element_id == 3


@pytest.mark.parametrize("word", ["Go", "Go 3", "Go [3] now", "Go [-3]", "Go[3", "[99999999999]"])
def test_a_name_without_its_number_is_refused(word: str) -> None:
    said = {"reasoning": "r", "actions": [{"element_id": word, "action": "click"}]}
    with pytest.raises(TabwireError):
        decision.parse(json.dumps(said), SMALL)


def test_what_is_always_possible_is_always_offered() -> None:
    schema = _schema([])
    assert _allows(schema, action="done", text="It is 3.", success=True)
    assert _allows(schema, action="ask_human", prompt="Which?")
    assert _allows(schema, action="navigate", url="https://a.test/")
    assert set(choices.actions_of(schema)) == {"navigate", "go_back", "press_keys", "wait", "ask_human", "done"}


def test_looking_for_more_is_offered_where_there_is_more() -> None:
    assert not _allows(_schema(shop()), action="scroll", direction="down")
    assert not _allows(_schema(shop()), action="find_text", text="x")
    more = _schema(shop(), has_more=True)
    assert _allows(more, action="scroll", direction="down")
    assert not _allows(more, action="scroll"), "what is told is in view already"
    assert _allows(more, action="find_text", text="x")
    area = state_pb2.Element(id=9, available_operations=[state_pb2.OPERATION_SCROLL])
    assert _allows(_schema([area]), element_id=9, action="scroll", direction="down")


def test_a_box_is_told_what_it_is_to_be_and_not_clicked_back_and_forth() -> None:
    schema = _schema(shop())
    assert _allows(schema, element_id=6, action="set_checked", checked=True)
    assert _allows(schema, element_id=6, action="set_checked", checked=False)
    assert not _allows(schema, element_id=6, action="click")
    radio = element(9, "checkbox", "Red", checked=False)
    radio.type = state_pb2.ELEMENT_TYPE_RADIO
    assert _allows(_schema([radio]), element_id=9, action="set_checked", checked=True)
    assert not _allows(_schema([radio]), element_id=9, action="set_checked", checked=False), "another one is chosen"


def test_what_is_disabled_is_not_offered() -> None:
    assert not _allows(_schema([element(3, "button", "Go", disabled=True)]), element_id=3, action="click")


def test_a_list_takes_its_own_entries_each_list_its_own() -> None:
    other = element(9, "combobox", "Size", options=["S", "M"])
    schema = _schema([*shop(), other])
    assert _allows(schema, element_id=5, action="select_option", options=["Blue"])
    assert not _allows(schema, element_id=5, action="select_option", options=["Green"])
    assert not _allows(schema, element_id=5, action="select_option", options=["M"])
    assert not _allows(schema, element_id=5, action="select_option", options=["Red", "Blue"]), "one at a time"
    assert not _allows(schema, element_id=5, action="select_option", options=[])
    other.role = "listbox"
    assert _allows(_schema([other]), element_id=9, action="select_option", options=["S", "M"])


@pytest.mark.parametrize("label", ['12" disk', "a\\b", "a\nb", "Größe", ""])
def test_entries_that_a_grammar_could_stumble_over_are_not_written_into_it(label: str) -> None:
    """Some endpoints write constants into their grammar as they are: a page must not be able to end one."""
    odd = element(9, "combobox", "Size", options=[label, "M"])
    odd.options[0].value = label
    schema = _schema([odd])
    assert _allows(schema, element_id=9, action="select_option", options=["anything"])
    constants = json.dumps(schema)
    assert not label or json.dumps(label)[1:-1] not in constants


def test_a_list_that_was_cut_takes_what_was_cut_too() -> None:
    cut = element(9, "combobox", "Size", options=["S", "M"])
    cut.options_omitted = 3
    assert _allows(_schema([cut]), element_id=9, action="select_option", options=["XL"])


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("date", "2010-05-20", "May 20, 2010"),
        ("date", "05/20/2010", "05/20"),
        ("time", "21:37", "half past nine"),
        ("time", "9:37 PM", "9 PM"),
        ("datetime-local", "2010-05-20T21:37", "2010-05-20"),
        ("month", "2010-05", "May 2010"),
        ("color", "#00ff00", "green"),
    ],
)
def test_fields_of_a_form_take_it_alone(kind: str, right: str, wrong: str) -> None:
    schema = _schema([_typed(2, kind), _typed(3, "text")])
    assert _allows(schema, element_id=2, action="input_text", text=right)
    assert not _allows(schema, element_id=2, action="input_text", text=wrong)
    assert _allows(schema, element_id=3, action="input_text", text=wrong), "a field for any text takes any"


def test_a_drag_says_where_to() -> None:
    item, zone = element(2, "button", "Item"), element(3, "text", "Drop here")
    item.available_operations.append(state_pb2.OPERATION_DRAG)
    schema = _schema([item, zone])
    assert _allows(schema, element_id=2, action="drag", to_element_id=3)
    assert _allows(schema, element_id=2, action="drag", offset_x=5, offset_y=0)
    assert not _allows(schema, element_id=2, action="drag")
    assert not _allows(schema, element_id=3, action="drag", to_element_id=2), "what cannot be dragged"


def test_only_the_tasks_own_secrets_can_be_typed() -> None:
    typed = {"element_id": 2, "action": "input_text", "text": ""}
    assert "secret" not in choices.actions_of(_schema(shop()))["input_text"]
    schema = _schema(shop(), secrets=["mail"])
    assert _allows(schema, **typed, secret="mail")
    assert not _allows(schema, **typed, secret="bank")


def test_elements_that_take_the_same_share_an_alternative() -> None:
    many = [element(number, "link", f"Item {number}") for number in range(1, 200)]
    alternatives = _schema(many)["properties"]["actions"]["items"]["anyOf"]
    clicks = [one for one in alternatives if one["properties"]["action"]["enum"] == ["click"]]
    assert [one["properties"]["element_id"]["enum"] for one in clicks] == [list(range(1, 200))]


def test_the_schema_for_all_pages_is_left_as_it_is() -> None:
    before = json.dumps(decision_schema(SMALL))
    _schema(shop(), secrets=["mail"], has_more=True)
    assert json.dumps(decision_schema(SMALL)) == before
