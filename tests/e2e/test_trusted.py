"""The build with trusted input through the whole chain: pages that look for real input get it, in hidden tabs too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from e2e.stack import ROOT, Stack, tab_id, until
from e2e.tab_numbers import Numbers
from e2e.test_actions import Tab
from tabwire.v1 import action_pb2 as pb
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import BrowserContext

    from e2e.page_server import PageServer
    from tabwire.client import Client

_TRUSTED = pb.INPUT_MODE_TRUSTED


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def trusted(tmp_path_factory: pytest.TempPathFactory, pages: PageServer) -> AsyncIterator[Stack]:
    """A product with the second build."""
    product = Stack(
        tmp_path_factory.mktemp("trusted"),
        {"TABWIRE_EXTENSION_FLAVOUR": "trusted", "TABWIRE_JAVASCRIPT_ORIGINS": pages.url("").rstrip("/")},
    )
    await product.start()
    yield product
    await product.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def its_context(trusted: Stack) -> AsyncIterator[BrowserContext]:
    async with trusted.inspect() as context:
        yield context


@pytest_asyncio.fixture(loop_scope="session")
async def its_client(trusted: Stack) -> AsyncIterator[Client]:
    async with trusted.client() as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def tab(its_client: Client, its_context: BrowserContext, pages: PageServer) -> AsyncIterator[Tab]:
    """A page in a tab behind another one."""
    page = await its_context.new_page()
    await page.goto(pages.fresh("chain/trusted.html"))
    front = await its_context.new_page()
    await front.bring_to_front()
    behind = Tab(its_client, page, await tab_id(its_client, page))
    yield behind
    shown = [t.tab_id for t in (await its_client.list_tabs()).tabs if t.is_active]
    assert behind.number not in shown
    await front.close()
    await page.close()


async def _do(tab: Tab, **kind: Any) -> pb.ActionResult:
    result = await tab.do(input_mode=_TRUSTED, **kind)
    assert result.outcome_details.trusted_input_used
    return result


@pytest.mark.asyncio(loop_scope="session")
async def test_clicks_are_a_persons(tab: Tab) -> None:
    button = await tab.element("Only for people")
    await tab.act(click=pb.ClickAction(element_id=button), input_mode=pb.INPUT_MODE_SYNTHETIC)
    assert await tab.truth("truth.clicks") == []
    await _do(tab, click=pb.ClickAction(element_id=button))
    assert await tab.truth("truth.clicks") == [[1, False, True]]
    await _do(tab, click=pb.ClickAction(element_id=button, count=2, modifiers=[pb.KEY_MODIFIER_CONTROL]))
    assert await tab.truth("truth.clicks.slice(1)") == [[1, True, True], [2, True, True]]
    await _do(tab, click=pb.ClickAction(element_id=button, button=pb.MOUSE_BUTTON_RIGHT))
    assert await tab.truth("truth.menu") is True
    await _do(tab, hover=pb.HoverAction(element_id=button))
    assert await tab.truth("document.getElementById('click').matches(':hover')")


@pytest.mark.asyncio(loop_scope="session")
async def test_a_press_that_arrives_at_something_else_is_no_success(tab: Tab) -> None:
    button = await tab.element("Only for people")
    await tab.truth(
        """void addEventListener('pointermove', () => {
          const cover = document.body.appendChild(document.createElement('div'));
          cover.id = 'cover';
          cover.style = 'position: fixed; inset: 0; z-index: 99';
        }, {once: true})"""
    )
    result = await tab.act(click=pb.ClickAction(element_id=button), input_mode=_TRUSTED)
    assert result.error_info.error_code == error_pb2.ERROR_CODE_OPERATION_FAILED_IN_TARGET, result
    assert "instead of" in result.error_info.message
    assert await tab.truth("truth.clicks") == []
    # What the page has put there in its place for the same is pressed as ever.
    await tab.truth(
        """void (document.getElementById('cover').remove(), addEventListener('pointermove', () => {
          const button = document.getElementById('click');
          button.replaceWith(button.cloneNode(true));
        }, {once: true}))"""
    )
    await _do(tab, click=pb.ClickAction(element_id=button))


@pytest.mark.asyncio(loop_scope="session")
async def test_a_window_opens_by_itself(tab: Tab) -> None:
    result = await _do(tab, click=pb.ClickAction(element_id=await tab.element("Open a window")))
    assert await tab.truth("truth.opened") is True
    opened = list(result.outcome_details.opened_tab_ids)
    assert len(opened) == 1
    await tab.do(close_tab=pb.CloseTabAction(tab_id=opened[0]))


@pytest.mark.asyncio(loop_scope="session")
async def test_text_and_keys(tab: Tab) -> None:
    field = await tab.element("Strict", "textbox")
    result = await _do(tab, input_text=pb.InputTextAction(element_id=field, text="ünder 世界"))
    assert result.outcome_details.value_now == "ünder 世界"
    assert await tab.truth("document.getElementById('strict').value") == "ünder 世界"
    assert await tab.truth("truth.input.every((one) => one)")
    await _do(tab, input_text=pb.InputTextAction(element_id=field, text=" and more", append=True))
    assert await tab.truth("document.getElementById('strict').value") == "ünder 世界 and more"
    await _do(tab, input_text=pb.InputTextAction(element_id=field, text=""))
    assert await tab.truth("document.getElementById('strict').value") == ""
    await _do(tab, press_keys=pb.PressKeysAction(element_id=field, keys=["a", "B", "ArrowLeft", "x", "Backspace"]))
    assert await tab.truth("document.getElementById('strict').value") == "aB"
    assert ["ArrowLeft", True] in await tab.truth("truth.keys")


@pytest.mark.asyncio(loop_scope="session")
async def test_the_clipboards_keys(tab: Tab) -> None:
    copy, paste = await tab.element("Copy", "textbox"), await tab.element("Paste", "textbox")
    await _do(tab, press_keys=pb.PressKeysAction(element_id=copy, keys=["Control+a", "Control+c"]))
    await _do(tab, press_keys=pb.PressKeysAction(element_id=paste, keys=["Control+v"]))
    assert await tab.truth("document.getElementById('paste').value") == "to be copied"


@pytest.mark.asyncio(loop_scope="session")
async def test_drags(tab: Tab) -> None:
    parcel, shelf = await tab.element("Parcel"), await tab.element("Shelf")
    await _do(tab, drag=pb.DragAction(element_id=parcel, to_element_id=shelf))
    assert await tab.truth("truth.dropped") == ["parcel", True]
    await _do(tab, drag=pb.DragAction(element_id=await tab.element("Handle"), offset_x=150, offset_y=0))
    assert abs(await tab.truth("truth.moved") - 150) <= 1


@pytest.mark.asyncio(loop_scope="session")
async def test_frames_of_other_sites_and_zoom(tab: Tab) -> None:
    worker = next(w for w in tab.page.context.service_workers if "chrome-extension" in w.url)
    chromes = (await Numbers.of(worker)).chromes(tab.number)
    for zoom in (1, 1.5):
        await worker.evaluate("([tab, zoom]) => chrome.tabs.setZoom(tab, zoom)", [chromes, zoom])
        inner = next(f for f in tab.page.frames if "trusted_inner" in f.url)
        await inner.evaluate("document.getElementById('inner').textContent = 'Inner button'")
        await _do(tab, click=pb.ClickAction(element_id=await tab.element("Inner button")))
        assert await inner.evaluate("document.getElementById('inner').textContent") == "Inner was clicked"
    await worker.evaluate("(tab) => chrome.tabs.setZoom(tab, 1)", chromes)


@pytest.mark.asyncio(loop_scope="session")
async def test_dialogs_are_answered_and_a_page_may_stay(
    its_client: Client, its_context: BrowserContext, pages: PageServer
) -> None:
    page = await its_context.new_page()
    native: list[object] = []
    page.on("dialog", lambda dialog: native.append(dialog))
    await page.goto(pages.fresh("chain/dialogs.html"))
    tab = Tab(its_client, page, await tab_id(its_client, page))
    tab.approves = True  # dialogs are accepted, and things deleted, only with a person's word
    refused = await _do(tab, click=pb.ClickAction(element_id=await tab.element("Delete all")))
    assert [(d.message, d.accepted) for d in refused.outcome_details.dialogs] == [("Delete all?", False)]
    await tab.do(answer_dialog=pb.AnswerDialogAction(accept=True))
    assert await tab.truth("truth.deleted") == 1
    # What was typed as by a person makes Chrome ask before the page is left.
    await _do(tab, input_text=pb.InputTextAction(element_id=await tab.element("Notes"), text="precious"))
    stayed = await _do(tab, click=pb.ClickAction(element_id=await tab.element("Leave")))
    assert [(d.type, d.accepted) for d in stayed.outcome_details.dialogs] == [("beforeunload", False)]
    assert await tab.truth("document.getElementById('notes').value") == "precious"
    await tab.do(answer_dialog=pb.AnswerDialogAction(accept=True))

    async def left() -> bool:
        return "second.html" in page.url

    await until(left, "the page to be left")
    await page.close()


@pytest.mark.asyncio(loop_scope="session")
async def test_javascript_where_the_page_lets_no_text_be_run(
    its_client: Client, its_context: BrowserContext, pages: PageServer
) -> None:
    page = await its_context.new_page()
    await page.goto(pages.fresh("chain/strict.html"))
    tab = Tab(its_client, page, await tab_id(its_client, page))
    result = await tab.do(run_javascript=pb.RunJavascriptAction(code="return document.title"))
    assert json.loads(result.text) == "Strict"
    thrown = await tab.act(run_javascript=pb.RunJavascriptAction(code="return ("))
    assert thrown.error_info.error_code == error_pb2.ERROR_CODE_OPERATION_FAILED_IN_TARGET
    assert "SyntaxError" in thrown.error_info.message
    await page.close()


@pytest.mark.asyncio(loop_scope="session")
async def test_what_needs_trusted_input_gets_it_without_being_asked(tab: Tab) -> None:
    """A click on a file field does nothing unless it is a person's; then the page hears it as such."""
    result = await tab.do(click=pb.ClickAction(element_id=await tab.element("Attachment")))
    assert result.outcome_details.trusted_input_used
    assert await tab.truth("truth.chooser") is True
    capabilities = (await tab.client.list_browsers()).browsers[0].capabilities
    assert capabilities.trusted_input
    assert capabilities.javascript
    assert capabilities.dialogs


@pytest.mark.asyncio(loop_scope="session")
async def test_the_default_build_refuses_and_says_so(
    client: Client, context: BrowserContext, pages: PageServer
) -> None:
    page = await context.new_page()
    await page.goto(pages.fresh("chain/trusted.html"))
    tab = Tab(client, page, await tab_id(client, page))
    button = await tab.element("Only for people")
    result = await tab.act(click=pb.ClickAction(element_id=button), input_mode=_TRUSTED)
    assert result.error_info.error_code == error_pb2.ERROR_CODE_NEEDS_TRUSTED_INPUT
    assert await tab.truth("truth.clicks") == []
    await page.close()


def test_the_default_build_has_no_trace_of_it() -> None:
    built = ROOT / "extension" / ".output" / "chrome-mv3"
    manifest = json.loads((built / "manifest.json").read_text())
    assert "debugger" not in manifest["permissions"] + manifest.get("optional_permissions", [])
    texts = [file.read_text() for file in built.rglob("*.js")]
    assert texts
    for trace in ("chrome.debugger", "Input.dispatch"):
        assert not any(trace in text for text in texts)
    other = json.loads((built.with_name("chrome-mv3-trusted") / "manifest.json").read_text())
    assert "debugger" in other["permissions"]
    assert other["key"] == manifest["key"]
    assert other["name"] != manifest["name"]
