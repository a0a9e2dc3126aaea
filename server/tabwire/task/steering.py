"""What people do to a task that is under way: change it, pause it, let it go on, stop it, answer it, talk to it.

Each looks and writes in one go (`Journal.change`), so that two people who act at once never both win. What the running
task makes of it is told by `tabwire.task.runner`.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Literal

from tabwire.errors import TabwireError
from tabwire.task import creation, human
from tabwire.task.journal import Change
from tabwire.task.lifecycle import (
    ENDED,
    NEEDS_ATTENTION,
    PAUSED,
    RUNNING,
    STOPPING,
    Trigger,
    default_cause,
    resume_trigger,
    state_name,
)
from tabwire.v1 import error_pb2, task_pb2

if TYPE_CHECKING:
    from tabwire.task.journal import Journal
    from tabwire.v1 import link_pb2, task_service_pb2

_TEXTS: tuple[Literal["description", "details", "notes", "scratchpad"], ...]
_TEXTS = ("description", "details", "notes", "scratchpad")


async def modify(journal: Journal, request: task_service_pb2.ModifyTaskRequest) -> None:
    """Changes what a task is to do. Raises FAILED_PRECONDITION, COMMAND_SYNTAX or INVALID_ARGUMENT."""

    def plan() -> Change | None:
        _check_open(journal.task, "changed")
        update = task_pb2.TaskUpdate()
        for name in _TEXTS:
            if request.HasField(name):
                setattr(update, name, getattr(request, name))
        if request.HasField("plan"):
            update.plan.CopyFrom(request.plan)
        if request.HasField("policy"):
            update.policy.CopyFrom(request.policy)
        if update.HasField("description"):
            if journal.task.decider == task_pb2.DECIDER_COMMANDS:
                creation.changed_commands(journal.task, update.description)
            elif not update.description.strip():
                raise TabwireError(error_pb2.ERROR_CODE_INVALID_ARGUMENT, "A task's description cannot be empty.")
        if update.HasField("policy"):
            creation.check_policy(update.policy)
        return Change([task_pb2.TaskEvent(task_update=update)]) if update.ListFields() else None

    await journal.change(plan)


async def pause(journal: Journal) -> None:
    """Pauses a task after its current action. Raises FAILED_PRECONDITION where that makes no sense."""

    def plan() -> Change | None:
        if journal.state == PAUSED:
            return None
        if journal.state == NEEDS_ATTENTION:
            raise not_now(journal.task, "paused")
        _check_open(journal.task, "paused")
        return Change(trigger=Trigger.PAUSE)

    await journal.change(plan)


async def resume(journal: Journal, *, had_turn: bool) -> None:
    """Lets a held task go on. One that is at work is left alone. A person who is asked has the whole time again."""

    def plan() -> Change | None:
        _check_open(journal.task, "resumed")
        if journal.state not in (PAUSED, NEEDS_ATTENTION):
            return None
        trigger = resume_trigger(journal.task, had_turn=had_turn)
        again = trigger is Trigger.RESUME_ASKED
        asked = [human.asked(journal.task, journal.task.human_request, journal.now())] if again else []
        return Change(asked, trigger)

    await journal.change(plan)


async def stop(journal: Journal, request: task_service_pb2.StopTaskRequest) -> None:
    """Stops a task; its current action is cancelled."""
    reason = " ".join(request.reason.split())
    cause = default_cause(Trigger.STOP)
    if reason:
        cause.message = f"Stopped by its owner: {reason}"
    await journal.move(Trigger.STOP, cause)


async def answer(journal: Journal, request: task_service_pb2.AnswerTaskRequest) -> None:
    """Answers what a task asked. Raises FAILED_PRECONDITION if it does not wait for it, also any more."""
    await journal.change(lambda: human.answered(journal.task, request))


async def steer(journal: Journal, request: task_service_pb2.SteerTaskRequest) -> None:
    """Says something to the agent. A repeat under the same id is the same message.

    Raises ALREADY_EXISTS for another text under a known id, FAILED_PRECONDITION if nobody listens.
    """
    message = task_pb2.PersonMessage(message_id=request.message_id or uuid.uuid4().hex, text=request.text)

    def plan() -> Change | None:
        known = journal.messages.get(message.message_id)
        if known is not None:
            if known.text != message.text:
                raise TabwireError(
                    error_pb2.ERROR_CODE_ALREADY_EXISTS,
                    "This message id is in use for another message.",
                    remedy="Use a new message_id for a new message.",
                )
            return None
        _check_open(journal.task, "told anything")
        if journal.task.decider == task_pb2.DECIDER_COMMANDS:
            raise TabwireError(
                error_pb2.ERROR_CODE_FAILED_PRECONDITION,
                "This task follows plain commands; nobody in it listens.",
                remedy="Change the commands that are still to come: tabwire task modify.",
            )
        # Where nothing is under way there is nothing to cancel: it is told with the next turn anyway.
        message.interrupt = request.interrupt and journal.state == RUNNING and journal.history.open_step is not None
        return Change([task_pb2.TaskEvent(person_message=message)])

    await journal.change(plan)


async def person_acted(journal: Journal, told: link_pb2.PersonInput) -> None:
    """A person used a tab of the task. It is paused if it works, and else left as it is: it waits for people anyway."""
    acted = task_pb2.PersonActed(tab_id=told.tab_id, what=told.what)
    cause = default_cause(Trigger.PERSON_ACTED)
    if told.what:
        cause.message = f"Paused, because a person used its tab ({told.what})."

    def plan() -> Change | None:
        if told.tab_id not in journal.task.tab_ids:
            return None
        return Change([task_pb2.TaskEvent(person_acted=acted)], Trigger.PERSON_ACTED, cause)

    await journal.change(plan)


def not_now(task: task_pb2.Task, wanted: str, *, remedy: str = "") -> TabwireError:
    """The error for what cannot be done where a task stands."""
    return TabwireError(
        error_pb2.ERROR_CODE_FAILED_PRECONDITION,
        f"The task is {state_name(task.state)} and cannot be {wanted}.",
        remedy=remedy or ("Start a new task." if task.state in ENDED else "Wait until it has changed its state."),
    )


def _check_open(task: task_pb2.Task, wanted: str) -> None:
    if task.state in ENDED or task.state == STOPPING:
        raise not_now(task, wanted)
