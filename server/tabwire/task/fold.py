"""The fold of a journal: what a task is after each of its events.

Pure: the same events give the same task, and the snapshot in the database is this fold and nothing else.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tabwire.task.lifecycle import ENDED, UNCOUNTED
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


def apply(task: task_pb2.Task, event: task_pb2.TaskEvent) -> None:
    """Changes the task by one event. A kind this version does not know only moves the number and the time on."""
    kind = event.WhichOneof("kind")
    if kind == "created":
        task.CopyFrom(event.created.task)
    elif kind == "state_changed":
        _state_changed(task, event)
    elif kind == "task_update":
        _task_update(task, event.task_update)
    elif kind == "step_update":
        _step(task, event.step_update.step.number).CopyFrom(event.step_update.step)
    elif kind == "model_reply":
        reply = event.model_reply
        _add_usage(task.usage, reply.usage)
        _add_usage(_step(task, reply.step_number).usage, reply.usage)
    elif kind == "decision_made":
        _decision_made(task, event.decision_made)
    elif kind == "action_finished" and event.action_finished.step_number:
        step = _step(task, event.action_finished.step_number)
        # Results follow each other; a decision that replaces another one has emptied the list before.
        del step.results[event.action_finished.index :]
        step.results.append(event.action_finished.result)
    elif kind == "human_input_needed":
        task.human_request.CopyFrom(event.human_input_needed.request)
    elif kind == "human_input":
        task.ClearField("human_request")
    elif kind == "rows_collected":
        _rows_collected(task, event.rows_collected)
    task.last_event_seq = event.seq
    task.updated_at.CopyFrom(event.time)


def fold(events: Iterable[task_pb2.TaskEvent]) -> task_pb2.Task:
    """The task that a whole journal amounts to."""
    task = task_pb2.Task()
    for event in events:
        apply(task, event)
    return task


# From one event to the next a task never works longer. What is more is a clock that was set, or a computer that slept.
_LONGEST = timedelta(minutes=10)


class ActiveTime:
    """How long a task has been at work: the time between its events in which it did not wait for a person."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._since: datetime | None = None
        self._state = task_pb2.TASK_STATE_UNSPECIFIED

    def apply(self, event: task_pb2.TaskEvent, at: datetime) -> None:
        """Takes one event of the journal."""
        if event.WhichOneof("kind") == "state_changed":
            # The time before the restart of a server is not the task's: it stood still.
            restarted = event.state_changed.to == task_pb2.TASK_STATE_QUEUED
            if not restarted:
                self._count(at)
            self._state = event.state_changed.to
        else:
            self._count(at)
        if event.WhichOneof("kind") == "created":
            self._state = event.created.task.state
        self._since = at

    def seconds(self, now: datetime) -> float:
        """The time until now."""
        if self._since is None or self._state in UNCOUNTED:
            return self._seconds
        return self._seconds + _worked(self._since, now)

    def _count(self, at: datetime) -> None:
        if self._since is not None and self._state not in UNCOUNTED:
            self._seconds += _worked(self._since, at)


def _worked(since: datetime, until: datetime) -> float:
    return max(timedelta(), min(until - since, _LONGEST)).total_seconds()


def _state_changed(task: task_pb2.Task, event: task_pb2.TaskEvent) -> None:
    change = event.state_changed
    task.state = change.to
    task.cause.CopyFrom(change.cause)
    if change.to in ENDED:
        task.result = change.result
        if change.evidence:
            task.evidence = change.evidence
        task.ClearField("human_request")
        task.finished_at.CopyFrom(event.time)


def _task_update(task: task_pb2.Task, update: task_pb2.TaskUpdate) -> None:
    for descriptor, value in update.ListFields():
        if descriptor.name == "tabs":
            task.tab_ids[:] = value.tab_ids
        elif descriptor.message_type is not None:
            getattr(task, descriptor.name).CopyFrom(value)
        else:
            setattr(task, descriptor.name, value)


def _rows_collected(task: task_pb2.Task, collected: task_pb2.RowsCollected) -> None:
    for table in task.collected:
        if table.name == collected.table:
            break
    else:
        table = task.collected.add(name=collected.table)
    table.columns.extend(name for name in collected.rows.columns if name not in table.columns)
    table.row_count += len(collected.rows.rows)


def _decision_made(task: task_pb2.Task, made: task_pb2.DecisionMade) -> None:
    step = _step(task, made.step_number)
    step.description = made.decision.next_goal
    step.reasoning = made.decision.reasoning
    del step.actions[:]
    step.actions.extend(made.decision.actions)
    del step.results[:]
    if made.decision.next_goal:
        task.current_goal = made.decision.next_goal


def _step(task: task_pb2.Task, number: int) -> task_pb2.Step:
    for step in reversed(task.steps):
        if step.number == number:
            return step
    return task.steps.add(number=number)


def _add_usage(total: task_pb2.Usage, usage: task_pb2.Usage) -> None:
    total.model_calls += usage.model_calls
    total.prompt_tokens += usage.prompt_tokens
    total.cached_tokens += usage.cached_tokens
    total.completion_tokens += usage.completion_tokens
    total.cost_micro_usd += usage.cost_micro_usd
    total.calls_without_cost += usage.calls_without_cost
    total.model_ms += usage.model_ms
