"""Where a task works: waits for its browser, gets the task a tab and its turn, and keeps hold of its tabs.

The browser is told which tabs are the task's, so that it keeps them together and holds them to the policy. What the
tabs are is in the journal; who has which is told by the claims.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from tabwire.agent import events
from tabwire.agent.acting import Hands
from tabwire.agent.failures import AWAY
from tabwire.errors import TabwireError
from tabwire.task.lifecycle import HELD, QUEUED, RUNNING, WAITING_BROWSER, Trigger
from tabwire.v1 import action_pb2, error_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tabwire.agent.ports import Host
    from tabwire.browser.port import Browsers
    from tabwire.task.journal import Journal
    from tabwire.task.tabs import TabClaims

_log = structlog.get_logger()
_TABS_TIMEOUT_S = 20.0
_MOMENT_S = 0.2
_LONGEST_TITLE = 40


class Place:
    """The browser and the tabs of one running task."""

    def __init__(
        self,
        journal: Journal,
        browsers: Browsers,
        claims: TabClaims,
        *,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._journal = journal
        self._browsers = browsers
        self._claims = claims
        self._sleep = sleep
        self._known_tabs: frozenset[int] = frozenset()
        self._told: tuple[object, ...] = ()
        self.had_turn = False

    def is_connected(self) -> bool:
        """Whether the browser can be asked right now."""
        return self._browsers.is_connected(self._journal.task.browser_id)

    async def take_turn(self, host: Host) -> None:
        """Gets the task its browser, then its tab, then its turn."""
        while True:
            await self.until_connected()
            if self._journal.state == WAITING_BROWSER:
                await self._journal.move(Trigger.REQUEUE)
            try:
                await self._get_tab(host)
                await self.hold_tabs(host)
            except TabwireError as error:
                if error.code not in AWAY:
                    raise
                await self._sleep(_MOMENT_S)
                continue
            await self._start()
            return

    async def until_connected(self) -> None:
        """Returns when the browser is connected; until then the task says that it waits for it."""
        browser_id = self._journal.task.browser_id
        await self._checkpoint()
        while not self._browsers.is_connected(browser_id):
            await self._journal.move(Trigger.LOSE_BROWSER)
            connected = asyncio.ensure_future(self._browsers.wait_connected(browser_id))
            # After a pause it has to say so again.
            resumed = asyncio.ensure_future(self._journal.wait_for(lambda: self._journal.state in (QUEUED, RUNNING)))
            try:
                await asyncio.wait([connected, resumed], return_when=asyncio.FIRST_COMPLETED)
            finally:
                connected.cancel()
                resumed.cancel()
                await asyncio.wait([connected, resumed])
            await self._checkpoint()

    async def hold_tabs(self, host: Host) -> None:
        """Claims the task's tabs and tells the browser of them, if anything about them changed.

        A browser that is away is told when it is back.
        """
        task = self._journal.task
        wanted = (tuple(task.tab_ids), task.policy.SerializeToString(deterministic=True), _title(task))
        if not task.tab_ids or wanted == self._told:
            return
        for tab_id in task.tab_ids:
            self._claims.claim(task.browser_id, tab_id, task.task_id)
        await self._claims.keep_only(task.browser_id, task.tab_ids, task.task_id)
        await host.port.set_task_tabs(list(task.tab_ids), _title(task))
        self._told = wanted

    async def leave(self, host: Host) -> None:
        """Gives the tabs back. What the browser keeps of the task is dropped."""
        task = self._journal.task
        await self._claims.keep_only(task.browser_id, (), task.task_id)
        if self._told:
            self._told = ()
            await host.port.set_task_tabs([])

    def adopted(self, tabs: Sequence[state_pb2.Tab]) -> list[int]:
        """Tabs that are new and were opened from the task's own, by a page or otherwise: they are the task's, too.

        What was open when the browser was first asked is the person's.
        """
        task = self._journal.task
        before, self._known_tabs = self._known_tabs, frozenset(tab.tab_id for tab in tabs)
        if not before:
            return []
        return [
            tab.tab_id
            for tab in tabs
            if tab.tab_id not in before
            and tab.tab_id not in task.tab_ids
            and tab.opener_tab_id in task.tab_ids
            and not self._claims.holder(task.browser_id, tab.tab_id)
        ]

    async def _start(self) -> None:
        """A task that waits for an answer, or was answered meanwhile, keeps its state."""
        self.had_turn = True
        await self._checkpoint()
        while self._journal.state == QUEUED and not await self._journal.move(Trigger.START):
            await self._checkpoint()

    async def _get_tab(self, host: Host) -> None:
        if self._journal.task.follows_task_id and not self._journal.task.steps:
            await self._inherit_tabs(host)
        task = self._journal.task
        if not task.tab_id and task.start_url:
            # A tab of its own needs no turn.
            await self._start()
            await self._open_tab(host, task.start_url)
            return
        tab_id = task.tab_id or task.context.active_tab_id or await self._active_tab(host)
        if not tab_id:
            await self._start()
            await self._open_tab(host, "")
            return
        await self._claim(tab_id)
        if tab_id != task.tab_id:
            await self._journal.record(events.update(tab_id=tab_id))

    async def _inherit_tabs(self, host: Host) -> None:
        """Of the tabs of the task that it goes on with, those that are still there and no other task has taken up."""
        task = self._journal.task
        there = {tab.tab_id for tab in await host.port.list_tabs(timeout_s=_TABS_TIMEOUT_S)}
        others = {
            tab_id for tab_id in task.tab_ids if self._claims.holder(task.browser_id, tab_id) not in ("", task.task_id)
        }
        # Its own tab it waits for.
        kept = [
            tab_id for tab_id in task.tab_ids if tab_id in there and (tab_id == task.tab_id or tab_id not in others)
        ]
        if kept == list(task.tab_ids):
            return
        update = task_pb2.TaskUpdate(tabs=task_pb2.TaskTabs(tab_ids=kept))
        if task.tab_id not in there:
            update.tab_id = kept[-1] if kept else 0
        await self._journal.record(task_pb2.TaskEvent(task_update=update))

    async def _claim(self, tab_id: int) -> None:
        """Returns when the tab is the task's. Until then the task says whom it waits for."""
        task = self._journal.task
        while holder := self._claims.claim(task.browser_id, tab_id, task.task_id):
            _log.info("task_waits_for_tab", tab_id=tab_id, holder=holder)
            cause = task_pb2.TaskCause(
                message=f"The task waits for tab {tab_id}, in which task {holder} works.",
                remedy="Wait for that task to end, stop it, or start this one in another tab.",
            )
            await self._journal.move(Trigger.WAIT_TAB, cause)
            await self._claims.wait_for(task.browser_id, tab_id, task.task_id)

    async def _active_tab(self, host: Host) -> int:
        """The tab the person looks at; 0 if there is none. Every window has an active one, so the browser is asked."""
        tabs = await host.port.list_tabs(timeout_s=_TABS_TIMEOUT_S)
        active = [tab.tab_id for tab in tabs if tab.is_active]
        if len(active) > 1:
            state = await host.port.observe(0, state_pb2.StateRequest(max_elements=1), timeout_s=_TABS_TIMEOUT_S)
            if state.tab_id in active:
                return state.tab_id
        return active[0] if active else 0

    async def _open_tab(self, host: Host, url: str) -> None:
        """Opens the tab the task starts in. It is action 0 of step 0, journalled and done once like any other."""
        action = action_pb2.Action(id=f"{self._journal.task.task_id}/0/0", open_tab=action_pb2.OpenTabAction(url=url))
        result = await Hands(host, None).act(0, 0, action, pending=self._journal.history.opening)
        if not self._journal.task.tab_id:
            raise TabwireError.of(
                result.error_info
                if result.HasField("error_info")
                else error_pb2.ErrorInfo(
                    error_code=error_pb2.ERROR_CODE_NAVIGATION_FAILED,
                    message="The browser opened no tab for the task.",
                    component_origin=error_pb2.COMPONENT_ORIGIN_SERVER,
                )
            )

    async def _checkpoint(self) -> None:
        await self._journal.wait_for(lambda: self._journal.state not in HELD)


def _title(task: task_pb2.Task) -> str:
    """The name of the task's tab group: the beginning of what is asked, on one line."""
    line = " ".join((task.description or task.user_prompt).split())
    return line if len(line) <= _LONGEST_TITLE else f"{line[: _LONGEST_TITLE - 1]}…"
