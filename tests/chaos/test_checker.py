"""The checker of chaos runs, checked: a history in which all is well breaks nothing, and for each guarantee there is a
history that breaks it, and it alone."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest

from chaos.checker import Guarantee, check, resumptions
from chaos.history import History, Kind, read
from chaos.report import BEGIN, END, into, judge, percentile, render

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chaos.history import Entry

_EFFECTS = 6


def _good() -> list[Entry]:
    """A task of six effects with a fault after the second, watched, with one call beside it."""
    entries: list[Entry] = [
        {"at": 0.0, "kind": "plan", "seed": 1, "workload": "model", "effects": _EFFECTS, "faults": []},
        {"at": 0.1, "kind": "accepted", "key": "k", "task_id": "t"},
        {"at": 0.2, "kind": "accepted", "key": "k", "task_id": "t"},
    ]
    entries += [{"at": float(n), "kind": "effect", "page": "task", "number": n, "press": f"p{n}"} for n in (1, 2)]
    entries += [
        {"at": 2.1, "kind": "fault", "index": 0, "name": "server killed", "phase": "began"},
        {"at": 2.2, "kind": "fault", "index": 0, "name": "server killed", "phase": "over"},
    ]
    entries += [
        {"at": float(n), "kind": "effect", "page": "task", "number": n, "press": f"p{n}"}
        for n in range(3, _EFFECTS + 1)
    ]
    entries += [
        {"at": 3.5, "kind": "effect", "page": "caller", "number": 1, "press": "c1"},
        {"at": 3.6, "kind": "call", "page": "caller", "number": 1, "outcome": "done", "code": ""},
        {"at": 3.7, "kind": "call", "page": "caller", "number": 2, "outcome": "error", "code": "BROWSER_DISCONNECTED"},
    ]
    journal: list[Entry] = [{"event": "created"}]
    for number in range(1, _EFFECTS + 1):
        journal.append({"event": "action_started", "action_id": f"t/{number}/0"})
        journal.append(
            {
                "event": "action_finished",
                "action_id": f"t/{number}/0",
                "number": number,
                "outcome": "done",
                "code": "",
            }
        )
    journal.append({"event": "state_changed"})
    for seq, fields in enumerate(journal, 1):
        entries.append({"at": 7.0, "kind": "seen", "watcher": "w", "task_id": "t", "seq": seq, "digest": f"d{seq}"})
        entries.append({"at": 8.0, "kind": "journal", "task_id": "t", "seq": seq, "digest": f"d{seq}", **fields})
    entries.append(
        {
            "at": 9.0,
            "kind": "task",
            "task_id": "t",
            "key": "k",
            "page": "task",
            "state": "SUCCEEDED",
            "code": "",
            "message": "",
            "last_seq": len(journal),
        }
    )
    return entries


def _one(history: list[Entry], kind: Kind, **fields: object) -> Entry:
    found = [e for e in history if e["kind"] == kind and all(e.get(name) == value for name, value in fields.items())]
    assert len(found) == 1, found
    return found[0]


def _break(change: Callable[[list[Entry]], object]) -> list[Guarantee]:
    history = copy.deepcopy(_good())
    change(history)
    return sorted({violation.guarantee for violation in check(history)})


def test_a_run_in_which_all_is_well_breaks_nothing() -> None:
    assert check(_good()) == []


@pytest.mark.parametrize("state", ["FAILED", "RUNNING", "NEEDS_ATTENTION", "WAITING_BROWSER", "STOPPED"])
def test_a_task_that_does_not_succeed_is_lost(state: str) -> None:
    assert _break(lambda h: _one(h, Kind.TASK).update(state=state, code="X")) == [Guarantee.NO_TASK_LOST]


def test_a_task_that_is_gone_is_lost() -> None:
    def change(history: list[Entry]) -> None:
        history.append({"at": 0.3, "kind": "accepted", "key": "other", "task_id": "gone"})

    assert _break(change) == [Guarantee.NO_TASK_LOST]


def test_a_second_task_of_one_key_is_doubled() -> None:
    def change(history: list[Entry]) -> None:
        history.append({**_one(history, Kind.TASK), "task_id": "again", "page": ""})

    assert _break(change) == [Guarantee.NO_TASK_DOUBLED]


def test_an_effect_that_happened_twice_is_doubled() -> None:
    def change(history: list[Entry]) -> None:
        first = _one(history, Kind.EFFECT, page="task", number=4)
        history.insert(history.index(first) + 1, {**first, "press": "another"})

    assert _break(change) == [Guarantee.NO_EFFECT_DOUBLED]


def test_an_effect_of_a_caller_that_happened_twice_is_doubled() -> None:
    def change(history: list[Entry]) -> None:
        history.append({**_one(history, Kind.EFFECT, page="caller", number=1), "press": "another"})

    assert _break(change) == [Guarantee.NO_EFFECT_DOUBLED]


def test_one_press_that_was_reported_twice_is_one_effect() -> None:
    def change(history: list[Entry]) -> None:
        first = _one(history, Kind.EFFECT, page="task", number=4)
        history.insert(history.index(first) + 1, dict(first))

    assert _break(change) == []


def test_success_without_effect_is_invented() -> None:
    def change(history: list[Entry]) -> None:
        history.remove(_one(history, Kind.EFFECT, page="caller", number=1))

    assert _break(change) == [Guarantee.NO_EFFECT_INVENTED]


@pytest.mark.parametrize("code", ["BROWSER_DISCONNECTED", "COMMAND_REFUSED"])
def test_an_effect_of_what_is_said_not_to_be_done_is_invented(code: str) -> None:
    def change(history: list[Entry]) -> None:
        _one(history, Kind.CALL, number=2)["code"] = code
        history.append({"at": 5.0, "kind": "effect", "page": "caller", "number": 2, "press": "c2"})

    assert _break(change) == [Guarantee.NO_EFFECT_INVENTED]


@pytest.mark.parametrize("code", ["LINK_CLOSED", "OUTCOME_UNKNOWN", "DEADLINE_EXCEEDED"])
@pytest.mark.parametrize("happened", [True, False])
def test_what_is_said_to_be_in_doubt_may_have_happened_or_not(code: str, happened: bool) -> None:
    def change(history: list[Entry]) -> None:
        _one(history, Kind.CALL, number=2)["code"] = code
        if happened:
            history.append({"at": 5.0, "kind": "effect", "page": "caller", "number": 2, "press": "c2"})

    assert _break(change) == []


def _without_effect(history: list[Entry], **answer: str) -> None:
    history.remove(_one(history, Kind.EFFECT, page="task", number=5))
    _one(history, Kind.JOURNAL, event="action_finished", number=5).update(answer)


def test_an_effect_that_is_missing_is_lost() -> None:
    lost = _break(lambda h: _without_effect(h, outcome="failed", code="STALE_ELEMENT"))
    assert lost == [Guarantee.NO_EFFECT_LOST]


def test_an_effect_that_a_person_was_asked_about_is_not_lost() -> None:
    assert _break(lambda h: _without_effect(h, outcome="failed", code="OUTCOME_UNKNOWN")) == []


def test_effects_out_of_order() -> None:
    def change(history: list[Entry]) -> None:
        one, other = (_one(history, Kind.EFFECT, page="task", number=n) for n in (4, 5))
        one["number"], other["number"] = 5, 4

    assert _break(change) == [Guarantee.EFFECTS_IN_ORDER]


def test_an_event_that_a_watcher_never_got_is_lost() -> None:
    assert _break(lambda h: h.remove(_one(h, Kind.SEEN, seq=3))) == [Guarantee.NO_EVENT_LOST]


def test_an_event_that_is_another_one_in_the_journal() -> None:
    assert _break(lambda h: _one(h, Kind.SEEN, seq=3).update(digest="else")) == [Guarantee.NO_EVENT_LOST]


def test_events_that_come_twice_or_out_of_order() -> None:
    def twice(history: list[Entry]) -> None:
        first = _one(history, Kind.SEEN, seq=3)
        history.insert(history.index(first), dict(first))

    def swapped(history: list[Entry]) -> None:
        one, other = (history.index(_one(history, Kind.SEEN, seq=n)) for n in (3, 4))
        history[one], history[other] = history[other], history[one]

    assert _break(twice) == [Guarantee.EVENTS_IN_ORDER]
    assert _break(swapped) == [Guarantee.EVENTS_IN_ORDER]


def test_a_journal_with_a_gap_is_not_whole() -> None:
    def change(history: list[Entry]) -> None:
        history.remove(_one(history, Kind.JOURNAL, seq=1))
        history.remove(_one(history, Kind.SEEN, seq=1))

    assert _break(change) == [Guarantee.JOURNAL_WHOLE]


def test_an_action_without_an_end_leaves_the_journal_open() -> None:
    def change(history: list[Entry]) -> None:
        _one(history, Kind.JOURNAL, event="action_finished", number=3)["action_id"] = "t/2/0"

    assert _break(change) == [Guarantee.JOURNAL_WHOLE]


def test_a_task_that_never_goes_on() -> None:
    def change(history: list[Entry]) -> None:
        _one(history, Kind.FAULT, phase="over")["at"] = 99.0
        _one(history, Kind.TASK)["state"] = "RUNNING"

    assert _break(change) == [Guarantee.NO_TASK_LOST, Guarantee.RESUMES]


def _with_a_second_task(history: list[Entry], later_s: float) -> None:
    """The same task once more, on a page of its own, so much later."""
    for entry in list(history):
        again = dict(entry)
        if entry.get("page") == "task":
            again["page"] = "second"
        elif entry["kind"] not in (Kind.ACCEPTED, Kind.SEEN, Kind.JOURNAL):
            continue
        for name in ("task_id", "key", "watcher", "action_id"):
            if name in again:
                again[name] += "2"
        if entry["at"] > 2.2:
            again["at"] += later_s
        history.append(again)


def test_two_tasks_beside_each_other_break_nothing() -> None:
    assert _break(lambda h: _with_a_second_task(h, 0.0)) == []


def test_one_of_two_tasks_that_is_stuck() -> None:
    assert _break(lambda h: _with_a_second_task(h, 100.0)) == [Guarantee.RESUMES]


def test_the_time_to_go_on_is_that_of_the_slowest_task() -> None:
    history = _good()
    _with_a_second_task(history, 3.0)
    assert [resumed.seconds for resumed in resumptions(history)] == [pytest.approx(7.0 - 2.2)]


@pytest.mark.parametrize("code", ["INTERNAL", "UNKNOWN", ""])
def test_an_error_that_says_nothing(code: str) -> None:
    def called(history: list[Entry]) -> None:
        _one(history, Kind.CALL, number=2)["code"] = code

    def told(history: list[Entry]) -> None:
        history.append({"at": 5.0, "kind": "told", "who": "watcher", "code": code})

    assert _break(called) == [Guarantee.ERRORS_TOLD]
    assert _break(told) == [Guarantee.ERRORS_TOLD]


def test_an_error_that_is_told_for_what_it_is() -> None:
    assert _break(lambda h: h.append({"at": 5.0, "kind": "told", "who": "watcher", "code": "RESOURCE_EXHAUSTED"})) == []


def test_a_task_that_is_stuck() -> None:
    def change(history: list[Entry]) -> None:
        for entry in history:
            if entry["at"] > 3.0:
                entry["at"] += 100.0

    assert _break(change) == [Guarantee.RESUMES]


def test_a_run_that_gave_up() -> None:
    assert _break(lambda h: h.append({"at": 9.0, "kind": "gave_up", "what": "x"})) == [Guarantee.RESUMES]


def test_a_watcher_that_was_cut_off_by_the_end_of_the_run_has_lost_nothing_after_its_last_event() -> None:
    def change(history: list[Entry], lost: int) -> None:
        history.append({"at": 9.0, "kind": "gave_up", "what": "x"})
        history.remove(_one(history, Kind.SEEN, seq=lost))

    last = max(entry["seq"] for entry in _good() if entry["kind"] == Kind.SEEN)
    assert _break(lambda h: change(h, last)) == [Guarantee.RESUMES]
    assert _break(lambda h: change(h, 3)) == [Guarantee.NO_EVENT_LOST, Guarantee.RESUMES]


def test_every_guarantee_has_a_history_that_breaks_it() -> None:
    source = __import__("pathlib").Path(__file__).read_text(encoding="utf-8")
    assert [name for name in Guarantee.__members__ if f"[Guarantee.{name}]" not in source] == []


def test_the_time_to_go_on_ends_with_the_second_effect_after_the_fault() -> None:
    (resumed,) = resumptions(_good())
    assert resumed.seconds == pytest.approx(4.0 - 2.2)


def test_a_history_is_read_as_it_was_written(tmp_path: Path) -> None:
    history = History()
    history.add(Kind.ACCEPTED, key="k", task_id="t")
    history.add(Kind.GAVE_UP, what="ä\n")
    history.write(tmp_path / "h.jsonl")
    assert read(tmp_path / "h.jsonl") == history.entries


def test_percentiles_are_of_what_was_measured() -> None:
    values = [float(n) for n in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.95), percentile([7.0], 0.95)) == (50.0, 95.0, 7.0)


def test_the_report_names_violations_and_keeps_the_rest_of_the_page() -> None:
    bad = _good()
    bad.append({**_one(bad, Kind.EFFECT, page="caller", number=1), "press": "another"})
    text = render([judge(_good()), judge(bad)], 1.0, "a machine")
    assert "| no effect doubled | 1 |" in text
    assert "| no task lost | 0 |" in text
    assert "effect 1 of caller happened 2 times" in text
    assert "| server killed | 2 | 1.80 s |" in text
    page = into(f"# Head\n\n{BEGIN}\nof a former run\n{END}\n\nTail\n", text)
    assert page.startswith("# Head\n")
    assert page.endswith("\n\nTail\n")
    assert "of a former run" not in page
    assert into(page, text) == page
