"""`tabwire task …`: give tasks, watch them, steer them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from tabwire.cli import questions, task_files
from tabwire.cli import watch as watching
from tabwire.cli.console import BrowserId, Json, as_dict, call, err, out, print_json, print_message, short_enum, table
from tabwire.cli.policy_commands import read_policy
from tabwire.describe import describe
from tabwire.enums import name_of
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2, task_pb2

if TYPE_CHECKING:
    from tabwire.client import Client

app = typer.Typer(help="Give tasks, watch them, steer them.", no_args_is_help=True)
app.command("effects")(task_files.effects)
app.command("export")(task_files.export)
app.command("scratchpad")(task_files.scratchpad)

TaskId = Annotated[str, typer.Argument(help="The task's id.", metavar="TASK")]


class State(StrEnum):
    """Where a task stands."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    WAITING_HUMAN = "waiting-human"
    WAITING_BROWSER = "waiting-browser"
    STOPPING = "stopping"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    NEEDS_ATTENTION = "needs-attention"


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
    max_cost: Annotated[float, typer.Option(min=0, help="At most so much, in US dollars; 0 for no limit.")] = 0,
    schema: Annotated[str, typer.Option(help="A file with the JSON Schema that the result has to keep to.")] = "",
    model: Annotated[str, typer.Option(help="The model that decides, instead of the server's.")] = "",
    policy: Annotated[str, typer.Option(help="A file with what the task may do, as JSON.")] = "",
    secret: Annotated[list[str] | None, typer.Option(help="A secret it may have filled in; several times.")] = None,
    follow_up: Annotated[str, typer.Option("--follow", help="The ended task to go on from.", metavar="TASK")] = "",
    export: Annotated[str, typer.Option(help="A file to write the outcome to: .txt .json .csv .xlsx .md.")] = "",
    follow: Annotated[bool, typer.Option("--watch/--no-watch", help="Follow it to its end, or return at once.")] = True,
    json: Json = False,
) -> None:
    """Give a task and follow it. Exits with 0 if it was done, with 1 if not. Ctrl-C leaves it running."""
    prompt = sys.stdin.read().strip() if text == "-" else text
    output_schema = task_files.read_text(schema) if schema else ""
    allowed = read_policy(policy) if policy else None
    if export:
        task_files.format_of(export)  # better said before than after the work
    if export and not follow:
        raise typer.BadParameter("a task that is not followed to its end cannot be exported", param_hint="--export")

    async def work(client: Client) -> task_pb2.Task:
        task = await client.create_task(
            prompt,
            start_url=url,
            browser_id=browser,
            details=details,
            decider=_DECIDERS[decider],
            limits=task_pb2.TaskLimits(max_steps=max_steps, max_cost_micro_usd=round(max_cost * 1_000_000)),
            output_schema=output_schema,
            model=model,
            policy=allowed,
            secrets=secret or (),
            follows_task_id=follow_up,
        )
        if not follow:
            return task
        if not json:
            err.print(f"[dim]Task {escape(task.task_id)}; Ctrl-C leaves it running.[/]")
        ended = await _follow(client, task.task_id, json=json)
        if export:
            await task_files.save(client, task.task_id, export)
        return ended

    _finish(call(work, json=json), json=json, follow=follow)


@app.command("list")
def list_tasks(
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=500, help="At most so many.")] = 20,
    page_token: Annotated[str, typer.Option("--page", help="Where to go on, from the last answer.")] = "",
    state: Annotated[list[State] | None, typer.Option(help="Only in this state; several times.")] = None,
    browser: BrowserId = "",
    text: Annotated[str, typer.Option(help="Only those with this in what was asked.")] = "",
    since: Annotated[datetime | None, typer.Option(help="Only those given at or after this moment (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(help="Only those given before this moment (UTC).")] = None,
    json: Json = False,
) -> None:
    """List tasks, newest first."""
    answer = call(
        lambda client: client.list_tasks(
            page_size=count,
            page_token=page_token,
            states=[task_pb2.TaskState.Value(f"TASK_STATE_{one.name}") for one in state or ()],
            browser_id=browser,
            text=text,
            created_after=since.replace(tzinfo=UTC) if since else None,
            created_before=until.replace(tzinfo=UTC) if until else None,
        ),
        json=json,
    )
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
            out.print(f"  {mark} {escape(describe(action, step.elements))} [dim]{escape(message)}[/]")
    if task.HasField("human_request"):
        questions.show(task.human_request, out, task_id)
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


@app.command("steer")
def steer(
    task_id: TaskId,
    text: Annotated[str, typer.Argument(help="What to say to the agent.")],
    interrupt: Annotated[bool, typer.Option("--interrupt", help="Cancel its current action for it.")] = False,
    json: Json = False,
) -> None:
    """Say something to the agent while it works."""
    _told(call(lambda client: client.steer_task(task_id, text, interrupt=interrupt), json=json), json=json)


@app.command("modify")
def modify(
    task_id: TaskId,
    description: Annotated[str | None, typer.Option(help="What it is to do now.")] = None,
    details: Annotated[str | None, typer.Option(help="What else the agent should know.")] = None,
    notes: Annotated[str | None, typer.Option(help="A note for yourself; the agent does not see it.")] = None,
    plan: Annotated[list[str] | None, typer.Option(help="A sub-goal; several times, in order.")] = None,
    policy: Annotated[str, typer.Option(help="A file with what it may do from now on, as JSON.")] = "",
    json: Json = False,
) -> None:
    """Change what a task is to do; the agent takes it up at its next step."""
    goals = task_pb2.Plan(items=[task_pb2.PlanItem(text=one) for one in plan]) if plan else None
    allowed = read_policy(policy) if policy else None
    _told(
        call(
            lambda client: client.modify_task(
                task_id, description=description, details=details, notes=notes, plan=goals, policy=allowed
            ),
            json=json,
        ),
        json=json,
    )


@app.command("delete")
def delete(task_id: TaskId) -> None:
    """Delete a task that has ended, with its journal."""
    call(lambda client: client.delete_task(task_id))
    out.print(f"[green]✓[/] Task {escape(task_id)} is deleted")


@app.command("answer")
def answer(
    task_id: TaskId,
    text: Annotated[
        str | None, typer.Argument(help="The answer, or yes or no to an approval; without it you are asked here.")
    ] = None,
    json: Json = False,
) -> None:
    """Answer what a task asked; hand a tab back that was handed over to you."""

    async def work(client: Client) -> task_pb2.Task:
        task = await client.get_task(task_id)
        if task.state != task_pb2.TASK_STATE_WAITING_HUMAN:
            raise TabwireError(
                error_pb2.ERROR_CODE_FAILED_PRECONDITION,
                f"The task asks nothing; it is {_state(task)}.",
                remedy=f"Look at it with `tabwire task show {task_id}`.",
            )
        request = task.human_request
        if text is None:
            return await questions.read_and_send(client, task_id, request, err)
        return await questions.send(client, task_id, request, text)

    _told(call(work, json=json), json=json)


async def _follow(client: Client, task_id: str, *, json: bool) -> task_pb2.Task:
    if not json:
        return await watching.watch(client, task_id)
    async for event in client.watch_task(task_id):
        if event.HasField("human_input_needed"):
            questions.show(event.human_input_needed.request, err, task_id)
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
    return short_enum(name_of(task_pb2.TaskState, task.state), "TASK_STATE_")
