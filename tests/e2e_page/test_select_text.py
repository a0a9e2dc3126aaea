"""SelectTextAction: what is selected is read from the page's own selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e_page.test_pointer import id_of
from tabwire.v1 import action_pb2
from tabwire.v1 import error_pb2 as err
from tabwire.v1.action_pb2 import SelectTextAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage

pytestmark = pytest.mark.asyncio(loop_scope="session")

SELECTED = "getSelection().toString().replace(/\\s+/g, ' ').trim()"


async def article(engine: EnginePage) -> int:
    """The article's id: it is described with a state of itself or by what it holds."""
    state = await engine.state()
    found = [e for e in state.elements if e.tag in ("article", "p") and e.text_content.startswith("The quick")]
    return found[0].id


async def select(engine: EnginePage, element_id: int, text: str = "") -> action_pb2.ActionResult:
    return await engine.do(select_text=SelectTextAction(element_id=element_id, text=text))


async def test_a_passage_across_elements(engine: EnginePage) -> None:
    await engine.open("select_text")
    result = await select(engine, await article(engine), "quick brown fox")
    assert await engine.truth(SELECTED) == "quick brown fox"
    assert '"quick brown fox"' in result.outcome_details.message
    assert await engine.truth("truth.log") == ["mousedown", "selectstart", "mouseup", "click"]
    await engine.page.wait_for_function("truth.selection.startsWith('quick')")
    # What opens on a selection has opened.
    assert await engine.find("Bold", "button")


async def test_all_of_it_and_without_case(engine: EnginePage) -> None:
    await engine.open("select_text")
    await select(engine, await article(engine))
    assert (await engine.truth(SELECTED)).startswith("The quick brown fox.")
    await select(engine, await article(engine), "BROWN FOX")
    assert await engine.truth(SELECTED) == "brown fox"


async def test_fields(engine: EnginePage) -> None:
    await engine.open("select_text")
    await select(engine, (await engine.find("Field")).id, "text in")
    assert await engine.truth("field.value.slice(field.selectionStart, field.selectionEnd)") == "text in"
    await select(engine, (await engine.find("Area")).id, "line second")
    assert await engine.truth("area.value.slice(area.selectionStart, area.selectionEnd)") == "line\nsecond"
    await select(engine, (await engine.find("Field")).id)
    assert await engine.truth("field.value.slice(field.selectionStart, field.selectionEnd)") == "some text in a field"


async def test_an_editable_area_and_a_shadow_root(engine: EnginePage) -> None:
    await engine.open("select_text")
    await select(engine, (await engine.find("Editor")).id, "words")
    assert await engine.truth("[getSelection().toString(), document.activeElement.id]") == ["words", "editor"]
    shadow = next(e for e in (await engine.state()).elements if e.text_content == "Words in the shadow")
    await select(engine, shadow.id, "in the shadow")


async def test_refusals(engine: EnginePage) -> None:
    await engine.open("select_text")
    result = await engine.refused(
        err.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE,
        select_text=SelectTextAction(element_id=await article(engine), text="slow"),
    )
    assert '"slow"' in result.error_info.message
    locked = await id_of(engine, "#locked")
    await engine.refused(
        err.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE, select_text=SelectTextAction(element_id=locked)
    )
    assert await engine.truth("getSelection().toString()") == ""
