"""Runs one task: gives it its browser and its tab, lets the agent work, and sees to pause, questions, stop and the end.

It is the agent's `Host`. All it knows is in the journal, so it starts the same way for a new task and for one that
another server left behind.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import structlog

from tabwire.agent import catalog, events
from tabwire.agent.acting import Hands
from tabwire.agent.failures import AWAY, cause_of
from tabwire.agent.loop import Agent, Ending
from tabwire.errors import TabwireError
from tabwire.store.database import DATABASE_AWAY
from tabwire.task.lifecycle import HELD, QUEUED, RUNNING, STOPPING, WAITING_BROWSER, Trigger, next_state
from tabwire.v1 import action_pb2, error_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tabwire.agent.history import History
    from tabwire.agent.ports import Decider
    from tabwire.browser.port import BrowserPort, Browsers
    from tabwire.task.journal import Journal
    from tabwire.task.tabs import TabClaims

_log = structlog.get_logger()
_TABS_TIMEOUT_S = 20.0
_MOMENT_S = 0.2


class Runner:
    """One task at work. `run` once; `stop` from elsewhere."""

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
        self._port: BrowserPort | None = None
        self._had_turn = False

    @property
    def had_turn(self) -> bool:
        """Whether the task has its tab, and the agent its turn."""
        return self._had_turn

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
            await self._claims.release_all(self.journal.task.browser_id, task_id)

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

    async def _work(self) -> None:
        try:
            ending = await self._to_the_end()
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
        self._port = await self._browsers.port(
            self.journal.owner_id,
            self.journal.task.browser_id,
            task_id=self.journal.task.task_id,
            epoch=self.journal.epoch,
        )
        await self._take_turn()
        return await Agent(self, self._decider, sleep=self._sleep).run()

    async def _take_turn(self) -> None:
        """Gets the task its browser, then its tab, then its turn."""
        while True:
            await self._until_connected()
            if self.journal.state == WAITING_BROWSER:
                await self.journal.move(Trigger.REQUEUE)
            try:
                await self._get_tab()
            except TabwireError as error:
                if error.code not in AWAY:
                    raise
                await self._sleep(_MOMENT_S)
                continue
            await self._start()
            return

    async def _start(self) -> None:
        """A task that waits for an answer, or was answered meanwhile, keeps its state."""
        self._had_turn = True
        await self.checkpoint()
        while self.journal.state == QUEUED and not await self.journal.move(Trigger.START):
            await self.checkpoint()

    async def _get_tab(self) -> None:
        task = self.journal.task
        if not task.tab_id and task.start_url:
            # A tab of its own needs no turn.
            await self._start()
            await self._open_tab(task.start_url)
            return
        tab_id = task.tab_id or task.context.active_tab_id or await self._active_tab()
        if not tab_id:
            await self._start()
            await self._open_tab("")
            return
        holder = self._claims.claim(task.browser_id, tab_id, task.task_id)
        if holder:
            _log.info("task_waits_for_tab", tab_id=tab_id, holder=holder)
            await self._claims.wait_for(task.browser_id, tab_id, task.task_id)
        if tab_id != task.tab_id:
            await self.journal.record(events.update(tab_id=tab_id))

    async def _active_tab(self) -> int:
        """The tab the person looks at; 0 if there is none. Every window has an active one, so the browser is asked."""
        tabs = await self.port.list_tabs(timeout_s=_TABS_TIMEOUT_S)
        active = [tab.tab_id for tab in tabs if tab.is_active]
        if len(active) > 1:
            state = await self.port.observe(0, state_pb2.StateRequest(max_elements=1), timeout_s=_TABS_TIMEOUT_S)
            if state.tab_id in active:
                return state.tab_id
        return active[0] if active else 0

    async def _open_tab(self, url: str) -> None:
        """Opens the tab the task starts in. It is action 0 of step 0, journalled and done once like any other."""
        action = action_pb2.Action(id=f"{self.journal.task.task_id}/0/0", open_tab=action_pb2.OpenTabAction(url=url))
        hands = Hands(self, None)
        result = await hands.act(0, 0, action, pending=self.journal.history.opening)
        if not self.journal.task.tab_id:
            raise TabwireError.of(
                result.error_info
                if result.HasField("error_info")
                else error_pb2.ErrorInfo(
                    error_code=error_pb2.ERROR_CODE_NAVIGATION_FAILED,
                    message="The browser opened no tab for the task.",
                    component_origin=error_pb2.COMPONENT_ORIGIN_SERVER,
                )
            )

    async def _until_connected(self) -> None:
        """Returns when the browser is connected; until then the task says that it waits for it."""
        browser_id = self.journal.task.browser_id
        await self.checkpoint()
        while not self._browsers.is_connected(browser_id):
            await self.journal.move(Trigger.LOSE_BROWSER)
            connected = asyncio.ensure_future(self._browsers.wait_connected(browser_id))
            # After a pause it has to say so again.
            resumed = asyncio.ensure_future(self.journal.wait_for(lambda: self.journal.state in (QUEUED, RUNNING)))
            try:
                await asyncio.wait([connected, resumed], return_when=asyncio.FIRST_COMPLETED)
            finally:
                connected.cancel()
                resumed.cancel()
                await asyncio.wait([connected, resumed])
            await self.checkpoint()

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

    async def checkpoint(self) -> bool:
        """See `Host`."""
        if self.journal.state not in HELD:
            return False
        await self.journal.wait_for(lambda: self.journal.state not in HELD)
        return True

    async def ask(self, request: task_pb2.HumanRequest) -> str:
        """See `Host`."""
        answers = self.journal.history.answers
        if request.request_id not in answers:
            is_open = self.journal.task.human_request.request_id == request.request_id
            request.asked_at.GetCurrentTime()
            needed = task_pb2.TaskEvent(human_input_needed=task_pb2.HumanInputNeeded(request=request))
            if not is_open:
                await self._move(Trigger.ASK, before=[needed])
            elif self.journal.state == RUNNING:  # taken up after it was resumed
                await self._move(Trigger.ASK)
            await self.journal.wait_for(lambda: request.request_id in answers)
        await self.checkpoint()
        return answers[request.request_id]

    async def browser_lost(self) -> None:
        """See `Host`."""
        if self._browsers.is_connected(self.journal.task.browser_id):
            await self._sleep(_MOMENT_S)  # it was gone for a moment, or its link is just being replaced
        await self._until_connected()
        await self.journal.move(Trigger.FIND_BROWSER)

    async def attention(self, finished: task_pb2.TaskEvent, error: error_pb2.ErrorInfo) -> None:
        """See `Host`."""
        await self._move(Trigger.DOUBT, cause_of(error), before=[finished])
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

    # Ends.

    async def _move(
        self,
        trigger: Trigger,
        cause: task_pb2.TaskCause | None = None,
        *,
        result: str = "",
        before: list[task_pb2.TaskEvent] | None = None,
    ) -> None:
        """Pulls a trigger as soon as no person holds the task any more."""
        while not await self.journal.move(trigger, cause, result=result, before=before or []):
            state = self.journal.state
            if state not in HELD and next_state(state, trigger) is None:
                raise RuntimeError(f"{trigger} is not allowed in {task_pb2.TaskState.Name(state)}")
            await self.checkpoint()

    async def _end(self, ending: Ending) -> None:
        trigger = Trigger.SUCCEED if ending.cause is None else Trigger.FAIL
        await self._move(trigger, ending.cause, result=ending.result)

    async def _close_stopped(self) -> None:
        """Says in the journal what was cut off, then that the task is stopped."""
        closing: list[task_pb2.TaskEvent] = []
        record = self.journal.history.open_step
        if record is not None:
            step = task_pb2.Step()
            step.CopyFrom(next(one for one in self.journal.task.steps if one.number == record.number))
            for index, started in sorted(record.started.items()):
                if index not in record.results:
                    result = _cut_off(started.action)
                    closing.append(events.finished(record.number, index, result))
                    step.results.append(result)
            step.status = task_pb2.STEP_STATUS_CANCELLED
            step.finished_at.GetCurrentTime()
            closing.append(events.step_update(step))
        await self.journal.move(Trigger.CANCELLED, self.journal.task.cause, before=closing)


def _cut_off(action: action_pb2.Action) -> action_pb2.ActionResult:
    harmless = events.is_repeatable(action)
    result = action_pb2.ActionResult(
        original_action_id=action.id,
        status=action_pb2.ACTION_STATUS_CANCELLED if harmless else action_pb2.ACTION_STATUS_FAILED,
    )
    result.error_info.error_code = error_pb2.ERROR_CODE_CANCELLED
    result.error_info.component_origin = error_pb2.COMPONENT_ORIGIN_SERVER
    result.error_info.message = (
        f"Cancelled by stop ({catalog.kind(action)})."
        if harmless
        else f"Cancelled by stop while it was under way ({catalog.kind(action)}); it may have had effect."
    )
    return result


def _fault(correlation_id: str) -> task_pb2.TaskCause:
    return task_pb2.TaskCause(
        code=error_pb2.ERROR_CODE_INTERNAL,
        message=f"A fault of the server ended the task (correlation id {correlation_id}).",
        retryable=True,
        remedy="Start it again; if it happens again, report it with the correlation id and the server's log.",
    )
