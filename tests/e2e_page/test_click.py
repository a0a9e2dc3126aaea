"""ClickAction, and the guards before it. What was really clicked is read from the page's own log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tabwire.v1 import error_pb2 as err
from tabwire.v1 import state_pb2
from tabwire.v1.action_pb2 import ClickAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage
    from tabwire.v1 import action_pb2

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def click(engine: EnginePage, name: str, role: str | None = None) -> action_pb2.ActionResult:
    element = await engine.find(name, role)
    return await engine.do(click=ClickAction(element_id=element.id))


async def test_a_click_is_heard_once_and_says_whom(engine: EnginePage) -> None:
    await engine.open("click")
    result = await click(engine, "Plain")
    assert await engine.truth("truth.log") == ["plain"]
    assert result.original_action_id == "test"
    assert result.outcome_details.message.startswith('Clicked the button "Plain"')
    assert result.timing.in_page_us > 0
    await click(engine, "Rich text")
    assert await engine.truth("truth.log[1]") in ("rich:richspan", "rich:rich")


async def test_the_events_come_in_the_order_of_a_mouse(engine: EnginePage) -> None:
    await engine.open("click")
    await click(engine, "Order of events")
    over = "pointerover mouseover pointerenter mouseenter pointermove mousemove"
    kinds = f"{over} pointerdown mousedown focus pointerup mouseup click".split()
    assert await engine.truth("truth.log") == [f"{kind}:true" for kind in kinds]


@pytest.mark.parametrize("name", ["Disabled", "Aria disabled", "In fieldset"])
async def test_what_is_disabled_is_refused(engine: EnginePage, name: str) -> None:
    await engine.open("click")
    element = await engine.find(name)
    assert element.states.disabled
    assert state_pb2.OPERATION_CLICK not in element.available_operations
    result = await engine.refused(
        err.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE, click=ClickAction(element_id=element.id)
    )
    assert "disabled" in result.error_info.message
    assert await engine.truth("truth.log") == []


async def test_a_covered_button_names_its_coverer(engine: EnginePage) -> None:
    await engine.open("click")
    element = await engine.find("Covered")
    result = await engine.refused(err.ERROR_CODE_ELEMENT_COVERED, click=ClickAction(element_id=element.id))
    assert result.error_info.details.covered.description.startswith("div")
    assert result.error_info.component_origin == err.COMPONENT_ORIGIN_CONTENT_SCRIPT
    assert await engine.truth("truth.log") == []


@pytest.mark.parametrize(
    ("name", "heard"),
    [("Half covered", "half"), ("Under glass", "under"), ("Far below", "far"), ("Behind the bar", "last")],
)
async def test_a_free_spot_is_found(engine: EnginePage, name: str, heard: str) -> None:
    await engine.open("click")
    await click(engine, name)
    assert await engine.truth("truth.log") == [heard]


async def test_a_moving_button_is_waited_for(engine: EnginePage) -> None:
    await engine.open("click")
    element = await engine.find("Mover")
    await engine.truth("startMoving(300)")
    await engine.do(click=ClickAction(element_id=element.id))
    assert await engine.truth("truth.log") == ["rest", "mover"]


async def test_a_button_that_never_rests_is_refused(engine: EnginePage) -> None:
    await engine.open("click")
    element = await engine.find("Mover")
    await engine.truth("startMoving(60000)")
    result = await engine.refused(
        err.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE, click=ClickAction(element_id=element.id)
    )
    assert "moving" in result.error_info.message
    assert await engine.truth("truth.log") == []


@pytest.mark.parametrize(
    ("name", "id_", "said"),
    [("Styled box", "styled", ["styled:true"]), ("Labelled switch", "gone", ["gone:true"])],
)
async def test_boxes_that_only_their_label_shows(engine: EnginePage, name: str, id_: str, said: list[str]) -> None:
    await engine.open("click")
    await click(engine, name, "checkbox")
    assert await engine.truth(f"{id_}.checked") is True
    assert await engine.truth("truth.log") == said


async def test_a_native_box_is_clicked_and_never_set(engine: EnginePage) -> None:
    await engine.open("click")
    result = await click(engine, "Native box")
    assert await engine.truth("truth.log") == ["click", "input", "change:true"]
    assert not result.outcome_details.no_effect_seen
    assert (await engine.find("Native box")).states.checked == state_pb2.TOGGLE_ON
    await click(engine, "Two", "radio")
    assert await engine.truth("r2.checked && truth.log.at(-1)") == "radio two"


async def test_links_summaries_and_forms_do_what_they_do(engine: EnginePage) -> None:
    await engine.open("click")
    result = await click(engine, "Link to a place")
    assert result.outcome_details.navigation_occurred
    assert result.outcome_details.new_url.endswith("#there")
    result = await click(engine, "More")
    assert await engine.truth("details.open") is True
    assert not result.outcome_details.no_effect_seen
    await click(engine, "Send form")
    assert await engine.truth("truth.log") == ["submit:send"]
    assert await engine.truth("document.activeElement.textContent") == "Send form"
    await click(engine, "A field")
    assert await engine.truth("document.activeElement.id") == "field"


async def test_leaving_the_page_is_answered_before_it_is_gone(engine: EnginePage) -> None:
    await engine.open("click")
    result = await click(engine, "Leave the page")
    assert "second.html" in result.outcome_details.message
    assert not result.outcome_details.no_effect_seen
    await engine.page.wait_for_url("**/second.html")
    assert await engine.find("The second page", "heading")


async def test_a_link_to_a_new_tab_opens_one(engine: EnginePage) -> None:
    await engine.open("click")
    element = await engine.find("Open in a new tab")
    async with engine.page.context.expect_page() as opened:
        result = await engine.do(click=ClickAction(element_id=element.id))
    await (await opened.value).close()
    assert "another tab" in result.outcome_details.message
    assert not result.outcome_details.no_effect_seen


async def test_a_file_chooser_needs_a_person(engine: EnginePage) -> None:
    await engine.open("click")
    element = await engine.find("Upload")
    await engine.refused(err.ERROR_CODE_NEEDS_TRUSTED_INPUT, click=ClickAction(element_id=element.id))


async def test_links_to_scripts(engine: EnginePage) -> None:
    await engine.open("click")
    await click(engine, "Idle link")
    await click(engine, "Handled link")
    assert await engine.truth("truth.log") == ["idle", "handled"]
    # Chrome runs the script only for the page's or a person's own click.
    element = await engine.find("Script link")
    await engine.refused(err.ERROR_CODE_NEEDS_TRUSTED_INPUT, click=ClickAction(element_id=element.id))
    assert await engine.truth("truth.log") == ["idle", "handled"]


async def test_menus_that_open_on_pointerdown(engine: EnginePage) -> None:
    await engine.open("click")
    result = await click(engine, "Open menu")
    assert result.outcome_details.dom_changes >= 1
    await click(engine, "First item", "menuitem")
    assert await engine.truth("truth.log") == ["pointerdown", "item"]


async def test_an_element_replaced_while_pressed(engine: EnginePage) -> None:
    await engine.open("click")
    await click(engine, "Replaced on press")
    # Press and release met different elements, so their common ancestor is clicked, as with a real mouse.
    assert await engine.truth("truth.log.includes('fresh click')") is False
    assert (await engine.find("Fresh")).id > 0


async def test_a_prevented_press_takes_no_focus(engine: EnginePage) -> None:
    await engine.open("click")
    await click(engine, "A field")
    await click(engine, "Press prevented")
    assert await engine.truth("truth.log") == ["prevented"]
    assert await engine.truth("document.activeElement.id") == "field"


async def test_nothing_happened_is_said(engine: EnginePage) -> None:
    await engine.open("click")
    await click(engine, "Does nothing")
    result = await click(engine, "Does nothing")
    assert result.outcome_details.no_effect_seen
    assert "nothing was seen to happen" in result.outcome_details.message


async def test_an_unknown_id_and_a_gone_element(engine: EnginePage) -> None:
    await engine.open("recycle")
    await engine.refused(err.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND, click=ClickAction(element_id=4711))
    state = await engine.state()
    delete = [element for element in state.elements if element.name == "Delete"]
    await engine.truth("remove()")
    result = await engine.refused(err.ERROR_CODE_STALE_ELEMENT, click=ClickAction(element_id=delete[0].id))
    assert "Delete" in result.error_info.message
    await engine.do(click=ClickAction(element_id=delete[1].id))
    assert await engine.truth("truth.log") == ["Bob"]


async def test_a_recycled_row_is_not_the_row_that_was_seen(engine: EnginePage) -> None:
    await engine.open("recycle")
    delete = [element for element in (await engine.state()).elements if element.name == "Delete"]
    await engine.truth("recycle()")
    result = await engine.refused(err.ERROR_CODE_STALE_ELEMENT, click=ClickAction(element_id=delete[0].id))
    assert "Ada" in result.error_info.message
    assert "Eve" in result.error_info.message
    assert await engine.truth("truth.log") == []
    # Once it has been seen, it can be acted on.
    await engine.state()
    await engine.do(click=ClickAction(element_id=delete[0].id))
    assert await engine.truth("truth.log") == ["Eve"]


async def test_a_link_that_leads_elsewhere_now(engine: EnginePage) -> None:
    await engine.open("recycle")
    details = [element for element in (await engine.state()).elements if element.name == "Details"]
    await engine.truth("relink()")
    await engine.refused(err.ERROR_CODE_STALE_ELEMENT, click=ClickAction(element_id=details[0].id))


async def test_a_renamed_button_is_stale_but_a_new_count_is_not(engine: EnginePage) -> None:
    await engine.open("recycle")
    follow, cart = await engine.find("Follow"), await engine.find("Cart (1)")
    await engine.truth("state.textContent = 'Delete account'; document.getElementById('cart').textContent = 'Cart (2)'")
    result = await engine.refused(err.ERROR_CODE_STALE_ELEMENT, click=ClickAction(element_id=follow.id))
    assert "Delete account" in result.error_info.message
    await engine.do(click=ClickAction(element_id=cart.id))


async def test_ids_are_kept_and_never_given_again(engine: EnginePage) -> None:
    await engine.open("recycle")
    first = await engine.state()
    second = await engine.state()
    assert [e.id for e in first.elements] == [e.id for e in second.elements]
    assert [e.id for e in first.elements] == list(range(1, len(first.elements) + 1))
    assert not any(e.is_new for e in first.elements)
    await engine.truth("rerender()")
    third = await engine.state()
    assert {e.id for e in third.elements if e.is_new}.isdisjoint({e.id for e in first.elements})
    assert third.revision > second.revision


async def test_behind_a_modal_dialog(engine: EnginePage) -> None:
    await engine.open("keys")
    other = await engine.find("Other")
    await engine.do(click=ClickAction(element_id=(await engine.find("Open dialog")).id))
    result = await engine.refused(
        err.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE, click=ClickAction(element_id=other.id)
    )
    assert "dialog" in result.error_info.message
    assert (await engine.find("Inside")).landmark == 'dialog "A dialog"'
