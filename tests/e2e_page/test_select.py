"""SelectOptionAction: lists of HTML and lists made of other elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tabwire.v1 import error_pb2 as err
from tabwire.v1.action_pb2 import ClickAction, SelectOptionAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage
    from tabwire.v1 import action_pb2

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def choose(engine: EnginePage, name: str, *options: str) -> action_pb2.ActionResult:
    element = await engine.find(name)
    return await engine.do(select_option=SelectOptionAction(element_id=element.id, options=options))


@pytest.mark.parametrize(
    ("word", "value"), [("Blue", "b"), ("b", "b"), ("blue", "b"), ("Teal Blue", "t"), ("RED", "r")]
)
async def test_by_label_value_and_without_case(engine: EnginePage, word: str, value: str) -> None:
    await engine.open("select")
    await choose(engine, "Colour", word)
    assert await engine.truth("colour.value") == value
    assert await engine.truth("truth.log") == ["colour input", f"colour change {value}"]


async def test_several_replace_what_was_chosen(engine: EnginePage) -> None:
    await engine.open("select")
    result = await choose(engine, "Sizes", "Medium", "Large")
    assert await engine.truth("Array.from(sizes.selectedOptions, (o) => o.value)") == ["Medium", "Large"]
    assert result.outcome_details.value_now == "Medium, Large"


async def test_what_is_not_there_lists_what_is(engine: EnginePage) -> None:
    await engine.open("select")
    element = await engine.find("Colour")
    result = await engine.refused(
        err.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND,
        select_option=SelectOptionAction(element_id=element.id, options=["Mauve"]),
    )
    assert '"Blue"' in result.error_info.message
    assert await engine.truth("truth.log") == []


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("Colour", ["Green"], err.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE),
        ("Colour", ["Red", "Blue"], err.ERROR_CODE_INVALID_ARGUMENT),
        ("Locked", ["One"], err.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE),
        ("Stubborn", ["Two"], err.ERROR_CODE_OPERATION_FAILED_IN_TARGET),
    ],
)
async def test_refusals(engine: EnginePage, name: str, options: list[str], code: int) -> None:
    await engine.open("select")
    element = await engine.find(name)
    await engine.refused(code, select_option=SelectOptionAction(element_id=element.id, options=options))


async def test_the_options_are_told(engine: EnginePage) -> None:
    await engine.open("select")
    colour = await engine.find("Colour")
    assert [option.label for option in colour.options] == ["Choose", "Red", "Blue", "Green", "Teal Blue"]
    assert [option.disabled for option in colour.options] == [False, False, False, True, False]
    assert [option.selected for option in colour.options] == [True, False, False, False, False]


async def test_a_click_on_a_list_says_what_to_do(engine: EnginePage) -> None:
    await engine.open("select")
    element = await engine.find("Colour")
    result = await engine.refused(
        err.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE, click=ClickAction(element_id=element.id)
    )
    assert "select_option" in result.error_info.remedy


async def test_lists_made_of_other_elements(engine: EnginePage) -> None:
    await engine.open("select")
    result = await choose(engine, "Fruit", "pear")
    assert await engine.truth("truth.log") == ["fruit pear"]
    assert result.outcome_details.value_now == "Pear"


async def test_a_popup_is_opened_and_waited_for(engine: EnginePage) -> None:
    await engine.open("select")
    result = await choose(engine, "City", "Paris")
    assert await engine.truth("truth.log") == ["city Paris"]
    assert result.outcome_details.value_now == "Paris"


@pytest.mark.parametrize(
    ("name", "option", "heard"),
    [
        ("People", "Person 77", "person 77"),
        ("Filtered", "Ankara", "match Ankara"),
        ("By key", "Down", "key Down"),
        ("Mine", "South", "mine South"),
    ],
    ids=["drawn as scrolled", "filtered by typing", "opened by key", "slotted"],
)
async def test_lists_of_other_kinds(engine: EnginePage, name: str, option: str, heard: str) -> None:
    await engine.open("select")
    await choose(engine, name, option)
    assert await engine.truth("truth.log.at(-1)") == heard


async def test_an_entry_that_no_scrolling_brings_up(engine: EnginePage) -> None:
    await engine.open("select")
    people = await engine.find("People")
    result = await engine.refused(
        err.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND,
        select_option=SelectOptionAction(element_id=people.id, options=["Person 777"]),
    )
    assert '"Person 1"' in result.error_info.message
    assert await engine.truth("[people.scrollTop, truth.log.length]") == [0, 0]
