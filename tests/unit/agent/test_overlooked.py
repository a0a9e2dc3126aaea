"""What a weak model may have left undone when it says that it is done."""

from __future__ import annotations

import pytest

from doubles.browser_double import element
from tabwire.agent.overlooked import doubt, named
from tabwire.v1 import action_pb2, state_pb2, task_pb2
from unit.agent.talk import Recorded, click, failed, page, succeeded

_DONE = task_pb2.Decision(actions=[action_pb2.Action(done=action_pb2.DoneAction(text="x", success=True))])
_TASK = task_pb2.Task(task_id="t", description="Choose gift wrap, then press Go.")


def _here(number: int) -> action_pb2.Action:
    action = click(number)
    action.document_id = "d"
    return action


def test_what_the_task_names_and_nobody_used_is_told_once_by_its_number() -> None:
    said = doubt(_DONE, _TASK, Recorded().history, page())
    assert 'button "Go" [3], checkbox "Gift wrap" [6]' in said
    assert "Checkout" not in said
    assert "Shop" not in said


def test_what_was_used_or_is_checked_is_not_told() -> None:
    recorded = Recorded()
    recorded.step((_here(3), failed()))
    assert '"Go"' in doubt(_DONE, _TASK, recorded.history, page()), "it failed"
    recorded.step((_here(3), succeeded()))
    assert '"Go"' not in doubt(_DONE, _TASK, recorded.history, page())
    shown = page()
    shown.actionable_elements[5].states.checked = state_pb2.TOGGLE_ON
    assert doubt(_DONE, _TASK, recorded.history, shown) == ""


def test_what_was_used_on_an_earlier_page_counts_by_its_name() -> None:
    recorded = Recorded()
    recorded.step((_here(3), succeeded(message='Clicked the button "Go"; the tab went on.')))
    assert '"Go"' not in doubt(_DONE, _TASK, recorded.history, page(document="e"))


def test_it_is_asked_once_in_a_task() -> None:
    recorded = Recorded()
    recorded.step((_here(8), succeeded()))
    said = doubt(_DONE, _TASK, recorded.history, page())
    number = len(recorded.history.steps)
    recorded.asked(number, said)
    assert doubt(_DONE, _TASK, recorded.history, page()) == ""


@pytest.mark.parametrize("asked", ["Say what it costs", "Google it", "Find the goat"])
def test_only_whole_words_of_the_task_name_something(asked: str) -> None:
    assert doubt(_DONE, task_pb2.Task(description=asked), Recorded().history, page()) == ""


def test_nothing_is_doubted_where_no_success_is_claimed_or_no_page_is_known() -> None:
    gave_up = task_pb2.Decision(actions=[action_pb2.Action(done=action_pb2.DoneAction(text="x", success=False))])
    assert doubt(gave_up, _TASK, Recorded().history, page()) == ""
    assert doubt(_DONE, _TASK, Recorded().history, None) == ""
    off = page()
    del off.actionable_elements[:]
    off.actionable_elements.append(element(3, "button", "Go", disabled=True))
    assert doubt(_DONE, _TASK, Recorded().history, off) == "", "it cannot be used"


def test_what_the_task_names_first_is_told_before_what_it_names_last_once_a_step() -> None:
    go = task_pb2.Decision(actions=[_here(3)])
    recorded = Recorded()
    recorded.step((_here(8), succeeded()))
    said = doubt(go, _TASK, recorded.history, page())
    assert said.startswith('Before that the task names checkbox "Gift wrap" [6]: ')
    assert '"Go"' not in said
    recorded.asked(len(recorded.history.steps), said)
    assert doubt(go, _TASK, recorded.history, page()) == "", "it is believed when it decides the same again"
    assert '"Go"' in doubt(_DONE, _TASK, recorded.history, page()), "its word that it is done is another matter"
    recorded.step((_here(8), succeeded()))
    assert doubt(go, _TASK, recorded.history, page()) == said
    recorded.step((_here(6), succeeded()))
    assert doubt(go, _TASK, recorded.history, page()) == ""


def test_nothing_comes_before_what_the_task_names_first() -> None:
    wrap = task_pb2.Decision(actions=[_here(6)])
    assert doubt(wrap, _TASK, Recorded().history, page()) == ""


def test_what_the_task_does_not_name_is_asked_about_once_while_something_that_it_names_is_left() -> None:
    checkout = task_pb2.Decision(actions=[_here(8)])
    recorded = Recorded()
    recorded.step((_here(2), succeeded()))
    said = doubt(checkout, _TASK, recorded.history, page())
    assert said.startswith('The task names checkbox "Gift wrap" [6]: ')
    assert '"Go"' not in said, "what the task names last is for the end"
    recorded.asked(len(recorded.history.steps), said)
    assert doubt(checkout, _TASK, recorded.history, page()) == ""
    recorded.step((_here(8), succeeded()))
    assert doubt(checkout, _TASK, recorded.history, page()) == "", "once in a task"


@pytest.mark.parametrize(("asked", "is_told"), [('Press "Go".', True), ("Press «Go»", True), ("Press Go.", False)])
def test_what_is_named_last_is_for_the_end_unless_it_stands_in_quotation_marks(asked: str, is_told: bool) -> None:
    checkout = task_pb2.Decision(actions=[_here(8)])
    assert bool(doubt(checkout, task_pb2.Task(description=asked), Recorded().history, page())) is is_told


def test_what_the_task_names_is_told_in_its_order_until_it_was_used() -> None:
    recorded = Recorded()
    assert [one.id for one in named(_TASK, recorded.history, page())] == [6, 3]
    recorded.step((_here(6), succeeded()))
    assert [one.id for one in named(_TASK, recorded.history, page())] == [3]


def test_of_two_names_that_differ_in_capitals_the_one_that_the_task_has_counts() -> None:
    both = page()
    del both.actionable_elements[:]
    both.actionable_elements.extend([element(1, "link", "eget"), element(2, "link", "Eget")])
    for asked, ids in (("Click Eget", [2]), ("Click eget", [1]), ("Click EGET", [1, 2])):
        assert [one.id for one in named(task_pb2.Task(description=asked), Recorded().history, both)] == ids


def test_a_choice_that_the_task_does_not_name_is_asked_about_in_any_order() -> None:
    chosen = action_pb2.Action(set_checked=action_pb2.SetCheckedAction(element_id=6, checked=True))
    decided = task_pb2.Decision(actions=[chosen])
    only_last = task_pb2.Task(description="Press Go")
    assert '"Go" [3]' in doubt(decided, only_last, Recorded().history, page()), "it may be one too many"
    reversed_ = task_pb2.Task(description="Press Go, then gift wrap")
    assert doubt(decided, reversed_, Recorded().history, page()) == ""


def test_what_is_pressed_does_not_come_before_itself() -> None:
    twice = task_pb2.Task(description="Press Go, then tell where you go")
    assert doubt(task_pb2.Decision(actions=[_here(3)]), twice, Recorded().history, page()) == ""
