"""A tab that is never in front: timers starve, Chrome fires no focus events, and the engine works all the same."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from e2e_page.harness import only
from e2e_page.hidden_tab import HiddenTab
from tabwire.v1 import action_pb2, extension_pb2, state_pb2
from tabwire.v1.action_pb2 import (
    ClickAction,
    DragAction,
    InputTextAction,
    PressKeysAction,
    ScrollAction,
    SelectOptionAction,
    WaitAction,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def tab(engine_extension: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HiddenTab]:
    tab = HiddenTab(engine_extension, tmp_path_factory.mktemp("hidden"))
    yield tab
    tab.close()


def find(tab: HiddenTab, name: str) -> state_pb2.Element:
    options = state_pb2.StateRequest(scope=state_pb2.STATE_SCOPE_PAGE)
    reply = tab.ask(extension_pb2.FrameRequest(perceive=extension_pb2.PerceiveFrame(options=options)))
    return only(reply.state, name)


def do(tab: HiddenTab, **kind: Any) -> action_pb2.ActionResult:
    act = extension_pb2.ActInFrame(action=action_pb2.Action(id="hidden", **kind))
    result = tab.ask(extension_pb2.FrameRequest(act=act)).action_result
    assert result.status == action_pb2.ACTION_STATUS_SUCCEEDED, result
    return result


def test_the_tab_is_hidden_and_actions_settle_in_time(tab: HiddenTab) -> None:
    tab.open("settle")
    assert tab.truth("[document.hidden, document.hasFocus()]") == [True, False]
    result = do(tab, click=ClickAction(element_id=find(tab, "Grow").id))
    assert result.outcome_details.dom_changes == 3
    for name in ("Nothing", "Grow"):
        # With ordinary timers this takes a second. The smallest counts: what else the machine does only adds to one.
        button = ClickAction(element_id=find(tab, name).id)
        times = [do(tab, click=button).timing.settle_us for _ in range(3)]
        assert min(times) < 700_000, times


def test_clicks_and_the_focus_events_that_go_with_them(tab: HiddenTab) -> None:
    tab.open("click")
    do(tab, click=ClickAction(element_id=find(tab, "Order of events").id))
    assert tab.truth("truth.log.includes('focus:true') && truth.log.at(-1)") == "click:true"
    do(tab, click=ClickAction(element_id=find(tab, "Far below").id))
    assert tab.truth("truth.log.at(-1)") == "far"
    do(tab, click=ClickAction(element_id=find(tab, "Styled box").id))
    assert tab.truth("styled.checked") is True


def test_text_with_focus_change_and_blur(tab: HiddenTab) -> None:
    tab.open("text")
    result = do(tab, input_text=InputTextAction(element_id=find(tab, "Plain").id, text="typed behind"))
    assert result.outcome_details.value_now == "typed behind"
    do(tab, input_text=InputTextAction(element_id=find(tab, "Text area").id, text="next"))
    heard = tab.truth("truth.log.filter((line) => line.startsWith('plain '))")
    assert [line for line in heard if "key" not in line and "beforeinput" not in line] == [
        "plain focus",
        "plain input true",
        "plain change",
        "plain blur",
    ]


def test_keys_lists_and_scrolling(tab: HiddenTab) -> None:
    tab.open("keys")
    do(tab, press_keys=PressKeysAction(keys=["x", "y", "Tab"], element_id=find(tab, "First").id))
    assert tab.truth("[first.value, document.activeElement.id]") == ["xy", "second"]
    tab.open("select")
    do(tab, select_option=SelectOptionAction(element_id=find(tab, "City").id, options=["Paris"]))
    assert tab.truth("truth.log") == ["city Paris"]
    tab.open("scroll")
    do(tab, scroll=ScrollAction(direction=action_pb2.SCROLL_DIRECTION_DOWN))
    assert tab.truth("scrollY") > 100


def test_the_page_hears_that_it_was_scrolled(tab: HiddenTab) -> None:
    tab.open("scroll")
    box = find(tab, "Box")
    do(tab, scroll=ScrollAction(direction=action_pb2.SCROLL_DIRECTION_DOWN, element_id=box.id))
    do(tab, scroll=ScrollAction(direction=action_pb2.SCROLL_DIRECTION_DOWN))
    assert tab.truth("[truth.box > 0, truth.page > 0]") == [True, True]


def test_a_list_that_draws_only_what_it_shows(tab: HiddenTab) -> None:
    tab.open("select")
    people = find(tab, "People")
    result = do(tab, select_option=SelectOptionAction(element_id=people.id, options=["Person 60"]))
    assert tab.truth("truth.log") == ["person 60"]
    assert not result.outcome_details.no_effect_seen


def test_dragging(tab: HiddenTab) -> None:
    tab.open("drag")
    card, late, zone = find(tab, "Card"), find(tab, "Late card"), find(tab, "Zone")
    do(tab, drag=DragAction(element_id=card.id, to_element_id=zone.id))
    assert tab.truth("truth.log.includes('drop zone card 7 text/plain')")
    do(tab, drag=DragAction(element_id=late.id, to_element_id=zone.id))
    do(tab, drag=DragAction(element_id=find(tab, "Box").id, offset_x=100))
    assert tab.truth("[truth.log.includes('shown'), box.style.left]") == [True, "110px"]


def test_what_a_page_lets_fade_by_slow_timers(tab: HiddenTab) -> None:
    tab.open("click")
    covered = find(tab, "Covered")
    tab.truth("let left = 2; const timer = setInterval(() => { if (--left === 0) cover.remove(); }, 20)")
    do(tab, click=ClickAction(element_id=covered.id))
    assert tab.truth("truth.log") == ["covered"]


def test_quiet_is_found_out_in_time(tab: HiddenTab) -> None:
    tab.open("read")
    times = []
    for _ in range(3):
        begun = time.monotonic()
        reply = tab.ask(extension_pb2.FrameRequest(check=extension_pb2.CheckCondition(wait=WaitAction())))
        assert reply.condition.holds
        times.append(time.monotonic() - begun)
    assert min(times) < 0.9, times
