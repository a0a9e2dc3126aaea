"""Turns JUnit reports of pytest into the Markdown tables of docs/matrix.md: `python table.py junit.xml… > matrix.md`.

One table for each test module, a row for each subject (an editor, a kit), its cells with their results. Tests that name
no cell (see conftest.py) are told by their own name.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PASSED, FAILED, LEFT_OUT = "yes", "**no**", "-"


@dataclass(frozen=True)
class Cell:
    """One test and what came of it."""

    module: str
    subject: str
    what: str
    result: str


def _result(case: ElementTree.Element) -> str:
    skipped = case.find("skipped")
    if skipped is not None:
        # What is known to fail is a lost cell, not one that does not apply.
        return FAILED if skipped.get("type") == "pytest.xfail" else LEFT_OUT
    if case.find("failure") is not None or case.find("error") is not None:
        return FAILED
    # A test that succeeds by being refused says so itself.
    told = case.find("properties/property[@name='result']")
    return PASSED if told is None else told.get("value", PASSED)


def _own_name(case: ElementTree.Element) -> tuple[str, str]:
    """Subject and cell of a test that names none: its parameters, and its name as words."""
    name, _, parameters = case.get("name", "").partition("[")
    words = name.removeprefix("test_").replace("_", " ")
    return (parameters.rstrip("]") or words, words)


def cells(report: Path) -> Iterator[Cell]:
    """The cells of a report."""
    for case in ElementTree.parse(report).iter("testcase"):
        told = {p.get("name"): p.get("value", "") for p in case.iterfind("properties/property")}
        subject, what = _own_name(case)
        module = case.get("classname", "").rsplit(".", 1)[-1].removeprefix("test_")
        yield Cell(module, told.get("subject") or subject, told.get("cell") or what, _result(case))


def _escaped(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def _as_grid(found: list[Cell], columns: list[str]) -> Iterator[str]:
    """A row for each subject and a column for each cell: where all subjects have the same ones."""
    yield "| | " + " | ".join(_escaped(column) for column in columns) + " |"
    yield "|---|" + "---|" * len(columns)
    rows: dict[str, dict[str, str]] = defaultdict(dict)
    for cell in found:
        rows[cell.subject][cell.what] = cell.result
    for subject, results in rows.items():
        yield f"| {_escaped(subject)} | " + " | ".join(results.get(column, "") for column in columns) + " |"


def _as_list(found: list[Cell]) -> Iterator[str]:
    """A line for each cell."""
    yield "| what | cell | works |"
    yield "|---|---|---|"
    for cell in found:
        yield f"| {_escaped(cell.subject)} | {_escaped(cell.what)} | {cell.result} |"


def table(reports: Iterable[Path]) -> Iterator[str]:
    """The Markdown, line by line."""
    modules: dict[str, list[Cell]] = defaultdict(list)
    for report in reports:
        for cell in cells(report):
            modules[cell.module].append(cell)
    for module, found in modules.items():
        passed = sum(1 for cell in found if cell.result not in {FAILED, LEFT_OUT})
        counted = sum(1 for cell in found if cell.result != LEFT_OUT)
        yield f"## {module.replace('_', ' ').capitalize()}: {passed} of {counted}"
        yield ""
        by_what: dict[str, set[str]] = defaultdict(set)
        for cell in found:
            by_what[cell.what].add(cell.subject)
        shared = [what for what, subjects in by_what.items() if len(subjects) > 2]
        grid = [cell for cell in found if cell.what in shared]
        rest = [cell for cell in found if cell.what not in shared]
        if grid:
            yield from _as_grid(grid, shared)
            yield ""
        if rest:
            yield from _as_list(rest)
            yield ""


def main(arguments: list[str]) -> int:
    """The program."""
    if not arguments:
        sys.stderr.write("Name one JUnit report or more, as `pytest --junitxml` writes them.\n")
        return 2
    sys.stdout.write("\n".join(table(Path(argument) for argument in arguments)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
