"""What came of a run, in words: for the terminal, and as the tables of docs/fuzzing.md."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from fuzz.house import Census
    from fuzz.run import Run

_DOCS = Path(__file__).parents[2] / "docs" / "fuzzing.md"
_MIB = 2**20
_SHOWN = 40


def summary(run: Run) -> str:
    """For the terminal."""
    tally = run.tally
    rate = f"{60 * tally.cases / run.took_s:.0f} a minute"
    lines = [
        f"{tally.cases} cases, {tally.attacks.total()} attacks in {run.took_s:.0f} s ({rate}), seed {run.seed}",
        f"answers: {_counted(tally.labels)}",
        f"attacks: {_counted(tally.attacks)}",
        f"slowest: {tally.slowest_s:.1f} s, {tally.slowest}",
        f"before: {_told(run.before)}",
        f"after: {_told(run.after)}",
        f"problems: {len(run.all_problems)}",
        *(f"  {problem}" for problem in run.all_problems[:_SHOWN]),
    ]
    return "\n".join(lines)


def write_docs(run: Run) -> None:
    """Puts the figures of a run in the place of those that stand in the page."""
    replace_part("run", tables(run))


def replace_part(name: str, text: str) -> None:
    """Replaces what stands between two marks of the page."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    page = _DOCS.read_text(encoding="utf-8")
    head, _, rest = page.partition(begin)
    _, _, tail = rest.partition(end)
    _DOCS.write_text(f"{head}{begin}\n{text}\n{end}{tail}", encoding="utf-8")


def tables(run: Run) -> str:
    """The tables: what was sent and what came back, and what the processes held."""
    tally = run.tally
    sent = (
        f"{tally.cases:,} cases and {tally.attacks.total():,} attacks on connections in {run.took_s / 60:.0f} minutes"
    )
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, seed {run.seed}: {sent}; {len(run.all_problems)} problems.",
        "",
        "| what was wrong with the request | cases | answers |",
        "|---|---|---|",
    ]
    for kind, count in tally.kinds.most_common():
        lines.append(f"| {kind} | {count:,} | {_counted(tally.by_kind[kind])} |")
    lines += ["", "| attack on a connection | times |", "|---|---|"]
    lines += [f"| {name} | {count:,} |" for name, count in tally.attacks.most_common()]
    lines += ["", "| held when nothing was going on | after the first cases | at the end |", "|---|---|---|"]
    assert run.before is not None
    assert run.after is not None
    for name, get in _HELD.items():
        lines.append(f"| {name} | {get(run.before)} | {get(run.after)} |")
    return "\n".join(lines)


_HELD: dict[str, Callable[[Census], str]] = {
    "tasks of asyncio in the server": lambda census: f"{census.tasks}",
    "objects in the server": lambda census: f"{census.objects:,}",
    "handles of the server": lambda census: f"{census.server_handles}",
    "memory of the server": lambda census: f"{census.server_bytes / _MIB:.0f} MiB",
    "handles of Envoy": lambda census: f"{census.envoy_handles}",
    "memory that Envoy has allocated": lambda census: f"{census.envoy_bytes / _MIB:.1f} MiB",
}


def _told(census: Census | None) -> str:
    if census is None:
        return "not known"
    return ", ".join(f"{name} {get(census)}" for name, get in _HELD.items())


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counter.most_common())
