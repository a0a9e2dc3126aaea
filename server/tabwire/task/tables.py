"""The tables that a task brought: the rows it collected, or the lists of objects in a result that is JSON.

Pure. Which bytes become of them is told by `tabwire.task.export`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tabwire.v1 import task_pb2

RESULT = "result"
_LINK = "{} (link)"


@dataclass
class Table:
    """A table with as many cells in each row as it has columns."""

    name: str
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    def add(self, values: dict[str, str]) -> None:
        """Adds a row. A column that is new is empty in the rows before it."""
        for name in values:
            if name not in self.columns:
                self.columns.append(name)
                for row in self.rows:
                    row.append("")
        self.rows.append([values.get(name, "") for name in self.columns])


def collected(journal: Iterable[task_pb2.TaskEvent]) -> list[Table]:
    """The rows of a journal by their tables, in the order in which they were collected."""
    tables: dict[str, Table] = {}
    for event in journal:
        if not event.HasField("rows_collected"):
            continue
        told = event.rows_collected
        table = tables.setdefault(told.table, Table(told.table))
        columns = _unique(told.rows.columns, max((len(row.cells) for row in told.rows.rows), default=0))
        for row in told.rows.rows:
            values = dict(zip(columns, row.cells, strict=False))
            for name, link in zip(columns, row.links, strict=False):
                if link:
                    values[_LINK.format(name)] = link
            table.add(values)
    for table in tables.values():
        _links_beside_their_columns(table)
    return list(tables.values())


def in_result(text: str) -> list[Table]:
    """The lists of objects in a result, if it is JSON: the result itself, or what its fields hold."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if isinstance(value, list):
        found = {RESULT: value}
    elif isinstance(value, dict):
        found = {str(name): part for name, part in value.items() if isinstance(part, list)}
    else:
        return []
    return [_of_list(name, items) for name, items in found.items() if items]


def parsed(text: str) -> Any:
    """A result as it is if it is a JSON object or list, else as a text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, (dict, list)) else text


def _of_list(name: str, items: list[Any]) -> Table:
    table = Table(name)
    for item in items:
        if isinstance(item, dict):
            table.add({str(key): _cell(value) for key, value in item.items()})
        elif isinstance(item, list):
            table.add({str(number): _cell(value) for number, value in enumerate(item, 1)})
        else:
            table.add({name: _cell(item)})
    return table


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _unique(names: Iterable[str], count: int) -> list[str]:
    """As many column names as there are cells, each once; a column without a name gets its number."""
    given = list(names)
    unique: list[str] = []
    for number in range(max(count, len(given))):
        wanted = (given[number] if number < len(given) else "").strip() or f"column {number + 1}"
        name, again = wanted, 2
        while name in unique:
            name, again = f"{wanted} {again}", again + 1
        unique.append(name)
    return unique


def _links_beside_their_columns(table: Table) -> None:
    plain = [name for name in table.columns if not (name.endswith(" (link)") and name[:-7] in table.columns)]
    order = [one for name in plain for one in (name, _LINK.format(name)) if one in table.columns]
    order = list(dict.fromkeys(order))
    if order == table.columns:
        return
    places = [table.columns.index(name) for name in order]
    table.columns = order
    table.rows = [[row[place] for place in places] for row in table.rows]
