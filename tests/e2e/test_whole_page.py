"""What concerns a tab as a whole: reads over all its documents, expectations, pictures, large uploads."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import struct
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from e2e.stack import tab_id, until
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2 as pb
from tabwire.v1 import error_pb2, extract_pb2, state_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import BrowserContext, Frame, Page

    from e2e.page_server import PageServer
    from tabwire.client import Client

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


class Tab:
    """A page with a document of another site inside of it."""

    def __init__(self, client: Client, page: Page, number: int) -> None:
        self.client = client
        self.page = page
        self.number = number

    @property
    def inner(self) -> Frame:
        """The document inside."""
        return self.page.frames[1]

    async def act(self, *, expect: pb.Expectation | None = None, **kind: Any) -> pb.ActionResult:
        """Does one action."""
        return (await self.client.act(pb.Action(expect=expect, **kind), self.number)).result

    async def done(self, *, expect: pb.Expectation | None = None, **kind: Any) -> pb.ActionResult:
        """Does one action that must succeed."""
        result = await self.act(expect=expect, **kind)
        assert result.status == pb.ACTION_STATUS_SUCCEEDED, result
        return result

    async def state(self) -> state_pb2.PageState:
        """The whole page."""
        options = state_pb2.StateRequest(scope=state_pb2.STATE_SCOPE_PAGE, include_text=True)
        return (await self.client.get_page_state(self.number, options=options)).page_state

    async def element(self, name: str) -> state_pb2.Element:
        """The element of this name."""
        return next(e for e in (await self.state()).actionable_elements if e.name == name)


@pytest_asyncio.fixture(loop_scope="session")
async def tab(client: Client, context: BrowserContext, pages: PageServer) -> AsyncIterator[Tab]:
    page = await context.new_page()
    await page.goto(pages.fresh("chain/reads.html"))
    made = Tab(client, page, await tab_id(client, page))
    await until(
        lambda: made.page.frames[1].evaluate("document.readyState === 'complete' && !!window.truth"), "the frame"
    )
    yield made
    await page.close()


async def test_text_is_found_in_all_documents(tab: Tab) -> None:
    found = (await tab.done(find_text=pb.FindTextAction(text="needle number"))).text_matches
    assert found.total == 3
    assert ["one" in m.excerpt or "two" in m.excerpt or "three" in m.excerpt for m in found.matches] == [True] * 3
    assert [match.element_id // 100_000 for match in found.matches] == [0, 1, 1]
    limited = (await tab.done(find_text=pb.FindTextAction(text="needle number", max_matches=2))).text_matches
    assert (len(limited.matches), limited.total) == (2, 3)


async def test_elements_are_found_in_all_documents_and_can_be_acted_on(tab: Tab) -> None:
    found = (await tab.done(find_elements=pb.FindElementsAction(role="button", name="order"))).element_list
    assert [(e.name, e.frame_slot) for e in found.elements] == [("Outer order", 0), ("Inner order", 1)]
    inner = found.elements[1]
    seen = await tab.element("Inner order")
    assert (inner.id, inner.bounds) == (seen.id, seen.bounds)
    await tab.done(click=pb.ClickAction(element_id=inner.id))
    assert await tab.inner.evaluate("truth.orders") == 1


async def test_actions_reach_a_document_inside_of_the_page(tab: Tab) -> None:
    box = await tab.element("Gift wrap")
    for _ in range(2):  # once more does nothing
        await tab.done(set_checked=pb.SetCheckedAction(element_id=box.id, checked=True))
    assert await tab.inner.evaluate("gift.checked")
    (heading,) = (
        await tab.done(find_elements=pb.FindElementsAction(role="heading", name="orders"))
    ).element_list.elements
    await tab.done(select_text=pb.SelectTextAction(element_id=heading.id, text="rder"))
    assert await tab.inner.evaluate("getSelection().toString()") == "rder"


async def test_rows_and_main_content_are_those_of_the_largest(tab: Tab) -> None:
    rows = (await tab.done(read_rows=pb.ReadRowsAction())).rows
    assert [list(row.cells) for row in rows.rows] == [["Coffee", "4"], ["Milk", "1"], ["Sugar", "2"]]
    assert rows.element_id // 100_000 == 1
    again = (await tab.done(read_rows=pb.ReadRowsAction(element_id=rows.element_id, skip_rows=2))).rows
    assert [list(row.cells) for row in again.rows] == [["Sugar", "2"]]
    markdown = (await tab.done(read_markdown=pb.ReadMarkdownAction())).text
    assert "Orders" in markdown
    text = (await tab.done(read_text=pb.ReadTextAction())).text
    assert text.index("needle number one") < text.index("needle number two")


async def test_what_is_expected_is_waited_for_in_any_document(tab: Tab) -> None:
    button = await tab.element("Inner order")
    result = await tab.done(expect=pb.Expectation(text="order taken"), click=pb.ClickAction(element_id=button.id))
    assert result.outcome_details.expectation_met
    by_role = pb.Expectation(element=extract_pb2.ElementQuery(role="button", name="inner"))
    assert (await tab.done(expect=by_role, click=pb.ClickAction(element_id=button.id))).outcome_details.expectation_met


async def test_what_is_expected_and_does_not_come_is_a_failure_that_tells_what_was_done(tab: Tab) -> None:
    button = await tab.element("Inner order")
    missing = pb.Expectation(text="never said", timeout_ms=300)
    result = await tab.act(expect=missing, click=pb.ClickAction(element_id=button.id))
    assert await tab.inner.evaluate("truth.orders") == 1
    assert result.status == pb.ACTION_STATUS_FAILED
    assert result.error_info.error_code == error_pb2.ERROR_CODE_OPERATION_FAILED_IN_TARGET
    assert 'the text "never said" is there' in result.error_info.message
    assert result.outcome_details.HasField("expectation_met")
    assert not result.outcome_details.expectation_met
    assert result.outcome_details.message


async def test_what_is_expected_after_a_navigation_is_looked_for_there(tab: Tab, pages: PageServer) -> None:
    to = pages.fresh("chain/second.html")
    expect = pb.Expectation(url="second.html")
    assert (await tab.done(expect=expect, navigate=pb.NavigateAction(url=to))).outcome_details.expectation_met
    back = pb.Expectation(text="needle number two")
    assert (await tab.done(expect=back, go_back=pb.GoBackAction())).outcome_details.expectation_met
    gone = pb.Expectation(text="needle number one", gone=True)
    opened = await tab.done(expect=gone, open_tab=pb.OpenTabAction(url=pages.fresh("chain/second.html")))
    assert opened.outcome_details.expectation_met
    await tab.done(close_tab=pb.CloseTabAction(tab_id=opened.current_tab_id))
    still = pb.Expectation(text="needle number one", gone=True, timeout_ms=200)
    assert (await tab.act(expect=still, reload=pb.ReloadAction())).status == pb.ACTION_STATUS_FAILED


async def test_an_element_of_one_document_is_not_dragged_into_another(tab: Tab) -> None:
    outer, inner = await tab.element("Outer order"), await tab.element("Inner order")
    result = await tab.act(drag=pb.DragAction(element_id=outer.id, to_element_id=inner.id))
    assert result.error_info.error_code == error_pb2.ERROR_CODE_INVALID_ARGUMENT
    assert result.error_info.remedy


def _png_size(data: bytes) -> tuple[int, int]:
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    return width, height


async def _pixels(page: Page, data: bytes, row: int | None = None) -> list[list[int]]:
    """The picture's pixels, or those of one row, read by a browser: rows of packed colours."""
    rows: list[list[int]] = await page.evaluate(
        """async ([text, only]) => {
            const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            const picture = await createImageBitmap(new Blob([bytes]));
            const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
            context.drawImage(picture, 0, 0);
            const { data } = context.getImageData(0, 0, picture.width, picture.height);
            const rows = [];
            for (let y = only ?? 0; y < (only === null ? picture.height : only + 1); y++) {
                const row = [];
                for (let x = 0; x < picture.width; x++) {
                    const at = 4 * (y * picture.width + x);
                    row.push((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
                }
                rows.push(row);
            }
            return rows;
        }""",
        [base64.b64encode(data).decode(), row],
    )
    return rows


async def test_a_picture_of_an_element_in_a_document_inside_of_the_page(tab: Tab) -> None:
    await tab.inner.evaluate(
        "Object.assign(document.querySelector('button').style, { background: 'rgb(1, 200, 3)', border: 'none', "
        "color: 'rgb(1, 200, 3)', borderRadius: 0, marginTop: '900px' })"
    )
    button = await tab.element("Inner order")
    await tab.page.bring_to_front()
    result = await tab.done(screenshot=pb.ScreenshotAction(element_id=button.id))
    ratio = await tab.page.evaluate("devicePixelRatio")
    width, height = _png_size(result.image.data)
    seen = await tab.element("Inner order")
    assert abs(width - seen.bounds.width * ratio) <= 2
    assert abs(height - seen.bounds.height * ratio) <= 2
    colours = {colour for row in (await _pixels(tab.page, result.image.data))[2:-2] for colour in row[2:-2]}
    # Chrome's colour management may shift a colour by a shade.
    assert all(abs((colour >> 16) - 1) <= 3 for colour in colours)
    assert all(abs((colour >> 8 & 255) - 200) <= 3 for colour in colours)


async def test_marks_are_drawn_into_the_picture_and_not_into_the_page(tab: Tab) -> None:
    await tab.page.bring_to_front()
    before = await tab.page.content()
    plain = await tab.done(screenshot=pb.ScreenshotAction())
    marked = await tab.done(screenshot=pb.ScreenshotAction(marks=True))
    assert await tab.page.content() == before
    assert _png_size(plain.image.data) == _png_size(marked.image.data)
    button = await tab.element("Outer order")
    ratio = await tab.page.evaluate("devicePixelRatio")
    left, top = round(button.bounds.x * ratio), round(button.bounds.y * ratio)
    (before_row,) = await _pixels(tab.page, plain.image.data, top)
    (after_row,) = await _pixels(tab.page, marked.image.data, top)
    span = slice(left + 4, left + round(button.bounds.width * ratio) - 4)
    assert len(set(after_row[span])) == 1
    assert after_row[span] != before_row[span]


async def test_pictures_wait_for_their_turn(tab: Tab) -> None:
    await tab.page.bring_to_front()
    results = await asyncio.gather(*(tab.done(screenshot=pb.ScreenshotAction(jpeg_quality=30)) for _ in range(5)))
    assert {result.image.mime_type for result in results} == {"image/jpeg"}


async def test_ten_megabytes_reach_the_page(tab: Tab) -> None:
    field = await tab.element("Files")
    first, second = os.urandom(6 * 2**20), os.urandom(4 * 2**20)
    files = (
        pb.FileUpload(name="first.bin", content=first),
        pb.FileUpload(name="second.png", mime_type="image/png", content=second),
    )
    upload = pb.Action(upload_files=pb.UploadFilesAction(element_id=field.id, files=files))
    with pytest.raises(TabwireError) as asked:
        await tab.client.act(upload, tab.number)
    assert asked.value.code == error_pb2.ERROR_CODE_APPROVAL_NEEDED
    digest = asked.value.info.details.approval.action_digest
    result = (await tab.client.act(upload, tab.number, approved_digest=digest)).result
    assert result.status == pb.ACTION_STATUS_SUCCEEDED, result

    async def kept() -> list[dict[str, Any]] | None:
        found: list[dict[str, Any]] = await tab.inner.evaluate("truth.files")
        return found if len(found) == 2 else None

    got = await until(kept, "the files")
    assert [(f["name"], f["size"], f["hex"]) for f in got] == [
        ("first.bin", len(first), hashlib.sha256(first).hexdigest()),
        ("second.png", len(second), hashlib.sha256(second).hexdigest()),
    ]
    assert got[1]["type"] == "image/png"


async def test_more_than_ten_megabytes_are_refused_with_the_limit(tab: Tab) -> None:
    field = await tab.element("Files")
    half = pb.FileUpload(name="half.bin", content=bytes(5 * 2**20 + 1))
    with pytest.raises(TabwireError) as caught:
        await tab.act(upload_files=pb.UploadFilesAction(element_id=field.id, files=[half, half]))
    assert caught.value.code == error_pb2.ERROR_CODE_INVALID_ARGUMENT
    assert str(10 * 2**20) in caught.value.info.message


async def test_the_browser_says_what_it_can_do(client: Client) -> None:
    (browser,) = [b for b in (await client.list_browsers()).browsers if b.is_connected]
    assert browser.capabilities.state_deltas
    assert {"click", "navigate", "find_elements", "drag", "screenshot"} <= set(browser.capabilities.actions)
    assert {"ask_human", "done"}.isdisjoint(browser.capabilities.actions)
