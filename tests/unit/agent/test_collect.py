"""Collecting rows, over lists that behave as real ones do: paged, growing, drawn in part, drawn anew, or broken.

The browser here is a double that knows such a list and nothing else; real pages are read by the end-to-end tests.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tabwire.agent.collect import Collector
from tabwire.agent.history import History
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2, error_pb2, extract_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

LIST, NEXT = 5, 9


def _rows(first: int, last: int) -> list[extract_pb2.Row]:
    return [extract_pb2.Row(cells=[str(n), f"第{n}名"], links=["", f"/b/{n}"]) for n in range(first, last + 1)]


def _failed(code: error_pb2.ErrorCode.ValueType) -> action_pb2.ActionResult:
    result = action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_FAILED)
    result.error_info.error_code = code
    result.error_info.message = "It is not there."
    return result


@dataclass
class ListDouble:
    """A page with one list. It does each action id once, as a browser does."""

    show: Callable[[ListDouble], list[extract_pb2.Row]]
    columns: tuple[str, ...] = ("名次", "书名")
    page: int = 1
    scrolled: int = 0
    last_page: int = 1
    renews_next: bool = False
    away_after_click: int = 0
    clicks: int = 0
    next_id: int = NEXT
    journal_id: str = "j"
    done: dict[str, action_pb2.ActionResult] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def act(self, _tab: int, action: action_pb2.Action, **_: Any) -> action_pb2.ActionResult:
        kind = action.WhichOneof("kind") or ""
        self.asked.append(kind)
        if action.id not in self.done:
            self.done[action.id] = getattr(self, f"_{kind}")(action)
            if kind == "click" and self.clicks == self.away_after_click:
                self.away_after_click = 0
                raise TabwireError(error_pb2.ERROR_CODE_LINK_CLOSED, "The link went.")
        return self.done[action.id]

    async def observe(self, _tab: int, options: state_pb2.StateRequest, **_: Any) -> state_pb2.PageState:
        assert options.element_id == self.next_id
        element = state_pb2.Element(id=self.next_id, role="link", name="下一页")
        return state_pb2.PageState(actionable_elements=[element])

    def _read_rows(self, action: action_pb2.Action) -> action_pb2.ActionResult:
        if action.read_rows.element_id not in (0, LIST):
            return _failed(error_pb2.ERROR_CODE_STALE_ELEMENT)
        rows = self.show(self)
        told = extract_pb2.Rows(columns=self.columns, rows=rows, total=len(rows), element_id=LIST)
        return action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_SUCCEEDED, rows=told)

    def _find_elements(self, _action: action_pb2.Action) -> action_pb2.ActionResult:
        found = [state_pb2.Element(id=self.next_id, role="link", name="下一页")] if self.page < self.last_page else []
        listed = extract_pb2.ElementList(elements=found, total=len(found))
        return action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_SUCCEEDED, element_list=listed)

    def _click(self, action: action_pb2.Action) -> action_pb2.ActionResult:
        if action.click.element_id != self.next_id:
            return _failed(error_pb2.ERROR_CODE_STALE_ELEMENT)
        if self.page == self.last_page:
            return _failed(error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE)
        self.clicks += 1
        self.page += 1
        self.next_id += self.renews_next
        return action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_SUCCEEDED)

    def _scroll(self, action: action_pb2.Action) -> action_pb2.ActionResult:
        direction = action.scroll.direction
        if direction == action_pb2.SCROLL_DIRECTION_TOP:
            self.scrolled = 0
        else:
            self.scrolled += 1000 if direction == action_pb2.SCROLL_DIRECTION_BOTTOM else 1
        return action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_SUCCEEDED)


class HostDouble:
    """A task with a journal in memory, in which every recorded event is folded as the real one does."""

    def __init__(self, port: ListDouble) -> None:
        self.port = port
        self.task = task_pb2.Task(task_id="t", tab_id=1)
        self.history = History()
        self.events: list[task_pb2.TaskEvent] = []
        self.stops_after = -1
        self.dies_after = -1

    async def record(self, *events: task_pb2.TaskEvent) -> None:
        for event in events:
            if len(self.events) == self.dies_after:
                raise KeyboardInterrupt
            event.seq = len(self.events) + 1
            self.events.append(event)
            self.history.apply(event)

    async def checkpoint(self) -> bool:
        return len(self.events) == self.stops_after

    def interrupted(self) -> bool:
        return False

    async def browser_lost(self) -> None:
        return None

    def collected(self) -> list[str]:
        return [row.cells[0] for event in self.events for row in event.rows_collected.rows.rows]


async def _collect(host: HostDouble, **what: Any) -> action_pb2.ActionResult:
    async def at_once(_seconds: float) -> None:
        return None

    action = action_pb2.Action(id="t/1/0", collect_rows=action_pb2.CollectRowsAction(element_id=LIST, **what))
    start = task_pb2.ActionStarted(step_number=1, index=0, action=action, tab_id=1)
    return await Collector(host, start, sleep=at_once).collect()  # type: ignore[arg-type] # of a host only these parts are needed


def _paged(pages: int = 3, **more: Any) -> ListDouble:
    return ListDouble(lambda page: _rows(page.page * 10 - 9, page.page * 10), last_page=pages, **more)


def _numbers(last: int) -> list[str]:
    return [str(n) for n in range(1, last + 1)]


async def test_pages_are_gone_through_to_the_last_one() -> None:
    host = HostDouble(_paged())
    result = await _collect(host, next_element_id=NEXT)
    assert host.collected() == _numbers(30)
    assert result.status == action_pb2.ACTION_STATUS_SUCCEEDED
    assert "30 rows from 3 pages" in result.outcome_details.message
    assert "last page" in result.outcome_details.message
    assert (result.rows.total, len(result.rows.rows)) == (30, 3)
    assert list(host.events[0].rows_collected.rows.columns) == ["名次", "书名"]
    assert host.events[0].rows_collected.rows.rows[0].links[1] == "/b/1"


async def test_the_way_on_is_found_again_when_the_page_draws_it_anew() -> None:
    host = HostDouble(_paged(renews_next=True))
    await _collect(host, next_element_id=NEXT)
    assert host.collected() == _numbers(30)


async def test_no_more_rows_than_were_asked_for() -> None:
    host = HostDouble(_paged())
    result = await _collect(host, next_element_id=NEXT, max_rows=15)
    assert host.collected() == _numbers(15)
    assert "as many as were asked for" in result.outcome_details.message
    assert host.port.clicks == 1


async def test_a_list_that_grows_is_told_once_and_its_double_rows_are_kept() -> None:
    twice = _rows(1, 1)
    host = HostDouble(ListDouble(lambda page: twice + _rows(1, page.page * 2), last_page=3))
    await _collect(host, next_element_id=NEXT)
    assert host.collected() == ["1", "1", "2", "3", "4", "5", "6"]


async def test_a_list_that_loads_more_at_its_end_is_scrolled() -> None:
    host = HostDouble(ListDouble(lambda page: _rows(1, min(35, 10 + page.scrolled // 100))))
    await _collect(host)
    assert host.collected() == _numbers(35)


async def test_a_list_that_draws_a_part_of_itself_is_read_in_order() -> None:
    def in_sight(page: ListDouble) -> list[extract_pb2.Row]:
        first = min(page.scrolled * 4, 36) + 1
        return _rows(first, first + 5)

    host = HostDouble(ListDouble(in_sight))
    await _collect(host)
    assert host.collected() == _numbers(42)


async def test_one_page_that_does_not_grow_is_read_once() -> None:
    host = HostDouble(ListDouble(lambda _page: _rows(1, 8)))
    result = await _collect(host)
    assert host.collected() == _numbers(8)
    assert "that is all there is" in result.outcome_details.message


async def test_the_same_rows_again_are_not_collected_again() -> None:
    host = HostDouble(_paged())
    await _collect(host, next_element_id=NEXT)
    host.port.page, host.port.done = 1, {}
    result = await _collect(host, next_element_id=NEXT)
    assert host.collected() == _numbers(30)
    assert "has 30 now" in result.outcome_details.message


async def test_a_lost_answer_turns_no_page_twice() -> None:
    host = HostDouble(_paged(away_after_click=1))
    await _collect(host, next_element_id=NEXT)
    assert host.collected() == _numbers(30)
    assert host.port.clicks == 2


@pytest.mark.parametrize("dies_after", range(3))
async def test_a_server_that_comes_back_goes_on_where_the_journal_stands(dies_after: int) -> None:
    host = HostDouble(_paged())
    host.dies_after = dies_after
    with pytest.raises(KeyboardInterrupt):
        await _collect(host, next_element_id=NEXT)
    back = HostDouble(host.port)
    for event in host.events:
        await back.record(event)
    result = await _collect(back, next_element_id=NEXT)
    assert back.collected() == _numbers(30)
    assert host.port.clicks == 2
    assert "Collected 30 rows" in result.outcome_details.message


async def test_another_list_is_not_taken_for_the_next_page() -> None:
    def show(page: ListDouble) -> list[extract_pb2.Row]:
        page.columns = ("名次", "书名") if page.page == 1 else ("advert",)
        return _rows(1, 4) if page.page == 1 else [extract_pb2.Row(cells=["Buy!"])]

    host = HostDouble(ListDouble(show, last_page=2))
    result = await _collect(host, next_element_id=NEXT)
    assert host.collected() == _numbers(4)
    assert "another list" in result.outcome_details.message


async def test_a_person_who_steps_in_ends_it_and_what_was_collected_stays() -> None:
    host = HostDouble(_paged())
    host.stops_after = 1
    result = await _collect(host, next_element_id=NEXT)
    assert host.collected() == _numbers(10)
    assert "stepped in" in result.outcome_details.message


async def test_a_page_without_a_list_is_a_failure() -> None:
    port = _paged()
    port._read_rows = lambda _action: _failed(error_pb2.ERROR_CODE_NAVIGATION_FAILED)  # type: ignore[method-assign, assignment]
    result = await _collect(HostDouble(port), next_element_id=NEXT)
    assert result.status == action_pb2.ACTION_STATUS_FAILED
    assert result.error_info.error_code == error_pb2.ERROR_CODE_NAVIGATION_FAILED


async def test_large_pages_are_recorded_in_events_of_moderate_size() -> None:
    wide = [extract_pb2.Row(cells=[str(n), "字" * 1000]) for n in range(300)]
    host = HostDouble(ListDouble(lambda _page: wide))
    await _collect(host)
    assert len(host.collected()) == 300
    assert len(host.events) > 1
    assert all(event.ByteSize() < 300_000 for event in host.events)
