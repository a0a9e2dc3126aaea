"""Dialogs of pages through the whole chain: never accepted unasked, always told, and the person's own left alone.

Playwright hears of a dialog only if Chrome really opens it; so "no native dialog" is what it has not heard of.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from e2e.stack import tab_id, until
from e2e.test_actions import Tab
from tabwire.v1 import action_pb2 as pb
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import BrowserContext, Dialog

    from e2e.page_server import PageServer
    from tabwire.client import Client


class DialogTab(Tab):
    """A tab of which it is known which dialogs Chrome itself opened."""

    native: list[Dialog]

    @classmethod
    async def open(cls, client: Client, context: BrowserContext, url: str) -> DialogTab:
        page = await context.new_page()
        native: list[Dialog] = []
        page.on("dialog", lambda dialog: native.append(dialog))
        await page.goto(url)
        tab = cls(client, page, await tab_id(client, page))
        tab.native = native
        tab.approves = True  # dialogs are accepted, and things deleted, only with a person's word
        return tab

    async def close(self) -> None:
        for dialog in self.native:
            with contextlib.suppress(Exception):
                await dialog.dismiss()
        with contextlib.suppress(Exception):
            await self.page.close()

    async def click(self, name: str, **more: object) -> pb.ActionResult:
        element = await self.element(name)
        return await self.act(click=pb.ClickAction(element_id=element), **more)


@pytest_asyncio.fixture(loop_scope="session")
async def tab(client: Client, context: BrowserContext, pages: PageServer) -> AsyncIterator[DialogTab]:
    opened = await DialogTab.open(client, context, pages.fresh("chain/dialogs.html"))
    yield opened
    await opened.close()


def _said(result: pb.ActionResult) -> list[tuple[str, str, bool]]:
    return [(d.type, d.message, d.accepted) for d in result.outcome_details.dialogs]


@pytest.mark.asyncio(loop_scope="session")
async def test_a_confirm_is_never_accepted_unasked_and_once_when_asked(tab: DialogTab) -> None:
    result = await tab.click("Delete all")
    assert result.status == pb.ACTION_STATUS_SUCCEEDED
    assert _said(result) == [("confirm", "Delete all?", False)]
    assert "Delete all?" in result.outcome_details.message
    assert "answer_dialog" in result.outcome_details.message
    assert await tab.truth("truth.answers") == [False]
    assert await tab.truth("truth.deleted") == 0

    accepted = await tab.do(answer_dialog=pb.AnswerDialogAction(accept=True))
    assert _said(accepted) == [("confirm", "Delete all?", True)]
    assert await tab.truth("truth.deleted") == 1
    assert tab.native == []

    # The answer was for that one dialog: the next one is told "no" again.
    await tab.click("Delete all")
    assert await tab.truth("truth.deleted") == 1


@pytest.mark.asyncio(loop_scope="session")
async def test_an_answer_given_beforehand_is_for_one_dialog_only(tab: DialogTab) -> None:
    result = await tab.click("Archive", dialog_answer=pb.DialogAnswer(accept=True))
    asked = [("confirm", "Archive it?", True), ("confirm", "And delete the original?", False)]
    assert _said(result) == asked
    assert await tab.truth("truth.answers") == [True, False]
    again = await tab.do(answer_dialog=pb.AnswerDialogAction(accept=True))
    assert [accepted for _, _, accepted in _said(again)] == [True, True]
    assert await tab.truth("truth.answers") == [True, False, True, True]


@pytest.mark.asyncio(loop_scope="session")
async def test_a_prompt_takes_the_text(tab: DialogTab) -> None:
    refused = await tab.click("Rename")
    assert await tab.truth("truth.answers") == [None]
    assert refused.outcome_details.dialogs[0].default_text == "old"
    await tab.do(answer_dialog=pb.AnswerDialogAction(accept=True, text="new"))
    assert await tab.truth("truth.answers") == [None, "new"]
    # An OK without a text is an OK to what is suggested.
    await tab.click("Rename", dialog_answer=pb.DialogAnswer(accept=True))
    assert await tab.truth("truth.answers.at(-1)") == "old"


@pytest.mark.asyncio(loop_scope="session")
async def test_an_alert_is_acknowledged_and_printing_is_not(tab: DialogTab) -> None:
    result = await tab.click("Save")
    assert _said(result) == [("alert", "Saved", True)]
    assert await tab.truth("document.getElementById('said').textContent") == "after the alert"
    printed = await tab.click("Print")
    assert _said(printed) == [("print", "", False)]
    assert await tab.truth("document.getElementById('said').textContent") == "after printing"


@pytest.mark.asyncio(loop_scope="session")
async def test_saying_no_leaves_it_as_it_is(tab: DialogTab) -> None:
    nothing = await tab.act(answer_dialog=pb.AnswerDialogAction(accept=True))
    assert nothing.error_info.error_code == error_pb2.ERROR_CODE_FAILED_PRECONDITION
    await tab.click("Delete all")
    await tab.do(answer_dialog=pb.AnswerDialogAction(accept=False))
    assert await tab.truth("truth.answers") == [False]
    over = await tab.act(answer_dialog=pb.AnswerDialogAction(accept=True))
    assert over.error_info.error_code == error_pb2.ERROR_CODE_FAILED_PRECONDITION
    assert await tab.truth("truth.deleted") == 0


@pytest.mark.asyncio(loop_scope="session")
async def test_another_dialog_than_the_answered_one_is_told_no(tab: DialogTab) -> None:
    await tab.click("Delete all")
    await tab.truth("void (document.getElementById('delete').onclick = () => truth.answers.push(confirm('Pay?')))")
    result = await tab.do(answer_dialog=pb.AnswerDialogAction(accept=True))
    assert sorted(_said(result)) == [("confirm", "Delete all?", True), ("confirm", "Pay?", False)]


@pytest.mark.asyncio(loop_scope="session")
async def test_a_late_dialog_is_told_with_the_next_action(tab: DialogTab) -> None:
    await tab.click("Save later")

    async def answered() -> bool:
        return bool(await tab.truth("truth.answers.length"))

    await until(answered, "the late dialog to be answered")
    assert await tab.truth("truth.answers") == [False]
    assert tab.native == []
    result = await tab.do(hover=pb.HoverAction(element_id=await tab.element("Save")))
    assert ("confirm", "Late?", False) in _said(result)


@pytest.mark.asyncio(loop_scope="session")
async def test_a_persons_own_confirm_is_chromes(tab: DialogTab) -> None:
    # The agent has acted, so the page's script is there; then the person clicks.
    await tab.click("Save")
    await tab.page.evaluate("void 0")
    clicking = asyncio.ensure_future(tab.page.click("#delete"))

    async def opened() -> bool:
        return bool(tab.native)

    await until(opened, "Chrome's own dialog")
    assert tab.native[0].message == "Delete all?"
    # Meanwhile the agent is told at once, and does nothing.
    looked = (await tab.client.get_page_state(tab.number)).page_state
    assert looked.error_info.error_code == error_pb2.ERROR_CODE_DIALOG_OPEN
    assert looked.error_info.details.dialog.message == "Delete all?"
    await tab.native[0].accept()
    await clicking
    assert await tab.truth("truth.deleted") == 1
    assert (await tab.client.get_page_state(tab.number)).page_state.error_info.error_code == 0


@pytest.mark.asyncio(loop_scope="session")
async def test_a_page_that_is_asked_to_go_may_stay(tab: DialogTab, pages: PageServer) -> None:
    await tab.do(input_text=pb.InputTextAction(element_id=await tab.element("Notes"), text="precious"))
    url = pages.fresh("chain/second.html")
    ways: list[dict[str, object]] = [
        {"navigate": pb.NavigateAction(url=url)},
        {"reload": pb.ReloadAction()},
        {"go_back": pb.GoBackAction()},
        {"close_tab": pb.CloseTabAction()},
    ]
    for way in ways:
        result = await tab.act(**way)
        assert result.status == pb.ACTION_STATUS_FAILED, way
        assert result.error_info.error_code == error_pb2.ERROR_CODE_DIALOG_OPEN
        assert "Your notes are not saved." in result.error_info.message
        assert _said(result) == [("beforeunload", "Your notes are not saved.", False)]
        assert await tab.truth("document.getElementById('notes').value") == "precious"
    # A link of the page itself does not lead away either.
    clicked = await tab.click("Leave")
    assert _said(clicked) == [("beforeunload", "Your notes are not saved.", False)]
    assert await tab.truth("document.getElementById('notes').value") == "precious"
    assert tab.native == []

    left = await tab.do(navigate=pb.NavigateAction(url=url), dialog_answer=pb.DialogAnswer(accept=True))
    assert tab.page.url == url
    assert _said(left) == [("beforeunload", "Your notes are not saved.", True)]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("way", ["navigate", "link", "close"])
async def test_a_page_that_a_person_has_used_is_left_without_chromes_dialog(
    tab: DialogTab, pages: PageServer, way: str
) -> None:
    """Chrome itself asks only where a person has used the page; its own dialog no extension could answer."""
    await tab.page.click("h1")
    await tab.page.type("#notes", "typed by the person")
    first = await tab.click("Leave") if way == "link" else await _leave(tab, pages, way)
    assert _said(first) == [("beforeunload", "Your notes are not saved.", False)]
    assert tab.native == []
    accepted = await tab.act(answer_dialog=pb.AnswerDialogAction(accept=True))
    assert accepted.status == pb.ACTION_STATUS_SUCCEEDED, accepted

    async def left() -> bool:
        return tab.page.is_closed() or "second.html" in tab.page.url

    await until(left, "the page to be left")
    assert tab.native == []


async def _leave(tab: DialogTab, pages: PageServer, way: str) -> pb.ActionResult:
    if way == "close":
        return await tab.act(close_tab=pb.CloseTabAction())
    return await tab.act(navigate=pb.NavigateAction(url=pages.fresh("chain/second.html")))


@pytest.mark.asyncio(loop_scope="session")
async def test_an_alert_at_page_load_is_answered_or_told_fast(
    client: Client, context: BrowserContext, pages: PageServer
) -> None:
    tab = await DialogTab.open(client, context, pages.fresh("chain/second.html"))
    loop = asyncio.get_running_loop()
    try:
        for path in ("chain/alert_at_load.html?a", "chain/alert_at_load.html?native"):
            began = loop.time()
            result = await tab.do(navigate=pb.NavigateAction(url=pages.url(path)))
            # Either the page's script came first and the alert is told; or Chrome's own blocks the tab, which is told.
            assert _said(result) == [("alert", "Welcome", True)] or "dialog" in result.outcome_details.message, result
            looked = (await client.get_page_state(tab.number)).page_state
            blocked = looked.error_info.error_code == error_pb2.ERROR_CODE_DIALOG_OPEN
            assert blocked == bool(tab.native), (looked.error_info, tab.native)
            assert loop.time() - began < 15
            if blocked:
                assert "by hand" in looked.error_info.remedy
                refused = await tab.act(scroll=pb.ScrollAction(direction=pb.SCROLL_DIRECTION_DOWN))
                assert refused.error_info.error_code == error_pb2.ERROR_CODE_DIALOG_OPEN
        # Going elsewhere gives a dialog up that nobody answers.
        await tab.do(navigate=pb.NavigateAction(url=pages.fresh("chain/second.html")))
        assert (await client.get_page_state(tab.number)).page_state.error_info.error_code == 0
    finally:
        await tab.close()


@pytest.mark.asyncio(loop_scope="session")
async def test_a_tab_in_the_background_stays_there(tab: DialogTab, context: BrowserContext) -> None:
    front = await context.new_page()
    await front.bring_to_front()
    await tab.click("Delete all")
    await tab.do(answer_dialog=pb.AnswerDialogAction(accept=True))
    assert await tab.truth("truth.deleted") == 1
    shown = [t for t in (await tab.client.list_tabs()).tabs if t.is_active]
    assert tab.number not in [t.tab_id for t in shown]
    await front.close()


@pytest.mark.asyncio(loop_scope="session")
async def test_a_window_that_chrome_blocks_is_opened_behind(tab: DialogTab) -> None:
    result = await tab.click("Open by script")
    opened = list(result.outcome_details.opened_tab_ids)
    assert len(opened) == 1, result
    assert not result.outcome_details.no_effect_seen
    assert "nothing was seen" not in result.outcome_details.message
    # Chrome itself did not open it, because a script's click is no person's.
    assert await tab.truth("truth.opened") is None
    assert opened[0] not in [t.tab_id for t in (await tab.client.list_tabs()).tabs if t.is_active]

    async def loaded() -> bool:
        tabs = {t.tab_id: t for t in (await tab.client.list_tabs()).tabs}
        return tabs[opened[0]].url.endswith("second.html?by-script")

    await until(loaded, "the opened tab's address")
    await tab.do(close_tab=pb.CloseTabAction(tab_id=opened[0]))


@pytest.mark.asyncio(loop_scope="session")
async def test_the_script_of_a_link_runs_once(tab: DialogTab) -> None:
    result = await tab.click("Run a script")
    assert result.status == pb.ACTION_STATUS_SUCCEEDED, result

    async def ran() -> int:
        return int(await tab.truth("truth.script || 0"))

    assert await until(ran, "the link's script to run") == 1


@pytest.mark.asyncio(loop_scope="session")
async def test_a_page_neither_hears_nor_sees_nor_forges_it(
    client: Client, context: BrowserContext, pages: PageServer
) -> None:
    tab = await DialogTab.open(client, context, pages.fresh("chain/hostile_dialogs.html"))
    try:
        native = await tab.truth("confirm.toString() + confirm.name + confirm.length")
        result = await tab.click("Ask")
        assert _said(result) == [("confirm", "Really?", False)]
        # The script is there now, and looks like what it stands for.
        assert (await tab.truth("confirm.toString()")).replace(" ", "") == "function(){[nativecode]}"
        assert native.endswith(await tab.truth("confirm.name + confirm.length"))
        assert set(await tab.truth("heard")) == {"click"}
        assert await tab.truth("Object.getOwnPropertyNames(window).length") == await tab.truth("before")
        # It cannot make the agent's side accept anything: events that it makes up meet nobody.
        await tab.truth("void dispatchEvent(new CustomEvent('tabwire', {detail: {accept: true}}))")
        again = await tab.click("Ask")
        assert _said(again) == [("confirm", "Really?", False)]
        assert await tab.truth("document.getElementById('said').textContent") == "false"
        assert tab.native == []
    finally:
        await tab.close()


@pytest.mark.asyncio(loop_scope="session")
async def test_a_page_that_asks_for_ever_is_left_to_the_person(tab: DialogTab) -> None:
    await tab.truth("void (document.getElementById('tell').onclick = () => { while (!confirm('Agree')); })")
    result = await tab.click("Save")
    assert result.error_info.error_code == error_pb2.ERROR_CODE_DIALOG_OPEN, result
    assert result.error_info.details.dialog.message == "Agree"

    async def opened() -> bool:
        return bool(tab.native)

    await until(opened, "Chrome's own dialog")
    await tab.native[0].accept()


@pytest.mark.asyncio(loop_scope="session")
async def test_tabs_that_the_agent_does_not_act_in_have_no_script(
    client: Client, context: BrowserContext, pages: PageServer
) -> None:
    tab = await DialogTab.open(client, context, pages.fresh("chain/dialogs.html"))
    try:
        await tab.state()
        assert "confirm" in await tab.truth("confirm.toString()")
    finally:
        await tab.close()
