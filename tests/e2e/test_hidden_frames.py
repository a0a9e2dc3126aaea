"""A page in a hidden tab that draws by frames, sizes, sight and animations: all of it comes about there too.

A debugger makes pages believe that they are shown; so nothing is attached to this Chromium, and the page tells its
truth in a text.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from e2e.stack import until
from tabwire.v1 import action_pb2 as pb
from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from e2e.page_server import PageServer
    from e2e.stack import Stack
    from tabwire.client import Client

_WHOLE_PAGE = state_pb2.StateRequest(scope=state_pb2.STATE_SCOPE_PAGE, include_text=True)


class HiddenTab:
    """A background tab that is seen only as the product sees it."""

    def __init__(self, client: Client, number: int) -> None:
        self._client = client
        self._number = number

    async def elements(self) -> dict[str, state_pb2.Element]:
        """The elements of the page by what they are called."""
        state = (await self._client.get_page_state(self._number, options=_WHOLE_PAGE)).page_state
        return {element.name or element.text_content: element for element in state.actionable_elements}

    async def click(self, name: str) -> pb.ActionResult:
        """Clicks an element; that must succeed."""
        element = (await self.elements())[name]
        action = pb.Action(click=pb.ClickAction(element_id=element.id))
        result = (await self._client.act(action, self._number)).result
        assert result.status == pb.ACTION_STATUS_SUCCEEDED, result
        return result

    async def scroll(self, name: str, screens: float) -> None:
        """Scrolls in an element."""
        element = (await self.elements())[name]
        action = pb.Action(
            scroll=pb.ScrollAction(element_id=element.id, direction=pb.SCROLL_DIRECTION_DOWN, pages=screens)
        )
        result = (await self._client.act(action, self._number)).result
        assert result.status == pb.ACTION_STATUS_SUCCEEDED, result

    async def truth(self) -> dict[str, Any]:
        """What the page knows of itself."""
        await self.click("Tell")
        texts = [name for name in await self.elements() if name.startswith("{")]
        assert len(texts) == 1
        told: dict[str, Any] = json.loads(texts[0])
        assert told["hidden"] is True
        return told


@pytest_asyncio.fixture(loop_scope="session")
async def tab(own_stack: Callable[[Mapping[str, str] | None], Stack], pages: PageServer) -> AsyncIterator[HiddenTab]:
    stack = own_stack({"TABWIRE_BROWSER_ARGS": ""})
    await stack.start()
    async with stack.client() as client:
        opened = pb.Action(open_tab=pb.OpenTabAction(url=pages.fresh("chain/hidden_frames.html")))
        yield HiddenTab(client, (await client.act(opened)).result.current_tab_id)


@pytest.mark.asyncio(loop_scope="session")
async def test_what_a_page_does_in_frames_is_done_in_a_hidden_tab(tab: HiddenTab) -> None:
    async def is_drawn() -> bool:
        names = set(await tab.elements())
        return {"drawn 3 times", "Measured", "Item 4", "Dismiss"} <= names

    await until(is_drawn, "a page that has drawn itself")
    dismiss = (await tab.elements())["Dismiss"]
    assert 0 <= dismiss.bounds.x < 1280  # it has slid in
    truth = await tab.truth()
    assert (truth["drawn"], truth["cancelled"], truth["slid"], truth["shown"]) == (3, 0, 1, 4)
    assert truth["resized"] == [300]

    await tab.scroll("List", 2)

    async def is_longer() -> bool:
        return "Item 8" in await tab.elements()

    await until(is_longer, "a list that loads what comes into sight")
    result = await tab.click("Draw again")
    assert not result.outcome_details.no_effect_seen  # what a click sets off in a frame belongs to the click
    await tab.click("Open")

    async def is_open() -> bool:
        return {"drawn 6 times", "opened"} <= set(await tab.elements())

    await until(is_open, "a menu that has opened")
    truth = await tab.truth()
    assert (truth["drawn"], truth["faded"]) == (6, 1)
    await tab.click("Dismiss")
    assert "Dismiss" not in await tab.elements()
