"""Text fields of every type, plain and controlled by React, and fields that make writing into them hard. What was
written is read from what the page's own handlers have heard and kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tabwire.v1 import error_pb2 as err
from tabwire.v1.action_pb2 import ClickAction, InputTextAction, ReadValueAction, SelectOptionAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage
    from tabwire.v1 import action_pb2

pytestmark = pytest.mark.asyncio(loop_scope="session")

VALUES = [
    ("text", "Grüße, 世界 👍"),
    ("search", "red shoes"),
    ("email", "ada@example.org"),
    ("tel", "+41 44 668 18 00"),
    ("url", "https://example.org/a?b=c"),
    ("password", "correct horse"),
    ("number", "7.5"),
    ("date", "2026-11-21"),
    ("time", "14:30"),
    ("datetime-local", "2026-11-21T14:30"),
    ("month", "2026-11"),
    ("week", "2026-W47"),
    ("color", "#ff8800"),
    ("range", "70"),
]

each_type = pytest.mark.parametrize(("kind", "value"), [pytest.param(*pair, id=pair[0]) for pair in VALUES])


async def write(engine: EnginePage, name: str, text: str, **options: Any) -> action_pb2.ActionResult:
    element = await engine.find(name)
    return await engine.do(input_text=InputTextAction(element_id=element.id, text=text, **options))


async def fails(engine: EnginePage, name: str, text: str) -> str:
    """Writes what the field does not keep. Answers with the reason given."""
    element = await engine.find(name)
    result = await engine.refused(
        err.ERROR_CODE_OPERATION_FAILED_IN_TARGET, input_text=InputTextAction(element_id=element.id, text=text)
    )
    return result.error_info.message


async def kept(engine: EnginePage, name: str) -> Any:
    return await engine.page.evaluate("(name) => truth()[name]", name)


@each_type
@pytest.mark.cell("input type={kind}", "write")
async def test_a_field_of_each_type(engine: EnginePage, kind: str, value: str) -> None:
    await engine.open_kit("fields")
    result = await write(engine, f"Type {kind}", value)
    assert await kept(engine, f"Type {kind}") == value
    assert result.outcome_details.value_now == ("" if kind == "password" else value)


@each_type
@pytest.mark.cell("input type={kind}", "write, controlled by React")
async def test_a_field_of_each_type_controlled_by_react(engine: EnginePage, kind: str, value: str) -> None:
    await engine.open_kit("react_fields")
    await write(engine, f"Type {kind}", value)
    assert await kept(engine, f"Type {kind}") == value


@each_type
@pytest.mark.cell("input type={kind}", "empty it")
async def test_a_field_of_each_type_is_emptied(engine: EnginePage, kind: str, value: str) -> None:
    if kind in {"color", "range"}:
        pytest.skip("this type is never empty")
    await engine.open_kit("react_fields")
    await write(engine, f"Type {kind}", value)
    await write(engine, f"Type {kind}", "")
    assert await kept(engine, f"Type {kind}") == ""


@pytest.mark.parametrize(
    ("page", "name", "given", "holds"),
    [
        pytest.param("fields", "Area", "one\ntwo", "one\ntwo", id="textarea"),
        pytest.param("fields", "Free", "one line", "one line", id="contenteditable"),
        pytest.param("fields", "Plain only", "one\ntwo", "one\ntwo", id="contenteditable plaintext-only"),
        pytest.param("fields", "Card", "4111111111111111", "4111111111111111", id="input mask (imask)"),
        pytest.param("fields", "Price", "1234567.89", "1234567.89", id="number mask (imask)"),
        pytest.param("fields", "No pasting", "typed all the same", "typed all the same", id="area that takes no paste"),
        pytest.param("fields", "Lies", "told to the model", "told to the model", id="area that hears beforeinput only"),
        pytest.param("fields", "Composes", "かな", "かな", id="field with composition handlers"),
        pytest.param("fields", "Keys only", "heard", "heard", id="field that listens to keyup"),
        pytest.param("react_fields", "Upper", "loud", "LOUD", id="React field in upper case"),
        pytest.param("react_fields", "Phone", "5551234", "(555) 1234", id="React field with a mask"),
        pytest.param("react_fields", "Composed", "かな", "かな", id="React field with composition handlers"),
        pytest.param("react_fields", "Story", "one\ntwo", "one\ntwo", id="React textarea"),
    ],
)
@pytest.mark.cell("{name}", "write")
async def test_fields_that_are_hard_to_write_into(
    engine: EnginePage, page: str, name: str, given: str, holds: str
) -> None:
    await engine.open_kit(page)
    await write(engine, name, given)
    assert (await kept(engine, name)).strip() == holds


@pytest.mark.parametrize(
    ("page", "name", "given", "says"),
    [
        pytest.param("fields", "Short", "much too long", "at most 5", id="maxlength"),
        pytest.param("fields", "Clears at once", "gone", '""', id="clears itself at once"),
        pytest.param("fields", "Clears later", "gone", '""', id="clears itself a moment later"),
        pytest.param("fields", "No typing", "refused", "as it is", id="area that refuses typing"),
        pytest.param("fields", "Type range", "73", '"75"', id="range with a step"),
        pytest.param("react_fields", "Digits", "a1b2", '"12"', id="React field for digits"),
        pytest.param("react_fields", "Stubborn", "anything", '""', id="React field that keeps nothing"),
        pytest.param("react_fields", "Fixed", "anything", '"fixed"', id="React field that keeps what it has"),
    ],
)
@pytest.mark.cell("{name}", "what is not kept is a failure")
async def test_what_is_not_kept_is_a_failure(engine: EnginePage, page: str, name: str, given: str, says: str) -> None:
    await engine.open_kit(page)
    assert says in await fails(engine, name, given)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        pytest.param("Type number", "7.3", id="number off the step"),
        pytest.param("Type number", "99", id="number beyond the maximum"),
        pytest.param("Late date", "2027-01-01", id="date beyond the maximum"),
        pytest.param("Type email", "no address", id="e-mail that is none"),
        pytest.param("Code", "abc", id="text against a pattern"),
    ],
)
@pytest.mark.cell("{name}: {given}", "said to be invalid")
async def test_what_the_browser_finds_invalid_is_said(engine: EnginePage, name: str, given: str) -> None:
    await engine.open_kit("fields")
    result = await write(engine, name, given)
    assert await kept(engine, name) == given
    assert "invalid" in result.outcome_details.message


@pytest.mark.parametrize(
    ("page", "name", "given", "later"),
    [
        pytest.param("fields", "Rounds when left", "3.14159", "3.14", id="rounds when it is left"),
        pytest.param("fields", "Clears when left", "lost", "", id="clears itself when it is left"),
        pytest.param("react_fields", "Amount", "3.14159", "3.14", id="React field that rounds when it is left"),
    ],
)
@pytest.mark.cell("{name}", "read back after it was left")
async def test_what_a_field_holds_after_it_was_left_is_told(
    engine: EnginePage, page: str, name: str, given: str, later: str
) -> None:
    await engine.open_kit(page)
    result = await write(engine, name, given)
    assert result.outcome_details.value_now == given
    other = await engine.find("Type text")
    result = await engine.do(click=ClickAction(element_id=other.id))
    assert await kept(engine, name) == later
    assert f'{name}" holds "{later}"' in result.outcome_details.message
    # It is news once only.
    result = await engine.do(click=ClickAction(element_id=(await engine.find("Type search")).id))
    assert "holds" not in result.outcome_details.message


@pytest.mark.cell("Text area that sends with Enter", "write and send")
async def test_a_text_area_that_sends_with_enter(engine: EnginePage) -> None:
    await engine.open_kit("fields")
    for text in ["first", "second"]:
        await write(engine, "Send", text, submit=True)
    assert await kept(engine, "sent") == ["first", "second"]


@pytest.mark.cell("React form", "write and send")
async def test_a_react_form_is_sent_with_enter(engine: EnginePage) -> None:
    await engine.open_kit("react_fields")
    await write(engine, "Search", "shoes", submit=True)
    assert await kept(engine, "submitted") == "shoes"


@pytest.mark.cell("React choices", "check, choose")
async def test_choices_controlled_by_react(engine: EnginePage) -> None:
    await engine.open_kit("react_fields")
    await engine.do(click=ClickAction(element_id=(await engine.find("Agree", "checkbox")).id))
    await engine.do(click=ClickAction(element_id=(await engine.find("Size m", "radio")).id))
    city = await engine.find("City")
    await engine.do(select_option=SelectOptionAction(element_id=city.id, options=["Graz"]))
    truth = await engine.truth("truth()")
    assert (truth["checked"], truth["size"], truth["city"]) == (True, "m", "graz")


@pytest.mark.cell("Document in design mode, in a frame", "write and read")
async def test_a_document_in_design_mode(engine: EnginePage) -> None:
    await engine.open_kit("fields")
    frames = await engine.worker.evaluate(
        "async (tab) => (await chrome.webNavigation.getAllFrames({ tabId: tab }))", engine.tab_id
    )
    frame = next(frame["frameId"] for frame in frames if frame["parentFrameId"] == 0)
    letter = await engine.find("Letter", "textbox", frame)
    await engine.do(frame, input_text=InputTextAction(element_id=letter.id, text="Dear Ada,\nthank you."))
    assert (await kept(engine, "letter")).split() == ["Dear", "Ada,", "thank", "you."]
    value = await engine.do(frame, read_value=ReadValueAction(element_id=letter.id))
    assert value.text.split() == ["Dear", "Ada,", "thank", "you."]
