"""`tabwire task …`: give tasks, watch them, steer them."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from tabwire.cli import watch as watching
from tabwire.cli.console import BrowserId, Json, as_dict, call, err, out, print_json, print_message, short_enum, table
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2, task_pb2

if TYPE_CHECKING:
    from tabwire.client import Client

app = typer.Typer(help="Give tasks, watch them, steer them.", no_args_is_help=True)

TaskId = Annotated[str, typer.Argument(help="The task's id.", metavar="TASK")]


class Decider(StrEnum):
    """Who decides what to do."""

    AUTO = "auto"
    MODEL = "model"
    COMMANDS = "commands"


_DECIDERS = {
    Decider.AUTO: task_pb2.DECIDER_UNSPECIFIED,
    Decider.MODEL: task_pb2.DECIDER_MODEL,
    Decider.COMMANDS: task_pb2.DECIDER_COMMANDS,
}


@app.command("run")
def run_task(
    text: Annotated[str, typer.Argument(help="What to do: plain commands or your own words; - reads standard input.")],
    url: Annotated[str, typer.Option(help="Where to start, in a tab of the task's own.")] = "",
    browser: BrowserId = "",
    details: Annotated[str, typer.Option(help="What else the agent should know.")] = "",
    decider: Annotated[Decider, typer.Option(help="Who decides: auto takes plain commands where it can.")] = (
        Decider.AUTO
    ),
    max_steps: Annotated[int, typer.Option(min=0, max=10000, help="At most so many steps; 0 for the default.")] = 0,
    follow: Annotated[bool, typer.Option("--watch/--no-watch", help="Follow it to its end, or return at once.")] = True,
    json: Json = False,
) -> None:
    """Give a task and follow it. Exits with 0 if it was done, with 1 if not. Ctrl-C leaves it running."""
    prompt = sys.stdin.read().strip() if text == "-" else text

    async def work(client: Client) -> task_pb2.Task:
        task = await client.create_task(
            prompt,
            start_url=url,
            browser_id=browser,
            details=details,
            decider=_DECIDERS[decider],
            limits=task_pb2.TaskLimits(max_steps=max_steps),
        )
        if not follow:
            return task
        if not json:
            err.print(f"[dim]Task {escape(task.task_id)}; Ctrl-C leaves it running.[/]")
        return await _follow(client, task.task_id, json=json)

    _finish(call(work, json=json), json=json, follow=follow)


@app.command("list")
def list_tasks(
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=500, help="At most so many.")] = 20,
    page_token: Annotated[str, typer.Option("--page", help="Where to go on, from the last answer.")] = "",
    json: Json = False,
) -> None:
    """List tasks, newest first."""
    answer = call(lambda client: client.list_tasks(page_size=count, page_token=page_token), json=json)
    if json:
        print_message(answer)
        return
    rows = table("TASK", "STATE", "CREATED", "WHAT")
    for task in answer.tasks:
        created = task.created_at.ToDatetime().strftime("%Y-%m-%d %H:%M:%S")
        rows.add_row(task.task_id, _state(task), created, escape(" ".join(task.user_prompt.split())[:80]))
    out.print(rows if answer.tasks else "[dim]No tasks yet. Give one with `tabwire task run`.[/]")
    if answer.next_page_token:
        out.print(f"[dim]More: tabwire task list --page {answer.next_page_token}[/]")


@app.command("show")
def show(task_id: TaskId, json: Json = False) -> None:
    """Show a task with its steps."""
    task = call(lambda client: client.get_task(task_id), json=json)
    if json:
        print_message(task)
        return
    out.print(f"[bold]{escape(task.user_prompt)}[/]")
    for step in task.steps:
        out.print(f"[bold]Step {step.number}[/]  {escape(step.description)}")
        for action, result in zip(step.actions, step.results, strict=False):
            message = result.outcome_details.message or result.text or result.error_info.message
            mark = "[green]✓[/]" if not result.HasField("error_info") else "[red]✗[/]"
            out.print(f"  {mark} {escape(watching.describe(action))} [dim]{escape(message)}[/]")
    if task.HasField("human_request"):
        out.print(f"[bold cyan]?[/] {escape(task.human_request.prompt)} [dim](tabwire task answer {task_id} …)[/]")
    watching.show_end(task, out)


@app.command("watch")
def watch(
    task_id: TaskId,
    after: Annotated[int, typer.Option(min=0, help="Start after this event; 0 for the beginning.")] = 0,
    json: Json = False,
) -> None:
    """Follow a task to its end; with --json, one event a line."""

    async def work(client: Client) -> task_pb2.Task:
        return await watching.watch(client, task_id, after_seq=after, events_as_json=json)

    task = call(work, json=json)
    if not json:
        watching.show_end(task, err)
    raise typer.Exit(watching.exit_code(task))


@app.command("pause")
def pause(task_id: TaskId, json: Json = False) -> None:
    """Pause a task after its current action."""
    _told(call(lambda client: client.pause_task(task_id), json=json), json=json)


@app.command("resume")
def resume(task_id: TaskId, json: Json = False) -> None:
    """Let a paused task go on."""
    _told(call(lambda client: client.resume_task(task_id), json=json), json=json)


@app.command("stop")
def stop(
    task_id: TaskId, reason: Annotated[str, typer.Option(help="For the journal.")] = "", json: Json = False
) -> None:
    """Stop a task."""
    _told(call(lambda client: client.stop_task(task_id, reason), json=json), json=json)


@app.command("answer")
def answer(
    task_id: TaskId,
    text: Annotated[str | None, typer.Argument(help="The answer; without it you are asked here.")] = None,
    json: Json = False,
) -> None:
    """Answer what a task asked."""

    async def work(client: Client) -> task_pb2.Task:
        task = await client.get_task(task_id)
        if task.state != task_pb2.TASK_STATE_WAITING_HUMAN:
            raise TabwireError(
                error_pb2.ERROR_CODE_FAILED_PRECONDITION,
                f"The task asks nothing; it is {_state(task)}.",
                remedy=f"Look at it with `tabwire task show {task_id}`.",
            )
        request = task.human_request
        reply = text
        if reply is None:
            err.print(f"[bold cyan]?[/] {escape(request.prompt)}")
            for number, option in enumerate(request.options, 1):
                err.print(f"    {number}. {escape(option)}")
            reply = await watching.read_answer(request, err)
        return await client.answer_task(task_id, reply, request_id=request.request_id)

    _told(call(work, json=json), json=json)


async def _follow(client: Client, task_id: str, *, json: bool) -> task_pb2.Task:
    if not json:
        return await watching.watch(client, task_id)
    async for _ in client.watch_task(task_id):
        pass
    return await client.get_task(task_id)


def _finish(task: task_pb2.Task, *, json: bool, follow: bool) -> None:
    if json:
        print_message(task)
    elif follow:
        # The result alone goes to standard output, so that `$(tabwire task run …)` is the answer.
        watching.show_end(task, err, with_result=False)
        if task.result:
            print(task.result)
    else:
        out.print(f"{task.task_id}")
        err.print(f"[dim]Follow it with: tabwire task watch {task.task_id}[/]")
    raise typer.Exit(watching.exit_code(task))


def _told(task: task_pb2.Task, *, json: bool) -> None:
    if json:
        print_json(as_dict(task))
    else:
        out.print(f"[green]✓[/] Task {escape(task.task_id)} is {_state(task)}")


def _state(task: task_pb2.Task) -> str:
    return short_enum(task_pb2.TaskState.Name(task.state), "TASK_STATE_")
