"""Questions, approvals and hand-overs of a task at the terminal: shows them, reads the answer, and sends it."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from rich.markup import escape

from tabwire.cli.console import short_enum
from tabwire.describe import describe
from tabwire.enums import name_of
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2, policy_pb2, task_pb2

if TYPE_CHECKING:
    from rich.console import Console

    from tabwire.client import Client

_APPROVAL = task_pb2.HUMAN_REQUEST_KIND_APPROVAL
_HANDOVER = task_pb2.HUMAN_REQUEST_KIND_HANDOVER
_YES = frozenset({"y", "yes"})
_NO = frozenset({"n", "no", ""})


def show(request: task_pb2.HumanRequest, console: Console, task_id: str = "") -> None:
    """Prints a request. With a task's id, also how it is answered: nobody sits at this terminal."""
    console.print(f"[bold cyan]?[/] {escape(request.prompt)}")
    if request.kind == _APPROVAL:
        console.print(f"    {escape(describe(request.action))}")
        what = [
            short_enum(name_of(policy_pb2.Consequence, one), "CONSEQUENCE_").replace("_", " ")
            for one in request.consequences
        ]
        console.print(f"    [dim]{escape(request.url)}{escape(' (' + ', '.join(what) + ')' if what else '')}[/]")
    for number, option in enumerate(request.options, 1):
        console.print(f"    {number}. {escape(option)}")
    if task_id:
        how = {_APPROVAL: "yes|no", _HANDOVER: ""}.get(request.kind, '"…"')
        console.print(f"    [bold]→[/] Answer with: tabwire task answer {escape(task_id)} {how}".rstrip())


async def ask(client: Client, task_id: str, request: task_pb2.HumanRequest, console: Console) -> None:
    """Asks the person at the terminal, unless somebody has answered already, or does so first."""
    task = await client.get_task(task_id)
    if task.human_request.request_id != request.request_id or task.state != task_pb2.TASK_STATE_WAITING_HUMAN:
        return
    try:
        await send(client, task_id, request, await _read(request, console))
    except TabwireError as error:
        if error.code != error_pb2.ERROR_CODE_FAILED_PRECONDITION:
            raise
        console.print("    [dim]It was answered elsewhere, or its time is over.[/]")


async def send(client: Client, task_id: str, request: task_pb2.HumanRequest, text: str) -> task_pb2.Task:
    """Sends an answer as it is meant for this kind of request: yes or no to exactly the action that was shown."""
    if request.kind != _APPROVAL:
        return await client.answer_task(task_id, chosen(request, text), request_id=request.request_id)
    word = text.strip().casefold()
    if word not in _YES | _NO:
        raise TabwireError(
            error_pb2.ERROR_CODE_INVALID_ARGUMENT, "The task asks for approval.", remedy="Answer with yes or no."
        )
    return await client.answer_task(
        task_id,
        request_id=request.request_id,
        approve=word in _YES,
        action_digest=request.action_digest,
    )


async def read_and_send(
    client: Client, task_id: str, request: task_pb2.HumanRequest, console: Console
) -> task_pb2.Task:
    """Shows a request, reads the answer and sends it."""
    show(request, console)
    if not sys.stdin.isatty() and request.kind != _HANDOVER:
        raise TabwireError(
            error_pb2.ERROR_CODE_INVALID_ARGUMENT,
            "There is no terminal to read the answer from.",
            remedy=f'Give the answer with the command: tabwire task answer {task_id} "…"',
        )
    return await send(client, task_id, request, await _read(request, console))


def chosen(request: task_pb2.HumanRequest, text: str) -> str:
    """The answer that is meant; the number of an option stands for the option, unless that is an option itself."""
    if text in request.options:
        return text
    if text.isdecimal() and 1 <= int(text) <= len(request.options):
        return request.options[int(text) - 1]
    return text


async def _read(request: task_pb2.HumanRequest, console: Console) -> str:
    if request.kind == _HANDOVER:
        if sys.stdin.isatty():
            await asyncio.to_thread(console.input, "  [cyan]Press Enter when you are done.[/] ")
        return ""
    if request.kind == _APPROVAL:
        while True:
            word: str = (await asyncio.to_thread(console.input, "  [cyan]y/N>[/] ")).strip().casefold()
            if word in _YES | _NO:
                return word
    answer = ""
    while not answer:
        answer = (await asyncio.to_thread(console.input, "  [cyan]>[/] ")).strip()
    return answer
