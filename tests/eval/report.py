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

Model: {model}. At most {steps} steps a try. Seeds: {seeds}. {note}
"""


def markdown(tries: Sequence[Try], about: dict[str, Any]) -> str:
    """The page in the documentation."""
    sides = [side for side in LABELS if any(t.side == side for t in tries)]
    tasks = {task: [t for t in tries if t.task == task] for task in dict.fromkeys(t.task for t in tries)}
    return "\n".join(
        [
            _HEAD.format(**about),
            *_table(["", *(LABELS[side] for side in sides)], _summary(tries, sides)),
            "",
            "## Task by task",
            "",
            "Solved tries of all; in brackets how many were falsely reported as a success.",
            "",
            *_table(
                ["task", *(LABELS[side] for side in sides)],
                [[task, *(_cell(of_side(tried, side)) for side in sides)] for task, tried in tasks.items()],
            ),
            "",
        ]
    )


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


def _cell(tried: Sum) -> str:
    if not tried.tries:
        return ""
    false = f" ({tried.false_successes})" if tried.false_successes else ""
    return f"{tried.solved}/{len(tried.tries)}{false}"


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]
