"""What came of the tries: rows for the terminal, JSON, and the Markdown table."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Try:
    """One try at one task with one seed."""

    seed: int
    reward: float
    actions: int
    seconds: float
    in_time: bool
    """Whether it ended within the page's own time limit."""
    missed: str
    """Why it is not solved; empty if it is."""

    @property
    def solved(self) -> bool:
        """Whether the page awarded all there is."""
        return not self.missed


@dataclass
class Row:
    """All tries at one task."""

    task: str
    tries: list[Try] = field(default_factory=list)

    @property
    def solved(self) -> int:
        """How many tries were solved."""
        return sum(t.solved for t in self.tries)

    @property
    def solved_all(self) -> bool:
        """Whether every try was solved: of five tries, at least 95 % are all five."""
        return self.solved >= 0.95 * len(self.tries)

    @property
    def in_time(self) -> int:
        """How many were solved within the page's own time limit."""
        return sum(t.solved and t.in_time for t in self.tries)

    @property
    def seconds(self) -> float:
        """How long a try took on average, from opening the page to the last answer."""
        return statistics.fmean(t.seconds for t in self.tries)

    @property
    def actions(self) -> float:
        """How many actions a try took on average."""
        return statistics.fmean(t.actions for t in self.tries)

    def line(self) -> str:
        """For the terminal."""
        numbers = f"{self.solved}/{len(self.tries)}  {self.seconds:5.2f} s  {self.actions:4.1f} actions"
        missed = "".join(f"\n    seed {t.seed}: {t.missed}" for t in self.tries if t.missed)
        return f"{'ok ' if self.solved_all else 'NOT'} {self.task:24} {numbers}{missed}"


@dataclass
class Report:
    """All tasks that were tried."""

    version: str
    rows: list[Row] = field(default_factory=list)
    seconds: float = 0

    def begin(self, task: str) -> Row:
        """A row for the next task."""
        self.rows.append(Row(task))
        return self.rows[-1]

    @property
    def solved_all(self) -> bool:
        """Whether the bar holds for every task."""
        return bool(self.rows) and all(row.solved_all for row in self.rows)

    def summary(self) -> str:
        """One line for all."""
        done = sum(row.solved_all for row in self.rows)
        tries = sum(len(row.tries) for row in self.rows)
        solved = sum(row.solved for row in self.rows)
        return f"{done} of {len(self.rows)} tasks, {solved} of {tries} tries solved, in {self.seconds:.0f} s"

    def as_json(self) -> dict[str, Any]:
        """Every try."""
        return {
            "miniwob": self.version,
            "seconds": round(self.seconds, 1),
            "tasks": [
                {"task": row.task, "solved": row.solved, "tries": [asdict(t) for t in row.tries]} for row in self.rows
            ],
        }


_HEAD = """# MiniWoB++

The pages of the `miniwob` package {version}, solved through BrowserService alone: `make miniwob`, in the managed
Chromium, with the real server and Envoy in between. Solvers are scripts (`tests/miniwob/solvers`); they see the page
state and do actions, and nothing else. A try counts as solved if the page awards everything there is. The pages' own
time limits were put off for a slow machine's sake; *in time* says how many tries would have kept them all the same.
Seconds and actions are means of a try, opening the page included.

{summary}.

| task | solved | in time | seconds | actions |
|---|---|---|---|---|
"""


def markdown(report: Report) -> str:
    """The page in the documentation."""
    lines = [
        f"| {row.task} | {row.solved}/{len(row.tries)} | {row.in_time}/{len(row.tries)} "
        f"| {row.seconds:.2f} | {row.actions:.1f} |\n"
        for row in report.rows
    ]
    missed = [f"- {row.task}, seed {t.seed}: {t.missed}\n" for row in report.rows for t in row.tries if t.missed]
    head = _HEAD.format(version=report.version, summary=report.summary())
    return head + "".join(lines) + ("\nNot solved:\n\n" + "".join(missed) if missed else "")
