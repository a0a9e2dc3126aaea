"""Shows a task while it runs: steps, actions and questions as they come, and what became of it.

Also answers the task's questions when a person sits at the terminal. Reads the journal and nothing else, so that what
it shows after the fact is what it showed live.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.text import Text

from tabwire.cli.console import FAILED, OK, err, print_message, short_enum
from tabwire.v1 import action_pb2, error_pb2, task_pb2

if TYPE_CHECKING:
    from tabwire.client import Client

_STATE = "TASK_STATE_"
_ENDED = {task_pb2.TASK_STATE_SUCCEEDED, task_pb2.TASK_STATE_FAILED, task_pb2.TASK_STATE_STOPPED}
_SHORT = 400


async def watch(
    client: Client, task_id: str, *, after_seq: int = 0, events_as_json: bool = False, console: Console = err
) -> task_pb2.Task:
    """Follows a task to its end and returns it. Live where there is a terminal, line by line else."""
    view = _View(console)
    spinner = Spinner("dots", text=Text("working", style="dim"))
    live = Live(Group(spinner), console=console, transient=True, refresh_per_second=8)
    moving = console.is_terminal and not events_as_json
    if moving:
        live.start()
    try:
        async for event in client.watch_task(task_id, after_seq=after_seq):
            if events_as_json:
                print_message(event, compact=True)
            else:
                view.show(event)
                if view.goal:
                    spinner.update(text=Text(view.goal, style="dim"))
            if event.WhichOneof("kind") == "human_input_needed" and sys.stdin.isatty() and not events_as_json:
                live.stop()
                await _ask(client, task_id, event.human_input_needed.request, console)
                if moving:
                    live.start()
    finally:
        live.stop()
    return await client.get_task(task_id)


def exit_code(task: task_pb2.Task) -> int:
    """0 for a task that was done; 1 for one that failed or was stopped. One that still runs has not failed."""
    return FAILED if task.state in {task_pb2.TASK_STATE_FAILED, task_pb2.TASK_STATE_STOPPED} else OK


def show_end(task: task_pb2.Task, console: Console, *, with_result: bool = True) -> None:
    """The last word on a task."""
    name = short_enum(task_pb2.TaskState.Name(task.state), _STATE)
    good = task.state == task_pb2.TASK_STATE_SUCCEEDED
    mark = "[bold green]✓[/]" if good else "[bold red]✗[/]" if task.state in _ENDED else "[bold yellow]•[/]"
    seconds = (task.finished_at.ToMilliseconds() - task.created_at.ToMilliseconds()) / 1000
    took = f" [dim]in {seconds:.1f} s, {len(task.steps)} steps[/]" if task.HasField("finished_at") else ""
    console.print(f"{mark} Task {escape(task.task_id)} {name}{took}")
    if task.cause.message:
        console.print(f"  {escape(task.cause.message)}")
    if task.cause.remedy:
        console.print(f"  [bold]→[/] {escape(task.cause.remedy)}")
    if task.result and with_result:
        console.print(f"  [bold]Result:[/] {escape(task.result)}")


def describe(action: action_pb2.Action) -> str:
    """An action in one line, as `click element_id=12`."""
    kind = action.WhichOneof("kind") or "action"
    body = getattr(action, kind, None)
    if body is None:
        return kind
    parts = []
    for field, value in body.ListFields():
        shown = ", ".join(str(one) for one in value) if field.is_repeated else value
        text = field.enum_type.values_by_number[value].name.rsplit("_", 1)[-1].lower() if field.enum_type else shown
        parts.append(f"{field.name}={text!r}" if isinstance(text, str) else f"{field.name}={text}")
    return " ".join([kind.replace("_", " "), *parts])


class _View:
    """Prints events as lines. Remembers only what the next line needs."""

    def __init__(self, console: Console) -> None:
        self.goal = ""
        self._console = console
        self._actions: dict[tuple[int, int], action_pb2.Action] = {}
        self._step = 0

    def show(self, event: task_pb2.TaskEvent) -> None:
        """Prints one event, if it says something to a person. Kinds it does not know are skipped."""
        match event.WhichOneof("kind"):
            case "decision_made":
                self._decision(event.decision_made)
            case "action_started":
                started = event.action_started
                self._actions[started.step_number, started.index] = started.action
                self.goal = describe(started.action)
            case "action_finished":
                self._finished(event.action_finished)
            case "step_update":
                self._step_update(event.step_update.step)
            case "model_reply" if event.model_reply.HasField("error_info"):
                self._error(event.model_reply.error_info)
            case "human_input_needed":
                self._question(event.human_input_needed.request)
            case "human_input":
                self._console.print(f"  [cyan]>[/] {escape(event.human_input.answer)}")
            case "state_changed":
                self._state(event.state_changed)
            case _:
                pass

    def _decision(self, made: task_pb2.DecisionMade) -> None:
        self._header(made.step_number, made.decision.next_goal)
        if made.decision.reasoning:
            self._console.print(f"  [dim]{escape(_cut(made.decision.reasoning))}[/]")
        self.goal = made.decision.next_goal or self.goal

    def _header(self, number: int, text: str) -> None:
        if number > self._step:
            self._step = number
            self._console.print(f"[bold]Step {number}[/]  {escape(_cut(text))}")

    def _finished(self, finished: task_pb2.ActionFinished) -> None:
        action = self._actions.pop((finished.step_number, finished.index), action_pb2.Action())
        result = finished.result
        if result.status == action_pb2.ACTION_STATUS_SUCCEEDED:
            message = result.outcome_details.message or result.text
            self._console.print(f"  [green]✓[/] {escape(describe(action))} [dim]{escape(_cut(message))}[/]")
        else:
            self._console.print(f"  [red]✗[/] {escape(describe(action))}")
            self._error(result.error_info)

    def _step_update(self, step: task_pb2.Step) -> None:
        if step.description or step.HasField("error_info"):
            self._header(step.number, step.description)
        if step.HasField("error_info"):
            self._error(step.error_info)

    def _error(self, info: error_pb2.ErrorInfo) -> None:
        self._console.print(f"    [red]{escape(_cut(info.message))}[/]")
        if info.remedy:
            self._console.print(f"    [bold]→[/] {escape(info.remedy)}")

    def _question(self, request: task_pb2.HumanRequest) -> None:
        self._console.print(f"[bold cyan]?[/] {escape(request.prompt)}")
        for number, option in enumerate(request.options, 1):
            self._console.print(f"    {number}. {escape(option)}")

    def _state(self, changed: task_pb2.TaskStateChanged) -> None:
        if changed.to == task_pb2.TASK_STATE_RUNNING or changed.to in _ENDED:
            return
        name = short_enum(task_pb2.TaskState.Name(changed.to), _STATE)
        more = f": {changed.cause.message}" if changed.cause.message else ""
        self.goal = name
        self._console.print(f"  [yellow]•[/] {name}{escape(more)}")
        if changed.cause.remedy:
            self._console.print(f"    [bold]→[/] {escape(changed.cause.remedy)}")


async def _ask(client: Client, task_id: str, request: task_pb2.HumanRequest, console: Console) -> None:
    """Asks the person at the terminal, unless somebody has answered already."""
    task = await client.get_task(task_id)
    if task.human_request.request_id != request.request_id or task.state != task_pb2.TASK_STATE_WAITING_HUMAN:
        return
    await client.answer_task(task_id, await read_answer(request, console), request_id=request.request_id)


async def read_answer(request: task_pb2.HumanRequest, console: Console) -> str:
    """Reads an answer from the terminal; the number of an option stands for the option."""
    answer = ""
    while not answer:
        answer = (await asyncio.to_thread(console.input, "  [cyan]>[/] ")).strip()
    if answer.isdigit() and 1 <= int(answer) <= len(request.options):
        return request.options[int(answer) - 1]
    return answer


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHORT else flat[: _SHORT - 1] + "…"
