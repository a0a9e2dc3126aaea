"""What the agent's parts need from each other and from whoever runs them.

`Host` is the running task (journal, pause, questions, tabs), implemented by `tabwire.task.runner`. `Decider` says what
to do next: `tabwire.agent.model_decider`, `tabwire.agent.commands`, later routes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tabwire.agent.history import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tabwire.agent.history import History, StepRecord
    from tabwire.browser.port import BrowserPort
    from tabwire.v1 import action_pb2, error_pb2, state_pb2, task_pb2

__all__ = ["Answer", "Decider", "Host", "StepContext"]


class Host(Protocol):
    """The task that the agent works for."""

    @property
    def task(self) -> task_pb2.Task:
        """The task as it stands. Never to be changed."""

    @property
    def history(self) -> History:
        """What the agent did so far."""

    @property
    def port(self) -> BrowserPort:
        """The task's browser."""

    async def record(self, *events: task_pb2.TaskEvent) -> None:
        """Appends to the journal. What comes after may rely on it."""

    async def checkpoint(self) -> bool:
        """Returns when the agent may go on: at once, or after a pause. True if it had to wait."""

    async def ask(self, request: task_pb2.HumanRequest) -> Answer:
        """Asks a person and returns the answer, also one that was given before a restart."""

    def thinking(self, thinking: task_pb2.Thinking) -> None:
        """Tells who watches what the model has written so far. Nothing of it is kept."""

    def interrupted(self) -> bool:
        """Whether the person broke the current action off to say something. True until its step is closed."""

    async def browser_lost(self) -> None:
        """Returns when the browser is back."""

    async def attention(self, finished: task_pb2.TaskEvent, error: error_pb2.ErrorInfo) -> None:
        """Records an outcome that only a person can judge, and returns when the person lets the task go on."""

    def active_seconds(self) -> float:
        """How long the task has been at work."""

    def claim(self, tab_id: int) -> str:
        """Takes a tab for this task until it ends. If another running task has it, returns that task's id instead."""

    def holder(self, tab_id: int) -> str:
        """The id of another running task that has a tab; empty if none has."""


@dataclass
class StepContext:
    """What a decider may know, and the ways it may look and record."""

    task: task_pb2.Task
    history: History
    record: StepRecord
    state: state_pb2.PageState | None
    """The page, if it has been looked at since the last action; the decider looks itself if it needs another view."""
    look: Callable[[state_pb2.StateScope.ValueType], Awaitable[state_pb2.PageState]]
    tabs: Callable[[], Awaitable[Sequence[state_pb2.Tab]]]
    keep: Callable[..., Awaitable[None]]
    """Records events (`TaskEvent`): that the model is asked, what it answered, that the talk was shortened."""
    thinking: Callable[[task_pb2.Thinking], None]
    retry: int
    picture: action_pb2.Image | None = None
    """The picture that the last action took, if it took one since the last decision. It is in no journal."""


class Decider(Protocol):
    """Says what to do next."""

    @property
    def sees_outcomes(self) -> bool:
        """Whether it takes a failed action into account when it decides again. If not, a failure ends the task."""

    def result(self, task: task_pb2.Task, history: History) -> str | None:
        """The task's result if there is nothing left to decide, else None."""

    def unmet(
        self, task: task_pb2.Task, number: int, action: action_pb2.Action, result: action_pb2.ActionResult
    ) -> error_pb2.ErrorInfo | None:
        """What step `number` wanted of an action that was done, and the page afterwards does not show; else None."""

    async def decide(self, context: StepContext) -> task_pb2.Decision:
        """The next decision. Its actions need no ids yet.

        Raises `TabwireError` if none can be had.
        """
