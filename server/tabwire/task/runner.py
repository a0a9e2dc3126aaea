"""Runs one task: lets the agent work, and sees to pause, questions, interruptions, stop and the end.

It is the agent's `Host`. All it knows is in the journal, so it starts the same way for a new task and for one that
another server left behind. Where the task works (browser, tabs, turn) is seen to by `tabwire.task.place`.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import structlog

from tabwire.agent import catalog
from tabwire.agent.failures import AWAY, cause_of
from tabwire.agent.loop import Agent, Ending
from tabwire.errors import TabwireError
from tabwire.store.trouble import DATABASE_AWAY
from tabwire.task import human
from tabwire.task.closing import closing_events, unfinished
from tabwire.task.journal import Change
from tabwire.task.lifecycle import HELD, RUNNING, STOPPING, WAITING_HUMAN, Trigger, default_cause, next_state
from tabwire.task.place import Place
from tabwire.task.task_port import TaskPort
from tabwire.v1 import error_pb2, options_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tabwire.agent.history import Answer, History
    from tabwire.agent.ports import Decider
    from tabwire.browser.port import BrowserPort, Browsers
    from tabwire.task.journal import Journal
    from tabwire.task.tabs import TabClaims
    from tabwire.v1 import action_pb2, state_pb2

_log = structlog.get_logger()
_MOMENT_S = 0.2
# How often watchers are shown what the model has written so far.
_THINKING_S = 0.2
# A wait for a person is looked at anew this often: a clock may be set, a computer may sleep.
_LOOK_AGAIN_S = 60.0


class _ExpiredError(Exception):
    """The task has ended, because nobody answered in time."""


class Runner:
    """One task at work. `run` once; everything else comes through the journal."""

    def __init__(
        self,
        journal: Journal,
        browsers: Browsers,
        claims: TabClaims,
        decider: Decider,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.journal = journal
        self._browsers = browsers
        self._claims = claims
        self._decider = decider
        self._sleep = sleep
        self._place = Place(journal, browsers, claims, sleep=sleep)
        self._port: TaskPort | None = None
        self._holds = journal.holds
        self._thought_at = float("-inf")

    @property
    def had_turn(self) -> bool:
        """Whether the task has its tab, and the agent its turn."""
        return self._place.had_turn

    async def run(self) -> None:
        """Works until the task has ended, or another server has taken it up."""
        task_id = self.journal.task.task_id
        try:
            with structlog.contextvars.bound_contextvars(task_id=task_id, epoch=self.journal.epoch):
                await self._run_until_stopped()
        except TabwireError as error:
            if error.code != error_pb2.ERROR_CODE_EPOCH_FENCED:
                raise
            _log.warning("task_taken_over", task_id=task_id)
        finally:
            await self._claims.keep_only(self.journal.task.browser_id, (), task_id)

    async def _run_until_stopped(self) -> None:
        work = asyncio.ensure_future(self._work())
        stop = asyncio.ensure_future(self.journal.wait_for(lambda: self.journal.state == STOPPING))
        try:
            await asyncio.wait([work, stop], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for part in (work, stop):
                part.cancel()
            await asyncio.wait([work, stop])
        if self.journal.state == STOPPING:
            if not work.cancelled() and (error := work.exception()) is not None:
                _log.warning("task_stopped_in_fault", error=repr(error))
            await self._close_stopped()
        elif not work.cancelled():
            work.result()
        if self.journal.has_ended:
            await self._leave()

    async def _work(self) -> None:
        try:
            ending = await self._to_the_end()
        except _ExpiredError:
            return
        except TabwireError as error:
            if error.code == error_pb2.ERROR_CODE_EPOCH_FENCED:
                raise
            ending = Ending("", cause_of(error.info))
        except DATABASE_AWAY:
            raise  # nothing can be written now; whoever supervises takes the task up again
        except Exception:  # noqa: BLE001 - a fault of any kind has to reach the journal
            # A fault of ours must end the task visibly, not leave it running for ever.
            correlation_id = uuid.uuid4().hex
            _log.exception("task_fault", correlation_id=correlation_id)
            ending = Ending("", _fault(correlation_id))
        await self._end(ending)

    async def _to_the_end(self) -> Ending:
        await self.checkpoint()
        inner = await self._browsers.port(
            self.journal.owner_id,
            self.journal.task.browser_id,
            task_id=self.journal.task.task_id,
            epoch=self.journal.epoch,
            task=lambda: self.journal.task,
        )
        self._port = TaskPort(inner, self.journal.when_interrupted, self._seen)
        await self._place.take_turn(self)
        return await Agent(self, self._decider, sleep=self._sleep).run()

    # What the agent asks of its host.

    @property
    def task(self) -> task_pb2.Task:
        """See `Host`."""
        return self.journal.task

    @property
    def history(self) -> History:
        """See `Host`."""
        return self.journal.history

    @property
    def port(self) -> BrowserPort:
        """See `Host`."""
        assert self._port is not None  # noqa: S101 - for the type checker; the agent runs only after it is set
        return self._port

    async def record(self, *recorded: task_pb2.TaskEvent) -> None:
        """See `Host`."""
        await self.journal.record(*recorded)
        await self.hold_tabs()

    async def checkpoint(self) -> bool:
        """See `Host`. Also true of a pause that began and ended while an action was under way."""
        held = self.journal.state in HELD
        await self.journal.wait_for(lambda: self.journal.state not in HELD)
        held, self._holds = held or self.journal.holds > self._holds, self.journal.holds
        return held

    async def ask(self, request: task_pb2.HumanRequest) -> Answer:
        """See `Host`. If nobody answers in time, an approval counts as denied and all else ends the task."""
        answers = self.journal.history.answers
        while request.request_id not in answers:
            await self._put(request)
            await self._wait_for_answer(request.request_id)
        await self.checkpoint()
        return answers[request.request_id]

    def thinking(self, thinking: task_pb2.Thinking) -> None:
        """See `Host`."""
        now = asyncio.get_running_loop().time()
        if now - self._thought_at >= _THINKING_S:
            self._thought_at = now
            self.journal.think(thinking)

    def interrupted(self) -> bool:
        """See `Host`. True from the interruption on until the step is closed, also after a restart."""
        return self.journal.interrupted

    async def browser_lost(self) -> None:
        """See `Host`."""
        if self._place.is_connected():
            await self._sleep(_MOMENT_S)  # it was gone for a moment, or its link is just being replaced
        await self._place.until_connected()
        await self.journal.move(Trigger.FIND_BROWSER)
        await self.hold_tabs()

    async def attention(self, finished: task_pb2.TaskEvent, error: error_pb2.ErrorInfo) -> None:
        """See `Host`."""
        await self._move(Trigger.DOUBT, cause_of(error), before=[finished])
        await self.hold_tabs()
        await self.checkpoint()

    def active_seconds(self) -> float:
        """See `Host`."""
        return self.journal.active_seconds()

    def claim(self, tab_id: int) -> str:
        """See `Host`."""
        return self._claims.claim(self.journal.task.browser_id, tab_id, self.journal.task.task_id)

    def holder(self, tab_id: int) -> str:
        """See `Host`."""
        holder = self._claims.holder(self.journal.task.browser_id, tab_id)
        return "" if holder == self.journal.task.task_id else holder

    # Tabs.

    async def hold_tabs(self) -> None:
        """Lets claims and browser follow what the journal says of the task's tabs and policy."""
        if self._port is None:
            return
        try:
            await self._place.hold_tabs(self)
        except TabwireError as error:
            if error.code not in AWAY:
                raise
            _log.info("task_tabs_not_told", why=error.info.message)  # told when it is back

    async def _leave(self) -> None:
        if self._port is None:
            return
        try:
            await self._place.leave(self)
        except TabwireError as error:
            _log.info("task_tabs_not_told", why=error.info.message)

    async def _seen(self, tabs: Sequence[state_pb2.Tab]) -> None:
        new = self._place.adopted(tabs)
        if new:
            tabs_now = task_pb2.TaskTabs(tab_ids=[*self.journal.task.tab_ids, *new])
            await self.record(task_pb2.TaskEvent(task_update=task_pb2.TaskUpdate(tabs=tabs_now)))

    # Questions.

    async def _put(self, request: task_pb2.HumanRequest) -> None:
        """Puts a request to the person, unless it is there already, and has the task wait."""
        await self.checkpoint()

        def plan() -> Change | None:
            task = self.journal.task
            if request.request_id in self.journal.history.answers or task.state in {*HELD, WAITING_HUMAN}:
                return None
            if task.state != RUNNING:
                raise RuntimeError(f"a task that is {task_pb2.TaskState.Name(task.state)} asks nobody")
            is_open = task.human_request.request_id == request.request_id
            asked = [] if is_open else [human.asked(task, request, self.journal.now())]
            return Change(asked, Trigger.ASK)

        await self.journal.change(plan)

    async def _wait_for_answer(self, request_id: str) -> None:
        """Returns when the request was answered, or when the task no longer waits for the answer: it is paused, say.

        Raises `_ExpiredError` if its time is over and the task has ended with it.
        """
        journal = self.journal
        left_s = human.seconds_left(journal.task.human_request, journal.now())
        try:
            async with asyncio.timeout(max(0.0, min(left_s, _LOOK_AGAIN_S))):
                await journal.wait_for(lambda: request_id in journal.history.answers or journal.state != WAITING_HUMAN)
        except TimeoutError:
            await self._expire(request_id)

    async def _expire(self, request_id: str) -> None:
        journal = self.journal

        def plan() -> Change | None:
            request = journal.task.human_request
            is_open = journal.state == WAITING_HUMAN and request.request_id == request_id
            if not is_open or human.seconds_left(request, journal.now()) > 0:
                return None
            given = human.timed_out(request)
            if request.kind == task_pb2.HUMAN_REQUEST_KIND_APPROVAL:
                return Change([given], Trigger.ANSWER)
            cause = default_cause(Trigger.EXPIRE)
            error = error_pb2.ErrorInfo(
                error_code=cause.code,
                message=cause.message,
                remedy=cause.remedy,
                retryable=True,
                component_origin=error_pb2.COMPONENT_ORIGIN_SERVER,
            )
            closing = closing_events(journal, task_pb2.STEP_STATUS_FAILED, error=error)
            return Change([given, *closing], Trigger.EXPIRE)

        await journal.change(plan)
        if journal.has_ended:
            raise _ExpiredError

    # Ends.

    async def _move(
        self,
        trigger: Trigger,
        cause: task_pb2.TaskCause | None = None,
        *,
        result: str = "",
        evidence: str = "",
        before: Sequence[task_pb2.TaskEvent] = (),
    ) -> None:
        """Pulls a trigger as soon as no person holds the task any more."""
        wanted = Change(before, trigger, cause, result, evidence)
        while not await self.journal.change(lambda: wanted):
            state = self.journal.state
            if state not in HELD and next_state(state, trigger) is None:
                raise RuntimeError(f"{trigger} is not allowed in {task_pb2.TaskState.Name(state)}")
            await self.checkpoint()

    async def _end(self, ending: Ending) -> None:
        trigger = Trigger.SUCCEED if ending.cause is None else Trigger.FAIL
        await self._move(trigger, ending.cause, result=ending.result, evidence=ending.evidence)

    async def _close_stopped(self) -> None:
        """Says in the journal what was cut off, and what came of it, then that the task is stopped."""
        outcomes: dict[int, action_pb2.ActionResult] = {}
        for index, started in unfinished(self.journal).items():
            if self._port is not None and self._place.is_connected() and _is_sent(started.action):
                outcomes[index] = await self._port.outcome(
                    started.tab_id, started.action, started.journal_id, "the task was stopped"
                )
        closing = closing_events(self.journal, task_pb2.STEP_STATUS_CANCELLED, outcomes=outcomes)
        await self.journal.move(Trigger.CANCELLED, self.journal.task.cause, before=closing)


def _is_sent(action: action_pb2.Action) -> bool:
    """Whether a browser carries it out, and not the agent itself."""
    return catalog.facts(action).performer != options_pb2.PERFORMER_AGENT


def _fault(correlation_id: str) -> task_pb2.TaskCause:
    return task_pb2.TaskCause(
        code=error_pb2.ERROR_CODE_INTERNAL,
        message=f"A fault of the server ended the task (correlation id {correlation_id}).",
        retryable=True,
        remedy="Start it again; if it happens again, report it with the correlation id and the server's log.",
    )
