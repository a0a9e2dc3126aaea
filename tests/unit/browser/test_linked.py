"""The browser port over a hub that answers as the test says."""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import pytest

from tabwire.browser.browsers import LinkedBrowsers
from tabwire.browser.linked import LinkedBrowser, Memory
from tabwire.browser.memory import SeenDocuments
from tabwire.browser.permissions import Permissions
from tabwire.errors import TabwireError
from tabwire.store.tables import BrowserRow
from tabwire.v1 import action_pb2, error_pb2, link_pb2, state_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tabwire.browser.port import BrowserPort, Browsers
    from tabwire.link.hub import LinkHub
    from tabwire.store.browser_store import BrowserStore

CLICK = action_pb2.Action(click=action_pb2.ClickAction(element_id=7))
NOW = datetime(2026, 11, 21, tzinfo=UTC)


class ScriptedHub:
    """Answers each command with the next result, and keeps the commands."""

    def __init__(self, *results: link_pb2.CommandResult, connected: tuple[str, ...] = ("b1",)) -> None:
        self.results = list(results)
        self.commands: list[link_pb2.Command] = []
        self.connected = connected
        self.can = link_pb2.BrowserCapabilities()
        self.changes = 0
        self.state_updates: list[link_pb2.StateUpdate] = []

    async def execute(self, browser_id: str, command: link_pb2.Command, *, timeout_s: float) -> link_pb2.CommandResult:
        assert timeout_s == 5
        assert browser_id == "b1"
        self.commands.append(command)
        return self.results.pop(0)

    def is_connected(self, browser_id: str) -> bool:
        return browser_id in self.connected

    def refused_revision(self, browser_id: str) -> error_pb2.ErrorInfo | None:  # noqa: ARG002 - every browser here is taken
        return None

    def capabilities(self, browser_id: str) -> link_pb2.BrowserCapabilities:
        assert browser_id == "b1"
        return self.can

    async def updates(self, browser_id: str, tab_id: int) -> AsyncIterator[link_pb2.StateUpdate]:
        for update in self.state_updates:
            if (browser_id, tab_id) == ("b1", update.tab_id):
                yield update


def port(
    hub: ScriptedHub,
    memory: Memory | None = None,
    task_id: str = "",
    epoch: int = 0,
    permissions: Permissions | None = None,
) -> LinkedBrowser:
    allowed = permissions or Permissions()
    return LinkedBrowser(cast("LinkHub", hub), memory or Memory(), allowed, "b1", task_id=task_id, epoch=epoch)


def state(tab_id: int, *documents: str) -> state_pb2.PageState:
    return state_pb2.PageState(
        tab_id=tab_id,
        document_id=documents[0],
        frames=[state_pb2.Frame(slot=slot, document_id=document) for slot, document in enumerate(documents)],
    )


def seen_state(tab_id: int, *documents: str) -> link_pb2.CommandResult:
    return link_pb2.CommandResult(page_state=state(tab_id, *documents))


def failed(code: error_pb2.ErrorCode.ValueType) -> link_pb2.CommandResult:
    return link_pb2.CommandResult(error_info=error_pb2.ErrorInfo(error_code=code, message="why"))


def done() -> link_pb2.CommandResult:
    return link_pb2.CommandResult(action_result=action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_SUCCEEDED))


def clicked(element_id: int) -> action_pb2.Action:
    return action_pb2.Action(click=action_pb2.ClickAction(element_id=element_id))


async def observe(browser: BrowserPort, tab_id: int) -> state_pb2.PageState:
    return await browser.observe(tab_id, state_pb2.StateRequest(), timeout_s=5)


async def test_commands_carry_their_task_and_the_actions_id() -> None:
    hub = ScriptedHub(done(), done())
    action = action_pb2.Action(id="t1/1/0", click=CLICK.click)
    await port(hub, task_id="t1", epoch=3).act(9, action, timeout_s=5)
    await port(hub).act(9, CLICK, timeout_s=5)
    first, second = hub.commands
    assert (first.command_id, first.task_id, first.epoch, first.tab_id) == ("t1/1/0", "t1", 3, 9)
    assert first.action.id == "t1/1/0"
    assert second.command_id == second.action.id != ""
    assert not CLICK.id  # the caller's message is its own


async def test_an_action_goes_to_the_document_its_element_was_seen_in() -> None:
    hub = ScriptedHub(seen_state(9, "main-1", "frame-1"), done(), done(), done(), done())
    browser = port(hub)
    await observe(browser, 9)
    await browser.act(9, clicked(7), timeout_s=5)
    await browser.act(9, clicked(100_003), timeout_s=5)
    await browser.act(9, clicked(200_001), timeout_s=5)
    await browser.act(9, action_pb2.Action(reload=action_pb2.ReloadAction()), timeout_s=5)
    assert [command.action.document_id for command in hub.commands[1:]] == ["main-1", "frame-1", "", ""]


async def test_a_document_that_the_caller_names_is_kept() -> None:
    hub = ScriptedHub(seen_state(9, "main-1"), done())
    browser = port(hub)
    await observe(browser, 9)
    await browser.act(9, action_pb2.Action(document_id="mine", click=CLICK.click), timeout_s=5)
    assert hub.commands[1].action.document_id == "mine"


async def test_the_active_tab_is_remembered_under_both_names() -> None:
    hub = ScriptedHub(seen_state(9, "main-1"), done(), done())
    browser = port(hub)
    await observe(browser, 0)
    await browser.act(9, CLICK, timeout_s=5)
    await browser.act(0, CLICK, timeout_s=5)
    assert [command.action.document_id for command in hub.commands[1:]] == ["main-1", "main-1"]


async def test_a_state_after_an_action_and_an_update_count_as_seen() -> None:
    after = link_pb2.CommandResult(action_result=action_pb2.ActionResult(new_state=state(9, "main-2")))
    hub = ScriptedHub(seen_state(9, "main-1"), after, done(), done())
    hub.state_updates = [link_pb2.StateUpdate(tab_id=9, page_state=state(9, "main-3"))]
    browser = port(hub)
    await observe(browser, 9)
    await browser.act(9, CLICK, state_after=state_pb2.StateRequest(max_elements=3), timeout_s=5)
    assert hub.commands[1].state_after.max_elements == 3
    await browser.act(9, CLICK, timeout_s=5)
    assert hub.commands[2].action.document_id == "main-2"
    async with aclosing(browser.watch(9)) as updates:
        assert [update.tab_id async for update in updates] == [9]
    await browser.act(9, CLICK, timeout_s=5)
    assert hub.commands[3].action.document_id == "main-3"


async def test_a_task_acts_on_what_it_saw_itself() -> None:
    hub = ScriptedHub(seen_state(9, "main-1"), seen_state(9, "main-2"), done(), done(), done())
    memory = Memory()
    await observe(port(hub, memory, task_id="t1"), 9)
    await observe(port(hub, memory), 9)
    await port(hub, memory, task_id="t1").act(9, CLICK, timeout_s=5)
    await port(hub, memory).act(9, CLICK, timeout_s=5)
    await port(hub, memory, task_id="t2").act(9, CLICK, timeout_s=5)
    assert [command.action.document_id for command in hub.commands[2:]] == ["main-1", "main-2", ""]


def test_the_memory_is_bounded() -> None:
    seen = SeenDocuments()
    for tab in range(1, 2000):
        seen.saw("b1", "", tab, state(tab, f"d{tab}"))
    assert seen.document_of("b1", "", 1, 7) == ""
    assert seen.document_of("b1", "", 1999, 7) == "d1999"


async def test_a_state_is_whole_whatever_is_asked() -> None:
    hub = ScriptedHub(seen_state(9, "main-1"))
    hub.can.state_deltas = True
    await port(hub).observe(9, state_pb2.StateRequest(base_revision=4, max_elements=10), timeout_s=5)
    assert hub.commands[0].observe == state_pb2.StateRequest(max_elements=10)


async def test_a_page_that_cannot_be_perceived_is_a_state_that_says_so() -> None:
    hub = ScriptedHub(failed(error_pb2.ERROR_CODE_RESTRICTED_PAGE))
    found = await observe(port(hub), 9)
    assert (found.tab_id, found.error_info.error_code) == (9, error_pb2.ERROR_CODE_RESTRICTED_PAGE)


NOT_TRIED = [
    error_pb2.ERROR_CODE_TAB_NOT_FOUND,
    error_pb2.ERROR_CODE_EPOCH_FENCED,
    error_pb2.ERROR_CODE_UNIMPLEMENTED,
    error_pb2.ERROR_CODE_DEADLINE_EXCEEDED,
]


@pytest.mark.parametrize("code", NOT_TRIED)
async def test_what_was_not_tried_is_raised(code: error_pb2.ErrorCode.ValueType) -> None:
    with pytest.raises(TabwireError) as caught:
        await port(ScriptedHub(failed(code))).act(9, CLICK, timeout_s=5)
    assert caught.value.code == code
    with pytest.raises(TabwireError):
        await observe(port(ScriptedHub(failed(code))), 9)
    with pytest.raises(TabwireError):
        await port(ScriptedHub(failed(code))).list_tabs(timeout_s=5)


@pytest.mark.parametrize(
    "code", [error_pb2.ERROR_CODE_STALE_ELEMENT, error_pb2.ERROR_CODE_OUTCOME_UNKNOWN, error_pb2.ERROR_CODE_DIALOG_OPEN]
)
async def test_what_was_tried_and_failed_is_a_result(code: error_pb2.ErrorCode.ValueType) -> None:
    result = await port(ScriptedHub(failed(code))).act(9, action_pb2.Action(id="a", click=CLICK.click), timeout_s=5)
    assert result.status == action_pb2.ACTION_STATUS_FAILED
    assert result.original_action_id == "a"
    assert result.error_info.error_code == code


async def test_a_cancelled_action_says_so() -> None:
    result = await port(ScriptedHub(failed(error_pb2.ERROR_CODE_CANCELLED))).act(9, CLICK, timeout_s=5)
    assert result.status == action_pb2.ACTION_STATUS_CANCELLED


async def test_an_answer_that_does_not_fit_is_the_extensions_fault() -> None:
    wrong = link_pb2.CommandResult(tab_list=link_pb2.TabList())
    with pytest.raises(TabwireError) as caught:
        await port(ScriptedHub(wrong)).act(9, CLICK, timeout_s=5)
    assert caught.value.code == error_pb2.ERROR_CODE_EXTENSION_INTERNAL_ERROR
    for empty in (link_pb2.CommandResult(), done()):
        with pytest.raises(TabwireError):
            await observe(port(ScriptedHub(empty)), 9)
        with pytest.raises(TabwireError):
            await port(ScriptedHub(empty)).ping(9, into_page=True, timeout_s=5)


async def test_a_ping_begins_with_the_link_itself() -> None:
    pong = link_pb2.CommandResult(pong=link_pb2.Pong(hops=[link_pb2.Hop(name="service worker", round_trip_us=5)]))
    hub = ScriptedHub(pong, pong)
    hops = await port(hub).ping(9, into_page=True, timeout_s=5)
    assert [hop.name for hop in hops] == ["browser link", "service worker"]
    assert hops[0].round_trip_us > 0
    await port(hub).ping(9, into_page=False, timeout_s=5)
    assert [command.WhichOneof("request") for command in hub.commands] == ["ping", "ping"]
    assert [command.ping.into_page for command in hub.commands] == [True, False]


class Rows:
    """The browsers of one owner."""

    def __init__(self, **names: str) -> None:
        self.rows = [
            BrowserRow(
                id=browser_id,
                owner_id="local",
                display_name=name,
                extension_version="1",
                user_agent="",
                capabilities=link_pb2.BrowserCapabilities(screenshots=True).SerializeToString(),
                paired_at=NOW,
                last_seen_at=NOW,
            )
            for browser_id, name in names.items()
        ]

    async def list_browsers(self, owner_id: str) -> list[BrowserRow]:
        return [row for row in self.rows if row.owner_id == owner_id]

    async def names(self, owner_id: str) -> dict[str, str]:
        return {row.id: row.display_name for row in await self.list_browsers(owner_id)}

    async def get_browser(self, owner_id: str, browser_id: str) -> BrowserRow | None:
        return next((row for row in self.rows if (row.owner_id, row.id) == (owner_id, browser_id)), None)


def browsers(rows: Rows, *connected: str) -> Browsers:
    hub = ScriptedHub(connected=connected)
    return LinkedBrowsers(cast("LinkHub", hub), cast("BrowserStore", rows))


async def test_connected_browsers_come_first_and_are_seen_now() -> None:
    listed = await browsers(Rows(b1="Alpha", b2="Beta", b3="Gamma"), "b3").list_browsers("local")
    assert [browser.browser_id for browser in listed] == ["b3", "b1", "b2"]
    assert [browser.is_connected for browser in listed] == [True, False, False]
    assert listed[0].last_seen_at.ToDatetime(UTC) > NOW
    assert listed[1].last_seen_at.ToDatetime(UTC) == NOW
    assert listed[0].capabilities.screenshots


async def test_the_only_connected_browser_is_meant() -> None:
    assert await browsers(Rows(b1="Alpha", b2="Beta"), "b2").resolve("local", "") == "b2"
    assert await browsers(Rows(b1="Alpha", b2="Beta"), "b2").resolve("local", "b1") == "b1"


@pytest.mark.parametrize(
    ("owner", "asked", "connected", "code"),
    [
        ("local", "", (), error_pb2.ERROR_CODE_BROWSER_DISCONNECTED),
        ("local", "", ("b1", "b2"), error_pb2.ERROR_CODE_INVALID_ARGUMENT),
        ("local", "b9", ("b1",), error_pb2.ERROR_CODE_NOT_FOUND),
        ("other", "b1", ("b1",), error_pb2.ERROR_CODE_NOT_FOUND),
        ("other", "", ("b1",), error_pb2.ERROR_CODE_BROWSER_DISCONNECTED),
    ],
)
async def test_which_browser_is_meant_must_be_clear(
    owner: str, asked: str, connected: tuple[str, ...], code: error_pb2.ErrorCode.ValueType
) -> None:
    with pytest.raises(TabwireError) as caught:
        await browsers(Rows(b1="Alpha", b2="Beta"), *connected).port(owner, asked)
    assert caught.value.code == code
    assert caught.value.info.remedy
    if code == error_pb2.ERROR_CODE_INVALID_ARGUMENT:
        assert "Alpha (b1), Beta (b2)" in caught.value.info.message
