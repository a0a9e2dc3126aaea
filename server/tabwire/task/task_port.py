"""The browser port as a running task has it: the person can interrupt an action, and what became of it is found out.

A cancelled action is asked for once more under its own id. The browser answers that from its record and does nothing
again, so what is told of a cancelled action is what happened.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from tabwire.agent import catalog, events
from tabwire.errors import TabwireError
from tabwire.policy.verdict import Approval
from tabwire.v1 import action_pb2, error_pb2, state_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from tabwire.browser.port import BrowserPort
    from tabwire.policy.verdict import Verdict
    from tabwire.v1 import link_pb2

_log = structlog.get_logger()
# How long the browser may take to say what became of a cancelled action.
_OUTCOME_S = 5.0
# No browser's journal: it makes a browser that does not know an action refuse it instead of doing it.
_NO_JOURNAL = "cancelled"


class TaskPort:
    """One task's way to its browser. Implements `BrowserPort`."""

    def __init__(
        self, inner: BrowserPort, interrupted: asyncio.Event, seen: Callable[[Sequence[state_pb2.Tab]], Awaitable[None]]
    ):
        """`interrupted` is set while an interruption waits to be taken up; `seen` is told each list of tabs."""
        self._inner = inner
        self._interrupted = interrupted
        self._seen = seen

    @property
    def browser_id(self) -> str:
        """See `BrowserPort`."""
        return self._inner.browser_id

    @property
    def journal_id(self) -> str:
        """See `BrowserPort`."""
        return self._inner.journal_id

    async def observe(self, tab_id: int, options: state_pb2.StateRequest, *, timeout_s: float) -> state_pb2.PageState:
        """See `BrowserPort`."""
        return await self._inner.observe(tab_id, options, timeout_s=timeout_s)

    async def look(
        self, tab_id: int, options: state_pb2.StateRequest, *, timeout_s: float
    ) -> state_pb2.PageState | state_pb2.StateDelta:
        """See `BrowserPort`."""
        return await self._inner.look(tab_id, options, timeout_s=timeout_s)

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
        """See `BrowserPort`. If the person interrupts it, the result tells what came of it until then."""
        sent_to = self._inner.journal_id
        work = asyncio.ensure_future(
            self._inner.act(
                tab_id,
                action,
                state_after=state_after,
                journal_id=journal_id,
                approval=approval,
                timeout_s=timeout_s,
            )
        )
        stop = asyncio.ensure_future(self._interrupted.wait())
        try:
            await asyncio.wait([work, stop], return_when=asyncio.FIRST_COMPLETED)
        finally:
            is_cut = not work.done()
            stop.cancel()
            if is_cut:
                work.cancel()
            await asyncio.wait([work, stop])
        if not is_cut or not work.cancelled():
            return work.result()
        return await self.outcome(tab_id, action, sent_to or journal_id, "the person has something to say")

    async def outcome(self, tab_id: int, action: action_pb2.Action, sent_to: str, why: str) -> action_pb2.ActionResult:
        """What became of an action that was cancelled. `sent_to` is the browser's journal that it was sent to."""
        if events.is_repeatable(action):
            return _cancelled(action, why)
        try:
            # Whatever word it needed was given when it was sent.
            word = Approval(b"", is_repeat=True)
            result = await self._inner.act(tab_id, action, journal_id=_NO_JOURNAL, approval=word, timeout_s=_OUTCOME_S)
        except TabwireError as error:
            _log.info("cancelled_action_unknown", action_id=action.id, why=error.info.message)
            return _unknown(action, why)
        if result.error_info.error_code == error_pb2.ERROR_CODE_OUTCOME_UNKNOWN:
            # The browser that it was meant for has no record of it: it never got there.
            known = sent_to and self._inner.journal_id == sent_to
            return _cancelled(action, why) if known else _unknown(action, why)
        if result.status == action_pb2.ACTION_STATUS_CANCELLED:
            return _cancelled(action, why)
        return result

    async def list_tabs(self, *, timeout_s: float) -> Sequence[state_pb2.Tab]:
        """See `BrowserPort`."""
        tabs = await self._inner.list_tabs(timeout_s=timeout_s)
        await self._seen(tabs)
        return tabs

    async def set_task_tabs(self, tab_ids: Sequence[int], group_title: str = "") -> None:
        """See `BrowserPort`."""
        await self._inner.set_task_tabs(tab_ids, group_title)

    async def judge(self, tab_id: int, action: action_pb2.Action) -> Verdict:
        """See `BrowserPort`."""
        return await self._inner.judge(tab_id, action)

    async def ping(self, tab_id: int, *, into_page: bool, timeout_s: float) -> Sequence[link_pb2.Hop]:
        """See `BrowserPort`."""
        return await self._inner.ping(tab_id, into_page=into_page, timeout_s=timeout_s)

    def watch(self, tab_id: int) -> AsyncIterator[link_pb2.StateUpdate]:
        """See `BrowserPort`."""
        return self._inner.watch(tab_id)


def _cancelled(action: action_pb2.Action, why: str) -> action_pb2.ActionResult:
    result = action_pb2.ActionResult(original_action_id=action.id, status=action_pb2.ACTION_STATUS_CANCELLED)
    result.error_info.error_code = error_pb2.ERROR_CODE_CANCELLED
    result.error_info.component_origin = error_pb2.COMPONENT_ORIGIN_SERVER
    result.error_info.message = f"Cancelled, because {why} ({catalog.kind(action)}). It was not done."
    return result


def _unknown(action: action_pb2.Action, why: str) -> action_pb2.ActionResult:
    result = _cancelled(action, why)
    result.status = action_pb2.ACTION_STATUS_FAILED
    result.error_info.message = (
        f"Cancelled while it was under way, because {why} ({catalog.kind(action)}); it may have had effect."
    )
    return result
