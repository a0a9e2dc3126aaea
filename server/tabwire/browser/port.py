"""The browser as the agent and the API see it: look, act, and nothing about how it is reached.

The implementation over a link is `tabwire.browser.linked`. Errors that keep a browser from being asked are raised
as `TabwireError`; an action that was tried and failed is an `ActionResult` with its `error_info`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from tabwire.policy.verdict import Approval, Verdict
    from tabwire.v1 import action_pb2, browser_pb2, link_pb2, state_pb2, task_pb2


class BrowserPort(Protocol):
    """One browser. `tab_id` 0 means the active tab of the last focused window.

    All methods raise `TabwireError`. If no answer comes back: BROWSER_DISCONNECTED (the browser could not be reached,
    nothing was sent), COMMAND_REFUSED (the browser takes the command not at all, nothing was done), DEADLINE_EXCEEDED
    (none came in time), LINK_CLOSED (the link went for good after it was sent: it may have had effect). And what the
    browser answers of a command that was not tried: TAB_NOT_FOUND, EPOCH_FENCED, UNIMPLEMENTED for an unknown request.
    """

    @property
    def browser_id(self) -> str:
        """The browser's id."""

    @property
    def journal_id(self) -> str:
        """Names the record of commands that the browser keeps now; empty while it cannot be asked."""

    async def observe(self, tab_id: int, options: state_pb2.StateRequest, *, timeout_s: float) -> state_pb2.PageState:
        """Takes the state of a tab, whole. A page that cannot be perceived gives a state with `error_info`."""

    async def look(
        self, tab_id: int, options: state_pb2.StateRequest, *, timeout_s: float
    ) -> state_pb2.PageState | state_pb2.StateDelta:
        """As `observe`, but what the browser answers to `options.base_revision` is handed on as it is."""

    async def act(
        self,
        tab_id: int,
        action: action_pb2.Action,
        *,
        state_after: state_pb2.StateRequest | None = None,
        journal_id: str = "",
        approval: Approval | None = None,
        timeout_s: float,
    ) -> action_pb2.ActionResult:
        """Does one action. `action.id` is the command's id: a repeat with the same id returns the first result.

        `journal_id` is the one that the browser had when the action was sent before, if it was: a browser with another
        one, which cannot know what became of it, fails the action with OUTCOME_UNKNOWN unless it may be repeated.

        The state in the result is whole, unless `state_after` names a base revision and the browser answers a delta.
        Beyond the errors above: POLICY_DENIED and INVALID_ARGUMENT for what no browser is asked for, APPROVAL_NEEDED
        for what needs a person's word (`approval` is that word), SECRET_UNAVAILABLE for what cannot be filled in.

        If the calling task is cancelled, the browser is told to cancel the command.
        """

    async def judge(self, tab_id: int, action: action_pb2.Action) -> Verdict:
        """What the policy says of an action, and the digest of exactly this action if a person is to be asked."""

    async def set_task_tabs(self, tab_ids: Sequence[int], group_title: str = "") -> None:
        """Tells the browser in which tabs the task of this port works, so that the policy holds for all that they load.

        None: the task has ended. Replaces what was told before; a browser that is away is told when it is back.
        """

    async def list_tabs(self, *, timeout_s: float) -> Sequence[state_pb2.Tab]:
        """All tabs, in the order of windows and positions."""

    async def ping(self, tab_id: int, *, into_page: bool, timeout_s: float) -> Sequence[link_pb2.Hop]:
        """Measures the way to the browser, part by part."""

    def watch(self, tab_id: int) -> AsyncIterator[link_pb2.StateUpdate]:
        """State updates of one tab until the iterator is closed. `tab_id` must not be 0."""


class Browsers(Protocol):
    """All browsers of all owners. Another owner's browser is NOT_FOUND."""

    async def list_browsers(self, owner_id: str) -> Sequence[browser_pb2.Browser]:
        """The owner's paired browsers, connected ones first, then by name."""

    async def resolve(self, owner_id: str, browser_id: str) -> str:
        """The id of an owner's browser: the given one if it exists, or for an empty id the only connected one.

        Raises `TabwireError`: NOT_FOUND, BROWSER_DISCONNECTED (none is connected), INVALID_ARGUMENT (several are).
        """

    async def port(
        self,
        owner_id: str,
        browser_id: str,
        *,
        task_id: str = "",
        epoch: int = 0,
        task: Callable[[], task_pb2.Task] | None = None,
    ) -> BrowserPort:
        """The port to a browser (see `resolve`), for a task's commands if one is given. It need not be connected.

        `task` gives the task as it stands: its policy, its secrets and where it began are looked at for every command.
        """

    def on_person_input(self, heard: Callable[[str, link_pb2.PersonInput], None]) -> None:
        """Has a person's use of a task's tab told, with the browser's id."""

    def is_connected(self, browser_id: str) -> bool:
        """Whether the browser can be asked right now."""

    async def wait_connected(self, browser_id: str) -> None:
        """Returns as soon as the browser can be asked."""
