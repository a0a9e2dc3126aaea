"""The life cycle's table as Markdown, for docs/tasks.md: `python -m tabwire.task.table` prints it. A test compares."""

from __future__ import annotations

from tabwire.task.lifecycle import TRANSITIONS, State, Trigger, default_cause
from tabwire.v1 import error_pb2, task_pb2

_BEGIN, _END = "<!-- table of the life cycle: made by python -m tabwire.task.table -->", "<!-- end of the table -->"
_WHAT = {
    Trigger.START: "its turn has come",
    Trigger.REQUEUE: "its browser is back, and it has to wait for its turn again",
    Trigger.WAIT_TAB: "another task works in its tab",
    Trigger.LOSE_BROWSER: "its browser is not connected",
    Trigger.FIND_BROWSER: "its browser is back",
    Trigger.ASK: "the agent asks a person",
    Trigger.ANSWER: "the person answered, or an approval was not given in time",
    Trigger.EXPIRE: "nobody answered a question or took a hand-over in time",
    Trigger.DOUBT: "an effect is in doubt, and only a person can tell",
    Trigger.PAUSE: "a person paused it",
    Trigger.PERSON_ACTED: "a person used a tab of the task",
    Trigger.RESUME: "a person lets it go on",
    Trigger.RESUME_QUEUED: "the same, before it has had its turn",
    Trigger.RESUME_ASKED: "the same, and its question is still open",
    Trigger.RESTART: "another server took it up",
    Trigger.STOP: "a person stopped it",
    Trigger.CANCELLED: "the current action is cancelled and reported",
    Trigger.SUCCEED: "it is done",
    Trigger.FAIL: "it is not done",
}


def markdown() -> str:
    """Every state in which each trigger is allowed, and where it leads. What is not here is not allowed."""
    lines = [
        _BEGIN,
        "",
        "| trigger | when | from | to | cause, unless a better one is known |",
        "|---|---|---|---|---|",
    ]
    for trigger in Trigger:
        by_end: dict[State, list[State]] = {}
        for (start, pulled), end in TRANSITIONS.items():
            if pulled is trigger:
                by_end.setdefault(end, []).append(start)
        for end, starts in by_end.items():
            names = ", ".join(_name(start) for start in sorted(starts))
            lines.append(f"| {trigger.value} | {_WHAT[trigger]} | {names} | {_name(end)} | {_cause(trigger)} |")
    return "\n".join([*lines, "", _END])


def placed(page: str) -> str:
    """A page with the table of today in the place of the one it has."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return before + markdown() + after


def _name(state: State) -> str:
    return task_pb2.TaskState.Name(state).removeprefix("TASK_STATE_")


def _cause(trigger: Trigger) -> str:
    cause = default_cause(trigger)
    code = error_pb2.ErrorCode.Name(cause.code).removeprefix("ERROR_CODE_") if cause.code else ""
    return " ".join(filter(None, (f"`{code}`" if code else "", cause.message)))


if __name__ == "__main__":
    print(markdown())  # noqa: T201 - that is what it is for
