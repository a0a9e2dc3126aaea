"""The browser port over a link: commands out through the hub, answers in, nothing of the link's workings beyond here.

Also remembers which document each tab was last seen in, so that an action on an element goes to the document the
caller saw and not to one that came in its place.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from contextlib import aclosing
from time import perf_counter
from typing import TYPE_CHECKING

from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2, browser_pb2, error_pb2, link_pb2, state_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from tabwire.browser.port import BrowserPort
    from tabwire.link.hub import LinkHub
    from tabwire.store.browser_store import BrowserStore
    from tabwire.store.tables import BrowserRow

# The part of an element's id that tells its frame's slot (state.proto, Element.id).
_SLOT_SIZE = 100_000
_MAX_REMEMBERED = 512

# A command that ended like this was not tried: the port's caller gets an exception. All else is a failed action.
_NOT_TRIED = frozenset(
    {
        error_pb2.ERROR_CODE_TAB_NOT_FOUND,
        error_pb2.ERROR_CODE_EPOCH_FENCED,
        error_pb2.ERROR_CODE_UNIMPLEMENTED,
        error_pb2.ERROR_CODE_DEADLINE_EXCEEDED,
        error_pb2.ERROR_CODE_BROWSER_DISCONNECTED,
        error_pb2.ERROR_CODE_INVALID_ARGUMENT,
        error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED,
        error_pb2.ERROR_CODE_UNAVAILABLE,
    }
)
# A tab in one of these conditions has a state that says so.
_NOT_PERCEIVED = frozenset(
    {
        error_pb2.ERROR_CODE_RESTRICTED_PAGE,
        error_pb2.ERROR_CODE_DIALOG_OPEN,
        error_pb2.ERROR_CODE_COMMUNICATION_ERROR_WITH_TARGET,
    }
)


class SeenDocuments:
    """Which document stood in each frame of a tab when it was last seen, apart for every task.

    A task acts on what it saw itself: that somebody else looked at the tab after a navigation does not make old
    element ids good. The callers of the API share one memory.
    """

    def __init__(self) -> None:
        self._documents: OrderedDict[tuple[str, str, int], dict[int, str]] = OrderedDict()

    def saw(self, browser_id: str, task_id: str, tab_id: int, state: state_pb2.PageState) -> None:
        """Notes a state that was answered for a tab; for tab 0 also under the tab that it turned out to be."""
        documents = {frame.slot: frame.document_id for frame in state.frames if frame.document_id}
        if state.document_id:
            documents[0] = state.document_id
        if not documents:
            return
        for tab in {tab_id, state.tab_id}:
            key = (browser_id, task_id, tab)
            self._documents[key] = documents
            self._documents.move_to_end(key)
        while len(self._documents) > _MAX_REMEMBERED:
            self._documents.popitem(last=False)

    def document_of(self, browser_id: str, task_id: str, tab_id: int, element_id: int) -> str:
        """The document an element was seen in; empty if the tab was not seen, or not that frame."""
        documents = self._documents.get((browser_id, task_id, tab_id), {})
        return documents.get(element_id // _SLOT_SIZE, "")


class LinkedBrowser:
    """One browser over its link, for one task or for the API. Implements `BrowserPort`."""

    def __init__(self, hub: LinkHub, seen: SeenDocuments, browser_id: str, *, task_id: str, epoch: int) -> None:
        self._hub = hub
        self._seen = seen
        self._browser_id = browser_id
        self._task_id = task_id
        self._epoch = epoch

    @property
    def browser_id(self) -> str:
        """The browser's id."""
        return self._browser_id

    async def observe(self, tab_id: int, options: state_pb2.StateRequest, *, timeout_s: float) -> state_pb2.PageState:
        """See `BrowserPort.observe`."""
        command = self._command(tab_id)
        command.observe.CopyFrom(options)
        command.observe.ClearField("base_revision")  # a whole state is promised, never a delta
        result = await self._hub.execute(self._browser_id, command, timeout_s=timeout_s)
        match result.WhichOneof("outcome"):
            case "page_state":
                state = result.page_state
            case "error_info" if result.error_info.error_code in _NOT_PERCEIVED:
                return state_pb2.PageState(tab_id=tab_id, error_info=result.error_info)
            case _:
                raise _failure(result)
        self._seen.saw(self._browser_id, self._task_id, tab_id, state)
        return state

    async def act(
        self,
        tab_id: int,
        action: action_pb2.Action,
        *,
        state_after: state_pb2.StateRequest | None = None,
        timeout_s: float,
    ) -> action_pb2.ActionResult:
        """See `BrowserPort.act`. An action without a document gets the one its element was last seen in."""
        command = self._command(tab_id, action.id)
        command.action.CopyFrom(action)
        command.action.id = command.command_id
        if not command.action.document_id:
            command.action.document_id = self._document_of(tab_id, action)
        if state_after is not None:
            command.state_after.CopyFrom(state_after)
        result = await self._hub.execute(self._browser_id, command, timeout_s=timeout_s)
        match result.WhichOneof("outcome"):
            case "action_result":
                answer = result.action_result
            case "error_info" if result.error_info.error_code not in _NOT_TRIED:
                return _failed(command.command_id, result.error_info)
            case _:
                raise _failure(result)
        if answer.HasField("new_state"):
            self._seen.saw(self._browser_id, self._task_id, answer.current_tab_id or tab_id, answer.new_state)
        return answer

    async def list_tabs(self, *, timeout_s: float) -> Sequence[state_pb2.Tab]:
        """See `BrowserPort.list_tabs`."""
        command = self._command(0)
        command.list_tabs.SetInParent()
        result = await self._hub.execute(self._browser_id, command, timeout_s=timeout_s)
        if result.WhichOneof("outcome") != "tab_list":
            raise _failure(result)
        return result.tab_list.tabs

    async def ping(self, tab_id: int, *, into_page: bool, timeout_s: float) -> Sequence[link_pb2.Hop]:
        """See `BrowserPort.ping`. The first hop is the link itself, measured here; the rest is the browser's."""
        command = self._command(tab_id)
        command.ping.into_page = into_page
        command.ping.SetInParent()
        began = perf_counter()
        result = await self._hub.execute(self._browser_id, command, timeout_s=timeout_s)
        took_us = round((perf_counter() - began) * 1_000_000)
        if result.WhichOneof("outcome") != "pong":
            raise _failure(result)
        return [link_pb2.Hop(name="browser link", round_trip_us=took_us), *result.pong.hops]

    async def watch(self, tab_id: int) -> AsyncGenerator[link_pb2.StateUpdate, None]:
        """See `BrowserPort.watch`."""
        if tab_id == 0:
            raise ValueError("updates are of one tab; find out its id first")
        async with aclosing(self._hub.updates(self._browser_id, tab_id)) as updates:
            async for update in updates:
                if update.HasField("page_state"):
                    self._seen.saw(self._browser_id, self._task_id, tab_id, update.page_state)
                yield update

    def _command(self, tab_id: int, command_id: str = "") -> link_pb2.Command:
        return link_pb2.Command(
            command_id=command_id or uuid.uuid4().hex,
            task_id=self._task_id,
            epoch=self._epoch,
            tab_id=tab_id,
        )

    def _document_of(self, tab_id: int, action: action_pb2.Action) -> str:
        kind = action.WhichOneof("kind")
        element_id: int = getattr(getattr(action, kind), "element_id", 0) if kind else 0
        if not element_id:
            return ""
        return self._seen.document_of(self._browser_id, self._task_id, tab_id, element_id)


class LinkedBrowsers:
    """All paired browsers, connected or not. Implements `Browsers`."""

    def __init__(self, hub: LinkHub, store: BrowserStore) -> None:
        self._hub = hub
        self._store = store
        self._seen = SeenDocuments()

    async def list_browsers(self, owner_id: str) -> Sequence[browser_pb2.Browser]:
        """See `Browsers.list_browsers`."""
        browsers = [self._browser(row) for row in await self._store.list_browsers(owner_id)]
        return sorted(browsers, key=lambda browser: not browser.is_connected)

    async def resolve(self, owner_id: str, browser_id: str) -> str:
        """See `Browsers.resolve`."""
        if browser_id:
            if await self._store.get_browser(owner_id, browser_id) is None:
                raise TabwireError(
                    error_pb2.ERROR_CODE_NOT_FOUND,
                    "There is no browser of this id.",
                    remedy="See `tabwire browsers`.",
                )
            return browser_id
        connected = [browser for browser in await self.list_browsers(owner_id) if browser.is_connected]
        if not connected:
            raise TabwireError(
                error_pb2.ERROR_CODE_BROWSER_DISCONNECTED,
                "No browser is connected.",
                remedy="Start one with `tabwire up`, or open the Tabwire side panel in yours and pair it.",
            )
        if len(connected) > 1:
            names = ", ".join(f"{browser.display_name} ({browser.browser_id})" for browser in connected)
            raise TabwireError(
                error_pb2.ERROR_CODE_INVALID_ARGUMENT,
                f"Several browsers are connected: {names}.",
                remedy="Say which one is meant by its id.",
            )
        return connected[0].browser_id

    async def port(self, owner_id: str, browser_id: str, *, task_id: str = "", epoch: int = 0) -> BrowserPort:
        """See `Browsers.port`."""
        found = await self.resolve(owner_id, browser_id)
        return LinkedBrowser(self._hub, self._seen, found, task_id=task_id, epoch=epoch)

    def is_connected(self, browser_id: str) -> bool:
        """See `Browsers.is_connected`."""
        return self._hub.is_connected(browser_id)

    async def wait_connected(self, browser_id: str) -> None:
        """See `Browsers.wait_connected`."""
        await self._hub.wait_connected(browser_id)

    def _browser(self, row: BrowserRow) -> browser_pb2.Browser:
        browser = browser_pb2.Browser(
            browser_id=row.id,
            display_name=row.display_name,
            is_connected=self._hub.is_connected(row.id),
            extension_version=row.extension_version,
            user_agent=row.user_agent,
            capabilities=link_pb2.BrowserCapabilities.FromString(row.capabilities),
        )
        browser.paired_at.FromDatetime(row.paired_at)
        if browser.is_connected:
            browser.last_seen_at.GetCurrentTime()  # connected means a sign of life within the last heartbeats
        else:
            browser.last_seen_at.FromDatetime(row.last_seen_at)
        return browser


def _failed(action_id: str, error: error_pb2.ErrorInfo) -> action_pb2.ActionResult:
    cancelled = error.error_code == error_pb2.ERROR_CODE_CANCELLED
    return action_pb2.ActionResult(
        original_action_id=action_id,
        status=action_pb2.ACTION_STATUS_CANCELLED if cancelled else action_pb2.ACTION_STATUS_FAILED,
        error_info=error,
        outcome_details=action_pb2.OutcomeDetails(message=error.message),
    )


def _failure(result: link_pb2.CommandResult) -> TabwireError:
    """The exception for an answer that is an error, or that does not fit the question."""
    if result.WhichOneof("outcome") == "error_info":
        return TabwireError.of(result.error_info)
    return TabwireError(
        error_pb2.ERROR_CODE_EXTENSION_INTERNAL_ERROR,
        "The browser answered with something else than was asked for.",
        remedy="Update the Tabwire extension in this browser.",
        origin=error_pb2.COMPONENT_ORIGIN_BACKGROUND,
    )
