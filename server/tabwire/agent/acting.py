"""Carries one action out: through the browser, by asking a person, or by waiting for a browser that is away.

Every action is journalled before it is sent and after it was answered. What to do when the answer got lost is decided
here too: repeat what harms nothing, ask the browser's own record by sending the same id again, look whether the page
shows the effect, and leave the rest to the decider or to a person.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from tabwire.agent import approval, catalog, events, nearest, own_actions
from tabwire.agent.collect import Collector
from tabwire.agent.failures import AWAY, MAY_HAVE_HAPPENED
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2, error_pb2, options_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tabwire.agent.ports import Decider, Host
    from tabwire.policy.verdict import Approval

_log = structlog.get_logger()

OBSERVE_TIMEOUT_S = 20.0
_ACT_TIMEOUT_S = 30.0
_BROWSER_TIMEOUT_S = 60.0
# An action whose answer got lost is tried so often.
_TRIES = 3
_WAIT_DEFAULT_MS = 10_000
_WAIT_MARGIN_S = 15.0
# Errors that end this server's work on the task: another server has it.
FATAL = frozenset({error_pb2.ERROR_CODE_EPOCH_FENCED})


def state_request(scope: state_pb2.StateScope.ValueType) -> state_pb2.StateRequest:
    """How the agent looks at a page."""
    elements = 300 if scope == state_pb2.STATE_SCOPE_VIEWPORT else 5000
    return state_pb2.StateRequest(scope=scope, max_elements=elements, include_text=True)


class Hands:
    """Acts and looks for one task, in its current tab."""

    def __init__(self, host: Host, decider: Decider | None) -> None:
        """`decider` is who decided what is done; None for what the task itself needs, as opening its tab."""
        self._host = host
        self._decider = decider
        self.seen: state_pb2.PageState | None = None
        """The page that the decision was made for."""
        self.state: state_pb2.PageState | None = None
        """The page now, if nothing has happened since it was seen."""
        self._beside: list[task_pb2.TaskEvent] = []

    async def observe(self, scope: state_pb2.StateScope.ValueType) -> state_pb2.PageState:
        """The task's tab. What keeps it from being seen is in the state's `error_info`."""
        while True:
            tab_id = self._host.task.tab_id
            try:
                return await self._host.port.observe(tab_id, state_request(scope), timeout_s=OBSERVE_TIMEOUT_S)
            except TabwireError as error:
                if error.code in AWAY:
                    await self._host.browser_lost()
                    continue
                if error.code in FATAL:
                    raise
                return state_pb2.PageState(tab_id=tab_id, error_info=error.info)

    async def tabs(self) -> Sequence[state_pb2.Tab]:
        """All tabs of the browser."""
        while True:
            try:
                return await self._host.port.list_tabs(timeout_s=OBSERVE_TIMEOUT_S)
            except TabwireError as error:
                if error.code not in AWAY:
                    raise
                await self._host.browser_lost()

    async def act(
        self, number: int, index: int, action: action_pb2.Action, *, pending: task_pb2.ActionStarted | None
    ) -> action_pb2.ActionResult:
        """Does an action, or finishes one that was started before a restart (`pending`), and journals both."""
        if pending is not None:
            action = pending.action
        for _ in range(_TRIES):
            if pending is not None:
                start = task_pb2.ActionStarted()
                start.CopyFrom(pending)
                word = approval.approval_of(action)
            else:
                permit = await approval.permit(self._host, action)
                if permit.error is not None:
                    result = events.failed_result(action, permit.error)
                    break
                action, word = permit.action, permit.approval
                tab_id = self._host.task.tab_id
                start = task_pb2.ActionStarted(step_number=number, index=index, action=action, tab_id=tab_id)
                start.journal_id = self._host.port.journal_id
                await self._host.record(events.started(start))
            result = await self._carry_out(start, word, in_doubt=pending is not None)
            # What the person cut off is not begun again: they have something to say first.
            again = None if self._host.interrupted() else await self._again(action, result)
            if again is None:
                break
            pending, action = None, again
        if self._decider is not None and result.status == action_pb2.ACTION_STATUS_SUCCEEDED:
            unmet = self._decider.unmet(self._host.task, number, action, result)
            if unmet is not None:
                result.status = action_pb2.ACTION_STATUS_FAILED
                result.error_info.CopyFrom(unmet)
        await self._name_candidates(action, result)
        finished = events.finished(number, index, result)
        if _is_in_doubt(result) and self._needs_person(action):
            await self._host.attention(finished, result.error_info)
        else:
            await self._host.record(finished, *self._tab_events(result), *self._beside)
        self._beside = []
        return result

    async def _carry_out(
        self, start: task_pb2.ActionStarted, word: Approval | None, *, in_doubt: bool
    ) -> action_pb2.ActionResult:
        if catalog.facts(start.action).performer == options_pb2.PERFORMER_AGENT:
            return await self._by_agent(start)
        return self._refused(start.action) or await self._by_browser(start, word, in_doubt=in_doubt)

    async def _again(self, action: action_pb2.Action, result: action_pb2.ActionResult) -> action_pb2.Action | None:
        """The same action under a new id, if it did not happen, or if it harms nothing twice and nobody knows.

        The old id would only bring the browser's stored answer back.
        """
        if approval.is_needed(result):
            anew = action_pb2.Action()
            anew.CopyFrom(action)
            anew.id = approval.bare_id(action.id)
            return anew
        cancelled = result.status == action_pb2.ACTION_STATUS_CANCELLED
        if not cancelled and not (_is_in_doubt(result) and _is_idempotent(action)):
            return None
        if not cancelled and await self._shows_effect(action):
            result.Clear()
            result.original_action_id = action.id
            result.status = action_pb2.ACTION_STATUS_SUCCEEDED
            result.outcome_details.message = "The browser was interrupted, but the page shows that it was done."
            return None
        again = action_pb2.Action()
        again.CopyFrom(action)
        again.id = f"{action.id}/x"
        return again

    async def _shows_effect(self, action: action_pb2.Action) -> bool:
        if catalog.kind(action) != "input_text":
            return False
        state = await self.observe(state_pb2.STATE_SCOPE_PAGE)
        return any(
            element.id == action.input_text.element_id
            and element.HasField("current_value")
            and element.current_value == action.input_text.text
            for element in state.actionable_elements
        )

    def _needs_person(self, action: action_pb2.Action) -> bool:
        """A commit is never guessed about; a mutation only if the decider cannot see for itself."""
        effect = catalog.facts(action).effect
        return effect == options_pb2.EFFECT_CLASS_COMMIT or self._decider is None or not self._decider.sees_outcomes

    async def _by_agent(self, start: task_pb2.ActionStarted) -> action_pb2.ActionResult:
        action = start.action
        if catalog.kind(action) == "collect_rows":
            return await Collector(self._host, start).collect()
        carried = await own_actions.carry_out(
            self._host, action, self._look_once, checked=self._decider is None or self._decider.sees_outcomes
        )
        self._beside = carried.events
        return carried.result

    async def _look_once(self, scope: state_pb2.StateScope.ValueType) -> state_pb2.PageState:
        """The page as it was seen last, if nothing has happened since."""
        return self.state if self.state is not None else await self.observe(scope)

    async def _name_candidates(self, action: action_pb2.Action, result: action_pb2.ActionResult) -> None:
        """Says which elements may have been meant, if the one that was meant is not there."""
        if self.seen is None or not nearest.may_add(result.error_info):
            return
        now = result.new_state if result.HasField("new_state") else await self.observe(state_pb2.STATE_SCOPE_VIEWPORT)
        nearest.add(result.error_info, action, self.seen, now)

    def _refused(self, action: action_pb2.Action) -> action_pb2.ActionResult | None:
        """Tabs of other running tasks are theirs."""
        kind = catalog.kind(action)
        tab_id = 0
        if kind == "switch_tab":
            tab_id = action.switch_tab.tab_id
        elif kind == "close_tab":
            tab_id = action.close_tab.tab_id
        if not tab_id or tab_id == self._host.task.tab_id:
            return None
        if not self._host.holder(tab_id):
            return None
        return events.failed_result(
            action,
            error_pb2.ErrorInfo(
                error_code=error_pb2.ERROR_CODE_POLICY_DENIED,
                message=f"Another task works in tab {tab_id}.",
                component_origin=error_pb2.COMPONENT_ORIGIN_SERVER,
                remedy="Use another tab, or wait for that task to end.",
            ),
        )

    async def _by_browser(
        self, start: task_pb2.ActionStarted, word: Approval | None, *, in_doubt: bool
    ) -> action_pb2.ActionResult:
        """Sends an action until there is an answer. Sent again, it has the same id: the browser does it once.

        With the id goes the journal of the browser that the action may be recorded in. It is in the task's own journal
        before the action is sent, so that also the next server can tell a browser that has forgotten it.

        A browser that was away when the time for the answer ended is asked what became of the action as soon as it is
        back; one that was there is asked once more. The server told it to stop, so it answers what there was to do.
        """
        action = start.action
        asked_again = False
        while True:
            try:
                if in_doubt and not _is_idempotent(action) and not await self._tab_is_there(start.tab_id):
                    # The browser was started again: it cannot know the action, and would do it anew elsewhere.
                    return events.failed_result(action, events.outcome_unknown(action))
                if not start.journal_id:
                    await self._note_journal(start)
                # Nothing is waited for between the look at the journal and the sending.
                result = await self._host.port.act(
                    start.tab_id,
                    action,
                    state_after=None if events.only_looks(action) else state_request(state_pb2.STATE_SCOPE_VIEWPORT),
                    journal_id=start.journal_id if in_doubt else "",
                    approval=word if not in_doubt or word is None else replace(word, is_repeat=True),
                    timeout_s=_timeout_s(action),
                )
            except TabwireError as error:
                if error.code in FATAL:
                    raise
                if error.code in AWAY:
                    in_doubt = in_doubt or error.code in MAY_HAVE_HAPPENED
                    _log.info("browser_away", action_id=action.id, in_doubt=in_doubt)
                    if not in_doubt and start.journal_id:
                        start.journal_id = ""  # it was not sent: whichever browser comes back may do it
                        await self._host.record(events.started(start))
                    await self._host.browser_lost()
                    continue
                if _is_unanswered(error.info) and not _is_idempotent(action):
                    is_away = not self._host.port.journal_id
                    if asked_again and not is_away:
                        return events.failed_result(action, events.outcome_unknown(action))
                    _log.info("action_unanswered", action_id=action.id, is_away=is_away)
                    in_doubt = asked_again = True
                    if is_away:
                        await self._host.browser_lost()
                    continue
                return events.failed_result(action, error.info)
            if not result.original_action_id:
                result.original_action_id = action.id
            return result

    async def _note_journal(self, start: task_pb2.ActionStarted) -> None:
        """Records to which journal of the browser an action goes that was sent to none yet."""
        while (journal_id := self._host.port.journal_id) != start.journal_id:
            start.journal_id = journal_id
            await self._host.record(events.started(start))

    async def _tab_is_there(self, tab_id: int) -> bool:
        if tab_id == 0:
            return True
        tabs = await self._host.port.list_tabs(timeout_s=OBSERVE_TIMEOUT_S)
        return any(tab.tab_id == tab_id for tab in tabs)

    def _tab_events(self, result: action_pb2.ActionResult) -> list[task_pb2.TaskEvent]:
        """The task goes on in the tab that the browser says."""
        tab_id = result.current_tab_id
        if not tab_id or tab_id == self._host.task.tab_id:
            return []
        self._host.claim(tab_id)
        return [events.update(tab_id=tab_id)]


def _is_in_doubt(result: action_pb2.ActionResult) -> bool:
    code = result.error_info.error_code
    # A cancel that came after the effect had begun leaves a failed result; before it, a cancelled one.
    late_cancel = code == error_pb2.ERROR_CODE_CANCELLED and result.status == action_pb2.ACTION_STATUS_FAILED
    return late_cancel or code == error_pb2.ERROR_CODE_OUTCOME_UNKNOWN


def _is_unanswered(error: error_pb2.ErrorInfo) -> bool:
    """Whether the server gave up waiting; a browser that says the same has refused, and done nothing."""
    return (
        error.error_code == error_pb2.ERROR_CODE_DEADLINE_EXCEEDED
        and error.component_origin == error_pb2.COMPONENT_ORIGIN_SERVER
    )


def _is_idempotent(action: action_pb2.Action) -> bool:
    """Whether doing it twice is the same as doing it once."""
    kind = catalog.kind(action)
    if kind == "input_text":
        return not action.input_text.append and not action.input_text.submit
    return kind in ("navigate", "select_option") or events.is_repeatable(action)


def _timeout_s(action: action_pb2.Action) -> float:
    if catalog.kind(action) == "wait":
        return (action.wait.timeout_ms or _WAIT_DEFAULT_MS) / 1000 + _WAIT_MARGIN_S
    if catalog.facts(action).performer == options_pb2.PERFORMER_BROWSER:
        return _BROWSER_TIMEOUT_S
    return _ACT_TIMEOUT_S
