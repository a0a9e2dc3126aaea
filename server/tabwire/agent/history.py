"""What the agent knows of its own past: the fold of a task's journal that deciding and acting need.

Pure. `tabwire.task.journal` feeds it every event, at the start those of the database and then each new one, so that an
agent that was taken up again knows exactly what it knew before: replies it paid for, decisions it took, actions whose
outcome it never saw, answers it was given.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tabwire.agent import events
from tabwire.v1 import action_pb2, error_pb2, task_pb2

_DONE = (task_pb2.STEP_STATUS_SUCCEEDED, task_pb2.STEP_STATUS_FAILED, task_pb2.STEP_STATUS_CANCELLED)


@dataclass
class StepRecord:
    """One step, as far as it got."""

    number: int
    step: task_pb2.Step = field(default_factory=task_pb2.Step)
    replies: list[task_pb2.ModelReply] = field(default_factory=list)
    decision: task_pb2.Decision | None = None
    started: dict[int, task_pb2.ActionStarted] = field(default_factory=dict)
    results: dict[int, action_pb2.ActionResult] = field(default_factory=dict)

    @property
    def is_closed(self) -> bool:
        """Whether the step has ended."""
        return self.step.status in _DONE

    @property
    def failed(self) -> bool:
        """Whether it ended without success."""
        return self.step.status == task_pb2.STEP_STATUS_FAILED

    @property
    def next_index(self) -> int:
        """The action whose result is the first to be missing."""
        return len(self.results)

    @property
    def error(self) -> error_pb2.ErrorInfo | None:
        """Why the step failed, as far as it is known: no decision, or the last action's error."""
        if self.step.HasField("error_info"):
            return self.step.error_info
        if self.results:
            last = self.results[max(self.results)]
            if last.HasField("error_info"):
                return last.error_info
        return None


class History:
    """All steps of a task, its answers, and the action that opened its tab."""

    def __init__(self) -> None:
        self.steps: list[StepRecord] = []
        self.answers: dict[str, str] = {}
        self.opening: task_pb2.ActionStarted | None = None

    @property
    def open_step(self) -> StepRecord | None:
        """The step that has begun and not ended."""
        if self.steps and not self.steps[-1].is_closed:
            return self.steps[-1]
        return None

    @property
    def closed_steps(self) -> list[StepRecord]:
        """The steps that have ended."""
        return [record for record in self.steps if record.is_closed]

    @property
    def failures_in_a_row(self) -> int:
        """How many of the last steps failed one after the other."""
        count = 0
        for record in reversed(self.closed_steps):
            if not record.failed:
                break
            count += 1
        return count

    @property
    def repeats_in_a_row(self) -> int:
        """How many of the last steps decided exactly what the last one did; 0 if that changes nothing."""
        count = 0
        last = _what(self.closed_steps[-1]) if self.closed_steps else []
        if all(events.is_repeatable(action) for action in last):
            return 0
        for record in reversed(self.closed_steps):
            if _what(record) != last:
                break
            count += 1
        return count

    def apply(self, event: task_pb2.TaskEvent) -> None:
        """Takes one event of the journal, in order. Events of other kinds do not matter here."""
        kind = event.WhichOneof("kind")
        if kind == "step_update":
            step = event.step_update.step
            self._record(step.number).step.CopyFrom(step)
        elif kind == "model_reply":
            self._record(event.model_reply.step_number).replies.append(event.model_reply)
        elif kind == "decision_made":
            record = self._record(event.decision_made.step_number)
            # A plain command that is tried again is decided again; what came of the first try no longer counts.
            record.decision = event.decision_made.decision
            record.started.clear()
            record.results.clear()
        elif kind == "action_started" and not event.action_started.step_number:
            self.opening = event.action_started
        elif kind == "action_started":
            record = self._record(event.action_started.step_number)
            record.started[event.action_started.index] = event.action_started
        elif kind == "action_finished" and event.action_finished.step_number:
            record = self._record(event.action_finished.step_number)
            record.results[event.action_finished.index] = event.action_finished.result
        elif kind == "human_input":
            self.answers[event.human_input.request_id] = event.human_input.answer

    def _record(self, number: int) -> StepRecord:
        for record in reversed(self.steps):
            if record.number == number:
                return record
        self.steps.append(StepRecord(number))
        return self.steps[-1]


def _what(record: StepRecord) -> list[action_pb2.Action]:
    """What was decided, without the names that each action has of its own."""
    bare = []
    for action in record.decision.actions if record.decision is not None else ():
        copy = action_pb2.Action()
        copy.CopyFrom(action)
        copy.ClearField("id")
        copy.ClearField("document_id")
        bare.append(copy)
    return bare
