"""Loops and standstill, and what is done about them."""

from __future__ import annotations

import pytest

from doubles.browser_double import element
from tabwire.agent import progress
from tabwire.agent.progress import ASK_AT, HINT_AT, STRATEGY_AT, Stage
from tabwire.v1 import action_pb2, error_pb2
from unit.agent.talk import Recorded, click, failed, page, succeeded

SCROLL = action_pb2.Action(scroll=action_pb2.ScrollAction(direction=action_pb2.SCROLL_DIRECTION_DOWN))
ASK = action_pb2.Action(ask_human=action_pb2.AskHumanAction(prompt="How?"))


def _clicks(times: int, *, digest: int = 7) -> Recorded:
    recorded = Recorded()
    for _ in range(times):
        recorded.step((click(3), succeeded(dom_changes=1)), digest=digest)
    return recorded


@pytest.mark.parametrize(
    ("times", "stage"),
    [
        (1, Stage.FINE),
        (HINT_AT, Stage.HINT),
        (STRATEGY_AT - 1, Stage.HINT),
        (STRATEGY_AT, Stage.STRATEGY),
        (ASK_AT, Stage.ASK),
    ],
)
def test_the_same_on_the_same_page_goes_from_hint_to_question(times: int, stage: Stage) -> None:
    found = progress.look(_clicks(times).history)
    assert found.stage == stage
    assert bool(found.hint) == (stage > Stage.FINE)


def test_a_person_who_was_asked_is_not_asked_again_but_the_task_ends() -> None:
    recorded = _clicks(ASK_AT)
    answered = succeeded()
    answered.text = "try once more"
    recorded.step((ASK, answered), asked=False)
    assert progress.look(recorded.history).stage == Stage.FINE
    for _ in range(ASK_AT):
        recorded.step((click(3), succeeded()), digest=7)
    found = progress.look(recorded.history)
    assert found.stage == Stage.GIVE_UP
    assert found.error().error_code == error_pb2.ERROR_CODE_NO_PROGRESS
    assert "click 3" in found.error().message


def test_a_question_of_the_models_own_does_not_count_as_asking_because_of_standstill() -> None:
    recorded = Recorded()
    recorded.step((ASK, succeeded()))
    for _ in range(ASK_AT):
        recorded.step((click(3), succeeded()), digest=7)
    assert progress.look(recorded.history).stage == Stage.ASK


def test_circles_are_seen() -> None:
    recorded = Recorded()
    for _ in range(STRATEGY_AT):
        recorded.step((click(3), succeeded()), digest=1)
        recorded.step((click(4), succeeded()), digest=2)
    found = progress.look(recorded.history)
    assert found.stage == Stage.STRATEGY
    assert set(found.tried) == {"click 3", "click 4"}


def test_the_same_on_a_page_that_changes_is_ordinary_for_a_while() -> None:
    recorded = Recorded()
    for number in range(5):
        recorded.step((click(3), succeeded(dom_changes=4)), digest=number + 1)
    assert progress.look(recorded.history, 6).stage == Stage.FINE
    recorded.step((click(3), succeeded(dom_changes=4)), digest=6)
    assert "6 times in a row" in progress.look(recorded.history, 7).hint


def test_a_weak_model_is_told_of_repetition_as_soon_as_it_begins() -> None:
    recorded = Recorded()
    recorded.step((click(3), succeeded(dom_changes=4)), digest=1)
    assert progress.look(recorded.history, 2).early_hint == ""
    recorded.step((click(3), succeeded(dom_changes=4)), digest=2)
    found = progress.look(recorded.history, 3)
    assert found.hint == ""
    assert "the same 2 times" in found.early_hint
    recorded.step((click(4), succeeded(dom_changes=4)), digest=3)
    assert progress.look(recorded.history, 4).early_hint == ""


def test_scrolling_through_a_long_page_is_no_loop() -> None:
    recorded = Recorded()
    for number in range(15):
        recorded.step((SCROLL, succeeded()), digest=number + 1)
    assert progress.look(recorded.history, 99).stage == Stage.FINE


def test_different_tries_without_effect_are_a_standstill_too() -> None:
    recorded = Recorded()
    for number in range(3):
        recorded.step((click(number + 1), succeeded(no_effect_seen=True)), digest=5)
    found = progress.look(recorded.history, 5)
    assert (found.stage, found.idle) == (Stage.HINT, 3)
    assert "Nothing was seen to happen in the last 3 steps" in found.hint
    recorded.step((click(9), failed()), digest=5)
    recorded.step((click(10), succeeded(dom_changes=3)), digest=5)
    assert progress.look(recorded.history, 5).stage == Stage.STRATEGY, "nothing changed that the page shows"
    assert progress.look(recorded.history, 6).stage == Stage.FINE, "the page shows something else now"


def test_what_a_page_does_not_show_may_still_be_an_effect() -> None:
    recorded = Recorded()
    for number in range(5):
        recorded.step((click(number + 1), succeeded(download="a.pdf")), digest=5)
    assert progress.look(recorded.history, 5).stage == Stage.FINE


def test_the_question_is_a_step_without_a_model_and_names_what_was_tried() -> None:
    decision = progress.look(_clicks(ASK_AT).history).question()
    assert "click 3" in decision.actions[0].ask_human.prompt


def test_the_digest_is_about_what_is_shown() -> None:
    assert progress.digest(page()) == progress.digest(page(document="other"))
    moved = page()
    moved.actionable_elements[0].bounds.x = 99
    assert progress.digest(page()) == progress.digest(moved)
    checked = page()
    checked.actionable_elements[5].states.checked = 2  # type: ignore[assignment] # TOGGLE_ON
    for other in (page(element(99, "text", "new")), page(url="https://b.test/"), checked):
        assert progress.digest(page()) != progress.digest(other)
