"""Every kind of shadow root: what it shows is seen in its place, and operated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e_page.harness import only
from tabwire.v1 import state_pb2 as pb
from tabwire.v1.action_pb2 import ClickAction, InputTextAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage

pytestmark = pytest.mark.asyncio(loop_scope="session")

INNER = (
    "<button onclick='window.pressed = 1'>Inside</button>"
    "<label>Field <input oninput='window.typed = this.value'></label>"
)

# How the root comes about: the page's HTML and the script that builds it, `inner` being what is to be in it.
KINDS = {
    "open": ("<div id=host></div>", "host.attachShadow({ mode: 'open' }).innerHTML = inner"),
    "closed": ("<div id=host></div>", "host.attachShadow({ mode: 'closed' }).innerHTML = inner"),
    "closed-on-a-section": ("<section id=host></section>", "host.attachShadow({ mode: 'closed' }).innerHTML = inner"),
    "closed-custom-element": (
        "<x-box></x-box>",
        (
            "customElements.define('x-box', class extends HTMLElement { constructor() { super();"
            "this.attachShadow({ mode: 'closed' }).innerHTML = inner } })"
        ),
    ),
    "nested-closed": (
        "<div id=host></div>",
        (
            "let at = host; for (let level = 0; level < 4; level++) { const root = at.attachShadow({ mode: 'closed' });"
            "root.innerHTML = level === 3 ? inner : '<div></div>'; at = root.querySelector('div') }"
        ),
    ),
    "slotted": (
        "<div id=host></div>",
        "host.innerHTML = inner; host.attachShadow({ mode: 'open' }).innerHTML = '<slot></slot>'",
    ),
    "slotted-into-closed": (
        "<x-slot id=host></x-slot>",
        "host.innerHTML = inner; host.attachShadow({ mode: 'closed' }).innerHTML = '<p>Before</p><slot></slot>'",
    ),
    "named-slot": (
        "<x-named id=host></x-named>",
        (
            "host.innerHTML = `<div slot=here>${inner}</div><div>not assigned</div>`;"
            "host.attachShadow({ mode: 'open' }).innerHTML = '<slot name=here></slot>'"
        ),
    ),
    "slot-in-slot": (
        "<x-outer id=host></x-outer>",
        (
            "host.innerHTML = inner; const root = host.attachShadow({ mode: 'open' });"
            "root.innerHTML = '<x-inner><slot></slot></x-inner>';"
            "root.firstChild.attachShadow({ mode: 'open' }).innerHTML = '<b><slot></slot></b>'"
        ),
    ),
    "slot-fallback": ("<div id=host></div>", "host.attachShadow({ mode: 'open' }).innerHTML = `<slot>${inner}</slot>`"),
    "display-contents-host": (
        "<div id=host style='display:contents'></div>",
        "host.attachShadow({ mode: 'open' }).innerHTML = `<slot></slot>${inner}`",
    ),
    "delegates-focus": (
        "<div id=host></div>",
        "host.attachShadow({ mode: 'open', delegatesFocus: true }).innerHTML = inner",
    ),
    "manual-slots": (
        "<div id=host></div>",
        (
            "host.innerHTML = `<div>${inner}"
            "</div>`; const root = host.attachShadow({ mode: 'open', slotAssignment: 'manual' });"
            "root.innerHTML = '<slot></slot>'; root.firstChild.assign(host.firstChild)"
        ),
    ),
    "table-cell-host": (
        "<table><tr><td><span id=host></span></td></tr></table>",
        "host.attachShadow({ mode: 'closed' }).innerHTML = inner",
    ),
}


async def operate(engine: EnginePage) -> None:
    state = await engine.state(scope=pb.STATE_SCOPE_PAGE)
    await engine.do(click=ClickAction(element_id=only(state, "Inside").id))
    await engine.do(input_text=InputTextAction(element_id=only(state, "Field").id, text="abc"))
    assert await engine.truth("[window.pressed, window.typed]") == [1, "abc"]


@pytest.mark.cell("{kind} shadow root", "seen and operated")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_shadow_root(engine: EnginePage, kind: str) -> None:
    html, script = KINDS[kind]
    await engine.content(f"<!doctype html><h2>Above</h2>{html}<p>Below</p>")
    await engine.page.evaluate(f"(inner) => {{ {script} }}", INNER)
    state = await engine.state(scope=pb.STATE_SCOPE_PAGE)
    assert only(state, "Inside").heading == "Above"
    assert not any("not assigned" in e.text_content for e in state.elements)
    # It stands where it is shown.
    order = [e.name or e.text_content for e in state.elements]
    assert order.index("Above") < order.index("Inside") < order.index("Below")
    await operate(engine)


@pytest.mark.cell("shadow root attached later", "seen and operated")
async def test_a_root_that_comes_after_the_first_state(engine: EnginePage) -> None:
    await engine.content("<!doctype html><p>Text</p><div id=host></div>")
    assert len((await engine.state(scope=pb.STATE_SCOPE_PAGE)).elements) == 1
    await engine.page.evaluate("(inner) => { host.attachShadow({ mode: 'closed' }).innerHTML = inner }", INNER)
    await operate(engine)


@pytest.mark.cell("declarative shadow root", "seen and operated")
async def test_declarative_roots(engine: EnginePage) -> None:
    await engine.page.goto(f"{engine.origins[0]}/matrix/declarative.html")
    for name, pressed in (("Open one", "open"), ("Closed one", "closed")):
        await engine.do(click=ClickAction(element_id=(await engine.find(name)).id))
        assert await engine.truth("window.pressed") == pressed
    field = await engine.find("Field in it")
    await engine.do(input_text=InputTextAction(element_id=field.id, text="abc"))
    assert await engine.truth("document.getElementById('focus').shadowRoot.querySelector('input').value") == "abc"
    assert any("Light text" in e.text_content for e in (await engine.state()).elements)


@pytest.mark.cell("shadow root", "labels and ids do not reach over its edge")
async def test_names_stay_in_their_root(engine: EnginePage) -> None:
    await engine.content("<!doctype html><span id=l>Outer words</span><div id=host></div>")
    await engine.truth(
        "host.attachShadow({ mode: 'open' }).innerHTML = "
        "'<span id=l>Inner words</span><button aria-labelledby=l>own</button>'"
    )
    assert (await engine.find("Inner words", "button")).tag == "button"
