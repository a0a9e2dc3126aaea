"""Alike rows of a page (products, results, messages) as a table: what they have in common is said once, in its head.

    rows of: link, text, button "Add to cart"
    5 "Green kettle" "5.00 EUR" 6
    9 "Blue lamp" "42.13 EUR" 10

A number is the id of the element whose text follows, or of the one that the head names; that one has a comma behind it
where the text of another one follows. Rows are told by their shape
alone: at least three times in a row the same kinds of elements, which belong to one row each as far as the browser
says so. Only what gets shorter that way becomes a table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MIN_ROWS = 3
MAX_COLUMNS = 16
# What is there to be read; its id is of little use.
_READ_ONLY = frozenset(
    {
        state_pb2.ELEMENT_TYPE_TEXT_CONTENT,
        state_pb2.ELEMENT_TYPE_HEADING,
        state_pb2.ELEMENT_TYPE_LIST_ITEM,
        state_pb2.ELEMENT_TYPE_CELL,
    }
)
_TO_READ = (state_pb2.OPERATION_READ_TEXT, state_pb2.OPERATION_GET_ATTRIBUTES)


@dataclass(frozen=True)
class Told:
    """An element as the page's text tells it: its role, what it is called, and everything else, already quoted."""

    element: state_pb2.Element
    role: str
    label: str
    details: str

    @property
    def is_text(self) -> bool:
        """Whether it is only there to be read."""
        operations = self.element.available_operations
        return self.element.type in _READ_ONLY and all(one in _TO_READ for one in operations)


@dataclass(frozen=True)
class Table:
    """Alike rows: the head, and one line for each row, which stands for `columns` elements."""

    head: str
    lines: tuple[str, ...]
    columns: int


def find_table(told: Sequence[Told], start: int, quote: Callable[[str], str]) -> Table | None:
    """The table that begins at an element, if it covers more than any other and is shorter than lines would be."""
    best: tuple[int, int] | None = None
    for width in range(1, min(MAX_COLUMNS, (len(told) - start) // MIN_ROWS) + 1):
        rows = _alike(told, start, width)
        # The narrowest of those that reach equally far: twice the rows are no wider row.
        if rows >= MIN_ROWS and (best is None or rows * width > best[0] * best[1]):
            best = rows, width
    if best is None:
        return None
    count, width = best
    return _table([told[start + row * width : start + (row + 1) * width] for row in range(count)], quote)


def _alike(told: Sequence[Told], start: int, width: int) -> int:
    """How many rows of a width follow each other from here on."""
    first = told[start : start + width]
    if not _is_one_row(first):
        return 0
    shape = [_shape(one) for one in first]
    outer = _outer_headings(first)
    rows = 1
    while True:
        row = told[start + rows * width : start + (rows + 1) * width]
        if len(row) < width or [_shape(one) for one in row] != shape or not _is_one_row(row):
            return rows
        if _outer_headings(row) != outer:
            return rows
        rows += 1


def _shape(one: Told) -> tuple[object, ...]:
    element = one.element
    return (one.role, one.is_text, element.landmark, element.form, bool(element.options))


def _outer_headings(row: Sequence[Told]) -> set[str]:
    """The headings that a row stands under, without those in it."""
    return {one.element.heading for one in row} - {one.label for one in row if one.role == "heading"}


def _is_one_row(row: Sequence[Told]) -> bool:
    """Whether the browser says nothing against these being one row, and a heading in it is that of what follows."""
    keys = {one.element.row for one in row if one.element.row}
    return len(keys) <= 1 and len(_outer_headings(row)) <= 1


def _table(rows: Sequence[Sequence[Told]], quote: Callable[[str], str]) -> Table | None:
    texts = [_own_texts(row) for row in rows]
    heads: list[str] = []
    cells: list[list[str]] = [[] for _ in rows]
    order = _columns(rows[0])
    for column, behind in zip(order, [*order[1:], None], strict=True):
        ones = [row[column] for row in rows]
        labels = [text[column] for text in texts]
        details = {one.details for one in ones}
        if ones[0].is_text and not any(labels) and details == {""}:
            continue  # all that it says is said by what is in it
        same = len(set(labels)) == 1 and labels[0] != "" and not ones[0].is_text
        common = details.pop() if len(details) == 1 else ""
        heads.append(" ".join(filter(None, (ones[0].role, quote(labels[0]) if same else "", common))))
        for row, (one, label) in enumerate(zip(ones, labels, strict=True)):
            number = "" if one.is_text else str(one.element.id)
            own = "" if common else one.details
            said = "" if same or not any(labels) else quote(label)
            cell = " ".join(filter(None, (number, said, own)))
            # A bare number must not be taken for that of the text behind it.
            bare = cell.isdecimal() and behind is not None and rows[row][behind].is_text
            cells[row].append(f"{cell}," if bare else cell)
    # A row of nothing but text is still something that can be asked for.
    if all(row[column].is_text for row in rows[:1] for column in range(len(row))):
        cells = [[str(row[0].element.id), *cell] for row, cell in zip(rows, cells, strict=True)]
    table = Table(f"rows of: {', '.join(heads)}", tuple(" ".join(row) for row in cells), len(rows[0]))
    plain = sum(len(one.role) + len(one.label) + len(one.details) + _LINE for row in rows for one in row)
    return table if len(table.head) + sum(len(line) + 1 for line in table.lines) < plain else None


# Brackets, id, quotes and spaces of an element's own line.
_LINE = 9


def _columns(row: Sequence[Told]) -> list[int]:
    """The columns in the order they are told: what holds others comes last, with what is left of its text."""
    holders = {one.element.parent_id for one in row}
    return sorted(range(len(row)), key=lambda column: row[column].is_text and row[column].element.id in holders)


def _own_texts(row: Sequence[Told]) -> list[str]:
    """What each element of a row is called; of a text, what is not said by the elements that come after it."""
    texts = [one.label for one in row]
    for index, one in enumerate(row):
        if not one.is_text or one.role == "heading":
            continue
        texts[index] = _without(
            texts[index], [i.label for i in row[index + 1 :] if i.element.parent_id == one.element.id]
        )
    return texts


def _without(text: str, labels: Sequence[str]) -> str:
    """A text without what is said by the elements in it, in their order; whole if that cannot be told for sure."""
    kept: list[str] = []
    at = 0
    for label in labels:
        found = re.search(rf"(?<!\w){re.escape(label)}(?!\w)", text[at:]) if label else None
        if found is None:
            continue
        kept.append(text[at : at + found.start()])
        at += found.end()
    return " ".join(" ".join([*kept, text[at:]]).split())
