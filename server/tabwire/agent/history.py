"""What the agent knows of its own past: the fold of a task's journal that deciding and acting need.

Pure. `tabwire.task.journal` feeds it every event, at the start those of the database and then each new one, so that an
agent that was taken up again knows exactly what it knew before: replies it paid for, decisions it took, actions whose
outcome it never saw, answers it was given.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tabwire.agent import events, plan
from tabwire.agent.gathered import Gathered
from tabwire.v1 import action_pb2, error_pb2, task_pb2

_DONE = (task_pb2.STEP_STATUS_SUCCEEDED, task_pb2.STEP_STATUS_FAILED, task_pb2.STEP_STATUS_CANCELLED)
_TOLD_UPDATES = frozenset({"description", "details", "scratchpad", "plan"})


@dataclass(frozen=True)
class Answer:
    """What came of asking a person."""

    text: str = ""
    approved: bool = False
    timed_out: bool = False
    action_digest: bytes = b""


@dataclass
class StepRecord:
    """One step, as far as it got."""

    number: int
    step: task_pb2.Step = field(default_factory=task_pb2.Step)
    asked: list[task_pb2.ModelAsked] = field(default_factory=list)
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

    @property
    def page_digest(self) -> int:
        """What the page showed when the step was decided; 0 if nobody knows."""
        return self.asked[0].page_digest if self.asked else 0

    def done(self) -> list[tuple[action_pb2.Action, action_pb2.ActionResult | None]]:
        """What was decided, each with what came of it; None for what was dropped."""
        actions = self.decision.actions if self.decision is not None else ()
        return [(action, self.results.get(index)) for index, action in enumerate(actions)]


class History:
    """All steps of a task, its answers, the talk with its model, and the action that opened its tab."""

    def __init__(self) -> None:
        self.steps: list[StepRecord] = []
        self.answers: dict[str, Answer] = {}
        self.opening: task_pb2.ActionStarted | None = None
        self.talk: list[task_pb2.ModelAsked | task_pb2.ModelReply] = []
        """What was said to the model and what it said, since the talk was last shortened."""
        self.compacted: task_pb2.ContextCompacted | None = None
        self.news: list[task_pb2.TaskEvent] = []
        """What happened and was not told to the model yet, in the order of the journal."""
        self.gathered: dict[str, Gathered] = {}
        """The rows that were collected, by their tables."""
        self.messages: list[task_pb2.PersonMessage] = []
        """What the person said while it ran."""
        self.last_seq = 0
        self._scratchpad = ""
        self._said = task_pb2.Decision()

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

    def record(self, number: int) -> StepRecord | None:
        """A step by its number."""
        return next((one for one in reversed(self.steps) if one.number == number), None)

    def apply(self, event: task_pb2.TaskEvent) -> None:
        """Takes one event of the journal, in order. Events of other kinds do not matter here."""
        kind = event.WhichOneof("kind")
        if kind in ("model_asked", "model_reply", "context_compacted"):
            self._talked(event)
        elif kind == "step_update":
            self._step_update(event)
        elif kind == "decision_made":
            self._said = event.decision_made.decision
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
            given = event.human_input
            self.answers[given.request_id] = Answer(given.answer, given.approved, given.timed_out, given.action_digest)
        elif kind == "rows_collected":
            self.gathered.setdefault(event.rows_collected.table, Gathered()).apply(event.rows_collected)
        elif kind in ("person_message", "person_acted"):
            self.news.append(event)
            if kind == "person_message":
                self.messages.append(event.person_message)
        elif kind == "created":
            self._scratchpad = event.created.task.scratchpad
        elif kind == "task_update":
            self._task_update(event)
        self.last_seq = max(self.last_seq, event.seq)

    def _talked(self, event: task_pb2.TaskEvent) -> None:
        if event.HasField("model_asked"):
            self._record(event.model_asked.step_number).asked.append(event.model_asked)
            self.talk.append(event.model_asked)
            self.news = [one for one in self.news if one.seq > event.model_asked.through_seq]
        elif event.HasField("model_reply"):
            self._record(event.model_reply.step_number).replies.append(event.model_reply)
            # Journals of earlier versions do not tell what such an answer was an answer to.
            if self.talk:
                self.talk.append(event.model_reply)
        else:
            self.compacted = event.context_compacted
            self.talk = []

    def _step_update(self, event: task_pb2.TaskEvent) -> None:
        record = self._record(event.step_update.step.number)
        was_closed = record.is_closed
        record.step.CopyFrom(event.step_update.step)
        if record.is_closed and not was_closed:
            self.news.append(event)

    def _task_update(self, event: task_pb2.TaskEvent) -> None:
        """What the agent notes itself is no news to it; what a person writes is."""
        update = event.task_update
        told = {field.name for field, _ in update.ListFields() if field.name in _TOLD_UPDATES}
        if "scratchpad" in told and update.scratchpad == noted(self._scratchpad, self._said.memory):
            told.discard("scratchpad")
        if "plan" in told and update.plan == plan.read(self._said.plan):
            told.discard("plan")
        if update.HasField("scratchpad"):
            self._scratchpad = update.scratchpad
        if told:
            self.news.append(event)

    def _record(self, number: int) -> StepRecord:
        known = self.record(number)
        if known is not None:
            return known
        self.steps.append(StepRecord(number))
        return self.steps[-1]


@dataclass(frozen=True)
class Past:
    """An earlier task that another one goes on from: what it was, and what its agent did."""

    task: task_pb2.Task
    history: History


def noted(notebook: str, memory: str) -> str:
    """The notebook with a fact that the agent wants to remember; unchanged if it is in it already."""
    line = f"- {' '.join(memory.split())}"
    if not memory or line in notebook.splitlines():
        return notebook
    return f"{notebook}\n{line}".lstrip("\n")


def bare(action: action_pb2.Action) -> action_pb2.Action:
    """What an action does, without the names that each action has of its own."""
    copy = action_pb2.Action()
    copy.CopyFrom(action)
    copy.ClearField("id")
    copy.ClearField("document_id")
    return copy


def what(record: StepRecord) -> bytes:
    """What a step decided, comparable with that of other steps."""
    actions = record.decision.actions if record.decision is not None else ()
    return b"\n".join(bare(action).SerializeToString(deterministic=True) for action in actions)


def only_looked(record: StepRecord) -> bool:
    """Whether the step did nothing but look."""
    return all(events.is_repeatable(action) for action in record.decision.actions) if record.decision else True
