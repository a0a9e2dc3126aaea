"""What a task is after each of its events, and how long it has been at work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tabwire.task.fold import ActiveTime, apply, fold
from tabwire.v1 import action_pb2, task_pb2

_START = datetime(2026, 11, 21, tzinfo=UTC)
RUNNING, QUEUED = task_pb2.TASK_STATE_RUNNING, task_pb2.TASK_STATE_QUEUED


def _journal(*events: task_pb2.TaskEvent) -> list[task_pb2.TaskEvent]:
    first = task_pb2.TaskEvent(created=task_pb2.TaskCreated(task=task_pb2.Task(task_id="t", state=QUEUED)))
    for seq, event in enumerate([first, *events], start=1):
        event.task_id, event.seq = "t", seq
        event.time.FromDatetime(_START + timedelta(seconds=seq))
    return [first, *events]


def _moved(to: task_pb2.TaskState.ValueType, **fields: str) -> task_pb2.TaskEvent:
    return task_pb2.TaskEvent(state_changed=task_pb2.TaskStateChanged(to=to, **fields))  # type: ignore[arg-type] # as given


def _decided(*ids: str, goal: str = "goal") -> task_pb2.TaskEvent:
    actions = [action_pb2.Action(id=one) for one in ids]
    decision = task_pb2.Decision(reasoning="why", next_goal=goal, actions=actions)
    return task_pb2.TaskEvent(decision_made=task_pb2.DecisionMade(step_number=1, decision=decision))


def _finished(index: int, action_id: str) -> task_pb2.TaskEvent:
    result = action_pb2.ActionResult(original_action_id=action_id)
    return task_pb2.TaskEvent(action_finished=task_pb2.ActionFinished(step_number=1, index=index, result=result))


def test_a_step_is_built_from_its_events() -> None:
    usage = task_pb2.Usage(model_calls=1, prompt_tokens=10, cached_tokens=4, completion_tokens=2)
    reply = task_pb2.TaskEvent(model_reply=task_pb2.ModelReply(step_number=1, usage=usage))
    other = task_pb2.TaskEvent(model_reply=task_pb2.ModelReply(step_number=1, usage=usage))
    task = fold(_journal(reply, other, _decided("a", "b"), _finished(0, "a"), _finished(1, "b")))
    (step,) = task.steps
    assert (step.description, step.reasoning, task.current_goal) == ("goal", "why", "goal")
    assert [action.id for action in step.actions] == ["a", "b"]
    assert [result.original_action_id for result in step.results] == ["a", "b"]
    assert step.usage.prompt_tokens == task.usage.prompt_tokens == 20
    assert task.usage.model_calls == 2
    assert task.last_event_seq == 6


def test_a_decision_that_is_taken_again_empties_the_results() -> None:
    task = fold(_journal(_decided("a"), _finished(0, "a"), _decided("a/r1"), _finished(0, "a/r1")))
    assert [result.original_action_id for result in task.steps[0].results] == ["a/r1"]


def test_the_action_that_opens_the_tab_is_no_step() -> None:
    finished = task_pb2.TaskEvent(action_finished=task_pb2.ActionFinished(step_number=0))
    assert not fold(_journal(finished)).steps


def test_updates_change_only_what_they_name() -> None:
    one = task_pb2.TaskEvent(task_update=task_pb2.TaskUpdate(description="d", notes="n"))
    two = task_pb2.TaskEvent(task_update=task_pb2.TaskUpdate(notes="", tab_id=7))
    task = fold(_journal(one, two))
    assert (task.description, task.notes, task.tab_id) == ("d", "", 7)


def test_a_question_is_open_until_it_is_answered_or_the_task_ends() -> None:
    asked = task_pb2.HumanInputNeeded(request=task_pb2.HumanRequest(request_id="r"))
    events = _journal(task_pb2.TaskEvent(human_input_needed=asked))
    assert fold(events).human_request.request_id == "r"
    answered = task_pb2.TaskEvent(human_input=task_pb2.HumanInput(request_id="r", answer="a"))
    assert not fold(_journal(task_pb2.TaskEvent(human_input_needed=asked), answered)).HasField("human_request")
    ended = _journal(task_pb2.TaskEvent(human_input_needed=asked), _moved(task_pb2.TASK_STATE_FAILED, result="x"))
    task = fold(ended)
    assert not task.HasField("human_request")
    assert task.result == "x"
    assert task.finished_at == ended[-1].time


def test_a_kind_of_a_newer_version_is_passed_over() -> None:
    task = fold(_journal())
    unknown = task_pb2.TaskEvent.FromString(b"\xf2\x06\x03abc")
    unknown.seq = 2
    apply(task, unknown)
    assert task.state == QUEUED
    assert task.last_event_seq == 2


def test_only_work_counts_as_time() -> None:
    clock = ActiveTime()
    at = _START

    def move(to: task_pb2.TaskState.ValueType, after: float) -> None:
        nonlocal at
        at += timedelta(seconds=after)
        clock.apply(_moved(to), at)

    (created,) = _journal()
    clock.apply(created, at)
    move(RUNNING, 100)  # in the queue
    move(task_pb2.TASK_STATE_WAITING_HUMAN, 10)
    move(RUNNING, 1000)  # waiting for a person
    move(task_pb2.TASK_STATE_PAUSED, 5)
    move(RUNNING, 1000)
    move(QUEUED, 500)  # the server was away
    move(RUNNING, 1)
    assert clock.seconds(at + timedelta(seconds=7)) == 22


def test_a_clock_that_is_set_is_no_work() -> None:
    clock = ActiveTime()
    (created,) = _journal()
    clock.apply(created, _START)
    clock.apply(_moved(RUNNING), _START)
    clock.apply(_moved(RUNNING), _START + timedelta(hours=5))
    assert clock.seconds(_START + timedelta(hours=5, seconds=3)) == 603
    assert clock.seconds(_START) == 600  # nor does it give time back
