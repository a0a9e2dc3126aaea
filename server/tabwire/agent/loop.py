"""The loop: observe, decide, act, until the task is done, cannot be done, or has used up what it may.

Goes on wherever the journal stands: a decision that was recorded is carried out, an action that was started is
finished, and nothing is decided or done twice. How one action is carried out is told by `tabwire.agent.acting`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from google.protobuf.timestamp_pb2 import Timestamp

from tabwire.agent import batch, catalog, events, plan, progress, verify
from tabwire.agent.acting import FATAL, Hands
from tabwire.agent.events import documents_of
from tabwire.agent.failures import failure, limit_reached, may_repeat
from tabwire.agent.history import noted
from tabwire.agent.ports import StepContext
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2, error_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tabwire.agent.history import StepRecord
    from tabwire.agent.ports import Decider, Host

_log = structlog.get_logger()
_FIRST_DELAY_S = 0.3
# What is in the way is often gone after a moment (a page that is being loaded, a browser that comes back).
_MOST_DELAY_S = 3.0
_TAB_GONE = error_pb2.ERROR_CODE_TAB_NOT_FOUND


@dataclass(frozen=True)
class Ending:
    """How a task ends: with a result, or with the cause of its failure."""

    result: str
    cause: task_pb2.TaskCause | None = None
    evidence: str = ""
    """What was seen of it, for a person."""


class Agent:
    """Works on one task until its end."""

    def __init__(
        self, host: Host, decider: Decider, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._host = host
        self._decider = decider
        self._hands = Hands(host, decider)
        self._sleep = sleep
        self._state: state_pb2.PageState | None = None
        self._picture: action_pb2.Image | None = None

    async def run(self) -> Ending:
        """Works to the end.

        Raises `TabwireError` EPOCH_FENCED if another server has taken the task up.
        """
        while True:
            await self._checkpoint()
            ending = self._ending_between_steps()
            if ending is not None:
                return ending
            ending = await self._step()
            if ending is not None:
                return ending

    def _ending_between_steps(self) -> Ending | None:
        history = self._host.history
        if history.open_step is not None:
            return None
        if history.closed_steps:
            ending = self._after(history.closed_steps[-1])
            if ending is not None:
                return ending
        result = self._decider.result(self._host.task, history)
        if result is not None:
            return Ending(result)
        cause = limit_reached(self._host.task, self._host.active_seconds())
        return None if cause is None else Ending("", cause)

    async def _step(self) -> Ending | None:
        record = self._host.history.open_step
        if record is None:
            record = await self._begin()
        retry = record.step.retry_count
        while True:
            if record.decision is None or self._is_to_be_redone(record):
                # A step whose model was asked already is the model's.
                stuck = None if record.asked else await self._progress()
                if stuck is not None and stuck.stage == progress.Stage.GIVE_UP:
                    await self._close(record, task_pb2.STEP_STATUS_FAILED, stuck.error())
                    return None
                error = await self._decide(record, retry, stuck)
                if error is not None and not self._may_retry(record, error, None, retry):
                    await self._close(record, task_pb2.STEP_STATUS_FAILED, error)
                    return None
                if error is not None:
                    retry = await self._retry(record, retry)
                    continue
            if self._host.interrupted():
                await self._close(record, task_pb2.STEP_STATUS_CANCELLED)
                return None
            failed = await self._act(record)
            if self._host.interrupted():
                await self._close(record, task_pb2.STEP_STATUS_CANCELLED)
                return None
            if failed is None:
                await self._close(record, task_pb2.STEP_STATUS_SUCCEEDED)
                return None
            if not self._may_retry(record, failed.error_info, failed, retry):
                await self._close(record, task_pb2.STEP_STATUS_FAILED)
                return None
            retry = await self._retry(record, retry)

    def _after(self, record: StepRecord) -> Ending | None:
        """Whether the task ends with this step: it said so, or too much has failed."""
        history = self._host.history
        ending = _done(record, self._host.task.evidence)
        if ending is not None:
            return ending
        given_up = verify.given_up(history)
        if given_up is not None:
            return Ending(_last_word(record), given_up, self._host.task.evidence)
        if not record.failed:
            return None
        cause = failure(
            record,
            failures=history.failures_in_a_row,
            max_retries=self._host.task.max_retries,
            sees_outcomes=self._decider.sees_outcomes,
        )
        return None if cause is None else Ending("", cause)

    async def _begin(self) -> StepRecord:
        number = len(self._host.history.steps) + 1
        state = self._state
        if state is None:
            state = self._state = await self._hands.observe(state_pb2.STATE_SCOPE_VIEWPORT)
        step = task_pb2.Step(number=number, status=task_pb2.STEP_STATUS_RUNNING, url=state.url)
        step.started_at.GetCurrentTime()
        await self._host.record(events.step_update(step))
        return self._host.history.steps[-1]

    async def _progress(self) -> progress.Progress | None:
        """Where the agent stands; None if its decider does not see outcomes, or nothing has been done yet."""
        if not self._decider.sees_outcomes or not self._host.history.closed_steps:
            return None
        state = self._state if self._state is not None else await self._look(state_pb2.STATE_SCOPE_VIEWPORT)
        return progress.look(self._host.history, progress.digest(state))

    async def _decide(
        self, record: StepRecord, retry: int, stuck: progress.Progress | None
    ) -> error_pb2.ErrorInfo | None:
        """Takes and records a decision. Returns why there is none."""
        if stuck is not None and stuck.stage == progress.Stage.ASK:
            await self._take(record, stuck.question(), retry)
            return None
        context = StepContext(
            task=self._host.task,
            history=self._host.history,
            record=record,
            state=self._state,
            look=self._look,
            tabs=self._hands.tabs,
            keep=self._host.record,
            thinking=self._host.thinking,
            retry=retry,
            picture=self._picture,
        )
        try:
            decision = await self._decider.decide(context)
        except TabwireError as error:
            if error.code in FATAL:
                raise
            return error.info
        self._picture = None
        await self._take(record, decision, retry)
        return None

    async def _take(self, record: StepRecord, decision: task_pb2.Decision, retry: int) -> None:
        """Records a decision, with what the agent notes and plans by it."""
        self._name(record, decision, retry)
        step = self._step_of(record)
        step.retry_count = retry
        step.description, step.reasoning = decision.next_goal, decision.reasoning
        del step.actions[:], step.results[:], step.elements[:]
        step.actions.extend(decision.actions)
        step.elements.extend(events.named_elements(decision.actions, self._state))
        recorded = [events.decision_made(record.number, decision), events.step_update(step)]
        notebook = noted(self._host.task.scratchpad, decision.memory)
        if notebook != self._host.task.scratchpad:
            recorded.append(events.update(scratchpad=notebook))
        planned = plan.read(decision.plan)
        if planned is not None and planned != self._host.task.plan:
            recorded.append(task_pb2.TaskEvent(task_update=task_pb2.TaskUpdate(plan=planned)))
        await self._host.record(*recorded)

    def _name(self, record: StepRecord, decision: task_pb2.Decision, retry: int) -> None:
        """Gives the actions their ids, and the document their elements were seen in by whoever decided."""
        number = record.number
        documents = documents_of(self._state)
        if record.asked:
            documents = {one.slot: one.document_id for one in record.asked[0].documents}
        for index, action in enumerate(decision.actions):
            action.id = f"{self._host.task.task_id}/{number}/{index}" + (f"/r{retry}" if retry else "")
            element_id = catalog.element_id(action)
            if element_id and not action.document_id:
                action.document_id = documents.get(element_id // 100_000, "")

    async def _act(self, record: StepRecord) -> action_pb2.ActionResult | None:
        """Carries a decision out. Returns the result that stopped it, if one failed."""
        assert record.decision is not None  # noqa: S101 - for the type checker; the caller has just decided
        actions = record.decision.actions
        self._hands.seen = self._state
        for index in range(len(actions)):
            known = record.results.get(index)
            if known is None:
                await self._checkpoint()
                if self._host.interrupted():
                    return None
                self._hands.state = self._state
                known = await self._hands.act(record.number, index, actions[index], pending=record.started.get(index))
                self._keep_state(actions[index], known)
            if known.status != action_pb2.ACTION_STATUS_SUCCEEDED:
                return known
            if batch.ends(actions[index], known):
                break
            why = batch.unforeseen(self._hands.seen, self._state, actions[index + 1 :])
            if why:
                _log.info("batch_ended", step=record.number, done=index + 1, of=len(actions), why=why)
                break
        return None

    def _keep_state(self, action: action_pb2.Action, result: action_pb2.ActionResult) -> None:
        if result.HasField("image"):
            self._picture = result.image
        if events.only_looks(action) and result.status == action_pb2.ACTION_STATUS_SUCCEEDED:
            return
        self._state = None
        if result.HasField("new_state") and result.new_state.tab_id in (0, self._host.task.tab_id):
            self._state = result.new_state

    async def _close(
        self,
        record: StepRecord,
        status: task_pb2.StepStatus.ValueType,
        error: error_pb2.ErrorInfo | None = None,
    ) -> None:
        step = self._step_of(record)
        step.status = status
        if error is not None:
            step.error_info.CopyFrom(error)
        step.finished_at.CopyFrom(_now())
        await self._host.record(events.step_update(step))

    async def _retry(self, record: StepRecord, retry: int) -> int:
        """Counts a try and waits a moment, longer each time."""
        step = self._step_of(record)
        step.retry_count = retry + 1
        self._state = None
        await self._host.record(events.step_update(step))
        await self._sleep(min(_MOST_DELAY_S, _FIRST_DELAY_S * 2**retry))
        await self._checkpoint()
        return retry + 1

    def _may_retry(
        self,
        record: StepRecord,
        error: error_pb2.ErrorInfo,
        result: action_pb2.ActionResult | None,
        retry: int,
    ) -> bool:
        """A decider that does not see outcomes has its step repeated, if that can help and harm nothing."""
        if self._decider.sees_outcomes or retry >= self._host.task.max_retries:
            return False
        if result is None:
            return error.retryable
        action = record.decision.actions[max(record.results)] if record.decision else None
        return action is not None and may_repeat(action, error)

    def _is_to_be_redone(self, record: StepRecord) -> bool:
        """Whether a try was counted whose decision has not been taken yet."""
        if record.decision is None or not record.decision.actions:
            return record.decision is None
        suffix = f"/r{record.step.retry_count}" if record.step.retry_count else ""
        return record.decision.actions[0].id != f"{self._host.task.task_id}/{record.number}/0{suffix}"

    def _step_of(self, record: StepRecord) -> task_pb2.Step:
        """The step as the task's fold has it, to be changed and recorded whole."""
        step = task_pb2.Step()
        for known in self._host.task.steps:
            if known.number == record.number:
                step.CopyFrom(known)
        return step

    async def _look(self, scope: state_pb2.StateScope.ValueType) -> state_pb2.PageState:
        self._state = await self._hands.observe(scope)
        return self._state

    async def _checkpoint(self) -> None:
        if await self._host.checkpoint():
            self._state = None  # the person may have changed the page meanwhile


def _done(record: StepRecord, evidence: str) -> Ending | None:
    if record.decision is None:
        return None
    for index, action in enumerate(record.decision.actions):
        result = record.results.get(index)
        if catalog.kind(action) == "done" and result is not None:
            if result.status != action_pb2.ACTION_STATUS_SUCCEEDED:
                return None
            if action.done.success:
                return Ending(action.done.text, evidence=evidence)
            cause = task_pb2.TaskCause(
                code=error_pb2.ERROR_CODE_TASK_GAVE_UP,
                message=f"The agent could not do it: {action.done.text}",
                retryable=True,
                remedy="Say more about how it can be done, and start it again.",
            )
            return Ending(action.done.text, cause)
    return None


def _last_word(record: StepRecord) -> str:
    """What the agent said when it said that it was done."""
    actions = record.decision.actions if record.decision is not None else ()
    return next((action.done.text for action in actions if catalog.kind(action) == "done"), "")


def _now() -> Timestamp:
    now = Timestamp()
    now.GetCurrentTime()
    return now
