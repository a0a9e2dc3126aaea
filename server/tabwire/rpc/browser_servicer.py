"""BrowserService: look and act directly, without an agent. Requests in, answers out, over the browser port."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from tabwire.errors import TabwireError
from tabwire.policy.verdict import Approval
from tabwire.rpc.identity import principal
from tabwire.rpc.interceptors.deadline import seconds_left
from tabwire.v1 import (
    action_pb2,
    browser_service_pb2,
    browser_service_pb2_grpc,
    error_pb2,
    link_pb2,
    options_pb2,
    state_pb2,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    import grpc

    from tabwire.browser.port import BrowserPort, Browsers

    Context = grpc.aio.ServicerContext[Any, Any]

_LOOK_S = 30.0
_ACT_S = 60.0
# For the way of an action beyond the time that the action itself asks for.
_WAY_S = 20.0
_DEFAULT_WAIT_MS = 10_000
_MAX_ID = 120


class BrowserServicer(browser_service_pb2_grpc.BrowserServiceServicer):
    """Answers BrowserService."""

    def __init__(self, browsers: Browsers) -> None:
        self._browsers = browsers

    async def ListBrowsers(  # noqa: N802 - the contract's name
        self, _request: browser_service_pb2.ListBrowsersRequest, _context: Context
    ) -> browser_service_pb2.ListBrowsersResponse:
        """Lists the caller's browsers."""
        browsers = await self._browsers.list_browsers(principal().owner_id)
        return browser_service_pb2.ListBrowsersResponse(browsers=browsers)

    async def ListTabs(  # noqa: N802 - the contract's name
        self, request: browser_service_pb2.ListTabsRequest, _context: Context
    ) -> browser_service_pb2.ListTabsResponse:
        """Lists the tabs of a browser."""
        port = await self._port(request.browser_id)
        tabs = await port.list_tabs(timeout_s=_within(_LOOK_S))
        return browser_service_pb2.ListTabsResponse(tabs=tabs, browser_id=port.browser_id)

    async def GetPageState(  # noqa: N802 - the contract's name
        self, request: browser_service_pb2.GetPageStateRequest, _context: Context
    ) -> browser_service_pb2.GetPageStateResponse:
        """Takes the state of a tab."""
        port = await self._port(request.browser_id)
        answer = await port.look(request.tab_id, request.options, timeout_s=_within(_LOOK_S))
        if isinstance(answer, state_pb2.StateDelta):
            return browser_service_pb2.GetPageStateResponse(state_delta=answer, browser_id=port.browser_id)
        return browser_service_pb2.GetPageStateResponse(page_state=answer, browser_id=port.browser_id)

    async def Act(  # noqa: N802 - the contract's name
        self, request: browser_service_pb2.ActRequest, _context: Context
    ) -> browser_service_pb2.ActResponse:
        """Does one action."""
        _refuse_agents_action(request.action)
        port = await self._port(request.browser_id)
        approval = _approved(request)
        result = await port.act(
            request.tab_id,
            request.action,
            state_after=request.state_after if request.HasField("state_after") else None,
            approval=approval,
            timeout_s=_within(_act_s(request.action)),
        )
        return browser_service_pb2.ActResponse(result=result, browser_id=port.browser_id)

    async def Ping(  # noqa: N802 - the contract's name
        self, request: browser_service_pb2.PingRequest, _context: Context
    ) -> browser_service_pb2.PingResponse:
        """Measures the way to the browser."""
        port = await self._port(request.browser_id)
        hops = await port.ping(request.tab_id, into_page=request.into_page, timeout_s=_within(_LOOK_S))
        return browser_service_pb2.PingResponse(hops=hops, browser_id=port.browser_id)

    async def WatchTab(  # noqa: N802 - the contract's name
        self, request: browser_service_pb2.WatchTabRequest, _context: Context
    ) -> AsyncGenerator[browser_service_pb2.WatchTabResponse, None]:
        """Streams state updates of a tab: the state as it is, then what comes. Ends when the tab is closed."""
        port = await self._port(request.browser_id)
        tab_id = request.tab_id or await _active_tab(port)
        async with aclosing(_watch(port, tab_id)) as updates:
            async for update in updates:
                yield browser_service_pb2.WatchTabResponse(update=update)

    async def _port(self, browser_id: str) -> BrowserPort:
        return await self._browsers.port(principal().owner_id, browser_id)


async def _watch(port: BrowserPort, tab_id: int) -> AsyncGenerator[link_pb2.StateUpdate, None]:
    """The state now, and all updates from before it was taken, so that nothing falls between the two."""
    updates = port.watch(tab_id)
    following = asyncio.ensure_future(_next(updates))
    try:
        state = await port.observe(tab_id, state_pb2.StateRequest(), timeout_s=_LOOK_S)
        tabs = await port.list_tabs(timeout_s=_LOOK_S)
        yield link_pb2.StateUpdate(
            tab_id=tab_id,
            cause=state_pb2.STATE_CAUSE_REQUEST,
            tab=next((tab for tab in tabs if tab.tab_id == tab_id), None),
            page_state=state,
        )
        while (update := await following) is not None:
            yield update
            if update.cause == state_pb2.STATE_CAUSE_TAB_CLOSED:
                return
            following = asyncio.ensure_future(_next(updates))
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)  # its error, if it came to count, was raised above
        close = getattr(updates, "aclose", None)
        if close is not None:
            await close()


async def _next(updates: AsyncIterator[link_pb2.StateUpdate]) -> link_pb2.StateUpdate | None:
    return await anext(updates, None)


async def _active_tab(port: BrowserPort) -> int:
    """The id of the active tab, by a look at it that costs next to nothing."""
    state = await port.observe(0, state_pb2.StateRequest(max_elements=1), timeout_s=_LOOK_S)
    if state.tab_id:
        return state.tab_id
    if state.HasField("error_info"):
        raise TabwireError.of(state.error_info)
    raise TabwireError(
        error_pb2.ERROR_CODE_TAB_NOT_FOUND, "The browser shows no tab.", remedy="Open a tab in it, then try again."
    )


def _within(wanted_s: float) -> float:
    """A time limit for the browser that leaves the server time to answer its own caller."""
    left_s = seconds_left()
    return wanted_s if left_s is None else max(0.05, min(wanted_s, left_s - min(left_s * 0.05, 0.1)))


def _act_s(action: action_pb2.Action) -> float:
    expecting_s = action.expect.timeout_ms / 1000
    if action.WhichOneof("kind") == "wait":
        return (action.wait.timeout_ms or _DEFAULT_WAIT_MS) / 1000 + _WAY_S + expecting_s
    return _ACT_S + expecting_s


def _approved(request: browser_service_pb2.ActRequest) -> Approval | None:
    """The caller's word for this action. It is another command than the one that was refused without it."""
    if not request.approved_digest:
        return None
    if request.action.id:
        request.action.id = f"{request.action.id[:_MAX_ID]}/ok"
    return Approval(request.approved_digest)


def _refuse_agents_action(action: action_pb2.Action) -> None:
    kind = action.WhichOneof("kind")
    declared = action.DESCRIPTOR.fields_by_name[kind].message_type if kind else None
    if declared is None:
        return  # refused by the validation of the contract
    options = declared.GetOptions().Extensions[options_pb2.action]
    if options.performer == options_pb2.PERFORMER_AGENT:
        raise TabwireError(
            error_pb2.ERROR_CODE_INVALID_ARGUMENT,
            f"The action {kind} is the agent's own; a browser cannot do it.",
            remedy="Give a task instead: `tabwire task run`.",
            details=error_pb2.ErrorDetails(
                field_violations=error_pb2.FieldViolationsDetails(
                    violations=[
                        error_pb2.FieldViolation(field=f"action.{kind}", description="must be an action of the browser")
                    ]
                )
            ),
        )
