"""What is waited for after an action, what is not, and what is told of its effects."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tabwire.v1 import action_pb2, extension_pb2
from tabwire.v1 import error_pb2 as err
from tabwire.v1.action_pb2 import ClickAction, Expectation, InputTextAction, PressKeysAction
from tabwire.v1.extract_pb2 import ElementQuery

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage

# Less than what is waited for where a page has put something off.
CALM_US = 10_000

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def click(engine: EnginePage, name: str) -> action_pb2.ActionResult:
    element = await engine.find(name, "button")
    return await engine.do(click=ClickAction(element_id=element.id))


async def expecting(engine: EnginePage, name: str, **expectation: Any) -> action_pb2.ActionResult:
    element = await engine.find(name, "button")
    return await engine.act(click=ClickAction(element_id=element.id), expect=Expectation(**expectation))


async def test_what_ticks_by_itself_is_learnt(engine: EnginePage) -> None:
    await engine.open("settle")
    await engine.truth("void tick()")
    await click(engine, "Grow")
    result = await click(engine, "Grow")
    assert not result.outcome_details.still_changing
    # The list and what it holds, in place of the one before. A tick of the clock may meet the very turn of the click.
    assert result.outcome_details.dom_changes in (6, 8)
    result = await click(engine, "Nothing")
    assert result.outcome_details.no_effect_seen
    assert result.timing.settle_us < 600_000


async def test_what_grows_is_not_taken_for_a_clock(engine: EnginePage) -> None:
    await engine.open("settle")
    result = await click(engine, "Forever")
    assert result.outcome_details.still_changing


async def test_a_spinner_is_waited_for(engine: EnginePage) -> None:
    await engine.open("settle")
    await click(engine, "Turning")
    assert await engine.truth("out.textContent") == "done"


async def test_a_movement_is_waited_for(engine: EnginePage) -> None:
    await engine.open("settle")
    await click(engine, "Sheet")
    assert await engine.truth("getComputedStyle(sheet).opacity") == "1"


async def test_a_page_that_reacts_at_once_is_learnt(engine: EnginePage) -> None:
    await engine.open("settle")
    times = []
    for _ in range(8):
        result = await click(engine, "Grow")
        times.append(result.timing.settle_us)
        await engine.page.wait_for_timeout(60)
    assert min(times[4:]) < 0.75 * times[0], times


async def calm(engine: EnginePage) -> None:
    """Lets the engine learn that this page reacts at once, so that it waits no longer than it must."""
    await engine.open("settle")
    for _ in range(50):
        result = await click(engine, "Grow")
        if result.timing.settle_us < CALM_US:
            return
        await engine.page.wait_for_timeout(40)
    raise AssertionError(f"the page was still waited for: {result.timing}")


@pytest.mark.parametrize("name", ["Promise", "Message", "Slices", "Zero timer", "Ten timer", "Frame"])
async def test_what_a_calm_page_puts_off_for_a_moment_is_waited_for(engine: EnginePage, name: str) -> None:
    await calm(engine)
    result = await click(engine, name)
    # What it did at once, and what it did later.
    assert result.outcome_details.dom_changes == 2, result


async def test_a_calm_page_that_only_sets_a_timer(engine: EnginePage) -> None:
    await calm(engine)
    result = await click(engine, "Only timer")
    assert result.outcome_details.dom_changes == 1, result


@pytest.mark.parametrize("how", ["promise", "message", "timer"])
async def test_a_field_that_is_emptied_a_moment_later_has_not_kept_the_text(engine: EnginePage, how: str) -> None:
    await calm(engine)
    field = await engine.find(f"Emptied by {how}", "textbox")
    result = await engine.act(input_text=InputTextAction(element_id=field.id, text="kept?"))
    assert result.status == action_pb2.ACTION_STATUS_FAILED, result
    assert result.error_info.error_code == err.ERROR_CODE_OPERATION_FAILED_IN_TARGET
    assert result.outcome_details.value_now == ""
    assert result.outcome_details.HasField("value_now")


async def test_what_is_opened_is_named(engine: EnginePage) -> None:
    await engine.open("settle")
    result = await click(engine, "Dialog")
    assert 'a dialog "Delete it?" opened' in result.outcome_details.message
    await click(engine, "Close")
    assert 'dialog "Delete it?"' in (await click(engine, "Dialog")).outcome_details.message
    await click(engine, "Close")
    result = await click(engine, "Popover")
    assert "popover" in result.outcome_details.message
    assert not result.outcome_details.no_effect_seen
    assert "popover" not in (await click(engine, "Grow")).outcome_details.message


async def test_a_dialog_shown_by_a_class_is_named_each_time(engine: EnginePage) -> None:
    await engine.open("settle")
    for _ in range(2):
        assert 'dialog "Settings" opened' in (await click(engine, "Sheet")).outcome_details.message
        assert "Settings" not in (await click(engine, "Put away")).outcome_details.message.partition(";")[2]


async def test_alerts_and_what_vanishes(engine: EnginePage) -> None:
    await engine.open("settle")
    result = await click(engine, "Alarm")
    assert 'alert "Something went wrong"' in result.outcome_details.message
    result = await click(engine, "Vanish")
    assert "the element is gone" in result.outcome_details.message


async def test_a_form_that_is_not_sent_says_why(engine: EnginePage) -> None:
    await engine.open("settle")
    result = await click(engine, "Send")
    assert result.outcome_details.validation_message == await engine.truth("mail.validationMessage")
    assert 'because of the textbox "Mail"' in result.outcome_details.message
    mail = await engine.find("Mail")
    await engine.truth("mail.value = 'x'")
    result = await engine.do(press_keys=PressKeysAction(keys=["Enter"], element_id=mail.id))
    assert result.outcome_details.validation_message == await engine.truth("mail.validationMessage")
    await engine.truth("mail.value = 'a@b.example'")
    result = await click(engine, "Send")
    assert result.outcome_details.validation_message == ""
    assert await engine.truth("out.textContent") == "sent"


@pytest.mark.parametrize(
    "expectation",
    [
        {"text": "much LATER"},
        {"element": ElementQuery(role="heading", name="later")},
        {"text": "Old words", "gone": True},
    ],
    ids=["text", "element", "gone"],
)
async def test_an_expectation_is_waited_for(engine: EnginePage, expectation: dict[str, Any]) -> None:
    await engine.open("settle")
    await engine.truth("out.textContent = 'Old words'")
    result = await expecting(engine, "Slow", **expectation)
    assert result.status == action_pb2.ACTION_STATUS_SUCCEEDED, result
    assert result.outcome_details.expectation_met
    assert await engine.truth("out.textContent") == "Much later"


async def test_an_element_that_is_to_vanish(engine: EnginePage) -> None:
    await engine.open("settle")
    await engine.truth("out.innerHTML = '<button>Old</button>'")
    old = await engine.find("Old")
    result = await expecting(engine, "Empty", element_id=old.id, gone=True)
    assert result.outcome_details.expectation_met


async def test_an_expectation_that_is_not_met(engine: EnginePage) -> None:
    await engine.open("settle")
    begun = time.monotonic()
    result = await expecting(engine, "Grow", text="Never to be seen", timeout_ms=300)
    assert result.status == action_pb2.ACTION_STATUS_FAILED
    assert result.error_info.error_code == err.ERROR_CODE_OPERATION_FAILED_IN_TARGET
    assert '"Never to be seen"' in result.error_info.message
    assert result.outcome_details.HasField("expectation_met")
    assert not result.outcome_details.expectation_met
    # What did happen is told all the same.
    assert result.outcome_details.dom_changes == 3
    assert time.monotonic() - begun < 4


async def test_an_address_is_left_to_the_service_worker(engine: EnginePage) -> None:
    await engine.open("settle")
    result = await expecting(engine, "Push", url="#state")
    assert not result.outcome_details.HasField("expectation_met")
    check = extension_pb2.CheckCondition(expectation=Expectation(element=ElementQuery(role="button", name="push")))
    assert (await engine.ask(extension_pb2.FrameRequest(check=check))).condition.holds
