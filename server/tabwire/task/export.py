"""A task's outcome as a file: text, JSON, CSV, Excel workbook, or a report in Markdown.

Pure but for the temporary file of a workbook. Cells come from web pages: none of them is ever a formula in a
spreadsheet, and none ends a table of the report.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict

from tabwire.enums import name_of
from tabwire.errors import TabwireError
from tabwire.task import report
from tabwire.task.lifecycle import state_name
from tabwire.task.tables import Table, parsed
from tabwire.v1 import error_pb2, task_service_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tabwire.v1 import task_pb2

_TYPES = MappingProxyType(
    {
        task_service_pb2.EXPORT_FORMAT_TEXT: ("txt", "text/plain; charset=utf-8"),
        task_service_pb2.EXPORT_FORMAT_JSON: ("json", "application/json"),
        task_service_pb2.EXPORT_FORMAT_CSV: ("csv", "text/csv; charset=utf-8"),
        task_service_pb2.EXPORT_FORMAT_XLSX: (
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        task_service_pb2.EXPORT_FORMAT_MARKDOWN: ("md", "text/markdown; charset=utf-8"),
    }
)
# Excel's own limits.
_MAX_ROWS = 1_048_575  # and the header
_MAX_COLUMNS = 16_384
_MAX_CELL = 32_767
_MAX_SHEET_NAME = 31
# What a spreadsheet takes for a number as it stands. No leading zeros: those are article numbers and the like.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,14})?")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets take these, too
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_NOT_IN_FILE_NAMES = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class Exported:
    """A file."""

    file_name: str
    mime_type: str
    data: bytes


def export(
    task: task_pb2.Task,
    tables: Sequence[Table],
    effects: Sequence[task_pb2.TaskEffect],
    wanted: task_service_pb2.ExportTaskRequest,
) -> Exported:
    """The file of a task.

    Raises `TabwireError` FAILED_PRECONDITION if there is nothing of that kind to write, INVALID_ARGUMENT if it is not
    clear which table is meant.
    """
    name = task.task_id
    match wanted.format:
        case task_service_pb2.EXPORT_FORMAT_TEXT:
            data = task.result.encode()
        case task_service_pb2.EXPORT_FORMAT_JSON:
            data = _as_json(task, tables)
        case task_service_pb2.EXPORT_FORMAT_CSV:
            table = _chosen(tables, wanted.table)
            data = _as_csv(table)
            name = f"{name}-{_NOT_IN_FILE_NAMES.sub('_', table.name)}" if len(tables) > 1 else name
        case task_service_pb2.EXPORT_FORMAT_XLSX:
            data = _as_workbook(task, tables)
        case task_service_pb2.EXPORT_FORMAT_MARKDOWN:
            data = report.markdown(task, tables, effects).encode()
        case _:
            raise TabwireError(
                error_pb2.ERROR_CODE_INVALID_ARGUMENT,
                "This server does not know that format.",
                remedy="Use text, JSON, CSV, XLSX or Markdown.",
            )
    ending, mime_type = _TYPES[wanted.format]
    return Exported(f"{name}.{ending}", mime_type, data)


def _as_json(task: task_pb2.Task, tables: Sequence[Table]) -> bytes:
    content: dict[str, Any] = {
        "task_id": task.task_id,
        "prompt": task.user_prompt,
        "state": state_name(task.state),
        "result": parsed(task.result),
    }
    if task.evidence:
        content["evidence"] = task.evidence
    if task.cause.code:
        content["cause"] = MessageToDict(task.cause, preserving_proto_field_name=True) | {
            "code": name_of(error_pb2.ErrorCode, task.cause.code, "ERROR_CODE_")
        }
    if tables:
        content["tables"] = {
            table.name: [dict(zip(table.columns, row, strict=True)) for row in table.rows] for table in tables
        }
    return json.dumps(content, ensure_ascii=False, indent=2).encode()


def _as_csv(table: Table) -> bytes:
    """RFC 4180, with a byte order mark: without it Excel takes UTF-8 for something else."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_no_formula(name) for name in table.columns])
    writer.writerows([_no_formula(cell) for cell in row] for row in table.rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", errors="replace")


def _no_formula(cell: str) -> str:
    """A cell that a spreadsheet takes for a text, or for a number if it is one."""
    if cell.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell.replace("\0", "")


def _as_workbook(task: task_pb2.Task, tables: Sequence[Table]) -> bytes:
    """One sheet a table; a table that is too long for a sheet has several. Without tables, one with the result."""
    import xlsxwriter  # large, and few tasks end in a workbook: the server's start is not to wait for it

    written = io.BytesIO()
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "in_memory": True,
    }
    book = xlsxwriter.Workbook(written, options)
    bold = book.add_format({"bold": True})
    names: set[str] = set()
    for table in tables or [Table("Result", ["result"], [[task.result]])]:
        for start in range(0, max(1, len(table.rows)), _MAX_ROWS):
            sheet = book.add_worksheet(_sheet_name(table.name, names))
            sheet.freeze_panes(1, 0)
            for column, name in enumerate(table.columns[:_MAX_COLUMNS]):
                sheet.write_string(0, column, name[:_MAX_CELL], bold)
            for number, row in enumerate(table.rows[start : start + _MAX_ROWS], 1):
                for column, cell in enumerate(row[:_MAX_COLUMNS]):
                    if _NUMBER.fullmatch(cell):
                        sheet.write_number(number, column, float(cell))
                    else:
                        sheet.write_string(number, column, cell[:_MAX_CELL])
    book.close()
    return written.getvalue()


def _sheet_name(wanted: str, used: set[str]) -> str:
    """A name as Excel takes it: short, without certain characters, and each once, whatever its case."""
    base = _NOT_IN_SHEET_NAMES.sub(" ", wanted).strip().strip("'")[:_MAX_SHEET_NAME] or "Table"
    if base.casefold() == "history":  # Excel's own
        base = "History table"
    name, again = base, 2
    while name.casefold() in used:
        ending = f" ({again})"
        name, again = base[: _MAX_SHEET_NAME - len(ending)] + ending, again + 1
    used.add(name.casefold())
    return name


def _chosen(tables: Sequence[Table], name: str) -> Table:
    if not tables:
        raise TabwireError(
            error_pb2.ERROR_CODE_FAILED_PRECONDITION,
            "The task has collected no rows.",
            remedy="Export it as text, JSON or Markdown.",
        )
    if not name and len(tables) == 1:
        return tables[0]
    for table in tables:
        if table.name == name:
            return table
    known = ", ".join(table.name for table in tables)
    violation = error_pb2.FieldViolation(field="table", description=f"must be one of: {known}")
    raise TabwireError(
        error_pb2.ERROR_CODE_INVALID_ARGUMENT,
        f"The task has {'no table of that name' if name else 'several tables'}; it has: {known}.",
        remedy="Name the table.",
        details=error_pb2.ErrorDetails(field_violations=error_pb2.FieldViolationsDetails(violations=[violation])),
    )
