"""Every action through the whole chain, from the client to the page. The truth is read from the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from e2e.stack import tab_id, until
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2 as pb
from tabwire.v1 import error_pb2, options_pb2, state_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import BrowserContext, Page

    from e2e.page_server import PageServer
    from tabwire.client import Client

_WHOLE_PAGE = state_pb2.StateRequest(scope=state_pb2.STATE_SCOPE_PAGE, include_text=True)


class Tab:
    """A page in a tab, seen from both sides."""

    def __init__(self, client: Client, page: Page, number: int) -> None:
        self.client = client
        self.page = page
        self.number = number
        self.used: set[str] = set()
        self.approves = False
        """Whether the person beside it says yes to what has to be approved first."""
        self.asked: list[str] = []
        """What had to be approved."""

    async def state(self) -> state_pb2.PageState:
        """The page state."""
        return (await self.client.get_page_state(self.number, options=_WHOLE_PAGE)).page_state

    async def element(self, name: str, role: str = "") -> int:
        """The id of the element with an accessible name."""
        state = await self.state()
        found = [e for e in state.actionable_elements if e.name == name and role in ("", e.role)]
        assert len(found) == 1, f"{name!r}: {found or [(e.role, e.name) for e in state.actionable_elements]}"
        return found[0].id

    async def act(self, **kind: Any) -> pb.ActionResult:
        """Does one action. What has to be approved is done when the person has, as often as they are asked."""
        action, digest = pb.Action(**kind), b""
        while True:
            try:
                return (await self.client.act(action, self.number, approved_digest=digest)).result
            except TabwireError as error:
                shown = error.info.details.approval
                is_new = error.code == error_pb2.ERROR_CODE_APPROVAL_NEEDED and shown.action_digest != digest
                if not is_new or not self.approves:
                    raise
                self.asked.append(shown.what)
                digest = shown.action_digest

    async def do(self, **kind: Any) -> pb.ActionResult:
        """Does one action that must succeed."""
        result = await self.act(**kind)
        assert result.status == pb.ACTION_STATUS_SUCCEEDED, result
        return result

    async def truth(self, expression: str) -> Any:
        """What the page itself knows."""
        return await self.page.evaluate(expression)


@pytest_asyncio.fixture(loop_scope="session")
async def tab(client: Client, context: BrowserContext, pages: PageServer) -> AsyncIterator[Tab]:
    page = await context.new_page()
    await page.goto(pages.fresh("chain/actions.html"))
    yield Tab(client, page, await tab_id(client, page))
    await page.close()


@pytest.mark.asyncio(loop_scope="session")
async def test_click(tab: Tab) -> None:
    result = await tab.do(click=pb.ClickAction(element_id=await tab.element("Add to cart")))
    assert await tab.truth("truth.clicks") == 1
    assert result.outcome_details.dom_changes >= 1
    assert not result.outcome_details.no_effect_seen


@pytest.mark.asyncio(loop_scope="session")
async def test_input_text_and_read_value(tab: Tab) -> None:
    field = await tab.element("Search", "textbox")
    result = await tab.do(input_text=pb.InputTextAction(element_id=field, text="stapler ü 世"))
    assert result.outcome_details.value_now == "stapler ü 世"
    assert await tab.truth("document.querySelector('[name=q]').value") == "stapler ü 世"
    assert (await tab.do(read_value=pb.ReadValueAction(element_id=field))).text == "stapler ü 世"
    await tab.do(input_text=pb.InputTextAction(element_id=field, text=" red", append=True, submit=True))
    assert await tab.truth("truth.submitted") == "stapler ü 世 red"


@pytest.mark.asyncio(loop_scope="session")
async def test_a_password_is_never_told(tab: Tab) -> None:
    field = await tab.element("Password")
    result = await tab.do(input_text=pb.InputTextAction(element_id=field, text="hunter2"))
    assert await tab.truth("document.querySelector('[name=p]').value") == "hunter2"
    assert not result.outcome_details.HasField("value_now")
    assert b"hunter2" not in (await tab.state()).SerializeToString()
    assert (await tab.act(read_value=pb.ReadValueAction(element_id=field))).text != "hunter2"


@pytest.mark.asyncio(loop_scope="session")
async def test_select_option(tab: Tab) -> None:
    colour = await tab.element("Colour", "combobox")
    await tab.do(select_option=pb.SelectOptionAction(element_id=colour, options=["Blue"]))
    assert await tab.truth("truth.chosen") == "b"
    refused = await tab.act(select_option=pb.SelectOptionAction(element_id=colour, options=["Mauve"]))
    assert refused.status == pb.ACTION_STATUS_FAILED
    assert "Green" in refused.error_info.message + refused.error_info.remedy


@pytest.mark.asyncio(loop_scope="session")
async def test_press_keys(tab: Tab) -> None:
    field = await tab.element("Search", "textbox")
    await tab.do(input_text=pb.InputTextAction(element_id=field, text="tape"))
    await tab.do(press_keys=pb.PressKeysAction(keys=["Enter"]))
    assert await tab.truth("truth.submitted") == "tape"
    assert "Enter" in await tab.truth("truth.keys")


@pytest.mark.asyncio(loop_scope="session")
async def test_scroll(tab: Tab) -> None:
    await tab.do(scroll=pb.ScrollAction(direction=pb.SCROLL_DIRECTION_DOWN))
    assert await tab.truth("scrollY") > 100
    await tab.do(scroll=pb.ScrollAction(direction=pb.SCROLL_DIRECTION_TOP))
    assert await tab.truth("scrollY") == 0
    await tab.do(scroll=pb.ScrollAction(element_id=await tab.element("Far away")))
    assert await tab.truth("document.getElementById('far').getBoundingClientRect().bottom <= innerHeight")
    box = await tab.element("Terms", "region")
    await tab.do(scroll=pb.ScrollAction(element_id=box, direction=pb.SCROLL_DIRECTION_BOTTOM))
    assert await tab.truth("document.getElementById('box').scrollTop") > 0


@pytest.mark.asyncio(loop_scope="session")
async def test_hover(tab: Tab) -> None:
    await tab.do(hover=pb.HoverAction(element_id=await tab.element("Account")))
    assert await tab.truth("truth.hovered")
    assert await tab.element("Orders")


@pytest.mark.asyncio(loop_scope="session")
async def test_wait_for_text_element_url_and_quiet(tab: Tab) -> None:
    await tab.do(click=pb.ClickAction(element_id=await tab.element("Load results")))
    await tab.do(wait=pb.WaitAction(text="results are here"))
    assert await tab.truth("document.getElementById('results').textContent") == "Results are here"
    await tab.do(wait=pb.WaitAction(element_id=await tab.element("Add to cart")))
    await tab.do(wait=pb.WaitAction(url="actions.html"))
    await tab.do(wait=pb.WaitAction())
    late = await tab.act(wait=pb.WaitAction(text="never to be seen", timeout_ms=300))
    assert late.status == pb.ACTION_STATUS_FAILED
    assert late.error_info.error_code == error_pb2.ERROR_CODE_DEADLINE_EXCEEDED


@pytest.mark.asyncio(loop_scope="session")
async def test_read_text_and_attributes(tab: Tab) -> None:
    assert "Total: $3.50" in (await tab.do(read_text=pb.ReadTextAction())).text
    button = await tab.element("Add to cart")
    assert (await tab.do(read_text=pb.ReadTextAction(element_id=button))).text == "Add to cart"
    result = await tab.do(get_attributes=pb.GetAttributesAction(element_id=button))
    assert result.attribute_map.attributes["id"] == "add"


@pytest.mark.asyncio(loop_scope="session")
async def test_navigate_back_forward_reload(tab: Tab, pages: PageServer) -> None:
    first = tab.page.url
    result = await tab.do(navigate=pb.NavigateAction(url=pages.url("chain/second.html")))
    assert result.outcome_details.navigation_occurred
    assert result.outcome_details.new_url == pages.url("chain/second.html")
    # A fresh document has a fresh content script: it can be seen and acted in at once.
    await tab.do(click=pb.ClickAction(element_id=await tab.element("Second button")))
    assert await tab.truth("truth.clicks") == 1
    await tab.do(go_back=pb.GoBackAction())
    assert tab.page.url == first
    await tab.do(go_forward=pb.GoForwardAction())
    assert tab.page.url == pages.url("chain/second.html")
    await tab.do(reload=pb.ReloadAction())
    assert await tab.truth("truth.clicks") == 0


@pytest.mark.asyncio(loop_scope="session")
async def test_a_click_that_navigates(tab: Tab, pages: PageServer) -> None:
    result = await tab.do(click=pb.ClickAction(element_id=await tab.element("Next page")))
    assert result.outcome_details.navigation_occurred
    assert result.outcome_details.new_url == pages.url("chain/second.html")
    assert await tab.element("Second button")


@pytest.mark.asyncio(loop_scope="session")
async def test_navigation_that_fails_says_why(tab: Tab) -> None:
    result = await tab.act(navigate=pb.NavigateAction(url="http://127.0.0.1:9/"))
    assert result.status == pb.ACTION_STATUS_FAILED
    assert result.error_info.error_code == error_pb2.ERROR_CODE_NAVIGATION_FAILED
    assert result.error_info.remedy


@pytest.mark.asyncio(loop_scope="session")
async def test_tabs(tab: Tab, pages: PageServer) -> None:
    opened = await tab.do(open_tab=pb.OpenTabAction(url=pages.url("chain/second.html")))
    other = opened.current_tab_id
    assert other not in (0, tab.number)
    second = Tab(tab.client, tab.page, other)
    assert (await second.state()).title == "Second page"
    # Opening does not take the focus away from what the person looks at.
    assert await tab.truth("document.visibilityState") == "visible"
    switched = await second.do(switch_tab=pb.SwitchTabAction(tab_id=tab.number))
    assert switched.current_tab_id == tab.number
    await second.do(close_tab=pb.CloseTabAction())
    assert other not in [t.tab_id for t in (await tab.client.list_tabs()).tabs]


@pytest.mark.asyncio(loop_scope="session")
async def test_screenshot(tab: Tab) -> None:
    await tab.page.bring_to_front()
    result = await tab.do(screenshot=pb.ScreenshotAction())
    assert result.image.mime_type == "image/png"
    assert result.image.data.startswith(b"\x89PNG")
    assert len(result.image.data) > 2000


@pytest.mark.asyncio(loop_scope="session")
async def test_an_element_in_a_frame_of_another_site(tab: Tab, pages: PageServer) -> None:
    await tab.page.goto(pages.fresh("chain/outer.html"))

    async def inner() -> int:
        return next((e.id for e in (await tab.state()).actionable_elements if e.name == "Second button"), 0)

    button = await until(inner, "the button of the inner frame")
    await tab.do(click=pb.ClickAction(element_id=button))
    frame = next(f for f in tab.page.frames if f.url.endswith("second.html"))
    assert await frame.evaluate("truth.clicks") == 1
    await tab.do(click=pb.ClickAction(element_id=await tab.element("Outer button")))
    assert await tab.truth("truth.outer") == 1
    bounds = next(e for e in (await tab.state()).actionable_elements if e.id == button).bounds
    frame_top = await tab.truth("document.querySelector('iframe').getBoundingClientRect().top")
    assert bounds.y > frame_top


@pytest.mark.asyncio(loop_scope="session")
async def test_an_id_of_an_earlier_document_is_refused(tab: Tab, pages: PageServer) -> None:
    before = await tab.state()
    button = next(e for e in before.actionable_elements if e.name == "Add to cart")
    await tab.page.goto(pages.fresh("chain/steps.html"))
    result = (
        await tab.client.act(
            pb.Action(document_id=before.document_id, click=pb.ClickAction(element_id=button.id)), tab.number
        )
    ).result
    assert result.error_info.error_code == error_pb2.ERROR_CODE_STALE_ELEMENT
    assert await tab.truth("truth.presses") == []


@pytest.mark.asyncio(loop_scope="session")
async def test_the_agents_own_actions_are_refused(tab: Tab) -> None:
    for action in (pb.Action(done=pb.DoneAction(text="x")), pb.Action(ask_human=pb.AskHumanAction(prompt="x"))):
        with pytest.raises(TabwireError) as caught:
            await tab.client.act(action, tab.number)
        assert caught.value.code == error_pb2.ERROR_CODE_INVALID_ARGUMENT


@pytest.mark.asyncio(loop_scope="session")
async def test_drag(tab: Tab) -> None:
    card = next(e.id for e in (await tab.state()).actionable_elements if "Write report" in (e.name, e.text_content))
    await tab.do(drag=pb.DragAction(element_id=card, to_element_id=await tab.element("Done", "heading")))
    assert await tab.truth("truth.dropped") == "card"


@pytest.mark.asyncio(loop_scope="session")
async def test_set_checked(tab: Tab) -> None:
    box = await tab.element("Gift wrap", "checkbox")
    for checked in (True, True, False):
        await tab.do(set_checked=pb.SetCheckedAction(element_id=box, checked=checked))
        assert await tab.truth("gift.checked") is checked
    never = await tab.element("Never", "checkbox")
    refused = await tab.act(set_checked=pb.SetCheckedAction(element_id=never, checked=True))
    assert refused.error_info.error_code == error_pb2.ERROR_CODE_OPERATION_FAILED_IN_TARGET
    assert await tab.truth("never.checked") is False


@pytest.mark.asyncio(loop_scope="session")
async def test_select_text(tab: Tab) -> None:
    terms = next(e.id for e in (await tab.state()).actionable_elements if "in writing" in e.text_content)
    await tab.do(select_text=pb.SelectTextAction(element_id=terms, text="cancel at any time"))
    assert await tab.truth("getSelection().toString()") == "cancel at any time"


@pytest.mark.asyncio(loop_scope="session")
async def test_upload_files(tab: Tab) -> None:
    papers = next(e.id for e in (await tab.state()).actionable_elements if e.attributes["type"] == "file")
    files = [pb.FileUpload(name="a.txt", content=b"one"), pb.FileUpload(name="b.bin", content=bytes(range(256)))]
    upload = pb.UploadFilesAction(element_id=papers, files=files)
    with pytest.raises(TabwireError, match="approve"):
        await tab.do(upload_files=upload)
    tab.approves = True
    await tab.do(upload_files=upload)
    assert tab.asked == ['give "a.txt", "b.bin" to the button "Papers"']
    told = await tab.truth(
        "Promise.all([...papers.files].map(async (f) => [f.name, f.type, (await f.bytes()).length]))"
    )
    assert told == [["a.txt", "text/plain", 3], ["b.bin", "application/octet-stream", 256]]


def test_every_action_of_the_contract_has_a_test_end_to_end() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    for field in pb.Action.DESCRIPTOR.oneofs_by_name["kind"].fields:
        assert field.message_type is not None
        # What the agent does itself is decided by a model, and never sent to a browser.
        used = re.search(rf"\b{field.name}=(\w+\.{field.message_type.name}\(|{{)", source)
        assert used, f"no test acts with {field.name}"
        assert field.message_type.GetOptions().Extensions[options_pb2.action].performer
