"""The `tabwire` command: puts the commands together and turns whatever happens into an exit code.

0 done, 1 the task or action failed, 2 wrong usage, 3 something could not be reached.
"""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Annotated

import typer
from pydantic import ValidationError

from tabwire.cli import (
    act_commands,
    browser_commands,
    doctor,
    house_commands,
    policy_commands,
    prompt_command,
    run_commands,
    serving,
    task_commands,
    token_commands,
)
from tabwire.cli.console import INTERRUPTED, USAGE, err, out, tell_error
from tabwire.errors import TabwireError

app = typer.Typer(
    name="tabwire",
    help="An AI agent in your own Chrome.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"tabwire {metadata.version('tabwire')}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """An AI agent in your own Chrome."""


app.command()(run_commands.up)
app.command()(serving.serve)
app.command()(run_commands.demo)
app.command("run")(task_commands.run_task)
app.add_typer(task_commands.app, name="task")
app.command()(prompt_command.prompt)
app.command()(browser_commands.browsers)
app.command()(browser_commands.tabs)
app.command()(browser_commands.state)
app.add_typer(act_commands.app, name="act")
app.command()(browser_commands.ping)
app.command()(token_commands.pair)
app.add_typer(token_commands.app, name="token")
app.add_typer(policy_commands.policy_app, name="policy")
app.add_typer(policy_commands.secret_app, name="secret")
app.command()(doctor.doctor)
app.command()(house_commands.settings)
app.command()(house_commands.paths)
app.add_typer(house_commands.certs, name="certs")
app.add_typer(house_commands.edge, name="edge")


def run() -> None:
    """The entry point."""
    try:
        app()
    except (TabwireError, ValidationError, KeyboardInterrupt) as error:
        sys.exit(exit_code(error))


def exit_code(error: TabwireError | ValidationError | KeyboardInterrupt) -> int:
    """Tells what has ended a command; the exit code that goes with it."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, TabwireError):
        return tell_error(error.info)
    for fault in error.errors():
        name = "_".join(str(part) for part in fault["loc"]).upper()
        name = name if name.startswith("OPENAI_") else f"TABWIRE_{name}"
        err.print(f"[bold red]✗[/] The setting {name} is wrong: {fault['msg']}.", highlight=False)
    err.print("  [bold]→[/] Correct it in the environment or in .env; `tabwire settings` explains each.")
    return USAGE
