"""Asks a person before an action that the policy asks about, and remembers what they said for exactly that action.

The policy itself is judged and enforced by the port (`tabwire.browser.guard`), for everybody who calls it; here a task
turns to a person. An action that was approved goes under an id of its own, which names the digest: so the journal shows
that it was, and a repeat after a restart needs no second word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tabwire.agent import catalog
from tabwire.agent.failures import AWAY
from tabwire.errors import TabwireError
from tabwire.policy.verdict import Approval, Verdict
from tabwire.v1 import action_pb2, error_pb2, options_pb2, policy_pb2, task_pb2

if TYPE_CHECKING:
    from tabwire.agent.history import Answer
    from tabwire.agent.ports import Host

_APPROVED = "/ok-"
# So many digits of a digest tell it from another one of the same action.
_DIGITS = 12


@dataclass(frozen=True)
class Permit:
    """What is to be done: the action, under its id, with the person's word for it; or why it is not."""

    action: action_pb2.Action
    error: error_pb2.ErrorInfo | None = None
    approval: Approval | None = None


async def permit(host: Host, action: action_pb2.Action) -> Permit:
    """Has a person asked if the policy says so. Returns when they have answered."""
    if catalog.facts(action).performer == options_pb2.PERFORMER_AGENT:
        return Permit(action)
    while True:
        try:
            verdict = await host.port.judge(host.task.tab_id, action)
            break
        except TabwireError as error:
            if error.code not in AWAY:
                return Permit(action, error.info)
            await host.browser_lost()
    if verdict.permission != policy_pb2.PERMISSION_ASK:
        return Permit(action, None if verdict.is_allowed else verdict.error())
    short = verdict.digest.hex()[:_DIGITS]
    if f"{_APPROVED}{short}" in action.id:
        return Permit(action, approval=Approval(verdict.digest, verdict.consequences))  # cancelled before it was done
    answer = await host.ask(_request(action, verdict))
    if not answer.approved or (answer.action_digest and answer.action_digest != verdict.digest):
        return Permit(action, _denied(verdict, answer))
    approved = action_pb2.Action()
    approved.CopyFrom(action)
    approved.id = f"{bare_id(action.id)}{_APPROVED}{short}"
    return Permit(approved, approval=Approval(verdict.digest, verdict.consequences))


def approval_of(action: action_pb2.Action) -> Approval | None:
    """The approval that the id of an action tells of which was sent before, perhaps by an earlier server."""
    return Approval(b"", is_repeat=True) if _APPROVED in action.id else None


def bare_id(action_id: str) -> str:
    """The id of an action before it was approved."""
    return action_id.partition(_APPROVED)[0]


def is_needed(result: action_pb2.ActionResult) -> bool:
    """Whether an action was not done because a person has to be asked first, or anew."""
    return result.error_info.error_code == error_pb2.ERROR_CODE_APPROVAL_NEEDED


def _request(action: action_pb2.Action, verdict: Verdict) -> task_pb2.HumanRequest:
    shown = action_pb2.Action()
    shown.CopyFrom(action)
    return task_pb2.HumanRequest(
        request_id=f"{action.id}/approve/{verdict.digest.hex()[:_DIGITS]}",
        kind=task_pb2.HUMAN_REQUEST_KIND_APPROVAL,
        prompt=_question(verdict),
        action=shown,
        action_digest=verdict.digest,
        consequences=verdict.consequences,
        url=verdict.url,
    )


def _question(verdict: Verdict) -> str:
    """What is asked. What it leads to and where is told beside it."""
    filled_in = f"\nFilled in: {verdict.filled_in}." if verdict.filled_in else ""
    return f"May I {verdict.what}?{filled_in}"


def _denied(verdict: Verdict, answer: Answer) -> error_pb2.ErrorInfo:
    message = "Nobody approved it in time" if answer.timed_out else "The person did not approve it"
    why = f' They say: "{answer.text}"' if answer.text else ""
    return error_pb2.ErrorInfo(
        error_code=error_pb2.ERROR_CODE_APPROVAL_DENIED,
        message=f"{message}: {verdict.what}.{why}",
        component_origin=error_pb2.COMPONENT_ORIGIN_SERVER,
        remedy="Do not try it again; go on without it, or say what you need.",
    )
