"""What happened in one run, as one list of entries: what was planned, broken, done to the pages, seen by clients, and
written in the journals at the end. Written as JSON lines, so that a run can be judged again later.

What the entries mean for the product's promises is left to `checker.py`.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

Entry = dict[str, Any]


class Kind(StrEnum):
    """The kinds of entries, with their fields."""

    PLAN = "plan"
    """The seed, the workload, the settings and the faults (`plan.py`)."""
    FAULT = "fault"
    """index, name, phase (began, over)."""
    EFFECT = "effect"
    """page, number, press: an effect that the page's own server has counted. A press is one call of the handler."""
    ACCEPTED = "accepted"
    """key, task_id: a client was told that the task is taken. The same key may be accepted several times."""
    SEEN = "seen"
    """watcher, task_id, seq, digest: an event that a watching client was given, in the order it was given."""
    CALL = "call"
    """page, number, outcome (done, failed, error, unanswered), code: one action through the API."""
    TOLD = "told"
    """who, code: an error that a client was told, when it changed. Calls have their own entries."""
    PERSON = "person"
    """task_id: a person looked at a task that needed attention, and let it go on."""
    JOURNAL = "journal"
    """task_id, seq, digest, event, and for actions: action_id, number, outcome, code. Read when all was over."""
    TASK = "task"
    """task_id, key, page, state, code, message, last_seq: a task as it was when all was over."""
    GAVE_UP = "gave_up"
    """what: the run did not come to its end in time."""


class History:
    """The entries of one run, in the order in which the run learned of them."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.entries: list[Entry] = []
        self.effects: Counter[str] = Counter()
        """How many effects each page has had, for those who wait for them."""

    def add(self, kind: Kind, **fields: Any) -> Entry:
        """Adds an entry. `at` is in seconds since the run began."""
        entry: Entry = {"at": round(self.now(), 4), "kind": str(kind), **fields}
        self.entries.append(entry)
        if kind is Kind.EFFECT:
            self.effects[fields["page"]] += 1
        return entry

    def now(self) -> float:
        """Seconds since the run began, by a clock that no fault touches."""
        return time.monotonic() - self._began

    def write(self, path: Path) -> None:
        """Writes it down."""
        path.write_text("".join(json.dumps(entry) + "\n" for entry in self.entries), encoding="utf-8")


def read(path: Path) -> list[Entry]:
    """The entries of a history that was written down."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
