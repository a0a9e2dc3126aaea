"""BrowserService over a real link to a scripted browser."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest

from integration.rpc.harness import bearer, error_of, failed
from integration.rpc.scripted_browser import ScriptedBrowser, one_tab
from tabwire.v1 import (
    action_pb2,
    auth_pb2,
    auth_service_pb2,
    browser_service_pb2,
    error_pb2,
    link_pb2,
    state_pb2,
)

if TYPE_CHECKING:
    from integration.rpc.harness import Api
    from integration.rpc.scripted_browser import Answer
    from tabwire.v1.auth_service_pb2 import PairResponse

CLICK = action_pb2.Action(click=action_pb2.ClickAction(element_id=7))


def silent(_command: link_pb2.Command) -> None:
    return None


def connect(api: Api, paired: PairResponse, answer: Answer = one_tab) -> ScriptedBrowser:
    return ScriptedBrowser(api.channel, bearer(paired.tokens.access_token), answer)


async def test_without_a_browser_the_remedy_is_said(api: Api) -> None:
    error = await failed(api.browsers.ListTabs(browser_service_pb2.ListTabsRequest(), metadata=api.owner))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    info = error_of(error)
    assert info.error_code == error_pb2.ERROR_CODE_BROWSER_DISCONNECTED
    assert info.remedy
    paired = await api.pair()
    listed = await api.browsers.ListBrowsers(browser_service_pb2.ListBrowsersRequest(), metadata=api.owner)
    (browser,) = listed.browsers
    assert (browser.browser_id, browser.is_connected, browser.display_name) == (
        paired.browser_id,
        False,
        "Test browser",
    )
    request = browser_service_pb2.ListTabsRequest(browser_id=paired.browser_id)
    error = await failed(api.browsers.ListTabs(request, metadata=api.owner))
    assert error_of(error).error_code == error_pb2.ERROR_CODE_BROWSER_DISCONNECTED


async def test_look_and_act(api: Api) -> None:
    paired = await api.pair()
    async with connect(api, paired) as browser:
        listed = await api.browsers.ListBrowsers(browser_service_pb2.ListBrowsersRequest(), metadata=api.owner)
        assert listed.browsers[0].is_connected
        assert listed.browsers[0].extension_version == "1.2.3"
        tabs = await api.browsers.ListTabs(browser_service_pb2.ListTabsRequest(), metadata=api.owner)
        assert (tabs.browser_id, [tab.title for tab in tabs.tabs]) == (paired.browser_id, ["Shop"])
        state = await api.browsers.GetPageState(browser_service_pb2.GetPageStateRequest(), metadata=api.owner)
        assert state.page_state.title == "Shop"
        done = await api.browsers.Act(
            browser_service_pb2.ActRequest(action=CLICK, state_after=state_pb2.StateRequest(max_elements=5)),
            metadata=api.owner,
        )
        assert done.result.status == action_pb2.ACTION_STATUS_SUCCEEDED
        assert browser.commands[-1].action.document_id == "main-1"
        assert browser.commands[-1].state_after.max_elements == 5
        ping = await api.browsers.Ping(browser_service_pb2.PingRequest(into_page=True), metadata=api.owner)
        assert [hop.name for hop in ping.hops] == ["browser link", "service worker"]
        assert ping.hops[0].round_trip_us > 0


async def test_two_browsers_must_be_told_apart(api: Api) -> None:
    first, second = await api.pair(), await api.pair()
    async with connect(api, first), connect(api, second):
        error = await failed(api.browsers.ListTabs(browser_service_pb2.ListTabsRequest(), metadata=api.owner))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        message = error_of(error).message
        assert first.browser_id in message
        assert second.browser_id in message
        request = browser_service_pb2.ListTabsRequest(browser_id=second.browser_id)
        assert (await api.browsers.ListTabs(request, metadata=api.owner)).browser_id == second.browser_id


@pytest.mark.parametrize(
    "action",
    [
        action_pb2.Action(done=action_pb2.DoneAction(text="finished", success=True)),
        action_pb2.Action(ask_human=action_pb2.AskHumanAction(prompt="which?")),
    ],
)
async def test_the_agents_actions_are_not_for_browsers(api: Api, action: action_pb2.Action) -> None:
    paired = await api.pair()
    async with connect(api, paired) as browser:
        error = await failed(api.browsers.Act(browser_service_pb2.ActRequest(action=action), metadata=api.owner))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert error_of(error).details.field_violations.violations[0].field == f"action.{action.WhichOneof('kind')}"
        assert browser.commands == []


async def test_a_silent_browser_is_a_clear_deadline_and_a_cancelled_command(api: Api) -> None:
    paired = await api.pair()
    async with connect(api, paired, silent) as browser:
        call = api.browsers.Act(browser_service_pb2.ActRequest(action=CLICK), metadata=api.owner, timeout=1)
        error = await failed(call)
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert await asyncio.wait_for(browser.cancelled.get(), 10) == browser.commands[0].command_id


async def test_a_caller_that_leaves_cancels_its_command(api: Api) -> None:
    paired = await api.pair()
    async with connect(api, paired, silent) as browser:
        call = api.browsers.Act(browser_service_pb2.ActRequest(action=CLICK), metadata=api.owner)
        running = asyncio.ensure_future(failed(call))
        await asyncio.wait_for(browser.commanded.wait(), 10)
        call.cancel()
        assert await asyncio.wait_for(browser.cancelled.get(), 10) == browser.commands[0].command_id
        await asyncio.gather(running, return_exceptions=True)


async def test_watching_begins_with_the_state_and_ends_with_the_tab(api: Api) -> None:
    paired = await api.pair()
    async with connect(api, paired) as browser:
        stream = api.browsers.WatchTab(browser_service_pb2.WatchTabRequest(), metadata=api.owner)
        updates = aiter(stream)
        first = (await anext(updates)).update
        assert (first.tab_id, first.cause) == (9, state_pb2.STATE_CAUSE_REQUEST)
        assert (first.page_state.title, first.tab.title) == ("Shop", "Shop")
        for cause in (state_pb2.STATE_CAUSE_MUTATION, state_pb2.STATE_CAUSE_TAB_CLOSED):
            browser.send(state_update=link_pb2.StateUpdate(tab_id=9, cause=cause))
        assert [item.update.cause async for item in updates] == [
            state_pb2.STATE_CAUSE_MUTATION,
            state_pb2.STATE_CAUSE_TAB_CLOSED,
        ]
        assert await stream.code() is grpc.StatusCode.OK


async def test_the_browser_watches_only_while_somebody_looks(api: Api) -> None:
    paired = await api.pair()
    async with connect(api, paired) as browser:
        assert await asyncio.wait_for(browser.observed.get(), 10) == []
        stream = api.browsers.WatchTab(browser_service_pb2.WatchTabRequest(tab_id=9), metadata=api.owner)
        await anext(aiter(stream))
        assert await asyncio.wait_for(browser.observed.get(), 10) == [9]
        stream.cancel()
        assert await asyncio.wait_for(browser.observed.get(), 10) == []


async def test_revoking_a_browser_ends_its_link_and_its_tokens_at_once(api: Api) -> None:
    paired = await api.pair()
    async with connect(api, paired) as browser:
        request = auth_service_pb2.RevokeTokenRequest(id=paired.browser_id)
        await api.auth.RevokeToken(request, metadata=api.owner)
        ended = await asyncio.wait_for(browser.ended, 10)
        assert isinstance(ended, grpc.aio.AioRpcError)
        assert ended.code() is grpc.StatusCode.UNAUTHENTICATED
        assert error_of(ended).remedy
        listed = await api.browsers.ListBrowsers(browser_service_pb2.ListBrowsersRequest(), metadata=api.owner)
        assert list(listed.browsers) == []


async def test_revoking_a_programs_token_ends_its_streams(api: Api) -> None:
    paired = await api.pair()
    made = await api.auth.CreateApiToken(
        auth_service_pb2.CreateApiTokenRequest(display_name="watcher", scopes=[auth_pb2.SCOPE_READ]), metadata=api.owner
    )
    async with connect(api, paired):
        stream = api.browsers.WatchTab(browser_service_pb2.WatchTabRequest(tab_id=9), metadata=bearer(made.token))
        await anext(aiter(stream))
        request = auth_service_pb2.RevokeTokenRequest(id=made.api_token.token_id)
        await api.auth.RevokeToken(request, metadata=api.owner)
        error = await asyncio.wait_for(failed(stream), 10)
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED
        assert error_of(error).message == "The token was revoked."


async def test_a_reused_refresh_token_drops_the_link(api: Api) -> None:
    paired = await api.pair()
    async with connect(api, paired) as browser:
        request = auth_service_pb2.RefreshTokenRequest(refresh_token=paired.tokens.refresh_token)
        second = (await api.auth.RefreshToken(request)).tokens.refresh_token
        await api.auth.RefreshToken(auth_service_pb2.RefreshTokenRequest(refresh_token=second))
        await failed(api.auth.RefreshToken(request))
        ended = await asyncio.wait_for(browser.ended, 10)
        assert isinstance(ended, grpc.aio.AioRpcError)
        assert ended.code() is grpc.StatusCode.UNAUTHENTICATED
