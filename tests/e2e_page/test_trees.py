"""Shadow roots, open and closed, and documents inside of the document."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from e2e_page.harness import only
from tabwire.v1 import state_pb2 as pb
from tabwire.v1.action_pb2 import ClickAction, InputTextAction, PressKeysAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    ("name", "heard"),
    [
        ("Open button", "open"),
        ("Closed button", "closed"),
        ("Nested button", "nested"),
        ("Slotted button", "slotted"),
        ("Slotted in closed", "slotted closed"),
        ("In closed div", "div"),
    ],
)
async def test_buttons_in_shadow_roots(engine: EnginePage, name: str, heard: str) -> None:
    await engine.open("shadow")
    await engine.do(click=ClickAction(element_id=(await engine.find(name)).id))
    assert await engine.truth("truth.log") == [heard]


async def test_text_and_slots(engine: EnginePage) -> None:
    await engine.open("shadow")
    state = await engine.state()
    told = [e.text_content for e in state.elements]
    assert "Shadow text" in told
    assert any("Given foot" in text for text in told)
    assert not any("Default foot" in text for text in told)
    assert only(state, "Closed button").heading == ""


async def test_typing_and_tabbing_in_a_shadow_root(engine: EnginePage) -> None:
    await engine.open("shadow")
    field = await engine.find("Open field")
    await engine.do(input_text=InputTextAction(element_id=field.id, text="abc"))
    assert await engine.truth("truth.log") == ["input abc"]
    assert (await engine.state()).active_element_id == field.id
    await engine.do(press_keys=PressKeysAction(keys=["Tab"]))
    assert await engine.truth("document.activeElement.textContent") == "Slotted button"


async def frame_ids(engine: EnginePage) -> dict[str, int]:
    """Frame ids by the text of the button in them."""
    found: dict[str, int] = {}
    frames: list[dict[str, Any]] = await engine.worker.evaluate(
        "async (tab) => (await chrome.webNavigation.getAllFrames({ tabId: tab }))", engine.tab_id
    )
    for frame in frames:
        if frame["frameId"] == 0:
            continue
        state = await engine.state(frame["frameId"], scope=pb.STATE_SCOPE_PAGE)
        for element in state.elements:
            found[element.name] = frame["frameId"]
    return found


async def nonce_of(engine: EnginePage, frame_id: int) -> str:
    """The nonce a frame has reported; it travels by a message of its own, which may still be on its way."""
    for _ in range(200):
        for event in await engine.events(frame_id):
            if event.WhichOneof("kind") == "nonce":
                return event.nonce.nonce
        await asyncio.sleep(0.01)
    raise AssertionError("no nonce was reported")


async def test_frames_are_listed_and_matched_by_nonce(engine: EnginePage) -> None:
    await engine.open("frames")
    state = await engine.state()
    frames = {e.name: e for e in state.elements if e.type == pb.ELEMENT_TYPE_FRAME}
    assert set(frames) == {"Same", "Literal"}
    children = {child.element_id: child for child in state.child_frames}
    same = children[frames["Same"].id]
    # The content box: without 3 pixels of border and 5 of padding.
    assert same.bounds.x == pytest.approx(frames["Same"].bounds.x + 8)
    assert (same.bounds.width, same.bounds.height) == (400, 150)
    ids = await frame_ids(engine)
    inner = await nonce_of(engine, ids["In the frame"])
    literal = await nonce_of(engine, ids["In srcdoc"])
    assert inner != literal
    # Two frames hold the same document; only one of them is shown.
    assert literal == children[frames["Literal"].id].nonce
    await engine.state()
    assert same.nonce == (await engine.state()).child_frames[0].nonce


async def test_no_page_sees_the_nonce(engine: EnginePage) -> None:
    await engine.open("frames")
    await engine.state()
    await engine.state()
    inner = engine.page.frame(url="**/frame_inner.html")
    assert inner is not None
    assert await inner.evaluate("truth.messages") == []
    assert await engine.truth("truth.messages") == []


async def test_a_forged_nonce_is_reported_only_from_the_parent(engine: EnginePage) -> None:
    await engine.open("frames")
    ids = await frame_ids(engine)
    await engine.events(ids["In srcdoc"])
    literal = next(f for f in engine.page.frames if f.url == "about:srcdoc")
    await literal.evaluate("postMessage({ type: 'tabwire.frame-nonce', nonce: '0'.repeat(32) }, '*')")
    await literal.evaluate("new Promise((resolve) => setTimeout(resolve, 50))")
    assert [event for event in await engine.events(ids["In srcdoc"]) if event.WhichOneof("kind") == "nonce"] == []


async def test_a_click_in_a_frame(engine: EnginePage) -> None:
    await engine.open("frames")
    ids = await frame_ids(engine)
    button = await engine.find("In srcdoc", frame_id=ids["In srcdoc"])
    result = await engine.do(ids["In srcdoc"], click=ClickAction(element_id=button.id))
    assert result.outcome_details.message.startswith('Clicked the button "In srcdoc"')
