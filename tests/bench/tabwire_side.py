"""Tabwire's side of the benchmark: the whole product as a user starts it, asked through the public client.

Nothing is attached to Chromium. Every time is taken around the client's call: the server asks, the server has it. The
page is opened as the product opens pages, in a tab that is not in front.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.rivals.wire import Lost, Stopwatch, serve
from e2e.stack import Stack
from tabwire.agent import render
from tabwire.v1 import action_pb2, state_pb2

if TYPE_CHECKING:
    from tabwire.client import Client

# Nothing is to be left out of a whole page; the contract allows no more.
_MAX_ELEMENTS = 20_000
_MAX_TEXT_BYTES = 4 * 2**20
_SCOPES = {"viewport": state_pb2.STATE_SCOPE_VIEWPORT, "page": state_pb2.STATE_SCOPE_PAGE}


class TabwireSide:
    """One product with one page at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._tab = 0
        # By the scope of a state: the revision of the latest one, which the next one is to be relative to.
        self._revisions: dict[str, int] = {}
        self._found: dict[tuple[str, str], int] = {}

    async def about(self, _request: dict[str, Any]) -> dict[str, Any]:
        """What is measured."""
        browser = await self._client.wait_for_browser()
        return {"version": importlib.metadata.version("tabwire"), "browser": browser.user_agent}

    async def open(self, request: dict[str, Any]) -> dict[str, Any]:
        """Opens an address in a new tab."""
        action = action_pb2.Action(open_tab=action_pb2.OpenTabAction(url=request["url"]))
        with Stopwatch() as watch:
            result = (await self._client.act(action)).result
        _check(result)
        self._tab = result.current_tab_id
        self._revisions = {}
        self._found = {}
        return {"ms": watch.ms}

    async def first_state(self, request: dict[str, Any]) -> dict[str, Any]:
        """The first state of a page that has just been opened, in a tab of its own. Opening is no part of the time."""
        action = action_pb2.Action(open_tab=action_pb2.OpenTabAction(url=request["url"]))
        opened = (await self._client.act(action)).result
        _check(opened)
        tab = opened.current_tab_id
        try:
            return await self._state(tab, request)
        finally:
            closing = action_pb2.Action(close_tab=action_pb2.CloseTabAction(tab_id=tab))
            _check((await self._client.act(closing, tab)).result)

    async def state(self, request: dict[str, Any]) -> dict[str, Any]:
        """A page state; `mode` is its scope. The page was looked at before, as an agent does at every step."""
        return await self._state(self._tab, request)

    async def _state(self, tab: int, request: dict[str, Any]) -> dict[str, Any]:
        with Stopwatch() as watch:
            state = await self._look(request["mode"], tab)
        if state.HasField("error_info"):
            raise Lost(state.error_info.message)
        lost = [frame.error_info.message for frame in state.frames if frame.HasField("error_info")]
        if lost:
            raise Lost(f"{len(lost)} of {len(state.frames)} frames could not be seen: {lost[0]}")
        return {
            "ms": watch.ms,
            "bytes": state.ByteSize(),
            "elements": len(state.actionable_elements),
            "omitted": state.truncation.elements_omitted,
            "in_page_ms": state.timing.in_page_us / 1000,
            "in_browser_ms": state.timing.in_browser_us / 1000,
            **(_as_told(state) if request.get("keep") else {}),
        }

    async def click(self, request: dict[str, Any]) -> dict[str, Any]:
        """A click with settle, verification and the new state in one call. The state is relative to the one before."""
        mode = request["mode"]
        element = await self._find(request)
        if mode not in self._revisions:
            self._revisions[mode] = (await self._look(mode)).revision
        options = _options(mode)
        options.base_revision = self._revisions[mode]
        action = action_pb2.Action(click=action_pb2.ClickAction(element_id=element))
        with Stopwatch() as watch:
            result = (await self._client.act(action, self._tab, state_after=options)).result
        _check(result)
        if result.outcome_details.no_effect_seen:
            raise Lost("no effect of the click was seen")
        return {"ms": watch.ms, **_timing(result), **self._state_after(mode, result)}

    async def input(self, request: dict[str, Any]) -> dict[str, Any]:
        """Types into a field; the value is read back by the product."""
        element = await self._find(request)
        action = action_pb2.Action(input_text=action_pb2.InputTextAction(element_id=element, text=request["text"]))
        with Stopwatch() as watch:
            result = (await self._client.act(action, self._tab)).result
        _check(result)
        if result.outcome_details.value_now != request["text"]:
            raise Lost("the field holds another text")
        return {"ms": watch.ms, **_timing(result)}

    async def ping(self, _request: dict[str, Any]) -> dict[str, Any]:
        """The way into the page and back, without anything done there."""
        with Stopwatch() as watch:
            answer = await self._client.ping(self._tab, into_page=True)
        return {"ms": watch.ms, "hops": {hop.name: hop.round_trip_us / 1000 for hop in answer.hops}}

    async def read(self, _request: dict[str, Any]) -> dict[str, Any]:
        """How often the page says it was clicked, to see what really happened."""
        state = await self._look("viewport")
        texts = (element.text_content or element.name for element in state.actionable_elements)
        told = [text for text in texts if text.startswith("In the cart: ")]
        # The frames of a page tell each their own; the one that was clicked in tells the most.
        return {"text": max(told, key=lambda text: int(text.rpartition(" ")[2]), default="")}

    async def close(self, _request: dict[str, Any]) -> dict[str, Any]:
        """Closes the tab."""
        action = action_pb2.Action(close_tab=action_pb2.CloseTabAction(tab_id=self._tab))
        _check((await self._client.act(action, self._tab)).result)
        return {}

    async def _find(self, request: dict[str, Any]) -> int:
        """The id of an element, by the role and name that a person knows it by. Not part of any time."""
        wanted = (request["role"], request["name"])
        if wanted not in self._found:
            for element in reversed((await self._look("viewport")).actionable_elements):
                self._found[element.role, element.name] = element.id
        if wanted not in self._found:
            raise Lost("its state does not list the element")
        return self._found[wanted]

    async def _look(self, mode: str, tab: int = 0) -> state_pb2.PageState:
        return (await self._client.get_page_state(tab or self._tab, options=_options(mode))).page_state

    def _state_after(self, mode: str, result: action_pb2.ActionResult) -> dict[str, Any]:
        kind = result.WhichOneof("state_after")
        if kind == "state_delta":
            delta = result.state_delta
            self._revisions[mode] = delta.head.revision
            return {
                "kind": "delta",
                "bytes": delta.ByteSize(),
                "state_in_page_ms": delta.head.timing.in_page_us / 1000,
            }
        if kind == "new_state" and not result.new_state.HasField("error_info"):
            self._revisions[mode] = result.new_state.revision
            return {
                "kind": "whole",
                "bytes": result.new_state.ByteSize(),
                "state_in_page_ms": result.new_state.timing.in_page_us / 1000,
            }
        raise Lost("there was no state after the click")


def _as_told(state: state_pb2.PageState) -> dict[str, Any]:
    """The state as a model gets it. What its text has no room for counts as left out."""
    unsaid = len(state.actionable_elements) - len(render.shown_part(state).actionable_elements)
    return {"text": render.state_text(state), "omitted": state.truncation.elements_omitted + unsaid}


def _options(mode: str) -> state_pb2.StateRequest:
    """`viewport` and `page` as a caller asks; both with text, as the agent does."""
    options = state_pb2.StateRequest(scope=_SCOPES[mode], include_text=True)
    if mode == "page":
        options.max_elements = _MAX_ELEMENTS
        options.max_text_bytes = _MAX_TEXT_BYTES
    return options


def _timing(result: action_pb2.ActionResult) -> dict[str, float]:
    timing = result.timing
    return {
        "in_page_ms": timing.in_page_us / 1000,
        "in_browser_ms": timing.in_browser_us / 1000,
        "settle_ms": timing.settle_us / 1000,
    }


def _check(result: action_pb2.ActionResult) -> None:
    if result.status != action_pb2.ACTION_STATUS_SUCCEEDED:
        raise Lost(result.error_info.message or "the action did not succeed")


async def main() -> None:
    """Starts the product and answers."""
    with tempfile.TemporaryDirectory() as folder:
        # No debugging port: a debugger attached to the extension would keep it alive and hide what it costs to wake it.
        stack = Stack(Path(folder), {"TABWIRE_BROWSER_ARGS": ""})
        await stack.start()
        try:
            async with stack.client() as client:
                side = TabwireSide(client)
                names = ("about", "open", "first_state", "state", "click", "input", "ping", "read", "close")
                await serve({name: getattr(side, name) for name in names})
        finally:
            await stack.stop_if_running()


if __name__ == "__main__":
    asyncio.run(main())
