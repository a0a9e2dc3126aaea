"""An extension that is switched off and on, as at an update, still knows what was filled in where: in states, in what
is read, and in pictures. Until the document is gone, and no longer."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from chaos.house import ChaosStack
from e2e.page_server import PageServer
from e2e.stack import PANEL_URL, ROOT, tab_id, unattended, until
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from playwright.async_api import BrowserContext, Locator, Page

    from tabwire.client import Client
    from tabwire.v1.state_pb2 import Element

pytestmark = [pytest.mark.asyncio(loop_scope="function"), pytest.mark.timeout(300)]
_PASSWORD = "correct-horse-battery-91"
_TINY = "7x9"  # too short for the server to find it in what a page shows

# The colours that stand in parts of a picture.
_COLOURS = """async ([source, areas]) => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const scale = image.width / innerWidth;
  return areas.map(({ x, y, width, height }) => {
    const { data } = context.getImageData(
      (x + 2) * scale, (y + 2) * scale, (width - 4) * scale, (height - 4) * scale);
    const seen = new Set();
    for (let at = 0; at < data.length; at += 4) seen.add(data.slice(at, at + 3).join());
    return [...seen];
  });
}"""


@pytest.fixture
def pages() -> Iterator[PageServer]:
    server = PageServer(ROOT / "tests" / "pages")
    yield server
    server.close()


@pytest_asyncio.fixture
async def stack(tmp_path: Path) -> AsyncIterator[ChaosStack]:
    product = ChaosStack(tmp_path)
    product.policy = unattended()
    try:
        await product.prepare()
        await product.start()
        yield product
    finally:
        await product.dismantle()


class _Fields:
    """The fields of a tab, as a caller of the API gets to see them."""

    def __init__(self, client: Client, tab: int) -> None:
        self._client = client
        self._tab = tab

    async def elements(self) -> dict[str, Element]:
        state = (await self._client.get_page_state(self._tab)).page_state
        return {one.name: one for one in state.actionable_elements if one.role == "textbox"}

    async def values(self) -> dict[str, str]:
        return {name: one.current_value for name, one in (await self.elements()).items()}

    async def values_again(self) -> dict[str, str]:
        """The same, once the browser answers again."""

        async def told() -> dict[str, str] | None:
            with contextlib.suppress(TabwireError):
                return await self.values()
            return None

        return await until(told, "the tab to be seen again", 60)

    async def fill(self, name: str, secret: str) -> None:
        element = (await self.elements())[name]
        action = pb.Action(input_text=pb.InputTextAction(element_id=element.id, secret=secret))
        result = (await self._client.act(action, self._tab)).result
        assert result.status == pb.ACTION_STATUS_SUCCEEDED, result.error_info

    async def read(self, name: str) -> str:
        element = (await self.elements())[name]
        return str(await self._client.act(pb.Action(read_value=pb.ReadValueAction(element_id=element.id)), self._tab))

    async def colours(self, page: Page, *names: str) -> list[list[str]]:
        """What a picture of the tab shows in fields of these names."""
        await page.bring_to_front()
        result = (await self._client.act(pb.Action(screenshot=pb.ScreenshotAction()), self._tab)).result
        assert result.status == pb.ACTION_STATUS_SUCCEEDED, result.error_info
        source = f"data:{result.image.mime_type};base64,{base64.b64encode(result.image.data).decode()}"
        boxes = [await _box(page.locator(f"[name={name}]")) for name in names]
        seen: list[list[str]] = await page.evaluate(_COLOURS, [source, boxes])
        return seen


async def _box(locator: Locator) -> dict[str, float]:
    box = await locator.bounding_box()
    assert box is not None
    return {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}


async def _stored(context: BrowserContext) -> str:
    """All that the extension keeps."""
    own = await context.new_page()
    await own.goto(PANEL_URL)
    kept = await own.evaluate("Promise.all([chrome.storage.local.get(), chrome.storage.session.get()])")
    await own.close()
    return json.dumps(kept)


async def test_what_was_filled_in_stays_covered(stack: ChaosStack, pages: PageServer) -> None:
    """A secret in a field like others, and a password that the page has come to show."""
    origin = pages.url("").rstrip("/")
    for name, value in (("tiny", _TINY), ("bank", _PASSWORD)):
        code, out, err = await stack.cli("secret", "put", name, "--origin", origin, stdin=value)
        assert code == 0, out + err
    covered = {"User": "anna", "Password": "<secret bank>", "Code": "<secret tiny>"}
    async with stack.client() as client, stack.inspect() as context:
        page = await context.new_page()
        await page.goto(pages.fresh("policy/login.html"))
        fields = _Fields(client, await tab_id(client, page))
        await fields.fill("Code", "tiny")
        await fields.fill("Password", "bank")
        await page.get_by_role("button", name="Show password").click()
        assert await fields.values() == covered
        for _ in range(2):
            await stack.reload_extension()
            assert await fields.values_again() == covered
            assert _TINY not in await fields.read("Code")
            password, code_field, user = await fields.colours(page, "password", "code", "user")
            assert [password, code_field] == [["0,0,0"]] * 2, "nothing but black"
            assert len(user) > 1, "what is no secret stays"
        assert await page.locator("[name=code]").input_value() == _TINY, "the page has it still"
        kept = await _stored(context)
        assert [value for value in (_TINY, _PASSWORD) if value in kept] == []
        # With the document it ends: the fields of the next one are fields like others.
        await page.reload()
        await page.locator("[name=code]").fill("12")
        assert (await fields.values())["Code"] == "12"
