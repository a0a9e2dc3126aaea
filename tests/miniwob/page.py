"""What a solver has: the page state, ways to find elements in it, and the actions of BrowserService. Nothing else.

Knows no task. A solver cannot reach past this to the document, the harness or Playwright.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from tabwire.v1 import action_pb2, state_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tabwire.client import Client
    from tabwire.v1.state_pb2 import Element

_WHOLE = state_pb2.StateRequest(scope=state_pb2.STATE_SCOPE_PAGE, include_text=True)
_KEYS_AT_ONCE = 100
_PATIENCE_S = 8.0


class UnsolvedError(Exception):
    """The solver does not know how to go on; the message says what it missed."""


class FailedActionError(UnsolvedError):
    """An action failed; the message is what the engine said."""

    def __init__(self, result: action_pb2.ActionResult) -> None:
        self.result = result
        super().__init__(result.error_info.message)


class Page:
    """One tab, seen through its page state."""

    def __init__(self, client: Client, tab_id: int) -> None:
        self._client = client
        self._tab_id = tab_id
        self.actions = 0
        self.state = state_pb2.PageState()

    # Looking

    async def look(self) -> None:
        """Takes the state anew."""
        self.state = (await self._client.get_page_state(self._tab_id, options=_WHOLE)).page_state
        if self.state.error_info.message:
            raise UnsolvedError(self.state.error_info.message)

    @property
    def query(self) -> str:
        """The instruction, which stands first on every page."""
        return self.state.actionable_elements[0].text_content

    @property
    def elements(self) -> Sequence[Element]:
        """All elements but the instruction, in reading order."""
        return self.state.actionable_elements[1:]

    def all(
        self,
        said: str | None = None,
        *,
        role: str = "",
        tag: str = "",
        word: str = "",
        clickable: bool = False,
        where: Callable[[Element], bool] | None = None,
    ) -> list[Element]:
        """The elements that are meant: by what they say, by role, tag, a word of the author's, and more."""
        return [
            e
            for e in self.elements
            if (said is None or said in (e.name, e.text_content))
            and role in ("", e.role)
            and tag in ("", e.tag)
            and (not word or word in words_of(e))
            and (not clickable or state_pb2.OPERATION_CLICK in e.available_operations)
            and (where is None or where(e))
        ]

    def one(self, said: str | None = None, **how: Any) -> Element:
        """The first such element."""
        found = self.all(said, **how)
        if not found:
            wanted = [repr(said)] if said is not None else []
            wanted += [f"{name} {value!r}" for name, value in how.items() if name != "where"]
            raise UnsolvedError(f"there is no element with {', '.join(wanted) or 'such a text'} in the state")
        return found[0]

    async def until(self, find: Callable[[], list[Element]], what: str) -> list[Element]:
        """Looks until there is what is looked for, as a page may take its time to show it."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while not (found := find()):
                    await asyncio.sleep(0.05)
                    await self.look()
        except TimeoutError as error:
            raise UnsolvedError(f"{what} did not appear") from error
        return found

    # Acting

    async def act(self, **kind: Any) -> action_pb2.ActionResult:
        """Does one action that must succeed, and takes the state after it."""
        self.actions += 1
        action = action_pb2.Action(**kind)
        result = (await self._client.act(action, self._tab_id, state_after=_WHOLE)).result
        if result.HasField("new_state"):
            self.state = result.new_state
        else:
            await self.look()
        if result.status != action_pb2.ACTION_STATUS_SUCCEEDED:
            raise FailedActionError(result)
        return result

    async def click(self, element: Element, offset: tuple[float, float] | None = None) -> None:
        """Clicks an element, in its middle or at a place in it."""
        click = action_pb2.ClickAction(element_id=element.id)
        if offset is not None:
            click.offset_x, click.offset_y = offset
        await self.act(click=click)

    async def submit(self, label: str = "Submit") -> None:
        """Presses the button that ends the task."""
        await self.click(self.one(label, role="button"))

    async def hover(self, element: Element) -> None:
        """Moves the pointer over an element."""
        await self.act(hover=action_pb2.HoverAction(element_id=element.id))

    async def type(self, field: Element, text: str) -> None:
        """Puts text into a field."""
        await self.act(input_text=action_pb2.InputTextAction(element_id=field.id, text=text))

    async def value(self, field: Element) -> str:
        """What is in a field, whole."""
        return (await self.act(read_value=action_pb2.ReadValueAction(element_id=field.id))).text

    async def select(self, listbox: Element, options: Sequence[str]) -> None:
        """Chooses from a list."""
        await self.act(select_option=action_pb2.SelectOptionAction(element_id=listbox.id, options=options))

    async def check(self, box: Element) -> None:
        """Checks a box or radio button."""
        await self.act(set_checked=action_pb2.SetCheckedAction(element_id=box.id, checked=True))

    async def mark(self, element: Element, passage: str = "") -> None:
        """Selects text in an element; all of it if no passage is given."""
        await self.act(select_text=action_pb2.SelectTextAction(element_id=element.id, text=passage))

    async def press(self, element: Element, key: str, times: int = 1) -> None:
        """Presses a key in an element, again and again."""
        for done in range(0, times, _KEYS_AT_ONCE):
            keys = [key] * min(_KEYS_AT_ONCE, times - done)
            await self.act(press_keys=action_pb2.PressKeysAction(element_id=element.id, keys=keys))

    async def drag(self, element: Element, to: Element, offset: tuple[float, float] | None = None) -> None:
        """Drags an element onto another one, to its middle or to a place in it."""
        drag = action_pb2.DragAction(element_id=element.id, to_element_id=to.id)
        if offset is not None:
            drag.offset_x, drag.offset_y = offset
        await self.act(drag=drag)

    async def drag_by(
        self, element: Element, dx: float, dy: float, *, start: tuple[float, float] | None = None
    ) -> None:
        """Drags by a distance: an element, or from a place in it."""
        drag = action_pb2.DragAction(element_id=element.id, offset_x=dx, offset_y=dy)
        if start is not None:
            drag.start_x, drag.start_y = start
        await self.act(drag=drag)


def words_of(element: Element) -> list[str]:
    """The words the author gave an element that says nothing to a reader: id, classes, the name of its picture."""
    words = [element.attributes.get("id", ""), *element.attributes.get("class", "").split()]
    sources = (element.attributes.get(name, "") for name in ("src", "icon", "background-image"))
    words.extend(re.sub(r"\.\w+$", "", source.rpartition("/")[2]) for source in sources)
    return [word for word in words if word]


def centre_of(element: Element) -> tuple[float, float]:
    """The middle of an element."""
    b = element.bounds
    return b.x + b.width / 2, b.y + b.height / 2


def quoted(query: str) -> list[str]:
    """What stands between quotation marks."""
    return re.findall(r'"\s*([^"]*?)\s*"', query)


def parse(pattern: str, query: str) -> tuple[str, ...]:
    """The groups of a pattern that the instruction must match."""
    found = re.search(pattern, query)
    if found is None:
        raise UnsolvedError(f"an instruction of another kind: {query!r}")
    return tuple(group or "" for group in found.groups())
