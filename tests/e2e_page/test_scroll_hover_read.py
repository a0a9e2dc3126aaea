"""ScrollAction, HoverAction and the actions that read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tabwire.v1 import action_pb2, state_pb2
from tabwire.v1 import error_pb2 as err
from tabwire.v1.action_pb2 import (
    GetAttributesAction,
    HoverAction,
    PressKeysAction,
    ReadTextAction,
    ReadValueAction,
    ScrollAction,
)

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage

pytestmark = pytest.mark.asyncio(loop_scope="session")

DOWN, UP = action_pb2.SCROLL_DIRECTION_DOWN, action_pb2.SCROLL_DIRECTION_UP
RIGHT, TOP, BOTTOM = (
    action_pb2.SCROLL_DIRECTION_RIGHT,
    action_pb2.SCROLL_DIRECTION_TOP,
    action_pb2.SCROLL_DIRECTION_BOTTOM,
)


async def test_the_page_scrolls_at_once_and_says_how_far(engine: EnginePage) -> None:
    await engine.open("scroll")
    result = await engine.do(scroll=ScrollAction(direction=DOWN))
    assert await engine.truth("scrollY") == pytest.approx(560, abs=1)
    assert "560 pixels" in result.outcome_details.message
    await engine.do(scroll=ScrollAction(direction=UP, pages=0.5))
    assert await engine.truth("scrollY") == pytest.approx(210, abs=1)
    result = await engine.do(scroll=ScrollAction(direction=BOTTOM))
    assert "at the end" in result.outcome_details.message
    result = await engine.do(scroll=ScrollAction(direction=DOWN))
    assert result.outcome_details.no_effect_seen
    assert "at the end" in result.outcome_details.message
    await engine.do(scroll=ScrollAction(direction=TOP))
    assert await engine.truth("scrollY") == 0


async def test_inside_of_an_element(engine: EnginePage) -> None:
    await engine.open("scroll")
    box = await engine.find("Box")
    assert state_pb2.OPERATION_SCROLL in box.available_operations
    await engine.do(scroll=ScrollAction(direction=DOWN, element_id=box.id, pages=1))
    await engine.do(scroll=ScrollAction(direction=RIGHT, element_id=box.id, pages=1))
    inside = await engine.truth("[box.scrollTop, box.clientHeight, box.scrollLeft, box.clientWidth, scrollY]")
    assert inside[0] == inside[1]
    assert inside[2] == inside[3]
    assert inside[4] == 0


async def test_into_view(engine: EnginePage) -> None:
    await engine.open("scroll")
    item = await engine.find("Item 30")
    assert not item.in_viewport
    await engine.do(scroll=ScrollAction(element_id=item.id))
    assert (await engine.find("Item 30")).in_viewport
    result = await engine.do(scroll=ScrollAction(element_id=(await engine.find("At the end")).id))
    assert "into view" in result.outcome_details.message
    assert await engine.truth("scrollY") > 1000


async def test_an_application_that_scrolls_a_part_of_itself(engine: EnginePage) -> None:
    await engine.open("app_shell")
    await engine.do(scroll=ScrollAction(direction=DOWN))
    assert await engine.truth("main.scrollTop") > 500


async def test_hovering_opens_and_leaves(engine: EnginePage) -> None:
    await engine.open("hover")
    result = await engine.do(hover=HoverAction(element_id=(await engine.find("Has a tip")).id))
    assert result.outcome_details.dom_changes >= 1
    assert await engine.truth("tip.className") == "on"
    await engine.do(hover=HoverAction(element_id=(await engine.find("Other")).id))
    assert await engine.truth("truth.log") == ["enter outer", "enter a", "leave a", "over b"]


async def test_the_text_of_the_page(engine: EnginePage) -> None:
    await engine.open("read")
    text = (await engine.do(read_text=ReadTextAction())).text
    assert "Report\n" in text
    assert "One two three." in text
    assert "First\nSecond" in text
    assert "Name\tPrice\n" in text
    assert "Stapler\t12.50" in text
    assert "kept\n  as is" in text
    assert "From the shadow" in text
    assert "Ada" in text
    assert "Never" not in text
    assert "topsecret" not in text


@pytest.mark.parametrize(
    ("name", "value"), [("Name", "Ada"), ("Colour", "Blue"), ("Agree", "checked"), ("Notes", "a\nb")]
)
async def test_values(engine: EnginePage, name: str, value: str) -> None:
    await engine.open("read")
    element = next(e for e in (await engine.state()).elements if e.name == name and e.role != "columnheader")
    assert (await engine.do(read_value=ReadValueAction(element_id=element.id))).text == value


async def test_a_password_is_not_read(engine: EnginePage) -> None:
    await engine.open("read")
    element = await engine.find("Password")
    result = await engine.refused(err.ERROR_CODE_POLICY_DENIED, read_value=ReadValueAction(element_id=element.id))
    assert b"topsecret" not in result.SerializeToString()
    result = await engine.do(get_attributes=GetAttributesAction(element_id=element.id))
    assert dict(result.attribute_map.attributes) == {"id": "password", "type": "password"}


async def test_attributes(engine: EnginePage) -> None:
    await engine.open("read")
    element = await engine.find("Name", "textbox")
    result = await engine.do(get_attributes=GetAttributesAction(element_id=element.id))
    assert dict(result.attribute_map.attributes) == {
        "id": "name",
        "value": "Ada",
        "class": "x y",
        "data-kind": "person",
    }


async def test_what_has_no_value_says_so(engine: EnginePage) -> None:
    await engine.open("read")
    state = await engine.state()
    plain = next(element for element in state.elements if element.text_content == "Plain")
    await engine.refused(
        err.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE, read_value=ReadValueAction(element_id=plain.id)
    )
    assert (await engine.do(read_text=ReadTextAction(element_id=plain.id))).text == "Plain"


async def test_an_action_of_another_part_is_refused(engine: EnginePage) -> None:
    await engine.open("read")
    await engine.refused(err.ERROR_CODE_UNIMPLEMENTED, reload=action_pb2.ReloadAction())
    await engine.refused(err.ERROR_CODE_INVALID_ARGUMENT, press_keys=PressKeysAction(keys=["NoSuchKey"]))
