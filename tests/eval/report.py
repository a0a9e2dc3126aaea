"""Writes docs/evaluation.md from the tries of one run. Every number is worked out here; it is not to be edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eval.figures import Sum, of_side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eval.figures import Try

LABELS = {"tabwire": "Tabwire", "browser_use": "browser-use"}

_HEAD = """# Evaluation with a real model

`make eval` lets an agent solve the tasks of MiniWoB++ {miniwob} with a model, through the whole product: side by side
with browser-use, with the same model, the same pages and seeds, the same number of steps, and answers held to a schema
on both sides. Tokens and the time of the model are counted by one endpoint between the agents and the model, from the
model's own figures. An agent gets the page's instruction as its task and the tab with the page; nothing in its prompt
is about these pages. A try is solved if the page awards everything there is. A *false success* is a try that the agent
reported as a success and the page did not award. Once a page has awarded everything the try is ended, as nothing that
comes after can change it.

Model: {model}. At most {steps} steps and {seconds} seconds a try. Seeds: {seeds}. {note}
"""


def markdown(tries: Sequence[Try], about: dict[str, Any]) -> str:
    """The page in the documentation."""
    sides = [side for side in LABELS if any(t.side == side for t in tries)]
    of_sides = [{(t.task, t.seed) for t in tries if t.side == side} for side in sides]
    shared = set.intersection(*of_sides) if sides else set()
    lines = [_HEAD.format(**about)]
    if len(sides) > 1 and shared:
        lines += _part("On the tries that both made", [t for t in tries if (t.task, t.seed) in shared], sides)
    # Sums over different tasks are not put beside each other.
    for side, tried in zip(sides, of_sides, strict=True):
        if len(sides) == 1 or tried != shared:
            lines += _part(f"All tries of {LABELS[side]}", [t for t in tries if t.side == side], [side])
    return "\n".join([*lines, *_by_task(tries, sides), *_falsely(tries)])


def _part(title: str, tries: Sequence[Try], sides: list[str]) -> list[str]:
    return [f"## {title}", "", *_table(["", *(LABELS[side] for side in sides)], _summary(tries, sides)), ""]


def _by_task(tries: Sequence[Try], sides: list[str]) -> list[str]:
    tasks = {task: [t for t in tries if t.task == task] for task in dict.fromkeys(t.task for t in tries)}
    head = ["task"]
    for side in sides:
        head += [f"{LABELS[side]}: solved", "steps", "tokens a call", "seconds"]
    rows = [[task, *(cell for side in sides for cell in _cells(of_side(tried, side)))] for task, tried in tasks.items()]
    return [
        "## Task by task",
        "",
        "Solved tries of all, in brackets how many were falsely reported as a success; steps of a try, mean; prompt",
        "tokens of a call, mean; seconds of a try, median.",
        "",
        *_table(head, rows),
        "",
    ]


def _falsely(tries: Sequence[Try]) -> list[str]:
    """What was said where success was reported that was none."""
    false = [t for t in tries if t.is_false_success]
    if not false:
        return []
    rows = [[LABELS[t.side], t.task, str(t.seed), _one_cell(t.words)] for t in false]
    return ["## Reported as a success, and none", "", *_table(["side", "task", "seed", "what it said"], rows), ""]


def _one_cell(words: str) -> str:
    return words.replace("|", "\\|").replace("<", "&lt;")[:200]


_ROWS: list[tuple[str, Callable[[Sum], str]]] = [
    ("tries", lambda s: f"{len(s.tries)}"),
    ("solved", lambda s: f"{s.solved} ({100 * s.solved / len(s.tries):.0f} %)"),
    ("false successes", lambda s: f"{s.false_successes}"),
    ("steps of a try, mean", lambda s: f"{s.steps:.1f}"),
    ("model calls of a try, mean", lambda s: f"{s.calls:.1f}"),
    ("prompt tokens of a step, mean", lambda s: f"{s.a_step('prompt'):,.0f}"),
    ("prompt tokens of a call, mean", lambda s: f"{s.a_call('prompt'):,.0f}"),
    ("of them cached, as the endpoint says", lambda s: f"{s.a_call('cached'):,.0f}"),
    ("completion tokens of a call, mean", lambda s: f"{s.a_call('completion'):,.0f}"),
    ("seconds of a try, median", lambda s: f"{s.seconds:.1f}"),
    ("seconds of a step without the model, mean", lambda s: f"{s.own_seconds_a_step:.2f}"),
    ("calls without an answer", lambda s: f"{sum(t.failed_calls for t in s.tries)}"),
    ("answers without figures", lambda s: f"{sum(t.untold_calls for t in s.tries)}"),
]


def _summary(tries: Sequence[Try], sides: list[str]) -> list[list[str]]:
    sums = [of_side(tries, side) for side in sides]
    return [[name, *(figure(one) for one in sums)] for name, figure in _ROWS]


def _cells(tried: Sum) -> list[str]:
    if not tried.tries:
        return ["", "", "", ""]
    false = f" ({tried.false_successes})" if tried.false_successes else ""
    solved = f"{tried.solved}/{len(tried.tries)}{false}"
    return [solved, f"{tried.steps:.1f}", f"{tried.a_call('prompt'):,.0f}", f"{tried.seconds:.0f}"]


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]
