"""Shows a task while it runs: steps, actions and questions as they come, and what became of it.

Also answers the task's questions when a person sits at the terminal. Reads the journal and nothing else, so that what
it shows after the fact is what it showed live.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.text import Text

from tabwire.cli import questions
from tabwire.cli.console import FAILED, OK, err, print_message, short_enum
from tabwire.describe import describe
from tabwire.enums import name_of
from tabwire.v1 import action_pb2, error_pb2, task_pb2

if TYPE_CHECKING:
    from tabwire.client import Client

_STATE = "TASK_STATE_"
_ENDED = {task_pb2.TASK_STATE_SUCCEEDED, task_pb2.TASK_STATE_FAILED, task_pb2.TASK_STATE_STOPPED}
_SHORT = 400
_LINE = 100
_MARKS = {
    task_pb2.PLAN_STATUS_ACTIVE: "[>]",
    task_pb2.PLAN_STATUS_DONE: "[x]",
    task_pb2.PLAN_STATUS_DROPPED: "[-]",
}


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
        async for told in client.watch_task_thinking(task_id, after_seq=after_seq):
            if isinstance(told, task_pb2.Thinking):
                spinner.update(text=Text(_last_words(told), style="dim"))
                continue
            if events_as_json:
                print_message(told, compact=True)
            else:
                view.show(told)
                if view.goal:
                    spinner.update(text=Text(view.goal, style="dim"))
            if told.HasField("human_input_needed") and not events_as_json:
                live.stop()
                await question(client, task_id, told.human_input_needed.request, console)
                if moving:
                    live.start()
    finally:
        live.stop()
    return await client.get_task(task_id)


async def question(client: Client, task_id: str, request: task_pb2.HumanRequest, console: Console) -> None:
    """Puts a request to the person at the terminal; without one, it says how it is answered from elsewhere."""
    if sys.stdin.isatty():
        questions.show(request, console)
        await questions.ask(client, task_id, request, console)
    else:
        questions.show(request, console, task_id)


def exit_code(task: task_pb2.Task) -> int:
    """0 for a task that was done; 1 for one that failed or was stopped. One that still runs has not failed."""
    return FAILED if task.state in {task_pb2.TASK_STATE_FAILED, task_pb2.TASK_STATE_STOPPED} else OK


def show_end(task: task_pb2.Task, console: Console, *, with_result: bool = True) -> None:
    """The last word on a task."""
    name = short_enum(name_of(task_pb2.TaskState, task.state), _STATE)
    good = task.state == task_pb2.TASK_STATE_SUCCEEDED
    mark = "[bold green]✓[/]" if good else "[bold red]✗[/]" if task.state in _ENDED else "[bold yellow]•[/]"
    seconds = (task.finished_at.ToMilliseconds() - task.created_at.ToMilliseconds()) / 1000
    took = f" [dim]in {seconds:.1f} s, {len(task.steps)} steps[/]" if task.HasField("finished_at") else ""
    console.print(f"{mark} Task {escape(task.task_id)} {name}{took}")
    if task.cause.message:
        console.print(f"  {escape(task.cause.message)}")
    if task.cause.remedy:
        console.print(f"  [bold]→[/] {escape(task.cause.remedy)}")
    if task.evidence:
        console.print(f"  [dim]{escape(_cut(task.evidence))}[/]")
    usage = task.usage
    if usage.model_calls:
        cost = f", {usage.cost_micro_usd / 1_000_000:.4f} USD" if usage.cost_micro_usd else ""
        tokens = f"{usage.prompt_tokens} tokens read ({usage.cached_tokens} cached), {usage.completion_tokens} written"
        console.print(f"  [dim]{usage.model_calls} model calls: {tokens}{cost}[/]")
    if task.result and with_result:
        console.print(f"  [bold]Result:[/] {escape(task.result)}")


class _View:
    """Prints events as lines. Remembers only what the next line needs."""

    def __init__(self, console: Console) -> None:
        self.goal = ""
        self._console = console
        self._actions: dict[tuple[int, int], action_pb2.Action] = {}
        self._elements: list[task_pb2.NamedElement] = []
        self._step = 0

    def show(self, event: task_pb2.TaskEvent) -> None:
        """Prints one event, if it says something to a person. Kinds it does not know are skipped."""
        match event.WhichOneof("kind"):
            case "decision_made":
                self._decision(event.decision_made)
            case "action_started":
                started = event.action_started
                self._actions[started.step_number, started.index] = started.action
                self.goal = describe(started.action, self._elements)
            case "action_finished":
                self._finished(event.action_finished)
            case "step_update":
                self._step_update(event.step_update.step)
            case "model_reply" if event.model_reply.HasField("error_info"):
                self._error(event.model_reply.error_info)
            case "human_input":
                self._console.print(f"  [cyan]>[/] {escape(_answer(event.human_input))}")
            case "person_message":
                self._console.print(f"  [cyan]>[/] {escape(_cut(event.person_message.text))}")
            case "rows_collected":
                told = event.rows_collected
                self._console.print(f"  [green]✓[/] {len(told.rows.rows)} rows into {escape(told.table)}")
            case "task_update" if event.task_update.HasField("plan"):
                self._plan(event.task_update.plan)
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
            self._console.print(
                f"  [green]✓[/] {escape(describe(action, self._elements))} [dim]{escape(_cut(message))}[/]"
            )
        else:
            self._console.print(f"  [red]✗[/] {escape(describe(action, self._elements))}")
            self._error(result.error_info)

    def _step_update(self, step: task_pb2.Step) -> None:
        self._elements = list(step.elements)
        if step.description or step.HasField("error_info"):
            self._header(step.number, step.description)
        if step.HasField("error_info"):
            self._error(step.error_info)

    def _error(self, info: error_pb2.ErrorInfo) -> None:
        self._console.print(f"    [red]{escape(_cut(info.message))}[/]")
        if info.remedy:
            self._console.print(f"    [bold]→[/] {escape(info.remedy)}")

    def _plan(self, plan: task_pb2.Plan) -> None:
        for item in plan.items:
            self._console.print(f"    [dim]{escape(_MARKS.get(item.status, '[ ]'))} {escape(_cut(item.text))}[/]")

    def _state(self, changed: task_pb2.TaskStateChanged) -> None:
        if changed.to == task_pb2.TASK_STATE_RUNNING or changed.to in _ENDED:
            return
        name = short_enum(name_of(task_pb2.TaskState, changed.to), _STATE)
        more = f": {changed.cause.message}" if changed.cause.message else ""
        self.goal = name
        self._console.print(f"  [yellow]•[/] {name}{escape(more)}")
        if changed.cause.remedy:
            self._console.print(f"    [bold]→[/] {escape(changed.cause.remedy)}")


def _answer(given: task_pb2.HumanInput) -> str:
    if given.timed_out:
        return "nobody answered in time"
    if given.action_digest:
        return "approved" if given.approved else "denied"
    return given.answer or "done"


def _last_words(thinking: task_pb2.Thinking) -> str:
    """The end of what the model is writing, as much as fits a line."""
    flat = " ".join(f"{thinking.reasoning} {thinking.next_goal}".split())
    return flat if len(flat) <= _LINE else f"…{flat[1 - _LINE :]}"


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHORT else flat[: _SHORT - 1] + "…"
