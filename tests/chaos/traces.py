"""What to read when a run broke a guarantee, as one text: the entries of the history around the break and the ends of
the logs. For runs whose files nobody keeps, such as a CI's: the rare failure is read from this alone.

Which entries belong to a break is told by the ids, pages and numbers in the words of the violation.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chaos.checker import Violation
    from chaos.history import Entry

_LINES = 60
_AROUND_S = 1.5
_MOST_ENTRIES = 120
_EFFECT = re.compile(r"effect (\d+) of (\w+)")
_TASK = re.compile(r"\b[0-9a-f]{32}\b")
_FAULT = re.compile(r"after fault (\d+)")


def traces(history: Sequence[Entry], violations: Sequence[Violation], home: Path) -> str:
    """The violations, the history around each moment that they speak of, and the ends of the logs."""
    said = [f"{violation.guarantee}: {violation.message}" for violation in violations]
    parts = ["What was broken:", *said, "", "The history around it:", *_around(history, said)]
    for log in (home / "tabwire" / "logs" / "server.log", home / "up.log"):
        parts += ["", f"The end of {log.name}:", *_end_of(log)]
    return "\n".join(parts)


def _around(history: Sequence[Entry], said: Sequence[str]) -> list[str]:
    """The entries near those that are spoken of, and all faults. The end, if none is spoken of."""
    moments = [entry["at"] for entry in history for words in said if _is_about(words, entry)]
    if not moments:
        moments = [entry["at"] for entry in history[-1:]]
    near = [
        entry
        for entry in history
        if entry["kind"] in ("plan", "fault", "gave_up")
        or any(abs(entry["at"] - moment) <= _AROUND_S for moment in moments)
    ]
    left_out = len(near) - _MOST_ENTRIES
    shown = [json.dumps(entry) for entry in near[:_MOST_ENTRIES]]
    return [*shown, f"({left_out} more)"] if left_out > 0 else shown


def _is_about(words: str, entry: Entry) -> bool:
    kind = entry["kind"]
    if effect := _EFFECT.search(words):
        return kind in ("effect", "call") and (str(entry["number"]), entry["page"]) == effect.groups()
    if fault := _FAULT.search(words):
        return kind == "fault" and str(entry["index"]) == fault[1]
    if task := _TASK.search(words):
        return kind in ("accepted", "person") and entry["task_id"] == task[0]
    return False


def _end_of(log: Path) -> list[str]:
    if not log.is_file():
        return ["(there is none)"]
    return log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LINES:]
