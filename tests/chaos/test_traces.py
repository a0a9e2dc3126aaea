"""What is printed of a run that broke a guarantee: the moment of the break, the ends of the logs, and not all else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checker import Guarantee, Violation
from chaos.traces import traces

if TYPE_CHECKING:
    from pathlib import Path

    from chaos.history import Entry


def _history() -> list[Entry]:
    plan: Entry = {"at": 0.0, "kind": "plan", "seed": 1}
    effects: list[Entry] = [
        {"at": float(second), "kind": "effect", "page": "task", "number": second, "press": f"press {second}"}
        for second in range(1, 40)
    ]
    return [plan, *effects, {"at": 20.5, "kind": "fault", "index": 0, "name": "server killed", "phase": "over"}]


def test_the_entries_around_an_effect_that_happened_twice_are_shown(tmp_path: Path) -> None:
    broken = Violation(Guarantee.NO_EFFECT_DOUBLED, "effect 30 of task happened 2 times")
    text = traces(_history(), [broken], tmp_path)
    assert "effect 30 of task happened 2 times" in text
    assert all(f'"press {number}"' in text for number in (29, 30, 31))
    assert '"press 10"' not in text
    assert "server killed" in text


def test_the_entries_after_a_fault_that_was_not_got_over_are_shown(tmp_path: Path) -> None:
    text = traces(_history(), [Violation(Guarantee.RESUMES, "after fault 0 (server killed) it took 70.0 s")], tmp_path)
    assert '"press 21"' in text
    assert '"press 30"' not in text


def test_the_ends_of_the_logs_are_shown(tmp_path: Path) -> None:
    logs = tmp_path / "tabwire" / "logs"
    logs.mkdir(parents=True)
    lines = [f"line {number:03d} {'x' * 400}" for number in range(100)]
    (logs / "server.log").write_text("\n".join(lines))
    text = traces(_history(), [], tmp_path)
    assert "line 040" in text
    assert "line 099" in text
    assert "line 039" not in text
    assert "The end of up.log:\n(there is none)" in text
