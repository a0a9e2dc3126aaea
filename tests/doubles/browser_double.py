"""A test double of the browser port: pages as data, commands carried out at most once, links that can break.

It keeps what the real browser promises (see `tabwire.browser.port`): a repeat of an action id returns the first result,
cancelling the caller cancels the command. It knows no DOM; the real one is shown by the end-to-end tests.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tabwire.agent import events
from tabwire.errors import TabwireError
from tabwire.policy.verdict import Verdict
from tabwire.v1 import action_pb2, browser_pb2, error_pb2, link_pb2, policy_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from tabwire.policy.verdict import Approval

_TYPES = {
    "button": state_pb2.ELEMENT_TYPE_BUTTON,
    "link": state_pb2.ELEMENT_TYPE_LINK,
    "textbox": state_pb2.ELEMENT_TYPE_INPUT_FIELD,
    "combobox": state_pb2.ELEMENT_TYPE_SELECT,
    "checkbox": state_pb2.ELEMENT_TYPE_CHECKBOX,
    "heading": state_pb2.ELEMENT_TYPE_HEADING,
    "text": state_pb2.ELEMENT_TYPE_TEXT_CONTENT,
    "listitem": state_pb2.ELEMENT_TYPE_LIST_ITEM,
}
_OPERATIONS: dict[str, tuple[state_pb2.Operation.ValueType, ...]] = {
    "button": (state_pb2.OPERATION_CLICK,),
    "link": (state_pb2.OPERATION_CLICK,),
    "textbox": (state_pb2.OPERATION_CLICK, state_pb2.OPERATION_INPUT_TEXT, state_pb2.OPERATION_READ_VALUE),
    "combobox": (state_pb2.OPERATION_SELECT_OPTION, state_pb2.OPERATION_READ_VALUE),
    "checkbox": (state_pb2.OPERATION_CLICK, state_pb2.OPERATION_SET_CHECKED),
}


def element(
    number: int,
    role: str,
    name: str,
    *,
    value: str | None = None,
    options: Sequence[str] = (),
    checked: bool | None = None,
    **fields: object,
) -> state_pb2.Element:
    """One element as the browser would describe it."""
    made = state_pb2.Element(
        id=number,
        type=_TYPES[role],
        tag={"textbox": "input", "combobox": "select"}.get(role, role),
        role="" if role == "text" else role,
        name="" if role == "text" else name,
        text_content=name if role not in ("textbox", "combobox", "checkbox") else "",
        is_visible=True,
        in_viewport=True,
        available_operations=_OPERATIONS.get(role, (state_pb2.OPERATION_READ_TEXT,)),
        options=[state_pb2.SelectOption(index=i, label=label, value=label.lower()) for i, label in enumerate(options)],
    )
    if value is not None:
        made.current_value = value
    if checked is not None:
        made.states.checked = state_pb2.TOGGLE_ON if checked else state_pb2.TOGGLE_OFF
    for key, given in fields.items():
        if key == "disabled":
            made.states.disabled = bool(given)
        elif key == "href":
            made.attributes["href"] = str(given)
        elif key == "hidden_by_scrolling":
            made.in_viewport = not given
        else:
            setattr(made, key, given)
    return made


def shop() -> list[state_pb2.Element]:
    """A small shop page."""
    return [
        element(1, "heading", "Shop"),
        element(2, "textbox", "Search", value=""),
        element(3, "button", "Go"),
        element(4, "button", "Add to cart", heading="Red stapler"),
        element(5, "combobox", "Colour", value="red", options=["Red", "Blue"]),
        element(6, "checkbox", "Gift wrap", checked=False),
        element(7, "text", "Total: $0.00"),
        element(8, "link", "Checkout", href="https://shop.test/checkout"),
    ]


@dataclass
class TabDouble:
    """One tab: where it is and what it shows."""

    tab_id: int
    url: str
    elements: list[state_pb2.Element]
    document: int = 1
    opener: int = 0
    error: error_pb2.ErrorInfo | None = None

    def find(self, number: int) -> state_pb2.Element | None:
        return next((one for one in self.elements if one.id == number), None)


@dataclass
class BrowserDouble:
    """One browser with its tabs. `executed` lists every action that really had effect, in order."""

    name: str = "browser-1"
    pages: dict[str, Callable[[], list[state_pb2.Element]]] = field(default_factory=dict)
    tabs: dict[int, TabDouble] = field(default_factory=dict)
    active: int = 1
    executed: list[tuple[str, str]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    received: list[str] = field(default_factory=list)
    fail: dict[str, list[action_pb2.ActionResult | TabwireError]] = field(default_factory=dict)
    hold: dict[str, asyncio.Event] = field(default_factory=dict)
    reached: dict[str, asyncio.Event] = field(default_factory=dict)
    crashed: bool = False
    journal: int = 1
    disconnect_before: str = ""
    disconnect_after: str = ""
    lose_answers: dict[str, str] = field(default_factory=dict)
    """Kinds whose next answer never comes; the browser "stays", or is "away" when the time for it ends."""
    on_effect: Callable[[BrowserDouble, TabDouble, action_pb2.Action], None] | None = None
    opened_by_click: list[str] = field(default_factory=list)
    rules: list[tuple[str, list[int], str]] = field(default_factory=list)
    done_before_cancel: dict[str, action_pb2.ActionResult] = field(default_factory=dict)
    """Answers of actions that were done before the cancel came."""
    asks_about: set[str] = field(default_factory=set)
    """Kinds of action that a person has to approve."""

    def __post_init__(self) -> None:
        self.pages.setdefault("https://shop.test/", shop)
        self.tabs.setdefault(1, TabDouble(1, "https://shop.test/", self.pages["https://shop.test/"]()))
        self._store: dict[str, action_pb2.ActionResult] = {}
        self._connected = asyncio.Event()
        self._connected.set()

    def disconnect(self) -> None:
        self._connected.clear()

    def connect(self) -> None:
        self._connected.set()

    def new_session(self) -> None:
        """The browser was started again: nothing stored is left, and its tabs have other ids."""
        self.forget()
        self.tabs = {1000 + number: tab for number, tab in self.tabs.items()}
        for number, tab in self.tabs.items():
            tab.tab_id = number

    def forget(self) -> None:
        """The extension was loaded anew: nothing stored is left, the tabs are as they were."""
        self._store.clear()
        self.journal += 1

    def holding(self, kind: str) -> tuple[asyncio.Event, asyncio.Event]:
        """Lets actions of a kind wait: an event that says one has arrived, and one that lets it go on."""
        self.reached[kind], self.hold[kind] = asyncio.Event(), asyncio.Event()
        return self.reached[kind], self.hold[kind]

    # BrowserPort

    @property
    def browser_id(self) -> str:
        return self.name

    @property
    def journal_id(self) -> str:
        return f"journal-{self.journal}" if self._connected.is_set() else ""

    async def observe(
        self,
        tab_id: int,
        options: state_pb2.StateRequest,
        *,
        timeout_s: float,  # noqa: ARG002 - the port's signature
    ) -> state_pb2.PageState:
        self._check_link()
        return self._state(self._tab(tab_id), options.scope)

    async def look(self, tab_id: int, options: state_pb2.StateRequest, *, timeout_s: float) -> state_pb2.PageState:
        return await self.observe(tab_id, options, timeout_s=timeout_s)

    async def act(
        self,
        tab_id: int,
        action: action_pb2.Action,
        *,
        state_after: state_pb2.StateRequest | None = None,
        journal_id: str = "",
        approval: Approval | None = None,
        timeout_s: float,  # noqa: ARG002 - the port's signature
    ) -> action_pb2.ActionResult:
        kind = action.WhichOneof("kind") or ""
        if kind == self.disconnect_before:
            self.disconnect()  # at the last moment before it is sent
        self._check_link()
        if kind in self.asks_about and approval is None:
            raise TabwireError(error_pb2.ERROR_CODE_APPROVAL_NEEDED, "A person has to approve it.")
        self.received.append(action.id)
        if action.id in self._store:
            return self._copy(self._store[action.id])
        if journal_id not in ("", self.journal_id) and not events.is_repeatable(action):
            unknown = events.failed_result(action, events.outcome_unknown(action))
            self._store[action.id] = unknown
            return self._copy(unknown)
        if kind in self.hold:
            self.reached[kind].set()
            try:
                await self.hold[kind].wait()
            except asyncio.CancelledError:
                if action.id in self.done_before_cancel:
                    self._store[action.id] = self.done_before_cancel[action.id]
                elif not self.crashed:
                    self.cancelled.append(action.id)
                    self._store[action.id] = action_pb2.ActionResult(
                        original_action_id=action.id, status=action_pb2.ACTION_STATUS_CANCELLED
                    )
                raise
        self._check_link(was_sent=True)
        if self.fail.get(kind):
            scripted = self.fail[kind].pop(0)
            if isinstance(scripted, TabwireError):
                raise scripted
            scripted.original_action_id = action.id
            self._store[action.id] = scripted
            return self._copy(scripted)
        result = self._carry_out(tab_id, kind, action)
        self._store[action.id] = result
        result = self._copy(result)
        if kind == self.disconnect_after:
            self.disconnect()
        if kind in self.lose_answers:
            self._lose_answer(kind)
        if state_after is not None and (result.current_tab_id or tab_id) in self.tabs:
            result.new_state.CopyFrom(self._state(self._tab(result.current_tab_id or tab_id), state_after.scope))
        return result

    async def list_tabs(self, *, timeout_s: float) -> Sequence[state_pb2.Tab]:  # noqa: ARG002 - the port's signature
        self._check_link()
        return [
            state_pb2.Tab(
                tab_id=tab.tab_id,
                url=tab.url,
                title=tab.url,
                is_active=tab.tab_id == self.active,
                opener_tab_id=tab.opener,
            )
            for tab in self.tabs.values()
        ]

    async def judge(self, tab_id: int, action: action_pb2.Action) -> Verdict:
        self._check_link()
        kind = action.WhichOneof("kind") or ""
        if kind not in self.asks_about:
            return Verdict(policy_pb2.PERMISSION_ALLOW)
        what = action_pb2.Action()
        what.CopyFrom(action)
        what.ClearField("id")
        what.ClearField("document_id")
        return Verdict(
            policy_pb2.PERMISSION_ASK,
            (policy_pb2.CONSEQUENCE_BUY,),
            reason="It buys something.",
            digest=hashlib.sha256(what.SerializeToString(deterministic=True)).digest(),
            what=f"{kind} it",
            url=self._tab(tab_id).url,
        )

    async def set_task_tabs(self, tab_ids: Sequence[int], group_title: str = "") -> None:
        self._check_link()
        self.rules.append((self.name, list(tab_ids), group_title))

    async def ping(
        self,
        tab_id: int,  # noqa: ARG002 - the port's signature
        *,
        into_page: bool,  # noqa: ARG002 - the port's signature
        timeout_s: float,  # noqa: ARG002 - the port's signature
    ) -> Sequence[link_pb2.Hop]:
        self._check_link()
        return [link_pb2.Hop(name="double", round_trip_us=1)]

    async def watch(self, tab_id: int) -> AsyncIterator[link_pb2.StateUpdate]:
        self._check_link()
        yield link_pb2.StateUpdate(tab_id=tab_id)

    # How it works.

    def _check_link(self, *, was_sent: bool = False) -> None:
        if not self._connected.is_set() and was_sent:
            raise TabwireError(error_pb2.ERROR_CODE_LINK_CLOSED, "The browser did not come back.")
        if not self._connected.is_set():
            raise TabwireError(error_pb2.ERROR_CODE_BROWSER_DISCONNECTED, "The browser is away.")

    def _lose_answer(self, kind: str) -> None:
        if self.lose_answers.pop(kind) == "away":
            self.disconnect()
        raise TabwireError(error_pb2.ERROR_CODE_DEADLINE_EXCEEDED, "The browser did not answer within 30 seconds.")

    def _tab(self, tab_id: int) -> TabDouble:
        tab = self.tabs.get(tab_id or self.active)
        if tab is None:
            raise TabwireError(error_pb2.ERROR_CODE_TAB_NOT_FOUND, f"Tab {tab_id} is closed.", remedy="Open it again.")
        return tab

    def _state(self, tab: TabDouble, scope: int) -> state_pb2.PageState:
        if tab.error is not None:
            return state_pb2.PageState(tab_id=tab.tab_id, url=tab.url, error_info=tab.error)
        whole = scope == state_pb2.STATE_SCOPE_PAGE
        return state_pb2.PageState(
            tab_id=tab.tab_id,
            url=tab.url,
            title=tab.url,
            document_id=f"doc-{tab.tab_id}-{tab.document}",
            actionable_elements=[one for one in tab.elements if whole or one.in_viewport],
        )

    def _carry_out(self, tab_id: int, kind: str, action: action_pb2.Action) -> action_pb2.ActionResult:
        result = action_pb2.ActionResult(original_action_id=action.id, status=action_pb2.ACTION_STATUS_SUCCEEDED)
        if kind == "open_tab":
            number = max(self.tabs) + 1
            self.tabs[number] = TabDouble(number, action.open_tab.url, self._load(action.open_tab.url))
            result.current_tab_id = number
            self.executed.append((kind, action.id))
            return result
        tab = self._tab(tab_id)
        number = getattr(getattr(action, kind), "element_id", 0)
        found = tab.find(number) if number else None
        if number and (found is None or action.document_id not in ("", f"doc-{tab.tab_id}-{tab.document}")):
            result.status = action_pb2.ACTION_STATUS_FAILED
            result.error_info.error_code = error_pb2.ERROR_CODE_STALE_ELEMENT
            result.error_info.message = f"Element {number} is gone."
            return result
        self.executed.append((kind, action.id))
        if kind == "navigate":
            tab.url, tab.elements, tab.document = action.navigate.url, self._load(action.navigate.url), tab.document + 1
            result.outcome_details.navigation_occurred = True
            result.outcome_details.new_url = tab.url
        elif kind == "input_text" and found is not None:
            found.current_value = action.input_text.text
            result.outcome_details.value_now = action.input_text.text
        elif kind == "click" and self.opened_by_click:
            number = max(self.tabs) + 1
            url = self.opened_by_click.pop(0)
            self.tabs[number] = TabDouble(number, url, self._load(url), opener=tab.tab_id)
            result.outcome_details.opened_tab_ids.append(number)
        elif kind == "click" and found is not None and found.states.checked:
            on = found.states.checked == state_pb2.TOGGLE_ON
            found.states.checked = state_pb2.TOGGLE_OFF if on else state_pb2.TOGGLE_ON
        elif kind == "set_checked" and found is not None:
            found.states.checked = state_pb2.TOGGLE_ON if action.set_checked.checked else state_pb2.TOGGLE_OFF
        elif kind == "select_option" and found is not None:
            found.current_value = action.select_option.options[0]
        elif kind == "read_text":
            result.text = found.text_content if found else "\n".join(one.text_content for one in tab.elements)
        elif kind == "read_value" and found is not None:
            result.text = found.current_value
        elif kind == "switch_tab":
            result.current_tab_id = action.switch_tab.tab_id
        elif kind == "close_tab":
            del self.tabs[action.close_tab.tab_id or tab_id]
            result.current_tab_id = next(iter(self.tabs), 0)
        if self.on_effect is not None:
            self.on_effect(self, tab, action)
        return result

    def _load(self, url: str) -> list[state_pb2.Element]:
        return self.pages.get(url, list)()

    @staticmethod
    def _copy(result: action_pb2.ActionResult) -> action_pb2.ActionResult:
        copy = action_pb2.ActionResult()
        copy.CopyFrom(result)
        return copy


class BrowsersDouble:
    """All browsers of the owner "local"."""

    def __init__(self, *browsers: BrowserDouble) -> None:
        self.all = {browser.name: browser for browser in browsers}
        self.epochs: list[int] = []
        self.forgotten: set[str] = set()
        """Browsers that are unpaired as soon as a task wants to work in them."""
        self.person: list[Callable[[str, link_pb2.PersonInput], None]] = []

    async def list_browsers(self, owner_id: str) -> Sequence[browser_pb2.Browser]:
        return [browser_pb2.Browser(browser_id=name) for name in self.all] if owner_id == "local" else []

    async def resolve(self, owner_id: str, browser_id: str) -> str:
        if browser_id in self.all and owner_id == "local":
            return browser_id
        if browser_id or owner_id != "local":
            raise TabwireError(error_pb2.ERROR_CODE_NOT_FOUND, "No such browser.")
        connected = [name for name in self.all if self.is_connected(name)]
        if len(connected) != 1:
            raise TabwireError(error_pb2.ERROR_CODE_BROWSER_DISCONNECTED, "No browser is connected.")
        return connected[0]

    async def port(
        self,
        owner_id: str,
        browser_id: str,
        *,
        task_id: str = "",  # noqa: ARG002 - the port's signature
        epoch: int = 0,
        task: Callable[[], task_pb2.Task] | None = None,  # noqa: ARG002 - the port's signature
    ) -> BrowserDouble:
        self.epochs.append(epoch)
        if browser_id in self.forgotten:
            raise TabwireError(error_pb2.ERROR_CODE_NOT_FOUND, "No such browser.", remedy="Pair it again.")
        return self.all[await self.resolve(owner_id, browser_id)]

    def on_person_input(self, callback: Callable[[str, link_pb2.PersonInput], None]) -> None:
        self.person.append(callback)

    def person_acts(self, browser_id: str, tab_id: int, what: str) -> None:
        for callback in self.person:
            callback(browser_id, link_pb2.PersonInput(tab_id=tab_id, what=what))

    def is_connected(self, browser_id: str) -> bool:
        return self.all[browser_id]._connected.is_set()

    async def wait_connected(self, browser_id: str) -> None:
        await self.all[browser_id]._connected.wait()
