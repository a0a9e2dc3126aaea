"""A tab's id outlives neither the tab nor the run of the browser: what is meant for a tab of an earlier run is done in
none, also where Chrome itself gives the same id again."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from e2e.stack import unattended
from e2e.tab_numbers import Numbers
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2 as pb
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2e.page_server import PageServer
    from e2e.stack import Stack
    from tabwire.client import Client

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]
_TABS = 6
_COUNTED = 1_000_000
_EARLIER = 40  # what Chrome itself counts at its start is not always as much


def _chrome_has_counted(stack: Stack, so_far: int) -> None:
    """What a browser finds that crashed before it wrote down how far it had counted, as it does every ten seconds."""
    file = stack.tabwire_home / "managed" / "profile" / "Local State"
    file.parent.mkdir(parents=True, exist_ok=True)
    state = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(state | {"session_id_generator_last_value": str(so_far)}))


async def _crash(stack: Stack) -> None:
    """Kills the browser and starts everything again, with what it wrote down before it counted."""
    before = await stack.connected()
    os.kill(stack.child("browser"), signal.SIGKILL)
    await stack.stop()
    _chrome_has_counted(stack, _COUNTED - _EARLIER)
    await stack.start()
    assert await stack.connected() == before, "it is the same browser, in its next run"


async def _count_up_to(client: Client, numbers: Numbers, chromes: int) -> None:
    """Opens tabs until Chrome gives the next one an id."""
    while True:
        opened = (await client.act(pb.Action(open_tab=pb.OpenTabAction()))).result.current_tab_id
        assert numbers.chromes(opened) < chromes, "Chrome counts from too far on: this shows nothing"
        if numbers.chromes(opened) >= chromes - 1:
            return


async def _open_pages(client: Client, pages: PageServer) -> dict[int, str]:
    """Opens tabs; their addresses by their ids."""
    opened = dict[int, str]()
    for _ in range(_TABS):
        url = pages.fresh("chain/steps.html")
        result = (await client.act(pb.Action(open_tab=pb.OpenTabAction(url=url)))).result
        assert result.status == pb.ACTION_STATUS_SUCCEEDED, result.error_info
        opened[result.current_tab_id] = url
    return opened


async def _button(client: Client, tab: int) -> int:
    state = (await client.get_page_state(tab)).page_state
    return next(one.id for one in state.actionable_elements if one.name == "Step 1")


async def _refusal(client: Client, action: pb.Action, tab: int) -> error_pb2.ErrorInfo:
    """The error of an action that has to be refused."""
    try:
        result = (await client.act(action, tab)).result
    except TabwireError as error:
        return error.info
    assert result.status == pb.ACTION_STATUS_FAILED, result
    return result.error_info


async def test_an_id_of_an_earlier_run_is_no_tab(own_stack: Callable[..., Stack], pages: PageServer) -> None:
    stack = own_stack()
    stack.policy = unattended()
    _chrome_has_counted(stack, _COUNTED)
    await stack.start()
    async with stack.client() as client, stack.inspect() as context:
        before = await _open_pages(client, pages)
        earlier = await Numbers.within(context)
    await _crash(stack)
    async with stack.client() as client, stack.inspect() as context:
        numbers = await Numbers.within(context)
        await _count_up_to(client, numbers, min(earlier.chromes(told) for told in before))
        after = await _open_pages(client, pages)
        shown = {tab.tab_id: tab.url for tab in (await client.list_tabs()).tabs}
        colliding = {told for told in before if numbers.told(earlier.chromes(told)) in shown}
        assert colliding, "Chrome gave no id twice: this shows nothing"
        button = await _button(client, next(iter(after)))
        for told in before:
            refused = [
                await _refusal(client, pb.Action(click=pb.ClickAction(element_id=button)), told),
                await _refusal(client, pb.Action(navigate=pb.NavigateAction(url=pages.url("chain/second.html"))), told),
                await _refusal(client, pb.Action(switch_tab=pb.SwitchTabAction(tab_id=told)), next(iter(after))),
                await _refusal(client, pb.Action(close_tab=pb.CloseTabAction(tab_id=told)), next(iter(after))),
            ]
            with pytest.raises(TabwireError) as unseen:
                await client.get_page_state(told)
            for error in [*refused, unseen.value.info]:
                assert error.error_code == error_pb2.ERROR_CODE_TAB_NOT_FOUND, error
                assert error.remedy
            assert told not in shown
        assert {tab.tab_id: tab.url for tab in (await client.list_tabs()).tabs} == shown, "nothing was done anywhere"
        for page in context.pages:
            if "steps.html" in page.url:
                assert await page.evaluate("truth.presses") == [], page.url
