"""DragAction: HTML5 drag and drop, dragging by the pointer, sliders, drawing, and selecting text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e_page.test_pointer import id_of
from tabwire.v1 import error_pb2 as err
from tabwire.v1.action_pb2 import DragAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage
    from tabwire.v1 import action_pb2

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def drag(engine: EnginePage, name: str, to: str | None = None, **options: Any) -> action_pb2.ActionResult:
    element_id = (await engine.find(name)).id
    to_id = 0 if to is None else (await engine.find(to)).id
    return await engine.do(drag=DragAction(element_id=element_id, to_element_id=to_id, **options))


async def test_html5_drag_and_drop(engine: EnginePage) -> None:
    await engine.open("drag")
    result = await drag(engine, "Card", "Zone")
    log = await engine.truth("truth.log")
    # On the way it crosses the other zone.
    assert [line for line in log if line != "drag" and "shut" not in line] == [
        "dragstart",
        "enter zone",
        "drop zone card 7 text/plain",
        "dragend",
    ]
    assert result.outcome_details.message.startswith('Dragged the button "Card" onto the button "Zone"')
    assert result.outcome_details.dom_changes > 0


async def test_a_place_that_takes_no_drop(engine: EnginePage) -> None:
    await engine.open("drag")
    card, closed = await engine.find("Card"), await engine.find("Closed zone")
    await engine.refused(
        err.ERROR_CODE_OPERATION_FAILED_IN_TARGET, drag=DragAction(element_id=card.id, to_element_id=closed.id)
    )
    assert (await engine.truth("truth.log"))[-2:] == ["leave shut", "dragend"]


async def test_a_target_below_the_view(engine: EnginePage) -> None:
    await engine.open("drag")
    await drag(engine, "Card", "Far zone")
    assert await engine.truth("farzone.textContent") == "Full"


async def test_a_page_that_starts_a_moment_after_dragstart(engine: EnginePage) -> None:
    await engine.open("drag")
    await drag(engine, "Late card", "Zone")
    assert await engine.truth("truth.log[0]") == "shown"
    assert await engine.truth("zone.textContent") == "Full"


async def test_a_link_carries_its_address(engine: EnginePage) -> None:
    await engine.open("drag")
    await drag(engine, "A link", "Zone")
    assert (await engine.truth("truth.log.at(-1)")).endswith("second.html text/uri-list,text/plain")


async def test_a_box_follows_the_pointer(engine: EnginePage) -> None:
    await engine.open("drag")
    result = await drag(engine, "Box", offset_x=230, offset_y=40)
    assert await engine.truth("[box.style.left, box.style.top]") == ["240px", "50px"]
    assert await engine.truth("truth.log") == ["down 1 1", "box moved true"]
    assert await engine.truth("truth.which") == 1
    assert "by 230 pixels right and 40 pixels down" in result.outcome_details.message


async def test_onto_another_element_and_from_a_spot(engine: EnginePage) -> None:
    await engine.open("drag")
    await drag(engine, "Box", "Fixed box", offset_x=10, offset_y=20, start_x=5, start_y=5)
    assert await engine.truth("[box.style.left, box.style.top]") == ["405px", "25px"]


async def test_what_has_to_be_held_for_a_while(engine: EnginePage) -> None:
    await engine.open("drag")
    await drag(engine, "Held box", offset_x=100)
    assert await engine.truth("held.style.left") == "110px"


async def test_nothing_happened_is_said(engine: EnginePage) -> None:
    await engine.open("drag")
    result = await drag(engine, "Fixed box", offset_x=10)
    result = await drag(engine, "Fixed box", offset_x=10)
    assert result.outcome_details.no_effect_seen


async def test_sliders(engine: EnginePage) -> None:
    await engine.open("drag")
    result = await drag(engine, "Level", offset_x=184 / 2)
    assert await engine.truth("level.value") == "7"
    assert result.outcome_details.value_now == "7"
    assert await engine.truth("truth.log") == ["input 7", "change 7"]
    result = await drag(engine, "Volume", offset_x=100)
    assert await engine.truth("thumb.getAttribute('aria-valuenow')") == "54"
    assert result.outcome_details.value_now == "54"


async def test_drawing(engine: EnginePage) -> None:
    await engine.open("drag")
    board = await engine.find("Board")
    await engine.do(drag=DragAction(element_id=board.id, start_x=20, start_y=50, offset_x=150, offset_y=0))
    assert await engine.truth("truth.log") == ["pen down", "pen up"]
    # The border is one pixel wide.
    painted = "(x) => pen.getImageData(x, 48, 1, 4).data.some((value) => value > 0)"
    assert await engine.truth(f"[30, 100, 160, 190].map({painted})") == [True, True, True, False]


async def test_text_is_selected(engine: EnginePage) -> None:
    await engine.open("drag")
    text = await id_of(engine, "#text")
    result = await engine.do(drag=DragAction(element_id=text, start_x=1, start_y=9, offset_x=105))
    assert await engine.truth("getSelection().toString()") == "Select some"
    assert result.outcome_details.dom_changes == 0


async def test_a_list_is_sorted(engine: EnginePage) -> None:
    await engine.open("drag")
    ids = {e.text_content: e.id for e in (await engine.state()).elements}
    await engine.do(drag=DragAction(element_id=ids["One"], to_element_id=ids["Three"], offset_x=50, offset_y=20))
    assert await engine.truth("list.innerText.split('\\n')") == ["Two", "Three", "One"]


async def test_refusals(engine: EnginePage) -> None:
    await engine.open("drag")
    box, fixed = await engine.find("Box"), await engine.find("Fixed box")
    await engine.refused(err.ERROR_CODE_INVALID_ARGUMENT, drag=DragAction(element_id=box.id))
    await engine.refused(
        err.ERROR_CODE_INVALID_ARGUMENT,
        drag=DragAction(element_id=box.id, to_element_id=fixed.id, offset_x=51, offset_y=1),
    )
    assert await engine.truth("truth.log") == []
