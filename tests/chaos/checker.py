"""Judges a recorded history: which of the product's guarantees it breaks. Pure: entries in, violations out.

It trusts nothing of the product but what a client was told; the truth about effects is what the page's own server has
counted. It is itself tested (test_checker.py): each guarantee has a history that breaks it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from chaos.history import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chaos.history import Entry

# A task must go on this long after a fault is over; longer is no slowness any more, it is being stuck.
STUCK_S = 60.0
# So many effects after a fault show that a whole round trip was begun and ended since: one may have been on its way.
_EFFECTS_TO_RESUME = 2
# Answers that promise that nothing was done.
NOTHING_DONE = frozenset(
    {
        "BROWSER_DISCONNECTED",
        "COMMAND_REFUSED",
        "EPOCH_FENCED",
        "STALE_ELEMENT",
        "TAB_NOT_FOUND",
        "TARGET_ELEMENT_NOT_FOUND",
    }
)
# What says nothing to whoever is told it.
_NO_ERRORS = frozenset({"", "INTERNAL", "UNKNOWN", "EXTENSION_INTERNAL_ERROR"})


class Guarantee(StrEnum):
    """What the product promises, whatever breaks."""

    NO_TASK_LOST = "no task lost"
    """A task that was taken comes to its end, and succeeds: no fault may end it or leave it lying."""
    NO_TASK_DOUBLED = "no task doubled"
    """A request that is repeated with the same key makes one task."""
    NO_EFFECT_DOUBLED = "no effect doubled"
    """Nothing is done twice to a page."""
    NO_EFFECT_INVENTED = "no effect invented"
    """What is said to be done was done, and what is said not to be done was not; else it is said to be in doubt."""
    NO_EFFECT_LOST = "no effect lost"
    """A task that succeeded has done all it was to do, but for what a person was asked about."""
    EFFECTS_IN_ORDER = "effects in order"
    """A task's effects come in the order it was given."""
    NO_EVENT_LOST = "no event lost"
    """Whoever watches a task gets every event of its journal, from 1 to the last."""
    EVENTS_IN_ORDER = "events in order"
    """… once each, and in order, across all broken connections."""
    JOURNAL_WHOLE = "journal whole"
    """The journal has no gap, says of every action what became of it, and ends with the end of the task."""
    ERRORS_TOLD = "errors told"
    """What goes wrong is told for what it is, and never as a failure inside of the server."""
    RESUMES = "resumes"
    """After a fault is over every task goes on."""


@dataclass(frozen=True)
class Violation:
    """One broken guarantee."""

    guarantee: Guarantee
    message: str


@dataclass(frozen=True)
class Resumed:
    """How long after a fault all tasks went on; None if one never did."""

    index: int
    fault: str
    seconds: float | None


def check(history: Sequence[Entry]) -> list[Violation]:
    """All violations of all guarantees."""
    return [violation for rule in _RULES for violation in rule(history)]


def resumptions(history: Sequence[Entry]) -> list[Resumed]:
    """For each fault, the time from when it was over to the second effect after it of the task that took longest.

    If a task had less left to do than that, it is the time to its end, as far as a client saw it.
    """
    tasks = [entry for entry in _of(history, Kind.TASK) if entry["page"]]
    effects: dict[str, list[float]] = defaultdict(list)
    for entry in _of(history, Kind.EFFECT):
        effects[entry["page"]].append(entry["at"])
    last_seen = {entry["task_id"]: entry["at"] for entry in _of(history, Kind.SEEN)}
    found = []
    for entry in _of(history, Kind.FAULT):
        if entry["phase"] != "over":
            continue
        times = [_resumed(task, entry["at"], effects[task["page"]], last_seen) for task in tasks]
        known = [seconds for seconds in times if seconds is not None]
        slowest = max(known) if known and len(known) == len(times) else None
        found.append(Resumed(entry["index"], entry["name"], slowest))
    return found


def _resumed(task: Entry, over: float, effects: Sequence[float], last_seen: dict[str, float]) -> float | None:
    since = sorted(at for at in effects if at > over)
    if len(since) >= _EFFECTS_TO_RESUME:
        return since[_EFFECTS_TO_RESUME - 1] - over
    if task["state"] == "SUCCEEDED" and task["task_id"] in last_seen:
        return max(0.0, last_seen[task["task_id"]] - over)
    return None


def _of(history: Sequence[Entry], kind: Kind) -> Iterator[Entry]:
    return (entry for entry in history if entry["kind"] == kind)


def _tasks_end(history: Sequence[Entry]) -> Iterator[Violation]:
    ended = {entry["task_id"]: entry for entry in _of(history, Kind.TASK)}
    for task_id in sorted({entry["task_id"] for entry in _of(history, Kind.ACCEPTED)}):
        task = ended.get(task_id)
        if task is None:
            yield Violation(Guarantee.NO_TASK_LOST, f"task {task_id} was taken, and is not there any more")
        elif task["state"] != "SUCCEEDED":
            why = f" ({task['code']}: {task['message']})" if task["code"] else ""
            yield Violation(Guarantee.NO_TASK_LOST, f"task {task_id} is {task['state']} at the end{why}")


def _tasks_once(history: Sequence[Entry]) -> Iterator[Violation]:
    told: dict[str, set[str]] = defaultdict(set)
    for entry in _of(history, Kind.ACCEPTED):
        told[entry["key"]].add(entry["task_id"])
    there: dict[str, set[str]] = defaultdict(set)
    for entry in _of(history, Kind.TASK):
        there[entry["key"]].add(entry["task_id"])
    for key in sorted(told.keys() | there.keys()):
        tasks = told[key] | there[key]
        if len(tasks) > 1:
            yield Violation(Guarantee.NO_TASK_DOUBLED, f"key {key} made {len(tasks)} tasks: {sorted(tasks)}")


def _counts(history: Sequence[Entry]) -> Counter[tuple[str, int]]:
    """How often each effect happened. An effect reported twice for one press of the button is one."""
    presses = {(entry["page"], entry["number"], entry["press"]) for entry in _of(history, Kind.EFFECT)}
    return Counter((page, number) for page, number, _ in presses)


def _effects_once(history: Sequence[Entry]) -> Iterator[Violation]:
    for (page, number), count in sorted(_counts(history).items()):
        if count > 1:
            yield Violation(Guarantee.NO_EFFECT_DOUBLED, f"effect {number} of {page} happened {count} times")


def _said_of(history: Sequence[Entry]) -> dict[tuple[str, int], list[Entry]]:
    """What clients and journals say about each effect."""
    pages = {entry["task_id"]: entry["page"] for entry in _of(history, Kind.TASK)}
    said: dict[tuple[str, int], list[Entry]] = defaultdict(list)
    for entry in _of(history, Kind.CALL):
        said[entry["page"], entry["number"]].append(entry)
    for entry in _of(history, Kind.JOURNAL):
        if entry.get("event") == "action_finished" and entry.get("number"):
            said[pages.get(entry["task_id"], ""), entry["number"]].append(entry)
    return said


def _effects_true(history: Sequence[Entry]) -> Iterator[Violation]:
    counts = _counts(history)
    for (page, number), answers in sorted(_said_of(history).items()):
        done = any(answer["outcome"] == "done" for answer in answers)
        undone = all(_says_undone(answer) for answer in answers)
        count = counts[page, number]
        if done and count == 0:
            yield Violation(Guarantee.NO_EFFECT_INVENTED, f"effect {number} of {page} is said to be done, and was not")
        if undone and count > 0:
            codes = sorted({answer["code"] or answer["outcome"] for answer in answers})
            yield Violation(
                Guarantee.NO_EFFECT_INVENTED, f"effect {number} of {page} is said not to be done ({codes}), and was"
            )


def _says_undone(answer: Entry) -> bool:
    return answer["outcome"] == "cancelled" or (answer["outcome"] != "done" and answer["code"] in NOTHING_DONE)


def _effects_all(history: Sequence[Entry]) -> Iterator[Violation]:
    counts = _counts(history)
    plan = next(_of(history, Kind.PLAN), None)
    if plan is None:
        return
    said = _said_of(history)
    for task in _of(history, Kind.TASK):
        if task["state"] != "SUCCEEDED" or not task["page"]:
            continue
        for number in range(1, plan["effects"] + 1):
            asked = any(answer["code"] == "OUTCOME_UNKNOWN" for answer in said[task["page"], number])
            if counts[task["page"], number] == 0 and not asked:
                yield Violation(Guarantee.NO_EFFECT_LOST, f"task {task['task_id']} succeeded without effect {number}")


def _effects_in_order(history: Sequence[Entry]) -> Iterator[Violation]:
    for task in _of(history, Kind.TASK):
        numbers = [entry["number"] for entry in _of(history, Kind.EFFECT) if entry["page"] == task["page"]]
        for before, after in pairwise(numbers):
            # The same again is another guarantee's business.
            if after < before:
                yield Violation(Guarantee.EFFECTS_IN_ORDER, f"effect {after} of {task['page']} came after {before}")


def _events_seen(history: Sequence[Entry]) -> Iterator[Violation]:
    gave_up = any(_of(history, Kind.GAVE_UP))
    journals: dict[str, dict[int, str]] = defaultdict(dict)
    for entry in _of(history, Kind.JOURNAL):
        journals[entry["task_id"]][entry["seq"]] = entry["digest"]
    watched: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in _of(history, Kind.SEEN):
        watched[entry["watcher"], entry["task_id"]].append(entry)
    for (watcher, task_id), seen in watched.items():
        numbers = [entry["seq"] for entry in seen]
        for before, after in pairwise(numbers):
            if after <= before:
                yield Violation(Guarantee.EVENTS_IN_ORDER, f"{watcher} was given event {after} after {before}")
        # A watcher that was cut off by the end of the run has a right to all events before its last one only.
        last = max(numbers) if gave_up else max(journals[task_id], default=0)
        missing = sorted(seq for seq in set(journals[task_id]) - set(numbers) if seq <= last)
        if missing:
            yield Violation(Guarantee.NO_EVENT_LOST, f"{watcher} never got events {missing[:10]} of {task_id}")
        for entry in seen:
            if journals[task_id].get(entry["seq"]) != entry["digest"]:
                yield Violation(
                    Guarantee.NO_EVENT_LOST, f"{watcher} was given an event {entry['seq']} that the journal has not"
                )


def _journals_whole(history: Sequence[Entry]) -> Iterator[Violation]:
    last = {entry["task_id"]: entry["last_seq"] for entry in _of(history, Kind.TASK)}
    journals: dict[str, list[Entry]] = defaultdict(list)
    for entry in _of(history, Kind.JOURNAL):
        journals[entry["task_id"]].append(entry)
    for task_id, events in journals.items():
        numbers = [entry["seq"] for entry in events]
        if numbers != list(range(1, len(numbers) + 1)) or last.get(task_id, 0) != len(numbers):
            yield Violation(Guarantee.JOURNAL_WHOLE, f"the journal of {task_id} has a gap: {len(numbers)} events")
        finished = Counter(entry["action_id"] for entry in events if entry["event"] == "action_finished")
        started = {entry["action_id"] for entry in events if entry["event"] == "action_started"}
        for action_id in sorted(started | finished.keys()):
            # An action that did not happen is done again under its id and "/x": the end is noted under the last one.
            if action_id + "/x" in started:
                continue
            if finished[action_id] != 1:
                yield Violation(
                    Guarantee.JOURNAL_WHOLE, f"the end of action {action_id} is noted {finished[action_id]} times"
                )


def _errors_told(history: Sequence[Entry]) -> Iterator[Violation]:
    told = [(entry["who"], entry["code"]) for entry in _of(history, Kind.TOLD)]
    told += [("caller", entry["code"]) for entry in _of(history, Kind.CALL) if entry["outcome"] == "error"]
    for (who, code), count in sorted(Counter(told).items()):
        if code in _NO_ERRORS:
            yield Violation(Guarantee.ERRORS_TOLD, f"{who} was told {code or 'nothing'} {count} times")


def _goes_on(history: Sequence[Entry]) -> Iterator[Violation]:
    for entry in _of(history, Kind.GAVE_UP):
        yield Violation(Guarantee.RESUMES, f"the run did not come to its end: {entry['what']}")
    for resumed in resumptions(history):
        if resumed.seconds is None:
            yield Violation(Guarantee.RESUMES, f"after fault {resumed.index} ({resumed.fault}) the task never went on")
        elif resumed.seconds > STUCK_S:
            yield Violation(
                Guarantee.RESUMES, f"after fault {resumed.index} ({resumed.fault}) it took {resumed.seconds:.1f} s"
            )


_RULES: tuple[Callable[[Sequence[Entry]], Iterator[Violation]], ...] = (
    _tasks_end,
    _tasks_once,
    _effects_once,
    _effects_true,
    _effects_all,
    _effects_in_order,
    _events_seen,
    _journals_whole,
    _errors_told,
    _goes_on,
)
