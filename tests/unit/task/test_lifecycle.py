"""The life cycle's table: what is allowed, what is not, and that every state is reached."""

from __future__ import annotations

import pytest

from tabwire.task.lifecycle import ENDED, TRANSITIONS, Trigger, default_cause, next_state, resume_trigger, state_name
from tabwire.v1 import task_pb2

_STATES = [value for value in task_pb2.TaskState.values() if value]
QUEUED = task_pb2.TASK_STATE_QUEUED


def _reachable() -> dict[int, list[Trigger]]:
    """Every state with the shortest way to it from a new task."""
    ways: dict[int, list[Trigger]] = {QUEUED: []}
    todo = [QUEUED]
    while todo:
        state = todo.pop(0)
        for trigger in Trigger:
            to = next_state(state, trigger)
            if to is not None and to not in ways:
                ways[to] = [*ways[state], trigger]
                todo.append(to)
    return ways


@pytest.mark.parametrize("state", _STATES, ids=task_pb2.TaskState.Name)
def test_every_state_is_reached_from_a_new_task(state: task_pb2.TaskState.ValueType) -> None:
    assert state in _reachable()


@pytest.mark.parametrize("state", sorted(ENDED), ids=task_pb2.TaskState.Name)
def test_an_end_is_an_end(state: task_pb2.TaskState.ValueType) -> None:
    assert all(next_state(state, trigger) is None for trigger in Trigger)


@pytest.mark.parametrize("state", [s for s in _STATES if s not in ENDED], ids=task_pb2.TaskState.Name)
def test_from_every_state_a_person_can_bring_the_task_to_its_end(state: task_pb2.TaskState.ValueType) -> None:
    stopping = task_pb2.TASK_STATE_STOPPING
    assert state == stopping or next_state(state, Trigger.STOP) == stopping
    assert next_state(stopping, Trigger.CANCELLED) == task_pb2.TASK_STATE_STOPPED


def test_every_trigger_is_of_use_and_every_state_has_words() -> None:
    assert {trigger for _, trigger in TRANSITIONS} == set(Trigger)
    assert len({state_name(state) for state in _STATES}) == len(_STATES)
    assert state_name(99) == "in an unknown state"  # type: ignore[arg-type] # a state of a newer version


def test_only_a_running_task_succeeds() -> None:
    assert [state for state in _STATES if next_state(state, Trigger.SUCCEED)] == [task_pb2.TASK_STATE_RUNNING]


def test_what_a_person_has_to_do_something_about_says_what() -> None:
    for trigger in (Trigger.LOSE_BROWSER, Trigger.ASK, Trigger.PAUSE):
        assert default_cause(trigger).remedy
    default_cause(Trigger.ASK).message = "changed"
    assert default_cause(Trigger.ASK).message != "changed", "each caller gets its own"


def test_how_a_held_task_goes_on() -> None:
    paused = task_pb2.Task(state=task_pb2.TASK_STATE_PAUSED)
    assert resume_trigger(paused, had_turn=True) is Trigger.RESUME
    assert resume_trigger(paused, had_turn=False) is Trigger.RESUME_QUEUED
    paused.human_request.request_id = "r"
    assert resume_trigger(paused, had_turn=True) is Trigger.RESUME_ASKED
