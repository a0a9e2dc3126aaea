"""Sums histories up: how many runs, what was broken how often, how long it took to go on, and every violation. Pure.

The same text is printed and, on demand, written into docs/chaos.md between its two marks.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chaos.checker import Guarantee, Violation, check, resumptions
from chaos.history import Kind
from chaos.plan import Company, Fault, Workload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos.history import Entry

BEGIN, END = "<!-- begin: written by the run -->", "<!-- end: written by the run -->"
GOAL_S = 5.0


@dataclass
class Judged:
    """One run, judged."""

    seed: int
    workload: str
    history: Sequence[Entry]
    company: str = Company.ALONE
    violations: list[Violation] = field(default_factory=list)
    failed: str = ""
    """Why the run could not be made at all: the test's fault or the machine's, until it is looked at."""

    @property
    def faults(self) -> list[str]:
        """What was broken, in order."""
        return [entry["name"] for entry in self.history if entry["kind"] == Kind.FAULT and entry["phase"] == "over"]

    @property
    def is_slow(self) -> bool:
        """Whether a task took longer to go on than it should."""
        return any((resumed.seconds or 0.0) > GOAL_S for resumed in resumptions(self.history))


def judge(history: Sequence[Entry], failed: str = "") -> Judged:
    """A run's history with its verdict."""
    plan = next(entry for entry in history if entry["kind"] == Kind.PLAN)
    company = plan.get("company", Company.ALONE)
    return Judged(plan["seed"], plan["workload"], history, company, [] if failed else check(history), failed)


def percentile(values: Sequence[float], part: float) -> float:
    """The value that `part` of all do not exceed; the nearest rank, so always one that was measured."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def times(runs: Sequence[Judged]) -> dict[str, list[float]]:
    """The times to go on, by fault."""
    found: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        for resumed in resumptions(run.history):
            if resumed.seconds is not None:
                found[resumed.fault].append(resumed.seconds)
    return found


def render(runs: Sequence[Judged], minutes: float, machine: str) -> str:
    """The summary, in Markdown."""
    made = [run for run in runs if not run.failed]
    by_fault = times(made)
    all_times = [seconds for values in by_fault.values() for seconds in values]
    seeds = ", ".join(_ranges(sorted(run.seed for run in made))) or "none"
    broken_in_all = sum(len(run.faults) for run in made)
    lines = [
        f"{len(made)} runs in {minutes:.0f} minutes on {machine}; seeds {seeds}.",
        f"{_kinds(made)}.",
        f"{broken_in_all} faults, {_count(made, Kind.EFFECT)} effects, {_count(made, Kind.SEEN)} events seen,",
    ]
    lines += [
        f"{_count(made, Kind.CALL)} calls beside the tasks. A person was asked {_count(made, Kind.PERSON)} times."
    ]
    if all_times:
        p50, p95, longest = percentile(all_times, 0.5), percentile(all_times, 0.95), max(all_times)
        verdict = "reached" if p95 <= GOAL_S else "**missed**"
        lines += [
            "",
            f"Time to go on after a fault was over: median {p50:.2f} s, p95 {p95:.2f} s, longest {longest:.2f} s.",
        ]
        lines += [f"The goal for p95 is {GOAL_S:g} s: {verdict}."]
    lines += ["", "| fault | times | goes on, median | p95 | longest | runs with a violation |"]
    lines += ["|---|---|---|---|---|---|"]
    for fault in Fault:
        values = by_fault.get(fault, [])
        with_it = [run for run in made if fault in run.faults]
        times_broken = sum(run.faults.count(fault) for run in with_it)
        broken = sum(bool(run.violations) for run in with_it)
        figures = [percentile(values, 0.5), percentile(values, 0.95), max(values)] if values else []
        cells = [f"{value:.2f} s" for value in figures] or ["-"] * 3
        lines.append(f"| {fault} | {times_broken} | {' | '.join(cells)} | {broken} |")
    lines += ["", "| guarantee | violations |", "|---|---|"]
    for guarantee in Guarantee:
        count = sum(violation.guarantee is guarantee for run in made for violation in run.violations)
        lines.append(f"| {guarantee} | {count} |")
    lines += _bad(runs)
    return "\n".join(lines) + "\n"


def _bad(runs: Sequence[Judged]) -> list[str]:
    lines = []
    for run in runs:
        words = [f"{violation.guarantee}: {violation.message}" for violation in run.violations]
        if run.failed:
            words = [f"not made: {run.failed}"]
        if words:
            more = f" (and {len(words) - 3} more)" if len(words) > 3 else ""
            what = ", ".join((run.workload, run.company, *run.faults))
            lines.append(f"- seed {run.seed}, {what}: {'; '.join(words[:3])}{more}")
    return ["", "What went wrong:", "", *lines] if lines else []


def _kinds(runs: Sequence[Judged]) -> str:
    """How many runs there were of each kind."""
    by_company = [f"{sum(run.company == company for run in runs)} with {company}" for company in Company]
    by_workload = [f"{sum(run.workload == workload for run in runs)} by {workload}" for workload in Workload]
    return f"{', '.join(by_company)}; {', '.join(by_workload)}"


def _count(runs: Sequence[Judged], kind: Kind) -> int:
    return sum(entry["kind"] == kind for run in runs for entry in run.history)


def _ranges(numbers: Sequence[int]) -> list[str]:
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return [str(first) if first == last else f"{first} to {last}" for first, last in found]


def into(page: str, text: str) -> str:
    """The page with the summary in the place that is kept for it."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{text}\n{END}{tail}"
