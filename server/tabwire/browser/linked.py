"""The browser port over a link: commands out through the hub, answers in, nothing of the link's workings beyond here.

With the help of `memory.py`, an action on an element goes to the document the caller saw and not to one that came in
its place, and a browser that can tells only what has changed since the last state.
"""

from __future__ import annotations

import secrets
from contextlib import aclosing
from time import perf_counter
from typing import TYPE_CHECKING

from tabwire.browser.guard import Guard, Learned
from tabwire.browser.memory import KnownStates, SeenDocuments, TabKey
from tabwire.errors import TabwireError
from tabwire.policy import facts
from tabwire.v1 import action_pb2, error_pb2, link_pb2, policy_pb2, state_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from tabwire.browser.permissions import Permissions
    from tabwire.link.hub import LinkHub
    from tabwire.policy.verdict import Approval, Verdict

# A command that ended like this was not tried: the port's caller gets an exception. All else is a failed action.
_NOT_TRIED = frozenset(
    {
        error_pb2.ERROR_CODE_TAB_NOT_FOUND,
        error_pb2.ERROR_CODE_EPOCH_FENCED,
        error_pb2.ERROR_CODE_UNIMPLEMENTED,
        error_pb2.ERROR_CODE_DEADLINE_EXCEEDED,
        error_pb2.ERROR_CODE_BROWSER_DISCONNECTED,
        error_pb2.ERROR_CODE_COMMAND_REFUSED,
        error_pb2.ERROR_CODE_INVALID_ARGUMENT,
        error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED,
        error_pb2.ERROR_CODE_UNAVAILABLE,
    }
)
# A tab in one of these conditions has a state that says so.
_NOT_PERCEIVED = frozenset(
    {
        error_pb2.ERROR_CODE_RESTRICTED_PAGE,
        error_pb2.ERROR_CODE_DIALOG_OPEN,
        error_pb2.ERROR_CODE_COMMUNICATION_ERROR_WITH_TARGET,
        error_pb2.ERROR_CODE_POLICY_DENIED,
    }
)
# How many elements are looked at, and how long that may take, when a person is to be asked about one.
_MAX_JUDGED = 5000
_JUDGE_S = 20.0


class Memory:
    """What is remembered of all browsers' tabs."""

    def __init__(self) -> None:
        self.seen = SeenDocuments()
        self.states = KnownStates()
        self.learned = Learned()


class LinkedBrowser:
    """One browser over its link, for one task or for the API. Implements `BrowserPort`."""

    def __init__(
        self,
        hub: LinkHub,
        memory: Memory,
        permissions: Permissions,
        browser_id: str,
        *,
        task_id: str,
        epoch: int,
        guard: Guard | None = None,
    ) -> None:
        self._guard = guard or Guard(None, memory.learned, browser_id, "", None)
        self._hub = hub
        self._memory = memory
        self._permissions = permissions
        self._browser_id = browser_id
        self._task_id = task_id
        self._epoch = epoch

    @property
    def browser_id(self) -> str:
        """The browser's id."""
        return self._browser_id

    @property
    def journal_id(self) -> str:
        """See `BrowserPort.journal_id`."""
        return self._hub.journal_id(self._browser_id)

    async def observe(self, tab_id: int, options: state_pb2.StateRequest, *, timeout_s: float) -> state_pb2.PageState:
        """See `BrowserPort.observe`."""
        key = self._key(tab_id)
        answer = await self._observe(tab_id, options, self._memory.states.revision(key, options), timeout_s)
        if isinstance(answer, state_pb2.StateDelta):
            whole = self._memory.states.fold(self._key(answer.head.tab_id), options, answer)
            if whole is None:
                answer = await self._observe(tab_id, options, 0, timeout_s)
            else:
                answer = whole
                self._memory.seen.saw(self._browser_id, self._task_id, tab_id, whole)
        if isinstance(answer, state_pb2.StateDelta):
            raise _misfit()
        return await self._guard.screened(answer)

    async def look(
        self, tab_id: int, options: state_pb2.StateRequest, *, timeout_s: float
    ) -> state_pb2.PageState | state_pb2.StateDelta:
        """See `BrowserPort.look`."""
        if not options.base_revision:
            return await self.observe(tab_id, options, timeout_s=timeout_s)
        answer = await self._observe(tab_id, options, options.base_revision, timeout_s)
        if isinstance(answer, state_pb2.StateDelta):
            self._pass_on(tab_id, options, answer)
            await self._guard.clean(answer)
            return answer
        return await self._guard.screened(answer)

    async def judge(self, tab_id: int, action: action_pb2.Action) -> Verdict:
        """See `BrowserPort.judge`."""
        named = action_pb2.Action()
        named.CopyFrom(action)
        if not named.document_id:
            named.document_id = self._document_of(tab_id, action)
        known = self._memory.states.latest(self._key(tab_id))
        is_blind = known is None and self._guard.judges and facts.is_pressing(action)
        if is_blind and not self._hub.capabilities(self._browser_id).policies:
            known = await self._look_afresh(tab_id)  # this browser does not judge for itself
        return await self._guard.judge(named, known, lambda: self._look_afresh(tab_id))

    async def _learn(self, tab_id: int, action: action_pb2.Action, refused: action_pb2.ActionResult) -> None:
        """Remembers what the page found out, for the document of the element, which may not be known yet."""
        if not action.document_id:
            await self._look_afresh(tab_id)
            action.document_id = self._document_of(tab_id, action)
        self._guard.learn(action, refused)

    async def _look_afresh(self, tab_id: int) -> state_pb2.PageState:
        """The whole tab as it is now, for a person to approve what is there."""
        options = state_pb2.StateRequest(scope=state_pb2.STATE_SCOPE_PAGE, max_elements=_MAX_JUDGED)
        answer = await self._observe(tab_id, options, 0, _JUDGE_S)
        if isinstance(answer, state_pb2.StateDelta):
            raise _misfit()
        return answer

    async def act(
        self,
        tab_id: int,
        action: action_pb2.Action,
        *,
        state_after: state_pb2.StateRequest | None = None,
        journal_id: str = "",
        approval: Approval | None = None,
        timeout_s: float,
    ) -> action_pb2.ActionResult:
        """See `BrowserPort.act`. An action without a document gets the one its element was last seen in."""
        can = self._hub.capabilities(self._browser_id)
        policy = await self._guard.in_force()
        self._permissions.check(action, can if self._hub.is_connected(self._browser_id) else None, policy)
        approved = await self._permitted(tab_id, action, approval)
        secret = await self._guard.secret(action)
        command = self._command(tab_id, action.id, policy)
        command.grants.approved.extend(approved)
        if secret is not None:
            command.secret.CopyFrom(secret)
        command.journal_id = journal_id
        command.action.CopyFrom(action)
        command.action.id = command.command_id
        command.action.input_mode = self._permissions.input_mode(action, can)
        if not command.action.document_id:
            command.action.document_id = self._document_of(tab_id, action)
        if state_after is not None:
            known = self._memory.states.revision(self._key(tab_id), state_after)
            _ask(command.state_after, state_after, (state_after.base_revision or known) if can.state_deltas else 0)
        result = await self._hub.execute(self._browser_id, command, timeout_s=timeout_s)
        match result.WhichOneof("outcome"):
            case "action_result":
                answer = result.action_result
            case "error_info" if result.error_info.error_code not in _NOT_TRIED:
                return _failed(command.command_id, result.error_info)
            case _:
                raise _failure(result)
        if Guard.is_refused(answer):
            await self._learn(tab_id, command.action, answer)
            raise TabwireError.of((await self.judge(tab_id, command.action)).error())
        if state_after is not None:
            await self._take_state_after(tab_id, answer, state_after, timeout_s)
        if answer.WhichOneof("state_after") == "new_state":
            answer.new_state.CopyFrom(await self._guard.screened(answer.new_state))
        await self._guard.clean(answer)
        return answer

    async def _permitted(
        self, tab_id: int, action: action_pb2.Action, approval: Approval | None
    ) -> Sequence[policy_pb2.Consequence.ValueType]:
        """What a person has approved the action to lead to. Raises POLICY_DENIED and APPROVAL_NEEDED."""
        verdict = await self.judge(tab_id, action)
        if verdict.is_allowed:
            return approval.consequences if approval is not None else ()
        is_approved = approval is not None and (approval.is_repeat or approval.digest == verdict.digest)
        if verdict.permission != policy_pb2.PERMISSION_ASK or not is_approved:
            raise TabwireError.of(verdict.error())
        return verdict.consequences

    async def set_task_tabs(self, tab_ids: Sequence[int], group_title: str = "") -> None:
        """See `BrowserPort.set_task_tabs`."""
        rule = link_pb2.TaskTabsRule(task_id=self._task_id, tab_ids=tab_ids, group_title=group_title)
        if (policy := await self._guard.in_force()) is not None:
            rule.policy.CopyFrom(policy)
        self._hub.set_task_tabs(self._browser_id, rule)

    async def _observe(
        self, tab_id: int, options: state_pb2.StateRequest, base_revision: int, timeout_s: float
    ) -> state_pb2.PageState | state_pb2.StateDelta:
        """One look. A whole state is remembered; a delta is the caller's business."""
        can = self._hub.capabilities(self._browser_id)
        command = self._command(tab_id, policy=await self._guard.in_force())
        _ask(command.observe, options, base_revision if can.state_deltas else 0)
        result = await self._hub.execute(self._browser_id, command, timeout_s=timeout_s)
        match result.WhichOneof("outcome"):
            case "page_state":
                self._keep(tab_id, options, result.page_state)
                return result.page_state
            case "state_delta" if command.observe.base_revision:
                return result.state_delta
            case "error_info" if result.error_info.error_code in _NOT_PERCEIVED:
                return state_pb2.PageState(tab_id=tab_id, error_info=result.error_info)
            case _:
                raise _failure(result)

    async def _take_state_after(
        self, tab_id: int, answer: action_pb2.ActionResult, options: state_pb2.StateRequest, timeout_s: float
    ) -> None:
        """Remembers the state in a result, and makes it whole unless a delta was asked for."""
        current = answer.current_tab_id or tab_id
        match answer.WhichOneof("state_after"):
            case "new_state":
                self._keep(current, options, answer.new_state)
            case "state_delta" if options.base_revision and options.base_revision == answer.state_delta.base_revision:
                self._pass_on(current, options, answer.state_delta)
            case "state_delta":
                tab = answer.state_delta.head.tab_id
                whole = self._memory.states.fold(self._key(tab), options, answer.state_delta)
                if whole is not None:
                    self._memory.seen.saw(self._browser_id, self._task_id, current, whole)
                else:
                    whole = await self.observe(tab, options, timeout_s=timeout_s)
                answer.new_state.CopyFrom(whole)
            case _:
                pass

    def _keep(self, tab_id: int, options: state_pb2.StateRequest, state: state_pb2.PageState) -> None:
        self._memory.seen.saw(self._browser_id, self._task_id, tab_id, state)
        self._memory.states.keep(self._key(state.tab_id), options, state)

    def _pass_on(self, tab_id: int, options: state_pb2.StateRequest, delta: state_pb2.StateDelta) -> None:
        self._memory.seen.saw(self._browser_id, self._task_id, tab_id, delta.head)
        self._memory.states.pass_on(self._key(delta.head.tab_id), options, delta)

    def _key(self, tab_id: int) -> TabKey:
        return TabKey(self._browser_id, self._task_id, tab_id)

    async def list_tabs(self, *, timeout_s: float) -> Sequence[state_pb2.Tab]:
        """See `BrowserPort.list_tabs`."""
        command = self._command(0)
        command.list_tabs.SetInParent()
        result = await self._hub.execute(self._browser_id, command, timeout_s=timeout_s)
        if result.WhichOneof("outcome") != "tab_list":
            raise _failure(result)
        return result.tab_list.tabs

    async def ping(self, tab_id: int, *, into_page: bool, timeout_s: float) -> Sequence[link_pb2.Hop]:
        """See `BrowserPort.ping`. The first hop is the link itself, measured here; the rest is the browser's."""
        command = self._command(tab_id)
        command.ping.into_page = into_page
        command.ping.SetInParent()
        began = perf_counter()
        result = await self._hub.execute(self._browser_id, command, timeout_s=timeout_s)
        took_us = round((perf_counter() - began) * 1_000_000)
        if result.WhichOneof("outcome") != "pong":
            raise _failure(result)
        return [link_pb2.Hop(name="browser link", round_trip_us=took_us), *result.pong.hops]

    async def watch(self, tab_id: int) -> AsyncGenerator[link_pb2.StateUpdate, None]:
        """See `BrowserPort.watch`."""
        if tab_id == 0:
            raise ValueError("updates are of one tab; find out its id first")
        async with aclosing(self._hub.updates(self._browser_id, tab_id)) as updates:
            async for update in updates:
                if update.HasField("page_state"):
                    self._memory.seen.saw(self._browser_id, self._task_id, tab_id, update.page_state)
                    update.page_state.CopyFrom(await self._guard.screened(update.page_state))
                yield update

    def _command(
        self, tab_id: int, command_id: str = "", policy: policy_pb2.EffectivePolicy | None = None
    ) -> link_pb2.Command:
        return link_pb2.Command(
            command_id=command_id or secrets.token_hex(16),
            task_id=self._task_id,
            epoch=self._epoch,
            tab_id=tab_id,
            grants=self._permissions.grants(policy),
        )

    def _document_of(self, tab_id: int, action: action_pb2.Action) -> str:
        kind = action.WhichOneof("kind")
        element_id: int = getattr(getattr(action, kind), "element_id", 0) if kind else 0
        if not element_id:
            return ""
        return self._memory.seen.document_of(self._browser_id, self._task_id, tab_id, element_id)


def _failed(action_id: str, error: error_pb2.ErrorInfo) -> action_pb2.ActionResult:
    cancelled = error.error_code == error_pb2.ERROR_CODE_CANCELLED
    return action_pb2.ActionResult(
        original_action_id=action_id,
        status=action_pb2.ACTION_STATUS_CANCELLED if cancelled else action_pb2.ACTION_STATUS_FAILED,
        error_info=error,
        outcome_details=action_pb2.OutcomeDetails(message=error.message),
    )


def _failure(result: link_pb2.CommandResult) -> TabwireError:
    """The exception for an answer that is an error, or that does not fit the question."""
    if result.WhichOneof("outcome") == "error_info":
        return TabwireError.of(result.error_info)
    return TabwireError(
        error_pb2.ERROR_CODE_EXTENSION_INTERNAL_ERROR,
        "The browser answered with something else than was asked for.",
        remedy="Update the Tabwire extension in this browser.",
        origin=error_pb2.COMPONENT_ORIGIN_BACKGROUND,
    )


def _misfit() -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_EXTENSION_INTERNAL_ERROR,
        "The browser answered with a change of the state where the whole state was asked for.",
        remedy="Update the Tabwire extension in this browser.",
        origin=error_pb2.COMPONENT_ORIGIN_BACKGROUND,
    )


def _ask(request: state_pb2.StateRequest, options: state_pb2.StateRequest, base_revision: int) -> None:
    """Fills in how a state is to be taken, and what it may be relative to."""
    request.CopyFrom(options)
    request.base_revision = base_revision
