"""What deltas promise: small answers, no work while nothing is asked, and a cost that follows what has changed."""

from __future__ import annotations

import statistics
import sys
from typing import TYPE_CHECKING, Any

import pytest

from e2e_page.harness import only
from tabwire.v1 import extension_pb2, state_pb2
from tabwire.v1 import state_pb2 as pb
from tabwire.v1.action_pb2 import ClickAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def ask(engine: EnginePage, base: int = 0, **options: Any) -> extension_pb2.FrameReply:
    options.setdefault("include_text", True)
    return await engine.ask(
        extension_pb2.FrameRequest(
            perceive=extension_pb2.PerceiveFrame(options=state_pb2.StateRequest(**options), base_revision=base)
        )
    )


async def changes(engine: EnginePage, base: int, **options: Any) -> extension_pb2.FrameDelta:
    reply = await ask(engine, base, **options)
    assert reply.WhichOneof("kind") == "delta", reply
    return reply.delta


async def test_a_delta_names_what_has_changed(engine: EnginePage) -> None:
    await engine.content("<title>Things</title><p>Text</p>" + "<p><button>Do it</button></p>" * 20)
    state = await engine.state()
    await engine.truth("document.querySelector('p').textContent = 'Other text'")
    delta = await changes(engine, state.revision)
    assert delta.base_revision == state.revision < delta.head.revision
    assert [e.text_content for e in delta.changed] == ["Other text"]
    assert not delta.inserted
    assert not delta.removed_ids
    assert not delta.head.elements
    assert delta.head.title == "Things"
    await engine.truth("document.querySelector('p').insertAdjacentHTML('afterend', '<button>Fresh</button>')")
    second = await changes(engine, delta.head.revision)
    [run] = second.inserted
    assert [(e.name, e.is_new) for e in run.elements] == [("Fresh", True)]
    assert run.after_id == delta.changed[0].id


async def test_nothing_changed(engine: EnginePage) -> None:
    await engine.open("perceive")
    state = await engine.state()
    delta = await changes(engine, state.revision)
    assert delta.head.revision == state.revision
    assert [*delta.changed, *delta.inserted, *delta.removed_ids, *delta.shifts] == []


async def test_a_scrolled_page_is_shifted(engine: EnginePage) -> None:
    await engine.page.goto(f"{engine.origins[0]}/engine/large.html#100")
    state = await engine.state()
    await engine.truth("scrollTo(0, 40)")
    delta = await changes(engine, state.revision)
    assert {(shift.dx, shift.dy) for shift in delta.shifts} == {(0, -40)}
    assert len(delta.shifts) <= 4
    assert not delta.changed
    assert delta.head.scroll_position.y == 40


async def test_the_whole_state_is_told_if_the_base_is_not_known(engine: EnginePage) -> None:
    await engine.open("perceive")
    state = await engine.state()
    assert (await ask(engine, state.revision + 7)).WhichOneof("kind") == "state"
    # Another way of asking has another base.
    assert (await ask(engine, state.revision, max_elements=5)).WhichOneof("kind") == "state"
    # A page that is all new is told as a whole, because that is shorter.
    now = await engine.state()
    await engine.truth("document.body.innerHTML = '<button>One</button><button>Two</button>'")
    assert (await ask(engine, now.revision)).WhichOneof("kind") == "state"


async def test_what_leaves_no_trace_is_seen(engine: EnginePage) -> None:
    await engine.open("perceive")
    base = (await engine.state(scope=pb.STATE_SCOPE_PAGE)).revision
    base = (await changes(engine, base, scope=pb.STATE_SCOPE_PAGE)).head.revision
    for change, name in (
        ("document.getElementById('name').value = 'Grace'", "Your name"),
        ("document.querySelector('input[type=checkbox]').checked ^= true", None),
        ("document.querySelector('select').selectedIndex = 0", "Country"),
        ("document.getElementById('name').focus()", "Your name"),
    ):
        await engine.truth(change)
        delta = await changes(engine, base, scope=pb.STATE_SCOPE_PAGE)
        base = delta.head.revision
        assert len(delta.changed) == 1, change
        assert name is None or delta.changed[0].name == name


async def test_only_recorded_while_states_are_asked_for(engine_in_new_tab: EnginePage) -> None:
    """The observers of a document are counted through the prototype that all of them share in this world."""
    engine = engine_in_new_tab
    await engine.open("perceive")
    assert await observers(engine) == 0
    state = await engine.state()
    assert await observers(engine) == 1
    await changes(engine, state.revision)
    assert await observers(engine) == 1


async def observers(engine: EnginePage) -> int:
    """How many observers the engine's world has on the document, as Chrome's debugger sees them."""
    engine.may_be_kept = False
    session = await engine.page.context.new_cdp_session(engine.page)
    contexts: list[dict[str, Any]] = []
    session.on("Runtime.executionContextCreated", lambda event: contexts.append(event["context"]))
    await session.send("Runtime.enable")
    isolated = next(c for c in contexts if c.get("auxData", {}).get("type") == "isolated" and "engine" in c["name"])
    prototype = await session.send(
        "Runtime.evaluate", {"expression": "MutationObserver.prototype", "contextId": isolated["id"]}
    )
    alive = await session.send("Runtime.queryObjects", {"prototypeObjectId": prototype["result"]["objectId"]})
    count = await session.send(
        "Runtime.callFunctionOn",
        {
            "objectId": alive["objects"]["objectId"],
            "functionDeclaration": "function () { return this.length; }",
            "returnByValue": True,
        },
    )
    await session.detach()
    return int(count["result"]["value"])


async def test_hints_list_what_lies_outside_and_come_first(engine: EnginePage) -> None:
    await engine.page.goto(f"{engine.origins[0]}/engine/large.html#400")
    texts = state_pb2.StateHints(texts=["product 333", "GOOD THING NUMBER 222"])
    state = await engine.state(hints=texts)
    far = [e for e in state.elements if not e.in_viewport and ("333" in e.name or "222" in e.text_content)]
    assert {e.name or e.text_content for e in far} >= {"Product 333", "Good thing number 222"}
    plain = await engine.state()
    assert state.truncation.elements_omitted == plain.truncation.elements_omitted - (
        len(state.elements) - len(plain.elements)
    )
    few = await engine.state(hints=texts, max_elements=2)
    assert {e.name or e.text_content for e in few.elements} == {"Product 333", "Good thing number 222"}
    headings = await engine.state(hints=state_pb2.StateHints(roles=["heading"]), max_elements=50)
    assert [e.role for e in headings.elements].count("heading") == 50
    links = await engine.state(
        hints=state_pb2.StateHints(types=[pb.ELEMENT_TYPE_LINK]), scope=pb.STATE_SCOPE_PAGE, max_elements=40
    )
    assert {e.type for e in links.elements} == {pb.ELEMENT_TYPE_LINK}


async def test_what_is_left_out_is_told_by_section(engine: EnginePage) -> None:
    rows = "".join(f"<li><a href='/{i}'>Entry {i}</a></li>" for i in range(200))
    buttons = "".join(f"<p><button>Choice {i}</button></p>" for i in range(60))
    await engine.content(
        f"<main><h1>Title</h1><section><h2>List</h2><ul aria-label='Entries'>{rows}</ul></section>"
        f"<section aria-label='Choices'>{buttons}</section></main>"
        "<footer><h2>Foot</h2><a href='/x'>Imprint</a></footer>"
    )
    state = await engine.state()
    sections = state.truncation.sections
    assert sum(s.elements_omitted for s in sections) == state.truncation.elements_omitted
    assert [s.elements_omitted for s in sections] == sorted((s.elements_omitted for s in sections), reverse=True)
    titles = {s.title: s for s in sections}
    assert {'list "Entries"', 'region "Choices"'} <= set(titles)
    chosen = await engine.state(scope=pb.STATE_SCOPE_ELEMENT, element_id=titles['region "Choices"'].element_id)
    assert len([e for e in chosen.elements if e.name.startswith("Choice")]) == 60
    # What a limit drops is told the same way.
    some = await engine.state(scope=pb.STATE_SCOPE_PAGE, max_elements=20)
    assert sum(s.elements_omitted for s in some.truncation.sections) == some.truncation.elements_omitted > 200


async def test_the_focus_comes_first_when_a_limit_bites(engine: EnginePage) -> None:
    await engine.page.goto(f"{engine.origins[0]}/engine/large.html#300")
    await engine.truth("document.querySelectorAll('button')[250].focus({ preventScroll: true })")
    state = await engine.state(scope=pb.STATE_SCOPE_PAGE, max_elements=20)
    assert state.active_element_id in {e.id for e in state.elements}
    assert any(e.heading == "Product 250" for e in state.elements)


async def test_a_limited_page_state_is_the_same_as_the_first_of_all(engine: EnginePage) -> None:
    """With a limit, most of a large page is only counted; what is told must be what a full walk would have kept."""
    await engine.page.goto(f"{engine.origins[0]}/engine/large.html#400")
    await engine.truth("scrollTo(0, 9000)")
    whole = await engine.state(scope=pb.STATE_SCOPE_PAGE, max_elements=20000)
    some = await engine.state(scope=pb.STATE_SCOPE_PAGE, max_elements=100)
    assert len(some.elements) == 100
    assert len(some.elements) + some.truncation.elements_omitted == len(whole.elements)
    seen = [e.id for e in whole.elements if e.in_viewport]
    assert set(seen) <= {e.id for e in some.elements}
    operable = [e.id for e in whole.elements if not e.in_viewport and pb.OPERATION_CLICK in e.available_operations]
    rest = [e.id for e in some.elements if not e.in_viewport]
    assert rest == operable[: len(rest)]


@pytest.mark.parametrize("scope", [pb.STATE_SCOPE_VIEWPORT, pb.STATE_SCOPE_PAGE])
async def test_what_a_state_costs_after_a_click(engine: EnginePage, scope: int) -> None:
    """Only orders are asserted: times depend on the machine. The figures are printed (pytest -s)."""
    figures: dict[int, tuple[float, float]] = {}
    for cards in (100, 1000, 5000):
        await engine.open("blank")  # or else only the fragment would change, and not the document
        await engine.page.goto(f"{engine.origins[0]}/engine/large.html#{cards}")
        state = await engine.state(scope=scope)
        first = state.in_page_us / 1000
        size = state.ByteSize()
        base = (await changes(engine, state.revision, scope=scope)).head.revision
        button = next(e for e in state.elements if e.role == "button")
        parts, sizes = [], []
        for _ in range(5):
            await engine.do(click=ClickAction(element_id=button.id))
            await engine.truth("document.querySelector('button').textContent = 'Added ' + Math.random()")
            delta = await changes(engine, base, scope=scope)
            base = delta.head.revision
            assert len(delta.changed) <= 2
            parts.append(delta.head.in_page_us / 1000)
            sizes.append(delta.ByteSize())
            button = delta.changed[0] if delta.changed else button
        figures[cards] = (first, min(parts))
        sys.stdout.write(
            f"{cards * 11} nodes: first state {first:.1f} ms, {size} bytes; after a click "
            f"{min(parts):.1f}-{max(parts):.1f} ms (median {statistics.median(parts):.1f}), {max(sizes)} bytes\n"
        )
        assert max(sizes) < size / 10
    # A whole page that is cut at the limit of elements is walked anew, though not described.
    assert figures[5000][1] < figures[5000][0] / (5 if scope == pb.STATE_SCOPE_VIEWPORT else 2)


async def test_a_change_far_away_is_counted(engine: EnginePage) -> None:
    await engine.page.goto(f"{engine.origins[0]}/engine/large.html#200")
    state = await engine.state()
    base = (await changes(engine, state.revision)).head.revision
    before = state.truncation.elements_omitted
    await engine.truth(
        "document.querySelectorAll('.card')[150].insertAdjacentHTML('beforeend', '<button>Far</button>')"
    )
    delta = await changes(engine, base)
    assert delta.head.truncation.elements_omitted == before + 1
    assert not delta.changed
    assert only(await engine.state(scope=pb.STATE_SCOPE_PAGE, max_elements=2000), "Far").heading == "Product 150"
