"""Every kind of document inside the document: seen, listed where it is held, and operated."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import pytest

from e2e_page.harness import only
from tabwire.v1 import state_pb2 as pb
from tabwire.v1.action_pb2 import ClickAction, InputTextAction

if TYPE_CHECKING:
    from playwright.async_api import Frame

    from e2e_page.harness import EnginePage
    from tabwire.v1.extension_pb2 import FrameState

pytestmark = [pytest.mark.asyncio(loop_scope="session")]

INNER = (
    "<!doctype html><h2>Title in the frame</h2><button onclick=\"this.dataset.pressed = 'yes'\">Inside</button>"
    "<label>Field <input id=field></label>"
)
ESCAPED = INNER.replace("&", "&amp;").replace('"', "&quot;")
DATA = "data:text/html;base64," + base64.b64encode(INNER.encode()).decode()
SIZE = "width=400 height=200"

# What holds the inner document; {0} and {1} are the origins of the page and of another site.
KINDS = {
    "same-origin": f"<iframe title=Held {SIZE} src='{{0}}/matrix/frame.html'></iframe>",
    "cross-origin": f"<iframe title=Held {SIZE} src='{{1}}/matrix/frame.html'></iframe>",
    "srcdoc": f'<iframe title=Held {SIZE} srcdoc="{ESCAPED}"></iframe>',
    "about-blank-written": f"<iframe title=Held {SIZE} id=f></iframe>"
    "<script>f.contentDocument.body.innerHTML = inner</script>",
    "about-blank-opened": (
        f"<iframe title=Held {SIZE} id=f></iframe><script>f.contentDocument.open(); f.contentDocument.write(inner);"
        "f.contentDocument.close()</script>"
    ),
    "data": f"<iframe title=Held {SIZE} src='{DATA}'></iframe>",
    "blob": (
        f"<iframe title=Held {SIZE} id=f></iframe>"
        "<script>f.src = URL.createObjectURL(new Blob([inner], { type: 'text/html' }))</script>"
    ),
    "sandboxed": f"<iframe title=Held {SIZE} sandbox='allow-scripts' src='{{0}}/matrix/frame.html'></iframe>",
    "sandboxed-srcdoc": f'<iframe title=Held {SIZE} sandbox="allow-scripts" srcdoc="{ESCAPED}"></iframe>',
    "sandboxed-cross-origin": ""
    f"<iframe title=Held {SIZE} sandbox='allow-scripts' src='{{1}}/matrix/frame.html'></iframe>",
    "quirks": f"<iframe title=Held {SIZE} src='{{0}}/matrix/frame_quirks.html'></iframe>",
    "xml": f"<iframe title=Held {SIZE} src='{{0}}/matrix/frame.xhtml'></iframe>",
    "object": f"<object title=Held {SIZE} type=text/html data='{{0}}/matrix/frame.html'></object>",
    "embed": f"<embed title=Held {SIZE} type=text/html src='{{0}}/matrix/frame.html'>",
    "in-a-closed-shadow-root": (
        "<div id=host></div><script>host.attachShadow({ mode: 'closed' }).innerHTML = "
        f"\"<iframe title=Held {SIZE} src='{{0}}/matrix/frame.html'></iframe>\"</script>"
    ),
    "scaled": f"<iframe title=Held style='transform:scale(.5)' {SIZE} src='{{0}}/matrix/frame.html'></iframe>",
    "added-later": (
        "<script>addEventListener('load', () => setTimeout(() => document.body.insertAdjacentHTML('beforeend',"
        f"\"<iframe title=Held {SIZE} src='{{0}}/matrix/frame.html'></iframe>\"), 50))</script>"
    ),
}


NOT_YET = {
    "blob": pytest.mark.xfail(
        reason="webNavigation does not list documents of blob: addresses; whoever speaks to frames has to learn "
        "of them from their messages",
        strict=True,
    ),
}


async def frames_of(engine: EnginePage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await engine.worker.evaluate(
        "async (tab) => await chrome.webNavigation.getAllFrames({ tabId: tab })", engine.tab_id
    )
    return found


async def inner_state(engine: EnginePage) -> tuple[int, FrameState]:
    """The frame with the button in it, once it is there."""
    for _ in range(200):
        for frame in await frames_of(engine):
            if frame["frameId"] == 0 or frame["errorOccurred"]:
                continue
            try:
                state = await engine.state(frame["frameId"], scope=pb.STATE_SCOPE_PAGE)
            except Exception:  # noqa: BLE001 - the document is being replaced, or has no script yet
                continue
            if any(e.name == "Inside" for e in state.elements):
                return frame["frameId"], state
        await asyncio.sleep(0.02)
    raise AssertionError(f"no frame shows the button: {await frames_of(engine)}")


async def playwright_frame(engine: EnginePage) -> Frame:
    for frame in engine.page.frames[1:]:
        if await frame.evaluate("document.querySelector('button') !== null"):
            return frame
    raise AssertionError("the page has no such frame")


async def operate(engine: EnginePage) -> None:
    """Presses the button and fills the field in the frame, and asks the frame what it has noticed."""
    frame_id, state = await inner_state(engine)
    assert only(state, "Title in the frame", "heading").type == pb.ELEMENT_TYPE_HEADING
    assert only(state, "Inside").heading == "Title in the frame"
    await engine.do(frame_id, click=ClickAction(element_id=only(state, "Inside").id))
    await engine.do(frame_id, input_text=InputTextAction(element_id=only(state, "Field").id, text="typed"))
    inner = await playwright_frame(engine)
    assert await inner.evaluate("document.querySelector('button').dataset.pressed") == "yes"
    assert await inner.evaluate("document.querySelector('input').value") == "typed"


@pytest.mark.cell("{kind} frame", "seen and operated")
@pytest.mark.parametrize("kind", [pytest.param(kind, marks=NOT_YET.get(kind, [])) for kind in KINDS])
async def test_a_document_in_the_document(engine: EnginePage, kind: str) -> None:
    html = KINDS[kind].replace("{0}", engine.origins[0]).replace("{1}", engine.origins[1])
    script = f"<script>window.inner = {INNER!r}</script>"
    await engine.content(f"<!doctype html><body>{script}{html}</body>")
    frame_id, _ = await inner_state(engine)
    assert frame_id != 0
    outer = await engine.state(scope=pb.STATE_SCOPE_PAGE)
    holder = next(e for e in outer.elements if e.type == pb.ELEMENT_TYPE_FRAME)
    assert holder.name == "Held"
    if kind == "embed":  # such an element has no property that names its document
        await operate(engine)
        return
    child = next(child for child in outer.child_frames if child.element_id == holder.id)
    assert (child.bounds.width, child.bounds.height) == ((200, 100) if kind == "scaled" else (400, 200))
    await operate(engine)


@pytest.mark.cell("frame set", "seen and operated")
async def test_a_frame_set(engine: EnginePage) -> None:
    await engine.page.goto(f"{engine.origins[0]}/matrix/frameset.html")
    await operate(engine)
    outer = await engine.state(scope=pb.STATE_SCOPE_PAGE)
    assert [e.name for e in outer.elements if e.type == pb.ELEMENT_TYPE_FRAME] == ["Held", "Other"]


@pytest.mark.cell("nested frames of three origins", "seen and operated")
async def test_nested_frames(engine: EnginePage) -> None:
    inner = f"<iframe width=450 height=250 src='{engine.origins[0]}/matrix/frame.html'></iframe>"
    middle = f"<iframe width=500 height=300 sandbox='allow-scripts' srcdoc=\"{inner}\"></iframe>"
    await engine.content("<!doctype html><body></body>")
    await engine.page.evaluate("(html) => { document.body.innerHTML = html }", middle)
    await operate(engine)
    assert len(await frames_of(engine)) == 3


@pytest.mark.cell("hidden frame", "not listed")
async def test_a_frame_that_is_not_shown_is_not_listed(engine: EnginePage) -> None:
    await engine.content(
        f"<iframe title=Held hidden src='{engine.origins[0]}/matrix/frame.html'></iframe><button>Outside</button>"
    )
    state = await engine.state(scope=pb.STATE_SCOPE_PAGE)
    assert [e.name for e in state.elements] == ["Outside"]
    assert list(state.child_frames) == []
