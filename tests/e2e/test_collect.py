"""A task in Chinese: a ranked list over several pages is collected without showing it to the model, and comes out as a
spreadsheet. The model is a scripted double behind the real HTTP interface; everything else is real."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from doubles.scripted_model import ScriptedModel, decide, done
from e2e.stack import until
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from doubles.scripted_model import Request
    from e2e.page_server import PageServer
    from e2e.stack import Stack

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

_PROMPT = "把畅销书排行榜全部读出来,导出成电子表格"
_MAIN = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def _collect(request: Request) -> dict[str, Any]:
    return decide(collect_rows={"element_id": 0, "next_element_id": request.element('link "下一页"')})


def _cells(workbook: bytes) -> list[list[str]]:
    """The texts of the first sheet, row by row."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        shared = [
            "".join(text.itertext())
            for text in ElementTree.fromstring(parts.read("xl/sharedStrings.xml")).iterfind("m:si", _MAIN)
        ]
        sheet = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))
    rows = []
    for row in sheet.iterfind(".//m:row", _MAIN):
        cells = []
        for cell in row.iterfind("m:c", _MAIN):
            value = cell.findtext("m:v", "", _MAIN)
            cells.append(shared[int(value)] if cell.get("t") == "s" else value)
        rows.append(cells)
    return rows


async def test_a_ranked_list_becomes_a_spreadsheet(
    own_stack: Callable[[Mapping[str, str] | None], Stack], pages: PageServer, tmp_path: Path
) -> None:
    with ScriptedModel([_collect, done("共六十本。")]) as model:
        stack = own_stack(
            {"TABWIRE_MODEL": "scripted", "OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "no secret"}
        )
        await stack.start()
        async with stack.client() as client:
            task = await client.create_task(_PROMPT, start_url=pages.url("chain/ranking.html"))

            async def ended() -> task_pb2.Task | None:
                now = await client.get_task(task.task_id)
                return now if now.HasField("finished_at") else None

            finished = await until(ended, "the task to end", 90)
            assert finished.state == task_pb2.TASK_STATE_SUCCEEDED, finished.cause
            assert [(table.name, table.row_count) for table in finished.collected] == [("rows", 60)]
        # The model was told of the rows, and shown three of them; the page in the middle never reached it.
        outcome = model.requests[1].last
        assert "60 rows from 3 pages" in outcome
        assert "山海3" in outcome
        assert "山海40" not in model.requests[1].whole
        file = tmp_path / "books.xlsx"
        code, _, err = await stack.cli("task", "export", task.task_id, str(file))
        assert code == 0, err
    rows = _cells(file.read_bytes())
    assert len(rows) == 61
    titles = [next(cell for cell in row if "山海" in cell) for row in rows[1:]]
    assert titles == [f"第{n}本书《山海{n}》" for n in range(1, 61)]
    assert any(re.fullmatch(r"¥90\.00", cell) for cell in rows[60])
