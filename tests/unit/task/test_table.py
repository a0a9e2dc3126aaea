"""docs/tasks.md shows the life cycle as it is."""

from __future__ import annotations

from pathlib import Path

from tabwire.task.lifecycle import TRANSITIONS
from tabwire.task.table import markdown, placed

PAGE = Path(__file__).parents[3] / "docs" / "tasks.md"


def test_the_page_has_the_table_of_today() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert placed(page) == page, "run: python -m tabwire.task.table, and put it into docs/tasks.md"
    assert markdown() in page


def test_every_transition_is_in_the_table() -> None:
    rows = [line.split("|") for line in markdown().splitlines() if line.startswith("| ")][1:]
    shown = sum(len(row[3].split(",")) for row in rows)
    assert shown == len(TRANSITIONS)
