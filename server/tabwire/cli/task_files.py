"""`tabwire task effects|export|scratchpad`: what a task did and brought, as a table, as files, as Markdown."""

from __future__ import annotations

import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from tabwire.cli.console import Json, call, err, out, print_message, short_enum, table
from tabwire.enums import name_of
from tabwire.v1 import policy_pb2, task_pb2, task_service_pb2

if TYPE_CHECKING:
    from tabwire.client import Client

_FORMATS = MappingProxyType(
    {
        ".txt": task_service_pb2.EXPORT_FORMAT_TEXT,
        ".json": task_service_pb2.EXPORT_FORMAT_JSON,
        ".csv": task_service_pb2.EXPORT_FORMAT_CSV,
        ".xlsx": task_service_pb2.EXPORT_FORMAT_XLSX,
        ".md": task_service_pb2.EXPORT_FORMAT_MARKDOWN,
    }
)
_TaskId = Annotated[str, typer.Argument(help="The task's id.", metavar="TASK")]


def effects(
    task_id: _TaskId,
    json: Json = False,
) -> None:
    """List what a task did: pages it went to, what it typed, clicked, sent and downloaded."""

    async def work(client: Client) -> task_service_pb2.ListTaskEffectsResponse:
        whole = task_service_pb2.ListTaskEffectsResponse()
        while True:
            page = await client.list_task_effects(task_id, page_size=1000, page_token=whole.next_page_token)
            whole.MergeFrom(page)
            whole.next_page_token = page.next_page_token
            if not page.next_page_token:
                return whole

    answer = call(work, json=json)
    if json:
        print_message(answer)
        return
    rows = table("STEP", "TIME", "KIND", "WHAT", "WHERE")
    for effect in answer.effects:
        kind = short_enum(name_of(task_pb2.EffectKind, effect.kind), "EFFECT_KIND_")
        leads_to = [short_enum(name_of(policy_pb2.Consequence, one), "CONSEQUENCE_") for one in effect.consequences]
        marks = [*leads_to, *(["approved"] if effect.approved else [])]
        what = escape(effect.description) + (f" [yellow]({escape(', '.join(marks))})[/]" if marks else "")
        moment = effect.time.ToDatetime().strftime("%H:%M:%S")
        rows.add_row(str(effect.step_number), moment, kind, what, escape(effect.url[:80]))
    out.print(rows if answer.effects else "[dim]It had no effect.[/]")


def export(
    task_id: _TaskId,
    file: Annotated[
        str, typer.Argument(help="The file to write; its ending says the format: .txt .json .csv .xlsx .md")
    ],
    table_name: Annotated[str, typer.Option("--table", help="For CSV: the table, if there are several.")] = "",
) -> None:
    """Write what a task brought to a file."""
    format_of(file)
    call(lambda client: save(client, task_id, file, table_name))


def scratchpad(
    task_id: _TaskId,
    new: Annotated[
        str | None, typer.Option("--set", help="A file to replace it with; - for standard input.", metavar="FILE")
    ] = None,
) -> None:
    """Print the notebook of a task, as Markdown, or replace it while the task runs."""
    if new is None:
        print(call(lambda client: client.get_task(task_id)).scratchpad)
        return
    text = read_text(new)
    call(lambda client: client.modify_task(task_id, scratchpad=text))
    err.print(f"[green]✓[/] The notebook of task {escape(task_id)} is replaced")


def format_of(file: str) -> task_service_pb2.ExportFormat.ValueType:
    """The format that a file's name asks for."""
    wanted = _FORMATS.get(Path(file).suffix.lower())
    if wanted is None:
        raise typer.BadParameter(f"the name of the file has to end in one of: {' '.join(_FORMATS)}")
    return wanted


async def save(client: Client, task_id: str, file: str, table_name: str = "") -> None:
    """Writes a task's outcome to a file."""
    exported = await client.export_task(task_id, format_of(file), table=table_name)
    try:
        Path(file).write_bytes(exported.data)  # noqa: ASYNC240 - nobody waits beside it
    except OSError as error:
        raise typer.BadParameter(f"the file {file!r} cannot be written: {error.strerror}") from error
    err.print(f"[green]✓[/] {escape(file)}: {len(exported.data)} bytes")


def read_text(file: str) -> str:
    """A text file; "-" for standard input."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise typer.BadParameter(f"the file {file!r} cannot be read: {error}") from error
