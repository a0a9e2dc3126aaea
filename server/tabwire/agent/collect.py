"""Collects a table or list page after page into the task's journal, without a model and without showing it every row.

Reading is free; each page's new rows are recorded before the next page is asked for, so that a server that takes the
task up again goes on where the journal stands: what was collected is not collected twice, and the way to a next page is
named by how much was there before it, so the browser goes it once. A list that loads more when it is scrolled is
scrolled to its end; one that shows a part of its rows at a time is read part by part. Files from the rows are made by
`tabwire.task.export`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from tabwire.agent.failures import AWAY
from tabwire.agent.gathered import Gathered, row_key
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2, error_pb2, extract_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tabwire.agent.ports import Host

_log = structlog.get_logger()
_T = TypeVar("_T")

DEFAULT_TABLE = "rows"
DEFAULT_MAX_ROWS = 1000
# A way of pages that never ends is a trap or a mistake.
MAX_PAGES = 500
# Of one event of the journal; the message limits of all carriers lie far above.
_MAX_EVENT_BYTES = 256 * 1024
_READ_AT_ONCE = 10_000
_ACT_TIMEOUT_S = 60.0
# A list fetches what comes next from its server: that may take a moment after the page has come to rest.
_MORE_TRIES = 3
_MORE_WAIT_S = 0.4
_SHOWN_ROWS = 3
# The element is not there any more: the page has drawn itself anew, or is another one.
_GONE = frozenset({error_pb2.ERROR_CODE_STALE_ELEMENT, error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND})
# Whoever says this has to stop working on the task.
_FATAL = error_pb2.ERROR_CODE_EPOCH_FENCED
_SLOT = 100_000  # ids of elements tell their frame, see state.proto


class Collector:
    """Collects for one action of one task. `collect` once."""

    def __init__(
        self,
        host: Host,
        start: task_pb2.ActionStarted,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._host = host
        self._start = start
        self._sleep = sleep
        self._action = start.action
        self._what = start.action.collect_rows
        self._table = self._what.table or DEFAULT_TABLE
        self._max_rows = self._what.max_rows or DEFAULT_MAX_ROWS
        self._place = (start.step_number, start.index)
        self._pages = 0
        # What only looks is asked under a new name each time, so that no browser answers from what it remembers.
        self._run = uuid.uuid4().hex[:8]
        self._looks = 0
        self._columns: list[str] = []
        self._shown: list[extract_pb2.Row] = []
        self._list_id, self._next_id = self._what.element_id, self._what.next_element_id
        same_frame = self._next_id // _SLOT == self._list_id // _SLOT or not self._list_id
        self._list_document = self._action.document_id
        self._next_document = self._action.document_id if same_frame else ""
        self._next_is = extract_pb2.ElementQuery()

    async def collect(self) -> action_pb2.ActionResult:
        """Collects until there is no more, or as much as was asked for. What was collected stays, however it ends."""
        try:
            if self._next_id:
                await self._know_next()
            stopped = await (self._page_by_page() if self._next_id else self._by_scrolling())
        except _FailedError as failed:
            if not self._pages:
                return self._result(failed.error)
            stopped = f"then it could not go on: {failed.error.message}"
        return self._result(None, stopped)

    # Ways through a list

    async def _page_by_page(self) -> str:
        while True:
            rows = await self._rows()
            if self._pages and not set(rows.columns) & set(self._columns):
                return "the next page shows another list"
            new = await self._take(rows)
            if self._is_enough():
                return f"that is as many as were asked for ({self._max_rows})"
            if self._pages > 1 and not new and not await self._more_comes():
                return "the last page brought nothing new"
            if self._pages >= MAX_PAGES:
                return f"it stopped after {MAX_PAGES} pages"
            if await self._host.checkpoint() or self._host.interrupted():
                return "the person stepped in"
            if not await self._go_on():
                return "that was the last page"

    async def _more_comes(self) -> bool:
        for _ in range(_MORE_TRIES):
            await self._sleep(_MORE_WAIT_S)
            if await self._take(await self._rows(), counts=False):
                return True
        return False

    async def _by_scrolling(self) -> str:
        """One page, and what a list brings when its end is scrolled to."""
        first = await self._rows()
        await self._take(first)
        while not self._is_enough() and self._pages < MAX_PAGES:
            if await self._host.checkpoint() or self._host.interrupted():
                return "the person stepped in"
            if not await self._scroll(action_pb2.SCROLL_DIRECTION_BOTTOM):
                break
            rows = await self._rows()
            if not _still_has(rows, first):
                return await self._part_by_part()
            if not await self._take(rows, counts=False) and not await self._more_comes():
                break
        return "that is all there is" if not self._is_enough() else "that is as many as were asked for"

    async def _part_by_part(self) -> str:
        """A list that draws only the rows in sight, from its start, a screenful at a time."""
        await self._scroll(action_pb2.SCROLL_DIRECTION_TOP)
        idle = 0
        for _ in range(MAX_PAGES):
            new = await self._take(await self._rows(), counts=False)
            idle = 0 if new else idle + 1
            if self._is_enough() or idle > _MORE_TRIES or not await self._scroll(action_pb2.SCROLL_DIRECTION_DOWN):
                break
            if await self._host.checkpoint() or self._host.interrupted():
                return "the person stepped in"
        return "that is all there is"

    # One page

    @property
    def _gathered(self) -> Gathered:
        return self._host.history.gathered.setdefault(self._table, Gathered())

    @property
    def _count(self) -> int:
        return self._gathered.by_action[self._place]

    def _is_enough(self) -> bool:
        return self._count >= self._max_rows

    def _look(self, **kind: Any) -> action_pb2.Action:
        self._looks += 1
        return action_pb2.Action(id=f"{self._action.id}/{self._run}{self._looks}", **kind)

    async def _rows(self) -> extract_pb2.Rows:
        read = action_pb2.ReadRowsAction(element_id=self._list_id, max_rows=_READ_AT_ONCE)
        result = await self._ask(self._look(read_rows=read, document_id=self._list_document))
        if result.error_info.error_code in _GONE and self._list_id:
            # The largest list is the best guess there is; its columns tell whether it is another one.
            self._list_id, self._list_document = 0, ""
            return await self._rows()
        if result.status != action_pb2.ACTION_STATUS_SUCCEEDED:
            raise _FailedError(result.error_info)
        if self._list_id and result.rows.element_id:
            self._list_id = result.rows.element_id
        return result.rows

    async def _take(self, rows: extract_pb2.Rows, *, counts: bool = True) -> int:
        """Records what is new of a page, in events of moderate size. Returns how many rows that are."""
        self._pages += counts
        new = self._gathered.news(rows.rows)[: self._max_rows - self._count]
        if rows.columns:
            self._columns = list(rows.columns)
        self._shown += new[: _SHOWN_ROWS - len(self._shown)]
        part = extract_pb2.Rows(columns=self._columns, title=rows.title)
        size = 0
        for row in new:
            kept = extract_pb2.Row(cells=row.cells, links=row.links)
            if size and size + kept.ByteSize() > _MAX_EVENT_BYTES:
                await self._record(part)
                del part.rows[:]
                size = 0
            part.rows.append(kept)
            size += kept.ByteSize()
        if part.rows:
            await self._record(part)
        return len(new)

    async def _record(self, rows: extract_pb2.Rows) -> None:
        collected = task_pb2.RowsCollected(
            step_number=self._start.step_number, index=self._start.index, table=self._table, rows=rows
        )
        # The journal's fold counts them, see `History.gathered`.
        await self._host.record(task_pb2.TaskEvent(rows_collected=collected))

    # To the next one

    async def _know_next(self) -> None:
        """Remembers what the way to the next page is called, to find it again when the page is drawn anew."""
        about = state_pb2.StateRequest(scope=state_pb2.STATE_SCOPE_ELEMENT, element_id=self._next_id, max_elements=20)
        state = await self._answer(
            lambda _: self._host.port.observe(self._host.task.tab_id, about, timeout_s=_ACT_TIMEOUT_S)
        )
        for element in state.actionable_elements:
            if element.id == self._next_id:
                self._next_is = extract_pb2.ElementQuery(role=element.role, name=element.name)

    async def _go_on(self) -> bool:
        """Goes to the next page. False if there is none."""
        before = self._gathered.total
        for attempt in range(2):
            action = action_pb2.Action(
                # A server that comes back asks for the same, and it is done once.
                id=f"{self._action.id}/after{before}" + ("" if attempt == 0 else "/again"),
                document_id=self._next_document,
                click=action_pb2.ClickAction(element_id=self._next_id),
            )
            result = await self._ask(action)
            if result.status == action_pb2.ACTION_STATUS_SUCCEEDED:
                return True
            code = result.error_info.error_code
            if attempt == 0 and code in _GONE and await self._find_next():
                continue
            # What leads on is gone, or is there and cannot be used any more: this was the last page.
            if code in _GONE or code == error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE:
                return False
            raise _FailedError(result.error_info)
        return False

    async def _find_next(self) -> bool:
        """The same button or link on a page that was drawn anew, if it is clear which one that is."""
        if not self._next_is.name:
            return False
        find = action_pb2.FindElementsAction(role=self._next_is.role, name=self._next_is.name)
        result = await self._ask(self._look(find_elements=find))
        same = [one for one in result.element_list.elements if one.name == self._next_is.name]
        # Lists often have the same way on above and below.
        if not same or len({one.attributes.get("href", "") for one in same}) > 1:
            return False
        self._next_id, self._next_document = same[-1].id, ""
        # The port takes an element for one of the document it was last seen in, and that was the page before.
        await self._know_next()
        return True

    async def _scroll(self, direction: action_pb2.ScrollDirection.ValueType) -> bool:
        """Scrolls the list, or the page where the list itself does not scroll. False if nothing can be scrolled."""
        for element_id in dict.fromkeys((self._list_id, 0)):
            scroll = action_pb2.ScrollAction(direction=direction, element_id=element_id)
            result = await self._ask(self._look(scroll=scroll))
            if result.status == action_pb2.ACTION_STATUS_SUCCEEDED:
                return True
        return False

    async def _ask(self, action: action_pb2.Action) -> action_pb2.ActionResult:
        tab_id = self._host.task.tab_id
        return await self._answer(
            lambda journal_id: self._host.port.act(tab_id, action, journal_id=journal_id, timeout_s=_ACT_TIMEOUT_S)
        )

    async def _answer(self, ask: Callable[[str], Awaitable[_T]]) -> _T:
        """What the browser answers, also one that was away in between. Raises `_FailedError` if none can be had.

        `ask` gets the journal of the browser that was asked before, if one was.
        """
        journal_id = ""
        while True:
            try:
                return await ask(journal_id)
            except TabwireError as error:
                if error.code == _FATAL:
                    raise
                if error.code not in AWAY:
                    raise _FailedError(error.info) from error
                _log.info("browser_away", action_id=self._action.id)
                journal_id = journal_id or self._host.port.journal_id
                await self._host.browser_lost()

    def _result(self, error: error_pb2.ErrorInfo | None, stopped: str = "") -> action_pb2.ActionResult:
        result = action_pb2.ActionResult(original_action_id=self._action.id)
        if error is not None:
            result.status = action_pb2.ACTION_STATUS_FAILED
            result.error_info.CopyFrom(error)
            return result
        pages = "1 page" if self._pages == 1 else f"{self._pages} pages"
        result.status = action_pb2.ACTION_STATUS_SUCCEEDED
        result.outcome_details.message = (
            f'Collected {self._count} rows from {pages} into the table "{self._table}", which has '
            f"{self._gathered.total} now; {stopped}. They are in the result; do not repeat them."
        )
        result.rows.CopyFrom(extract_pb2.Rows(columns=self._columns, rows=self._shown, total=self._count))
        return result


class _FailedError(Exception):
    """The page could not be read, or left."""

    def __init__(self, error: error_pb2.ErrorInfo) -> None:
        super().__init__(error.message)
        self.error = error


def _still_has(rows: extract_pb2.Rows, earlier: extract_pb2.Rows) -> bool:
    """Whether a list still shows what it showed before: then it grows, else it draws a part of itself."""
    return not Counter(map(row_key, earlier.rows)) - Counter(map(row_key, rows.rows))
