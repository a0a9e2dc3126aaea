"""`tabwire prompt`: what a model is told, and how many tokens that is.

Without a task it is the part that is the same in every step, made here and now from the settings: no server is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tabwire.agent import profile as profiles
from tabwire.agent.prompt_report import prompt_of
from tabwire.cli.console import Json, call, err, print_message
from tabwire.settings import Settings

if TYPE_CHECKING:
    from tabwire.agent.model import Mode
    from tabwire.v1 import task_service_pb2

_MODES: dict[str, Mode] = {"json_object": "json_object", "text": "text"}


def prompt(
    task_id: Annotated[str, typer.Argument(metavar="[TASK]", help="A task; without one, what all tasks share.")] = "",
    model: Annotated[str, typer.Option(help="Without a task: the model to tell it to; else the one that is set.")] = "",
    json: Json = False,
) -> None:
    """Show what the model of a task was told, and how large it is."""
    told = call(lambda client: client.get_task_prompt(task_id), json=json) if task_id else _shared(model)
    if json:
        print_message(told)
        return
    for message in told.messages:
        err.print(f"[dim]── {message.role}, {message.tokens} tokens ──[/]")
        print(message.content)
    if told.schema:
        err.print("[dim]── JSON Schema of the answer ──[/]")
        print(told.schema)
    err.print(
        f"[dim]── fixed part {told.fixed_tokens} tokens, whole {told.total_tokens} "
        f"({told.tokenizer}, profile {told.profile}) ──[/]"
    )


def _shared(model: str) -> task_service_pb2.GetTaskPromptResponse:
    settings = Settings()
    profile = profiles.choose(model or settings.model, settings.model_profile)
    return prompt_of(profile=profile, mode=_MODES.get(settings.model_output, "json_schema"))
