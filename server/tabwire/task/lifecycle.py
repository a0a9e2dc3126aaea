"""The life cycle of a task as a table: from a state, a trigger leads to a state, or it is not allowed.

Pure: no clock, no storage. The journal applies it, the manager and the runner pull the triggers.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TypeAlias

from tabwire.v1 import error_pb2, task_pb2

State: TypeAlias = "task_pb2.TaskState.ValueType"


class Trigger(Enum):
    """What can happen to a task."""

    START = "start"  # its turn has come
    REQUEUE = "requeue"  # it has to wait for its turn again
    WAIT_TAB = "wait_tab"  # its tab is another task's for now
    LOSE_BROWSER = "lose_browser"  # its browser is not connected
    FIND_BROWSER = "find_browser"  # its browser is back
    ASK = "ask"  # the agent asks a person
    ANSWER = "answer"  # the person answered, or an approval was not given in time
    EXPIRE = "expire"  # the person did not answer in time
    DOUBT = "doubt"  # an effect is in doubt and only a person can tell
    PAUSE = "pause"  # a person paused it
    PERSON_ACTED = "person_acted"  # a person used a tab of the task
    RESUME = "resume"  # a person lets it go on
    RESUME_QUEUED = "resume_queued"  # the same, and it has not had its turn yet
    RESUME_ASKED = "resume_asked"  # the same, and its question is still open
    RESTART = "restart"  # a server took it up that has not run it before
    STOP = "stop"  # a person stopped it
    CANCELLED = "cancelled"  # stopping is over
    SUCCEED = "succeed"  # done
    FAIL = "fail"  # not done


QUEUED = task_pb2.TASK_STATE_QUEUED
RUNNING = task_pb2.TASK_STATE_RUNNING
PAUSED = task_pb2.TASK_STATE_PAUSED
WAITING_HUMAN = task_pb2.TASK_STATE_WAITING_HUMAN
WAITING_BROWSER = task_pb2.TASK_STATE_WAITING_BROWSER
STOPPING = task_pb2.TASK_STATE_STOPPING
SUCCEEDED = task_pb2.TASK_STATE_SUCCEEDED
FAILED = task_pb2.TASK_STATE_FAILED
STOPPED = task_pb2.TASK_STATE_STOPPED
NEEDS_ATTENTION = task_pb2.TASK_STATE_NEEDS_ATTENTION

ENDED = frozenset({SUCCEEDED, FAILED, STOPPED})
# In these states the agent does nothing and waits for a person.
HELD = frozenset({PAUSED, NEEDS_ATTENTION, STOPPING})
# Time in these states does not count towards `max_seconds`: the task waits for a person, who also holds the browser.
UNCOUNTED = frozenset({QUEUED, PAUSED, WAITING_HUMAN, WAITING_BROWSER, NEEDS_ATTENTION})

_STOPPABLE = (QUEUED, RUNNING, PAUSED, WAITING_HUMAN, WAITING_BROWSER, NEEDS_ATTENTION)

TRANSITIONS = MappingProxyType(
    {
        (QUEUED, Trigger.START): RUNNING,
        (QUEUED, Trigger.WAIT_TAB): QUEUED,
        (QUEUED, Trigger.LOSE_BROWSER): WAITING_BROWSER,
        (RUNNING, Trigger.LOSE_BROWSER): WAITING_BROWSER,
        (WAITING_BROWSER, Trigger.FIND_BROWSER): RUNNING,
        (WAITING_BROWSER, Trigger.REQUEUE): QUEUED,
        (RUNNING, Trigger.ASK): WAITING_HUMAN,
        (WAITING_HUMAN, Trigger.ANSWER): RUNNING,
        (WAITING_HUMAN, Trigger.EXPIRE): FAILED,
        (RUNNING, Trigger.DOUBT): NEEDS_ATTENTION,
        (QUEUED, Trigger.PAUSE): PAUSED,
        (RUNNING, Trigger.PAUSE): PAUSED,
        (WAITING_HUMAN, Trigger.PAUSE): PAUSED,
        (WAITING_BROWSER, Trigger.PAUSE): PAUSED,
        (RUNNING, Trigger.PERSON_ACTED): PAUSED,
        (PAUSED, Trigger.RESUME): RUNNING,
        (PAUSED, Trigger.RESUME_QUEUED): QUEUED,
        (PAUSED, Trigger.RESUME_ASKED): WAITING_HUMAN,
        (NEEDS_ATTENTION, Trigger.RESUME): RUNNING,
        (NEEDS_ATTENTION, Trigger.RESUME_QUEUED): QUEUED,
        (RUNNING, Trigger.RESTART): QUEUED,
        (WAITING_BROWSER, Trigger.RESTART): QUEUED,
        (STOPPING, Trigger.CANCELLED): STOPPED,
        (RUNNING, Trigger.SUCCEED): SUCCEEDED,
        (QUEUED, Trigger.FAIL): FAILED,
        (RUNNING, Trigger.FAIL): FAILED,
        (WAITING_BROWSER, Trigger.FAIL): FAILED,
        (WAITING_HUMAN, Trigger.FAIL): FAILED,
        **{(state, Trigger.STOP): STOPPING for state in _STOPPABLE},
    }
)

_CAUSES = MappingProxyType(
    {
        Trigger.LOSE_BROWSER: task_pb2.TaskCause(
            code=error_pb2.ERROR_CODE_BROWSER_DISCONNECTED,
            message="The browser of this task is not connected. The task goes on when it is back.",
            retryable=True,
            remedy="Start that Chrome and look at the Tabwire side panel for its connection.",
        ),
        Trigger.REQUEUE: task_pb2.TaskCause(message="The task waits for its turn."),
        Trigger.WAIT_TAB: task_pb2.TaskCause(message="The task waits for its tab, in which another task works."),
        Trigger.ASK: task_pb2.TaskCause(message="The task waits for an answer.", remedy="Answer its question."),
        Trigger.EXPIRE: task_pb2.TaskCause(
            code=error_pb2.ERROR_CODE_HUMAN_TIMEOUT,
            message="Nobody answered in time.",
            retryable=True,
            remedy="Start it again, with a larger max_wait_seconds if need be, and answer its questions.",
        ),
        Trigger.DOUBT: task_pb2.TaskCause(
            code=error_pb2.ERROR_CODE_OUTCOME_UNKNOWN,
            message="An action may have had effect, and only a person can tell.",
            remedy="Look at the page: resume the task if it had, stop it otherwise.",
        ),
        Trigger.PAUSE: task_pb2.TaskCause(message="Paused.", remedy="Resume it to let it go on."),
        Trigger.PERSON_ACTED: task_pb2.TaskCause(
            code=error_pb2.ERROR_CODE_PERSON_ACTED,
            message="Paused, because a person used its tab.",
            remedy="Resume it when you are done; it looks at the page anew.",
        ),
        Trigger.RESTART: task_pb2.TaskCause(message="The server was started again and has taken the task up."),
        Trigger.STOP: task_pb2.TaskCause(code=error_pb2.ERROR_CODE_CANCELLED, message="Stopped by its owner."),
        Trigger.CANCELLED: task_pb2.TaskCause(code=error_pb2.ERROR_CODE_CANCELLED, message="Stopped by its owner."),
    }
)


def next_state(state: State, trigger: Trigger) -> State | None:
    """Where a trigger leads, or None if it is not allowed in this state."""
    return TRANSITIONS.get((state, trigger))


def default_cause(trigger: Trigger) -> task_pb2.TaskCause:
    """The cause to record if nobody knows a better one."""
    cause = task_pb2.TaskCause()
    if trigger in _CAUSES:
        cause.CopyFrom(_CAUSES[trigger])
    return cause


def resume_trigger(task: task_pb2.Task, *, had_turn: bool) -> Trigger:
    """How a held task goes on: with its open question, in the queue, or where it stood."""
    if task.HasField("human_request") and task.state == PAUSED:
        return Trigger.RESUME_ASKED
    return Trigger.RESUME if had_turn else Trigger.RESUME_QUEUED


def state_name(state: State) -> str:
    """A state for a person, as `waiting for its browser`."""
    return _NAMES.get(state, "in an unknown state")


_NAMES = MappingProxyType(
    {
        QUEUED: "queued",
        RUNNING: "running",
        PAUSED: "paused",
        WAITING_HUMAN: "waiting for an answer",
        WAITING_BROWSER: "waiting for its browser",
        STOPPING: "being stopped",
        SUCCEEDED: "done",
        FAILED: "failed",
        STOPPED: "stopped",
        NEEDS_ATTENTION: "waiting for a person's look",
    }
)
