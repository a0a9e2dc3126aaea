"""What the tests of the agent share: journals made event by event, as the loop records them, and their history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doubles.browser_double import shop
from tabwire.agent.history import History
from tabwire.v1 import action_pb2, error_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE = task_pb2.STEP_STATUS_SUCCEEDED
FAILED = task_pb2.STEP_STATUS_FAILED


def click(number: int = 3) -> action_pb2.Action:
    return action_pb2.Action(click=action_pb2.ClickAction(element_id=number))


def succeeded(**details: Any) -> action_pb2.ActionResult:
    result = action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_SUCCEEDED)
    result.outcome_details.SetInParent()
    for name, value in details.items():
        setattr(result.outcome_details, name, value)
    return result


def failed(code: error_pb2.ErrorCode.ValueType = error_pb2.ERROR_CODE_ELEMENT_COVERED) -> action_pb2.ActionResult:
    result = action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_FAILED)
    result.error_info.error_code, result.error_info.message = code, "It is covered."
    return result


def page(*extra: state_pb2.Element, document: str = "d", url: str = "https://a.test/") -> state_pb2.PageState:
    return state_pb2.PageState(
        tab_id=1, url=url, title="A", document_id=document, actionable_elements=[*shop(), *extra]
    )


class Recorded:
    """A journal being written."""

    def __init__(self, task: task_pb2.Task | None = None) -> None:
        self.history = History()
        self.events: list[task_pb2.TaskEvent] = []
        self.add(created=task_pb2.TaskCreated(task=task or task_pb2.Task(task_id="t", description="Buy a stapler")))

    def add(self, **kind: Any) -> None:
        event = task_pb2.TaskEvent(task_id="t", seq=len(self.events) + 1, **kind)
        self.events.append(event)
        self.history.apply(event)

    def asked(self, number: int, text: str = "asked", *, digest: int = 0) -> None:
        through = self.history.last_seq
        self.add(
            model_asked=task_pb2.ModelAsked(step_number=number, text=text, through_seq=through, page_digest=digest)
        )

    def replied(self, number: int, content: str = '{"said": "this"}') -> None:
        self.add(model_reply=task_pb2.ModelReply(step_number=number, content=content))

    def step(
        self,
        *done: tuple[action_pb2.Action, action_pb2.ActionResult],
        digest: int = 0,
        text: str = "",
        asked: bool = True,
        memory: str = "",
    ) -> int:
        """A whole step: asked, answered, decided, done, closed. An empty text is the model's own to be told."""
        number = len(self.history.steps) + 1
        step = task_pb2.Step(number=number, status=task_pb2.STEP_STATUS_RUNNING)
        self.add(step_update=task_pb2.StepUpdate(step=step))
        if asked:
            self.asked(number, text or f"turn {number}", digest=digest)
            self.replied(number)
        actions = [action for action, _ in done]
        decision = task_pb2.Decision(next_goal=f"goal {number}", actions=actions, memory=memory)
        self.add(decision_made=task_pb2.DecisionMade(step_number=number, decision=decision))
        for index, (_, result) in enumerate(done):
            self.add(action_finished=task_pb2.ActionFinished(step_number=number, index=index, result=result))
        bad = any(result.status != action_pb2.ACTION_STATUS_SUCCEEDED for _, result in done)
        step.status, step.description = (FAILED if bad else DONE), f"goal {number}"
        self.add(step_update=task_pb2.StepUpdate(step=step))
        return number

    def again(self, upto: int | None = None) -> History:
        """The history that a restarted server reads from the first events."""
        history = History()
        for event in self.events[:upto]:
            history.apply(event)
        return history


def says(texts: Sequence[dict[str, str]]) -> str:
    return "\n".join(message["content"] for message in texts)
