"""Solvers of tasks in which things are dragged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwob.page import UnsolvedError, centre_of, parse
from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from miniwob.page import Page
    from tabwire.v1.state_pb2 import Element

_BELOW = 0.8
_ABOVE = 0.2


async def _move(page: Page, items: list[Element], start: int, end: int) -> None:
    """Drags an item of a list to another place: past the middle of the item that stands there."""
    target = items[end]
    share = _BELOW if end > start else _ABOVE
    await page.drag(items[start], target, (target.bounds.width / 2, target.bounds.height * share))


def _rows(page: Page) -> list[Element]:
    rows = page.all(where=lambda e: state_pb2.OPERATION_DRAG in e.available_operations)
    return sorted(rows, key=lambda e: e.bounds.y)


async def drag_items(page: Page) -> None:
    """`Drag Theodosia to the 3rd position.`, `… down by one position.`, `… to the top.`"""
    name, where = parse(r"^Drag (\S+) (.*)\.$", page.query)
    items = _rows(page)
    start = [e.text_content for e in items].index(name)
    ends = {
        "to the top": 0,
        "to the bottom": len(items) - 1,
        "up by one position": start - 1,
        "down by one position": start + 1,
    }
    end = ends[where] if where in ends else int(*parse(r"to the (\d)\w\w position", where)) - 1
    await _move(page, items, start, end)


async def drag_sort_numbers(page: Page) -> None:
    """`Sort the numbers in increasing order, starting with the lowest number at the top of the list.`"""
    count = len(_rows(page))
    for place in range(count):
        items = _rows(page)
        numbers = [int(e.text_content) for e in items]
        smallest = min(range(place, count), key=lambda at: numbers[at])
        if smallest == place:
            continue
        await _move(page, items, smallest, place)
        if int(_rows(page)[place].text_content) != numbers[smallest]:
            raise UnsolvedError("the dragged number did not come to its place")
    await page.submit()


async def drag_box(page: Page) -> None:
    """`Drag the smaller box so that it is completely inside the larger box.`"""
    small, large = centre_of(page.one("s")), centre_of(page.one("L"))
    await page.drag_by(page.one("s"), large[0] - small[0], large[1] - small[1])
    await page.submit()
