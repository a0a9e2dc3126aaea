"""How the command line speaks: to people in colour, to programs in protobuf JSON, and in exit codes to both.

Results go to standard output, everything else to standard error, so that a program can read the one and a person sees
the other.
"""

from __future__ import annotations

import asyncio
import json as jsonlib
import sys
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from google.protobuf import json_format
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tabwire.client import Client
from tabwire.errors import TabwireError
from tabwire.settings import Settings
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from google.protobuf.message import Message

    Result = TypeVar("Result")

OK, FAILED, USAGE, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 130

_WIDE = 240  # where nobody looks, nothing is to be cut
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _WIDE)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Json = Annotated[bool, typer.Option("--json", help="Print protobuf JSON, for programs.")]
BrowserId = Annotated[str, typer.Option("--browser", help="The browser's id; needed if several are connected.")]
TabId = Annotated[int, typer.Option("--tab", min=0, help="The tab's id; 0 for the active one.")]

# Errors that mean: what was asked for cannot be taken as it is.
_USAGE = frozenset(
    {
        error_pb2.ERROR_CODE_INVALID_ARGUMENT,
        error_pb2.ERROR_CODE_COMMAND_SYNTAX,
        error_pb2.ERROR_CODE_MODEL_NOT_CONFIGURED,
    }
)
# Errors that mean: nobody was there, or would let the caller in.
_CANNOT_REACH = frozenset(
    {
        error_pb2.ERROR_CODE_UNAVAILABLE,
        error_pb2.ERROR_CODE_BROWSER_DISCONNECTED,
        error_pb2.ERROR_CODE_UNAUTHENTICATED,
        error_pb2.ERROR_CODE_PERMISSION_DENIED,
        error_pb2.ERROR_CODE_PROTOCOL_REVISION_UNSUPPORTED,
    }
)


def execute(work: Callable[[], Awaitable[Result]], *, json: bool = False) -> Result:
    """Runs a command's work. An error is told, with its remedy, and becomes the exit code."""

    async def main() -> Result:
        return await work()

    try:
        return asyncio.run(main())
    except TabwireError as error:
        raise typer.Exit(tell_error(error.info, json=json)) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(INTERRUPTED) from error


def call(work: Callable[[Client], Awaitable[Result]], *, json: bool = False) -> Result:
    """Runs a command's work with a client of this computer's server."""

    async def main() -> Result:
        async with Client.local() as client:
            return await work(client)

    return execute(main, json=json)


def tell_error(info: error_pb2.ErrorInfo, *, json: bool = False) -> int:
    """Prints an error and returns the exit code that goes with it."""
    if json:
        print_json({"error_info": as_dict(info)})
    else:
        err.print(f"[bold red]✗[/] {escape(info.message)}")
        for candidate in info.details.candidates.candidates:
            err.print(f"    {candidate.element_id}  {escape(candidate.role)} {escape(repr(candidate.name))}")
        for violation in info.details.field_violations.violations:
            err.print(f"    {escape(violation.field)}: {escape(violation.description)}")
        if info.remedy:
            err.print(f"  [bold]→[/] {escape(info.remedy)}")
        if info.correlation_id:
            err.print(f"  [dim]In the server's log: {escape(info.correlation_id)}[/]")
    if info.error_code in _CANNOT_REACH:
        return UNREACHABLE
    return USAGE if info.error_code in _USAGE else FAILED


def as_dict(message: Message) -> dict[str, object]:
    """A message as protobuf JSON, with the names that the contract uses."""
    result: dict[str, object] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return result


def print_message(message: Message, *, compact: bool = False) -> None:
    """Prints a message as protobuf JSON."""
    print_json(as_dict(message), compact=compact)


def print_json(value: Mapping[str, object], *, compact: bool = False) -> None:
    """Prints JSON; on one line if it is one of many."""
    print(jsonlib.dumps(value, ensure_ascii=False, indent=None if compact else 2), flush=True)


def settings() -> Settings:
    """The settings of this call."""
    return Settings()


def table(*headings: str) -> Table:
    """A plain table whose first column, the ids that people copy, is never cut."""
    made = Table(box=None, pad_edge=False)
    for number, heading in enumerate(headings):
        made.add_column(heading, no_wrap=number == 0, overflow="fold")
    return made


def short_enum(name: str, prefix: str) -> str:
    """`TASK_STATE_WAITING_HUMAN` as a person reads it: `waiting human`."""
    return name.removeprefix(prefix).lower().replace("_", " ")
