"""Settling, conditions, observing, cancelling, deadlines, and what the context menu was opened on."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from tabwire.v1 import action_pb2, extension_pb2, state_pb2
from tabwire.v1 import error_pb2 as err
from tabwire.v1.action_pb2 import ClickAction, WaitAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def click(engine: EnginePage, name: str) -> action_pb2.ActionResult:
    return await engine.do(click=ClickAction(element_id=(await engine.find(name)).id))


async def holds(engine: EnginePage, **condition: Any) -> bool:
    wait = WaitAction(**condition)
    request = extension_pb2.FrameRequest(check=extension_pb2.CheckCondition(wait=wait))
    return (await engine.ask(request)).condition.holds


async def test_settling_waits_for_what_follows(engine: EnginePage) -> None:
    await engine.open("settle")
    result = await click(engine, "Late")
    assert result.outcome_details.dom_changes == 1
    # The page reacts at once and goes on after 60 ms. That may be seen too late at first, and is waited for then.
    for chains in range(1, 9):
        result = await click(engine, "Chain")
        if result.outcome_details.dom_changes == 9:
            break
        await engine.page.wait_for_function("([n]) => out.textContent.length === 4 + 9 * n", arg=[chains])
    assert result.outcome_details.dom_changes == 9
    assert await engine.truth("out.textContent") == "late" + "876543210" * chains
    assert not result.outcome_details.still_changing


async def test_settling_waits_for_busy_marks(engine: EnginePage) -> None:
    await engine.open("settle")
    await click(engine, "Busy")
    assert await engine.truth("out.textContent") == "loaded"


async def test_settling_has_a_cap(engine: EnginePage) -> None:
    await engine.open("settle")
    result = await click(engine, "Forever")
    assert result.outcome_details.still_changing
    assert 1_900_000 < result.timing.settle_us < 4_000_000


async def test_animation_does_not_put_off_the_rest(engine: EnginePage) -> None:
    await engine.open("settle")
    result = await click(engine, "Spinner")
    assert not result.outcome_details.still_changing
    assert result.timing.settle_us < 1_500_000


async def test_nothing_to_wait_for_is_not_waited_for(engine: EnginePage) -> None:
    await engine.open("settle")
    # The smallest counts: whatever else the machine does can only add to one.
    times = [(await click(engine, "Nothing")).timing.settle_us for _ in range(3)]
    assert min(times) < 500_000, times


async def test_effects_are_counted(engine: EnginePage) -> None:
    await engine.open("settle")
    result = await click(engine, "Grow")
    # A list, two items and their texts.
    assert result.outcome_details.dom_changes == 3
    result = await click(engine, "Push")
    assert result.outcome_details.navigation_occurred
    assert result.outcome_details.new_url.endswith("#state")


async def test_a_passed_deadline_has_no_effect(engine: EnginePage) -> None:
    await engine.open("click")
    button = await engine.find("Plain")
    act = extension_pb2.ActInFrame(action=action_pb2.Action(id="late", click=ClickAction(element_id=button.id)))
    act.deadline_ms = time.time() * 1000 - 1000
    reply = await engine.ask(extension_pb2.FrameRequest(act=act))
    assert reply.action_result.error_info.error_code == err.ERROR_CODE_DEADLINE_EXCEEDED
    assert await engine.truth("truth.log") == []


async def test_an_action_without_effect_yet_can_be_cancelled(engine: EnginePage) -> None:
    await engine.open("click")
    button = await engine.find("Mover")
    await engine.truth("startMoving(60000)")
    running = asyncio.ensure_future(engine.act(click=ClickAction(element_id=button.id)))
    await asyncio.sleep(0.1)
    reply = await engine.ask(extension_pb2.FrameRequest(cancel=extension_pb2.CancelInFrame(action_id="test")))
    assert reply.WhichOneof("kind") == "ack"
    result = await running
    assert result.status == action_pb2.ACTION_STATUS_CANCELLED
    assert result.error_info.error_code == err.ERROR_CODE_CANCELLED
    assert await engine.truth("truth.log") == []


async def test_conditions(engine: EnginePage) -> None:
    await engine.open("read")
    assert await holds(engine, text="one TWO three")
    assert await holds(engine, text="from the shadow")
    assert await holds(engine, text="12.50")
    assert not await holds(engine, text="Never")
    assert not await holds(engine, text="topsecret")
    assert await holds(engine, text="Never", gone=True)
    name = await engine.find("Name", "textbox")
    assert await holds(engine, element_id=name.id)
    await engine.truth("document.getElementById('name').hidden = true")
    assert not await holds(engine, element_id=name.id)
    assert await holds(engine, element_id=name.id, gone=True)
    assert not await holds(engine, element_id=4711)
    assert await holds(engine)


async def test_a_changing_page_is_not_quiet(engine: EnginePage) -> None:
    await engine.open("settle")
    await engine.truth("void setInterval(() => out.append('x'), 10)")
    assert not await holds(engine)


async def test_changes_are_reported_only_while_observed(engine: EnginePage) -> None:
    async def observe(enabled: bool) -> None:
        request = extension_pb2.FrameRequest(observe=extension_pb2.ObserveFrame(enabled=enabled))
        assert (await engine.ask(request)).WhichOneof("kind") == "ack"

    async def changes(wait: float) -> list[extension_pb2.FrameEvent]:
        until = time.monotonic() + wait
        while time.monotonic() < until:
            found = [event for event in await engine.events() if event.WhichOneof("kind") == "changed"]
            if found:
                return found
            await asyncio.sleep(0.02)
        return []

    await engine.open("settle")
    await observe(True)
    await engine.truth("out.append('one', 'two')")
    reported = await changes(5)
    assert [event.changed.cause for event in reported] == [state_pb2.STATE_CAUSE_MUTATION]
    assert reported[0].changed.dom_changes >= 1
    # In a shadow root that came later.
    await engine.truth("out.attachShadow({ mode: 'open' }).innerHTML = '<p>x</p>'; spinner.append(out)")
    assert await changes(5)
    await engine.truth("out.shadowRoot.append('more')")
    assert await changes(5)
    # What an action does is told with the action.
    await click(engine, "Grow")
    assert await changes(0.6) == []
    await observe(False)
    await engine.truth("spinner.append('two')")
    assert await changes(0.6) == []


async def test_the_element_under_the_context_menu(engine: EnginePage) -> None:
    request = extension_pb2.FrameRequest(describe_context=extension_pb2.DescribeContext())
    await engine.open("perceive")
    assert not (await engine.ask(request)).context.HasField("targeted_element")
    engine.may_be_kept = False
    await engine.page.get_by_role("button", name="More").click(button="right")
    context = (await engine.ask(request)).context
    assert context.targeted_element.name == "More"
    await engine.truth("getSelection().selectAllChildren(document.querySelector('h1'))")
    assert (await engine.ask(request)).context.selected_text == "Title of the page"
    # What is told there can be acted on.
    await engine.do(click=ClickAction(element_id=context.targeted_element.id))


async def test_ping_and_ready(engine: EnginePage) -> None:
    await engine.open("read")
    reply = await engine.ask(extension_pb2.FrameRequest(ping=extension_pb2.PingFrame()))
    assert reply.WhichOneof("kind") == "ack"
    ready = [event for event in await engine.events() if event.WhichOneof("kind") == "ready"]
    assert [event.ready.url for event in ready] == [engine.page.url]


async def test_a_request_of_a_later_time(engine: EnginePage) -> None:
    await engine.open("read")
    reply = await engine.ask(extension_pb2.FrameRequest())
    assert reply.error_info.error_code == err.ERROR_CODE_UNIMPLEMENTED


async def test_nothing_is_written_into_the_page(engine: EnginePage) -> None:
    await engine.open("perceive")
    await engine.truth("window.before = document.documentElement.outerHTML; window.seen = 0")
    await engine.truth(
        "new MutationObserver((all) => { seen += all.length; })"
        ".observe(document, { subtree: true, childList: true, attributes: true, characterData: true })"
    )
    await engine.state(scope=state_pb2.STATE_SCOPE_PAGE)
    await click(engine, "Bold")
    await holds(engine, text="Title")
    assert await engine.truth("seen") == 0
    assert await engine.truth("before === document.documentElement.outerHTML") is True


async def test_an_action_asked_for_again_is_not_done_again(engine: EnginePage) -> None:
    await engine.open("click")
    button = await engine.find("Plain")
    act = extension_pb2.ActInFrame(action=action_pb2.Action(id="once", click=ClickAction(element_id=button.id)))
    first = await engine.ask(extension_pb2.FrameRequest(act=act))
    act.begun_at_ms = time.time() * 1000
    again = await engine.ask(extension_pb2.FrameRequest(act=act))
    assert again == first
    assert await engine.truth("truth.log") == ["plain"]
    # One that this document was never given is done now; a document that is younger cannot know.
    act.action.id = "other"
    await engine.ask(extension_pb2.FrameRequest(act=act))
    assert await engine.truth("truth.log") == ["plain", "plain"]
    act.action.id = "older"
    act.begun_at_ms = 1000
    reply = await engine.ask(extension_pb2.FrameRequest(act=act))
    assert reply.error_info.error_code == err.ERROR_CODE_OUTCOME_UNKNOWN
    assert await engine.truth("truth.log") == ["plain", "plain"]
