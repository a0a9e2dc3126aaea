"""JavaScript in pages through the whole chain: only where it is granted, with its value, its errors and its limits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from e2e.stack import Stack, tab_id
from e2e.test_actions import Tab
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2 as pb
from tabwire.v1 import browser_service_pb2, error_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import BrowserContext

    from e2e.page_server import PageServer
    from tabwire.client import Client


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def granted(tmp_path_factory: pytest.TempPathFactory, pages: PageServer) -> AsyncIterator[Stack]:
    """A product that grants JavaScript to one origin."""
    origin = pages.url("").rstrip("/")
    product = Stack(tmp_path_factory.mktemp("granted"), {"TABWIRE_JAVASCRIPT_ORIGINS": origin})
    await product.start()
    yield product
    await product.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def its_context(granted: Stack) -> AsyncIterator[BrowserContext]:
    async with granted.inspect() as context:
        yield context


@pytest_asyncio.fixture(loop_scope="session")
async def its_client(granted: Stack) -> AsyncIterator[Client]:
    async with granted.client() as client:
        yield client


async def _open(client: Client, context: BrowserContext, url: str) -> Tab:
    page = await context.new_page()
    await page.goto(url)
    return Tab(client, page, await tab_id(client, page))


async def _run(tab: Tab, code: str) -> pb.ActionResult:
    return await tab.act(run_javascript=pb.RunJavascriptAction(code=code))


@pytest.mark.asyncio(loop_scope="session")
async def test_the_value_comes_back_as_json(its_client: Client, its_context: BrowserContext, pages: PageServer) -> None:
    tab = await _open(its_client, its_context, pages.fresh("chain/actions.html"))
    result = await _run(tab, "await null; return {title: document.title, truth: typeof truth, list: [1, 'ü', null]}")
    assert result.status == pb.ACTION_STATUS_SUCCEEDED, result
    assert json.loads(result.text) == {
        "title": await tab.page.title(),
        # The page's own world: what the page has made is there.
        "truth": "object",
        "list": [1, "ü", None],
    }
    assert (await _run(tab, "void 0")).text == "null"
    await _run(tab, "window.left = 'here'")
    assert await tab.truth("window.left") == "here"
    assert (await _run(tab, "return confirm('By the script?')")).outcome_details.dialogs[0].accepted is False


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("throw new TypeError('no such shelf')", "no such shelf"),
        ("return (", "SyntaxError"),
        ("return 1n", "BigInt"),
        ("const a = {}; a.a = a; return a", "circular"),
        ("return 'x'.repeat(1500000)", "1500002 characters"),
    ],
)
async def test_what_goes_wrong_is_told(
    its_client: Client, its_context: BrowserContext, pages: PageServer, code: str, said: str
) -> None:
    tab = await _open(its_client, its_context, pages.fresh("chain/actions.html"))
    result = await _run(tab, code)
    assert result.error_info.error_code == error_pb2.ERROR_CODE_OPERATION_FAILED_IN_TARGET, result.error_info
    assert said in result.error_info.message


@pytest.mark.asyncio(loop_scope="session")
async def test_a_script_that_never_ends_is_given_up(
    its_client: Client, its_context: BrowserContext, pages: PageServer
) -> None:
    tab = await _open(its_client, its_context, pages.fresh("chain/actions.html"))
    action = pb.Action(run_javascript=pb.RunJavascriptAction(code="await new Promise(() => {})"))
    request = browser_service_pb2.ActRequest(tab_id=tab.number, action=action)
    try:
        late = (await its_client.transport.unary(its_client._browsers.Act, request, 4)).result.error_info
    except TabwireError as error:
        late = error.info
    assert late.error_code == error_pb2.ERROR_CODE_DEADLINE_EXCEEDED
    # The tab is not held by it.
    assert (await _run(tab, "return 1")).text == "1"


@pytest.mark.asyncio(loop_scope="session")
async def test_it_runs_only_in_the_granted_origin(
    its_client: Client, its_context: BrowserContext, pages: PageServer
) -> None:
    # Another host, and another port, are other origins.
    elsewhere = await _open(its_client, its_context, pages.url("chain/actions.html?js", host="localhost"))
    blank = await _open(its_client, its_context, "about:blank?js")
    for tab in (elsewhere, blank):
        # The server does not even send it where it knows where the tab is.
        try:
            denied = (await _run(tab, "window.ran = true")).error_info
        except TabwireError as error:
            denied = error.info
        assert denied.error_code == error_pb2.ERROR_CODE_POLICY_DENIED, denied
        assert await tab.truth("window.ran") is None


@pytest.mark.asyncio(loop_scope="session")
async def test_without_a_grant_it_runs_nowhere(client: Client, context: BrowserContext, pages: PageServer) -> None:
    tab = await _open(client, context, pages.fresh("chain/actions.html"))
    action = pb.Action(run_javascript=pb.RunJavascriptAction(code="window.ran = true"))
    with pytest.raises(Exception, match="JavaScript is granted to no page"):
        await client.act(action, tab.number)
    assert await tab.truth("window.ran") is None


@pytest.mark.asyncio(loop_scope="session")
async def test_a_page_that_lets_no_text_be_run(
    its_client: Client, its_context: BrowserContext, pages: PageServer
) -> None:
    tab = await _open(its_client, its_context, pages.fresh("chain/strict.html"))
    result = await _run(tab, "return document.title")
    assert result.error_info.error_code == error_pb2.ERROR_CODE_FAILED_PRECONDITION
    assert "user scripts" in result.error_info.remedy
    # Once the person allows user scripts, it works there, too.
    extensions = await its_context.new_page()
    await extensions.goto("chrome://extensions")
    await extensions.evaluate(
        """async () => {
          await chrome.developerPrivate.updateProfileConfiguration({inDeveloperMode: true});
          const all = await chrome.developerPrivate.getExtensionsInfo();
          const tabwire = all.find((one) => one.name.startsWith("Tabwire"));
          await chrome.developerPrivate.updateExtensionConfiguration({
            extensionId: tabwire.id, userScriptsAccess: true,
          });
        }"""
    )
    result = await _run(tab, "return document.title")
    assert result.status == pb.ACTION_STATUS_SUCCEEDED, result.error_info
    assert json.loads(result.text) == "Strict"
    thrown = await _run(tab, "throw new Error('from the script')")
    assert "from the script" in thrown.error_info.message
    unreadable = await _run(tab, "return (")
    assert unreadable.status == pb.ACTION_STATUS_FAILED
    await extensions.close()
