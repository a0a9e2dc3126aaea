"""Clicks with other buttons, several times, with modifiers, at a spot of an element; and what is hit in odd shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tabwire.v1 import action_pb2
from tabwire.v1 import error_pb2 as err
from tabwire.v1.action_pb2 import ClickAction, HoverAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage

pytestmark = pytest.mark.asyncio(loop_scope="session")

RIGHT, MIDDLE = action_pb2.MOUSE_BUTTON_RIGHT, action_pb2.MOUSE_BUTTON_MIDDLE


async def click(engine: EnginePage, name: str, **options: Any) -> action_pb2.ActionResult:
    element = await engine.find(name)
    return await engine.do(click=ClickAction(element_id=element.id, **options))


async def id_of(engine: EnginePage, selector: str) -> int:
    """The id of the element that a selector finds, told by where it is."""
    expression = f"(() => {{ const b = document.querySelector('{selector}').getBoundingClientRect();"
    box = await engine.truth(expression + "return [b.x, b.y, b.width, b.height] })()")
    state = await engine.state(scope=2)
    for element in state.elements:
        b = element.bounds
        if all(abs(x - y) < 1 for x, y in zip(box, [b.x, b.y, b.width, b.height], strict=True)):
            return element.id
    raise AssertionError(f"{selector} is not listed")


async def test_the_right_button_opens_the_pages_menu(engine: EnginePage) -> None:
    await engine.open("pointer")
    result = await click(engine, "All buttons", button=RIGHT)
    heard = await engine.truth("truth.log")
    assert heard == ["pointerdown 2 2 0 3", "mousedown 2 2 1 3", "contextmenu 2 0 0 3", "mouseup 2 0 1 3"]
    assert result.outcome_details.message.startswith('Right-clicked the button "All buttons"')


async def test_the_middle_button_makes_no_click(engine: EnginePage) -> None:
    await engine.open("pointer")
    await click(engine, "All buttons", button=MIDDLE)
    heard = await engine.truth("truth.log")
    assert heard == ["pointerdown 1 4 0 2", "mousedown 1 4 1 2", "mouseup 1 0 1 2", "auxclick 1 0 1 2"]


async def test_a_double_click_counts(engine: EnginePage) -> None:
    await engine.open("pointer")
    await click(engine, "All buttons", count=2)
    heard = [line for line in await engine.truth("truth.log") if not line.startswith("pointer")]
    once = ["mousedown 0 1 {0} 1", "mouseup 0 0 {0} 1", "click 0 0 {0} 1"]
    assert heard == [line.format(n) for n in (1, 2) for line in once] + ["dblclick 0 0 2 1"]
    await engine.truth("void truth.log.splice(0)")
    await click(engine, "All buttons", count=3)
    assert [line for line in await engine.truth("truth.log") if line.startswith("click")] == [
        "click 0 0 1 1",
        "click 0 0 2 1",
        "click 0 0 3 1",
    ]


async def test_modifiers_are_heard(engine: EnginePage) -> None:
    await engine.open("pointer")
    keys = [action_pb2.KEY_MODIFIER_CONTROL, action_pb2.KEY_MODIFIER_SHIFT]
    await click(engine, "All buttons", modifiers=keys)
    assert await engine.truth("truth.log.filter((line) => line.startsWith('click'))") == ["click 0 0 1 1CS"]


async def test_a_double_click_selects_a_word_and_a_third_the_paragraph(engine: EnginePage) -> None:
    await engine.open("pointer")
    await click(engine, "Field", count=2, offset_x=70, offset_y=10)
    assert await engine.truth("field.value.slice(field.selectionStart, field.selectionEnd)") == "beta"
    await click(engine, "Field", count=3)
    assert await engine.truth("field.value.slice(field.selectionStart, field.selectionEnd)") == "alpha beta gamma"
    words = await id_of(engine, "#words")
    await engine.do(click=ClickAction(element_id=words, count=2, offset_x=15, offset_y=8))
    assert await engine.truth("getSelection().toString()") == "One"
    await engine.do(click=ClickAction(element_id=words, count=3, offset_x=15, offset_y=8))
    assert (await engine.truth("getSelection().toString()")).strip() == "One two three. Bold words here."


async def test_a_spot_is_hit_where_it_was_asked_for(engine: EnginePage) -> None:
    await engine.open("pointer")
    await click(engine, "Wide", offset_x=7, offset_y=5)
    wide = await engine.find("Wide")
    await engine.do(hover=HoverAction(element_id=wide.id, offset_x=399, offset_y=39))
    assert await engine.truth("truth.log") == ["move 7,5 0", "wide 7,5", "move 399,39 0"]


async def test_a_spot_outside_is_refused(engine: EnginePage) -> None:
    await engine.open("pointer")
    wide = await engine.find("Wide")
    for x, y in ((401, 5), (5, -1), (10, 50)):
        result = await engine.refused(
            err.ERROR_CODE_INVALID_ARGUMENT, click=ClickAction(element_id=wide.id, offset_x=x, offset_y=y)
        )
        assert "400 x 40" in result.error_info.message
    assert await engine.truth("truth.log") == []


async def test_shapes_of_a_picture(engine: EnginePage) -> None:
    await engine.open("pointer")
    await click(engine, "Picture", offset_x=30, offset_y=30)
    await engine.do(click=ClickAction(element_id=await id_of(engine, "#red")))
    # A ring is not filled: its middle is not part of it.
    await engine.do(click=ClickAction(element_id=await id_of(engine, "#ring")))
    assert await engine.truth("truth.log") == ["red", "red", "ring"]


async def test_canvases_also_those_larger_than_the_view(engine: EnginePage) -> None:
    await engine.open("pointer")
    await click(engine, "Board", offset_x=150, offset_y=20)
    await click(engine, "Large board", offset_x=905, offset_y=803)
    await click(engine, "Tall board", offset_x=20, offset_y=1490)
    await click(engine, "Tall board", offset_x=20, offset_y=11)
    assert await engine.truth("truth.log") == ["canvas 150,20", "large 905,803", "below 20,1490", "below 20,11"]


async def test_what_lets_the_pointer_through(engine: EnginePage) -> None:
    await engine.open("pointer")
    element = await engine.find("Lets through")
    result = await engine.refused(
        err.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE, click=ClickAction(element_id=element.id)
    )
    assert "lets it through" in result.error_info.message
    await click(engine, "Lets its text through")
    assert await engine.truth("truth.log") == ["inner"]


async def test_a_link_that_is_broken_over_lines(engine: EnginePage) -> None:
    await engine.open("pointer")
    await click(engine, "A link that is broken over several lines")
    assert await engine.truth("location.hash") == "#broken"


async def test_what_holds_other_things_to_press_is_pressed_itself(engine: EnginePage) -> None:
    await engine.open("pointer")
    await click(engine, "Card")
    assert await engine.truth("truth.log") == ["card"]
    await engine.do(click=ClickAction(element_id=await id_of(engine, "#outer")))
    assert await engine.truth("truth.log") == ["card", "outer"]


@pytest.mark.parametrize(
    "options", [{"modifiers": [action_pb2.KEY_MODIFIER_CONTROL]}, {"button": MIDDLE}], ids=["control", "middle"]
)
async def test_links_in_another_tab(engine: EnginePage, options: dict[str, Any]) -> None:
    await engine.open("pointer")
    element = await engine.find("Away")
    async with engine.page.context.expect_page() as opened:
        result = await engine.do(click=ClickAction(element_id=element.id, **options))
    await (await opened.value).close()
    assert "another tab" in result.outcome_details.message
    assert (await engine.truth("location.pathname")).endswith("/pointer.html")
