"""SetCheckedAction: boxes, radio buttons and switches, native and made of other elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tabwire.v1 import action_pb2
from tabwire.v1 import error_pb2 as err
from tabwire.v1.action_pb2 import SetCheckedAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def check(engine: EnginePage, name: str, checked: bool = True) -> action_pb2.ActionResult:
    element = await engine.find(name)
    return await engine.do(set_checked=SetCheckedAction(element_id=element.id, checked=checked))


async def test_a_box_is_clicked_only_when_needed(engine: EnginePage) -> None:
    await engine.open("checked")
    result = await check(engine, "Box")
    assert result.outcome_details.message.startswith('Checked the checkbox "Box"')
    result = await check(engine, "Box")
    assert "checked already" in result.outcome_details.message
    await check(engine, "Box", False)
    assert await engine.truth("truth.log") == ["box true", "box false"]


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_mixed_box_becomes_what_is_asked(engine: EnginePage, wanted: bool) -> None:
    await engine.open("checked")
    await check(engine, "Mixed", wanted)
    assert await engine.truth("[mixed.checked, mixed.indeterminate]") == [wanted, False]


@pytest.mark.parametrize(
    ("name", "id_", "wanted"),
    [("Switch", "switch", True), ("Aria box", "aria", True), ("Item", "item", False), ("Styled", "styled", True)],
)
async def test_switches_made_of_other_elements(engine: EnginePage, name: str, id_: str, wanted: bool) -> None:
    await engine.open("checked")
    await check(engine, name, wanted)
    assert await engine.truth("truth.log") == [f"{id_} {str(wanted).lower()}"]


async def test_a_button_that_stays_pressed(engine: EnginePage) -> None:
    await engine.open("checked")
    await check(engine, "Bold")
    assert await engine.truth("bold.getAttribute('aria-pressed')") == "true"


async def test_radio_buttons(engine: EnginePage) -> None:
    await engine.open("checked")
    await check(engine, "Two")
    assert await engine.truth("[two.checked, truth.log.join()]") == [True, "two"]
    two = await engine.find("Two")
    result = await engine.refused(
        err.ERROR_CODE_INVALID_ARGUMENT, set_checked=SetCheckedAction(element_id=two.id, checked=False)
    )
    assert "another one is chosen" in result.error_info.message
    assert await engine.truth("two.checked") is True


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Off", err.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE),
        ("Plain", err.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE),
        ("Stubborn", err.ERROR_CODE_OPERATION_FAILED_IN_TARGET),
    ],
)
async def test_refusals(engine: EnginePage, name: str, code: int) -> None:
    await engine.open("checked")
    element = await engine.find(name)
    await engine.refused(code, set_checked=SetCheckedAction(element_id=element.id, checked=True))
    assert await engine.truth("[off.checked, stubborn.checked]") == [False, False]
