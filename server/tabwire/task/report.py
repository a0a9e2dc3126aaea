"""The report of a task in Markdown: what was asked, done and found. Pure.

What comes from web pages cannot break out of its place: it is on one line and escaped, or fenced.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tabwire.enums import name_of
from tabwire.task.lifecycle import state_name
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tabwire.task.tables import Table

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!~])")
_STATUS = {
    task_pb2.STEP_STATUS_SUCCEEDED: "done",
    task_pb2.STEP_STATUS_FAILED: "failed",
    task_pb2.STEP_STATUS_CANCELLED: "cancelled",
    task_pb2.STEP_STATUS_RUNNING: "under way",
}
_PLAN = {
    task_pb2.PLAN_STATUS_UNSPECIFIED: "[ ]",
    task_pb2.PLAN_STATUS_ACTIVE: "[>]",
    task_pb2.PLAN_STATUS_DONE: "[x]",
    task_pb2.PLAN_STATUS_DROPPED: "[-]",
}


def markdown(task: task_pb2.Task, tables: Sequence[Table], effects: Sequence[task_pb2.TaskEffect]) -> str:
    """The report."""
    parts = [f"# {_line(task.user_prompt, 120)}", _facts(task), "## What was asked", _fenced(task.user_prompt)]
    if task.result:
        parts += ["## Result", _fenced(task.result)]
    if task.evidence:
        parts += ["## What bears it out", _line(task.evidence)]
    if task.plan.items:
        items = "\n".join(f"- {_PLAN.get(item.status, '[ ]')} {_line(item.text)}" for item in task.plan.items)
        parts += ["## Plan", items]
    if task.steps:
        parts += ["## Steps", "\n".join(map(_step, task.steps))]
    for table in tables:
        parts += [f"## Table: {_line(table.name)}", _table(table)]
    if effects:
        parts += ["## Effects", "\n".join(map(_effect, effects))]
    if task.scratchpad:
        parts += ["## Notebook", _fenced(task.scratchpad)]
    return "\n\n".join(parts) + "\n"


def _facts(task: task_pb2.Task) -> str:
    lines = [f"- Task: {task.task_id}", f"- State: {state_name(task.state)}"]
    if task.cause.message:
        lines.append(f"- Why: {_line(task.cause.message)}")
    lines.append(f"- Given: {task.created_at.ToJsonString()}")
    if task.HasField("finished_at"):
        lines.append(f"- Ended: {task.finished_at.ToJsonString()}")
    usage = task.usage
    if usage.model_calls:
        words = f"- Model: {usage.model_calls} calls, {usage.prompt_tokens} tokens read "
        words += f"({usage.cached_tokens} cached), {usage.completion_tokens} written"
        if usage.cost_micro_usd:
            words += f", {usage.cost_micro_usd / 1_000_000:.4f} USD"
        if usage.calls_without_cost:
            words += f" (the cost of {usage.calls_without_cost} calls is not known)"
        lines.append(words)
    return "\n".join(lines)


def _step(step: task_pb2.Step) -> str:
    text = f"{step.number}. {_line(step.description) or '(no decision)'}: {_STATUS.get(step.status, 'under way')}"
    if step.HasField("error_info"):
        text += f" ({_line(step.error_info.message)})"
    return text


def _effect(effect: task_pb2.TaskEffect) -> str:
    kind = name_of(task_pb2.EffectKind, effect.kind, "EFFECT_KIND_").lower()
    approved = ", approved by a person" if effect.approved else ""
    return f"- Step {effect.step_number}, {kind}{approved}: {_line(effect.description)}"


def _table(table: Table) -> str:
    lines = [_row(table.columns), _row(["---"] * len(table.columns), escape=False)]
    return "\n".join([*lines, *(_row(row) for row in table.rows)])


def _row(cells: Sequence[str], *, escape: bool = True) -> str:
    return "| " + " | ".join(_line(cell, 2000) if escape else cell for cell in cells) + " |"


def _line(text: str, longest: int = 500) -> str:
    flat = " ".join(text.split())
    flat = flat if len(flat) <= longest else f"{flat[: longest - 1]}…"
    return _SPECIAL.sub(r"\\\1", flat)


def _fenced(text: str) -> str:
    """A block that the text cannot close: its fence is longer than any in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.rstrip()}\n{fence}"
