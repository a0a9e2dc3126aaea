"""The actions that the agent carries out itself: asking the person, handing the tab over, and saying that it is done.

None of them reaches a browser, but for a look at the page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tabwire.agent import catalog, events, verify
from tabwire.v1 import action_pb2, error_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tabwire.agent.history import Answer
    from tabwire.agent.ports import Host

    Look = Callable[[state_pb2.StateScope.ValueType], Awaitable[state_pb2.PageState]]

_HANDED_BACK = "The person did it and handed the tab back."


@dataclass
class Carried:
    """What came of such an action, and what is to be recorded beside it."""

    result: action_pb2.ActionResult
    events: list[task_pb2.TaskEvent] = field(default_factory=list)


async def carry_out(host: Host, action: action_pb2.Action, look: Look, *, checked: bool) -> Carried:
    """Does it. `look` takes the page's state.

    `checked`: that it is done is not taken at its word. What a person wrote down as a command is.
    """
    kind = catalog.kind(action)
    if kind == "ask_human":
        return Carried(await _ask(host, action, action.ask_human.prompt, list(action.ask_human.options)))
    if kind == "hand_over":
        return Carried(await _hand_over(host, action))
    if kind == "done":
        return await _done(host, action, look) if checked else Carried(_succeeded(action))
    unknown = error_pb2.ErrorInfo(
        error_code=error_pb2.ERROR_CODE_UNIMPLEMENTED,
        message=f"This server does not know how to carry out {kind}.",
        component_origin=error_pb2.COMPONENT_ORIGIN_SERVER,
        remedy="Update the server.",
    )
    return Carried(events.failed_result(action, unknown))


async def _ask(host: Host, action: action_pb2.Action, prompt: str, options: list[str]) -> action_pb2.ActionResult:
    answer = await host.ask(
        task_pb2.HumanRequest(
            request_id=action.id, kind=task_pb2.HUMAN_REQUEST_KIND_QUESTION, prompt=prompt, options=options
        )
    )
    if answer.timed_out:
        return _nobody(action)
    return _said(action, answer, "The person answered.")


async def _hand_over(host: Host, action: action_pb2.Action) -> action_pb2.ActionResult:
    answer = await host.ask(
        task_pb2.HumanRequest(
            request_id=action.id, kind=task_pb2.HUMAN_REQUEST_KIND_HANDOVER, prompt=action.hand_over.prompt
        )
    )
    return _nobody(action) if answer.timed_out else _said(action, answer, _HANDED_BACK)


def _said(action: action_pb2.Action, answer: Answer, message: str) -> action_pb2.ActionResult:
    result = action_pb2.ActionResult(
        original_action_id=action.id, status=action_pb2.ACTION_STATUS_SUCCEEDED, text=answer.text
    )
    result.outcome_details.message = message
    return result


def _nobody(action: action_pb2.Action) -> action_pb2.ActionResult:
    error = error_pb2.ErrorInfo(
        error_code=error_pb2.ERROR_CODE_HUMAN_TIMEOUT,
        message="The person was asked and did not answer in time.",
        component_origin=error_pb2.COMPONENT_ORIGIN_SERVER,
        remedy="Start it again when somebody is there, or give it more time with max_wait_seconds.",
    )
    return events.failed_result(action, error)


async def _done(host: Host, action: action_pb2.Action, look: Look) -> Carried:
    """Whether the agent's word counts is found out before the task ends with it."""
    state = await look(state_pb2.STATE_SCOPE_VIEWPORT) if action.done.success else None
    verdict = verify.check(host.task, host.history, action.done, state)
    recorded = [events.update(evidence=verdict.evidence)] if verdict.evidence else []
    if verdict.error is not None:
        return Carried(events.failed_result(action, verdict.error), recorded)
    return Carried(_succeeded(action), recorded)


def _succeeded(action: action_pb2.Action) -> action_pb2.ActionResult:
    return action_pb2.ActionResult(original_action_id=action.id, status=action_pb2.ACTION_STATUS_SUCCEEDED)
