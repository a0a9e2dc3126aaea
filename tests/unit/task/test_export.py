"""Files of a task: read back by other programs' readers, in any script, and never a formula in them."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import openpyxl
import pytest

from tabwire.errors import TabwireError
from tabwire.task import tables
from tabwire.task.effects import effects_of
from tabwire.task.export import export
from tabwire.v1 import action_pb2, error_pb2, extract_pb2, task_pb2, task_service_pb2

CSV, XLSX = task_service_pb2.EXPORT_FORMAT_CSV, task_service_pb2.EXPORT_FORMAT_XLSX
JSON, TEXT = task_service_pb2.EXPORT_FORMAT_JSON, task_service_pb2.EXPORT_FORMAT_TEXT
MARKDOWN = task_service_pb2.EXPORT_FORMAT_MARKDOWN

EVIL = ['=HYPERLINK("https://evil.test","x")', "+1+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "\t=1", "＝1+1"]  # noqa: RUF001 - what spreadsheets take for a formula


def _rows(table: str, columns: list[str], *rows: list[str], links: list[str] | None = None) -> task_pb2.TaskEvent:
    told = extract_pb2.Rows(columns=columns)
    for cells in rows:
        told.rows.add(cells=cells, links=links or [])
    return task_pb2.TaskEvent(rows_collected=task_pb2.RowsCollected(table=table, rows=told))


def _file(
    events: list[task_pb2.TaskEvent], kind: task_service_pb2.ExportFormat.ValueType, table: str = "", **task: Any
) -> bytes:
    stored = task_pb2.Task(task_id="t", user_prompt="把排行榜导出到表格", **task)
    found = tables.collected(events) or tables.in_result(stored.result)
    wanted = task_service_pb2.ExportTaskRequest(task_id="t", format=kind, table=table)
    return export(stored, found, effects_of(events), wanted).data


def _sheets(data: bytes) -> dict[str, list[list[Any]]]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book}


def test_a_ranked_list_in_chinese() -> None:
    events = [
        _rows("rows", ["排名", "片名", "评分"], ["1", "肖申克的救赎", "9.7"], ["2", "霸王别姬", "9.6"]),
        _rows("rows", ["排名", "片名", "评分"], ["3", "阿甘正传", "9.5"]),
    ]
    data = _file(events, CSV)
    assert data.startswith(b"\xef\xbb\xbf"), "Excel reads it as UTF-8 only with this"
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert read[0] == ["排名", "片名", "评分"]
    assert read[3] == ["3", "阿甘正传", "9.5"]
    assert data.count(b"\r\n") == 4
    sheet = _sheets(_file(events, XLSX))["rows"]
    assert sheet[1] == [1, "肖申克的救赎", 9.7], "numbers are numbers"
    assert json.loads(_file(events, JSON))["tables"]["rows"][0]["片名"] == "肖申克的救赎"
    assert "| 3 | 阿甘正传 | 9.5 |" in _file(events, MARKDOWN).decode()


@pytest.mark.parametrize("cell", EVIL)
def test_no_cell_is_a_formula(cell: str) -> None:
    events = [_rows("rows", [cell], [cell], ["-5"], ["0012"])]
    read = list(csv.reader(io.StringIO(_file(events, CSV).decode("utf-8-sig"), newline="")))
    assert read == [[f"'{cell.strip()}"], [f"'{cell}"], ["-5"], ["0012"]]
    book = openpyxl.load_workbook(io.BytesIO(_file(events, XLSX)))
    sheet = book["rows"]
    assert [row[0].data_type for row in sheet.iter_rows()] == ["s", "s", "n", "s"]
    assert sheet["A4"].value == "0012", "an article number keeps its zeros"
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.hyperlink]


def test_columns_that_come_later_links_and_names_that_come_twice() -> None:
    events = [
        _rows("a/b*c?" + "x" * 40, ["name", "name", ""], ["1", "2", "3"], links=["https://x.test/1", "", ""]),
        _rows("a/b*c?" + "x" * 40, ["name", "new"], ["4", "5"]),
        _rows("History", ["h"], ["1"]),
        _rows("A b c " + "X" * 40, ["h"], ["\0\x01\ud7ff"]),
    ]
    (first, *_) = tables.collected(events)
    assert first.columns == ["name", "name (link)", "name 2", "column 3", "new"]
    assert first.rows == [["1", "https://x.test/1", "2", "3", ""], ["4", "", "", "", "5"]]
    sheets = _sheets(_file(events, XLSX))
    assert len(sheets) == 3
    assert all(len(name) <= 31 for name in sheets)
    assert next(iter(sheets.values()))[1][:2] == [1, "https://x.test/1"]


def test_a_table_has_to_be_named_if_there_are_several() -> None:
    events = [_rows("a", ["x"], ["1"]), _rows("b", ["x"], ["2"])]
    assert _file(events, CSV, "b").decode("utf-8-sig") == "x\r\n2\r\n"
    for name in ("", "c"):
        with pytest.raises(TabwireError) as raised:
            _file(events, CSV, name)
        assert raised.value.code == error_pb2.ERROR_CODE_INVALID_ARGUMENT
        assert "a, b" in raised.value.info.message
    with pytest.raises(TabwireError) as raised:
        _file([], CSV)
    assert raised.value.code == error_pb2.ERROR_CODE_FAILED_PRECONDITION


def test_a_result_that_is_json_has_its_tables() -> None:
    result = json.dumps({"films": [{"rank": 1, "name": "A"}, {"rank": 2, "tags": ["x"]}], "note": "n"})
    assert _file([], CSV, result=result).decode("utf-8-sig") == 'rank,name,tags\r\n1,A,\r\n2,,"[""x""]"\r\n'
    assert json.loads(_file([], JSON, result=result))["result"]["note"] == "n"
    assert _file([], TEXT, result="Done, 世界.").decode() == "Done, 世界."
    assert json.loads(_file([], JSON, result="Done."))["result"] == "Done."
    assert _sheets(_file([], XLSX, result="=1+1")) == {"Result": [["result"], ["=1+1"]]}


def test_nothing_of_a_page_breaks_out_of_the_report() -> None:
    evil = "x | y\n\n# Owned <script>alert(1)</script> ![a](https://evil.test/?q) ```"
    events = [_rows("rows", ["a|b"], [evil])]
    step = task_pb2.Step(number=1, description=evil, status=task_pb2.STEP_STATUS_SUCCEEDED)
    result = "```\n# Owned\n````\n"
    text = _file(events, MARKDOWN, result=result, steps=[step], scratchpad="- a note").decode()
    outside, fence = [], ""
    for line in text.splitlines():
        if fence:
            fence = "" if line == fence else fence
        elif line.startswith("```"):
            fence = line.removesuffix("text")
        else:
            outside.append(line)
    assert not fence
    plain = [re.sub(r"\\[^\w\s]", "", line) for line in outside]
    assert not [line for line in plain if line.startswith("# Owned") or "<script" in line or "![a]" in line]
    assert [line for line in outside if line.startswith("| ")][-1].replace("\\|", "").count("|") == 2
    assert "- a note" in text


def test_a_long_table_of_a_report_and_a_result_of_actions() -> None:
    action = action_pb2.Action(id="t/1/0", navigate=action_pb2.NavigateAction(url="https://x.test/"))
    finished = task_pb2.ActionFinished(
        step_number=1, result=action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_SUCCEEDED)
    )
    events = [
        task_pb2.TaskEvent(action_started=task_pb2.ActionStarted(step_number=1, action=action)),
        task_pb2.TaskEvent(action_finished=finished),
    ]
    assert "Step 1, navigated" in _file(events, MARKDOWN).decode()
