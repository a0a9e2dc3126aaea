"""Checks an agent's word that it is done: against the output schema, open errors, and what was seen to happen or shown.

What does not hold is told back, so that it can be mended; a claim that nothing bears out is no success in the end.
Pure: how often it was told back is in the journal. Nothing in it is about a kind of task or page.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tabwire.agent import catalog, grounds
from tabwire.agent.render import label, role
from tabwire.agent.summary import action_text
from tabwire.enums import name_of
from tabwire.v1 import action_pb2, error_pb2, options_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tabwire.agent.grounds import Grounds
    from tabwire.agent.history import History

# So often a result that is not as it should be is given back.
SCHEMA_TRIES = 2
# So often a success that does not show is given back.
SHOWN_TRIES = 1
_CHANGES = (options_pb2.EFFECT_CLASS_MUTATE, options_pb2.EFFECT_CLASS_COMMIT)
_QUESTIONS = frozenset({"confirm", "prompt", "beforeunload"})
_NAMED = 4
_MAX_EVIDENCE = 2000


@dataclass(frozen=True)
class Verdict:
    """What is to become of the agent's word."""

    error: error_pb2.ErrorInfo | None
    """Why it does not count, for the model; None if it does."""
    evidence: str = ""
    """What was seen, for a person."""


@dataclass(frozen=True)
class _Deed:
    action: action_pb2.Action
    result: action_pb2.ActionResult


def check(
    task: task_pb2.Task, history: History, done: action_pb2.DoneAction, state: state_pb2.PageState | None
) -> Verdict:
    """Whether a task has succeeded as its agent says. `state` is the page now."""
    if not done.success:
        return Verdict(None)
    broken = _schema_error(task.output_schema, done.text)
    if broken:
        return Verdict(_error(error_pb2.ERROR_CODE_RESULT_INVALID, broken))
    deeds = list(_deeds(history))
    effects = [deed for deed in deeds if _is_effect(deed)]
    found = grounds.of(done.text, grounds.shown_texts(history), grounds.said_texts(task, history))
    against = _page_says(state, deeds)
    open_ends = against + _open_errors(deeds)
    told = told_back(history, error_pb2.ERROR_CODE_SUCCESS_NOT_SHOWN)
    evidence = _evidence(task, effects, found, open_ends)
    if told < SHOWN_TRIES:
        doubts = open_ends + _unfounded(effects, found)
        if doubts:
            words = "; ".join(doubts)
            message = (
                f"It does not show: {words}. Look again and mend it; if it is as you say, use done again and say in "
                "text what on the page shows it."
            )
            return Verdict(_error(error_pb2.ERROR_CODE_SUCCESS_NOT_SHOWN, message), evidence)
    elif against or not (effects or found.hold):
        words = "; ".join(against) or "nothing that was seen or done bears it out"
        return Verdict(_error(error_pb2.ERROR_CODE_SUCCESS_NOT_SHOWN, f"It does not show: {words}."), evidence)
    return Verdict(None, evidence)


def told_back(history: History, code: error_pb2.ErrorCode.ValueType) -> int:
    """How often the agent's word was given back with this code."""
    return sum(
        1
        for record in history.steps
        for action, result in record.done()
        if catalog.kind(action) == "done" and result is not None and result.error_info.error_code == code
    )


def given_up(history: History) -> task_pb2.TaskCause | None:
    """The cause to end with, if the agent's word was given back as often as it may be."""
    for code, tries in (
        (error_pb2.ERROR_CODE_RESULT_INVALID, SCHEMA_TRIES),
        (error_pb2.ERROR_CODE_SUCCESS_NOT_SHOWN, SHOWN_TRIES),
    ):
        if told_back(history, code) > tries:
            return task_pb2.TaskCause(
                code=code,
                message=_FOR_A_PERSON[code].format(why=_last_message(history, code)),
                retryable=True,
                remedy=_REMEDIES[code],
            )
    return None


_FOR_A_PERSON = {
    error_pb2.ERROR_CODE_RESULT_INVALID: "The agent's result does not keep to the output schema: {why}",
    error_pb2.ERROR_CODE_SUCCESS_NOT_SHOWN: "The agent says that it is done, but that is not borne out. {why}",
}
_REMEDIES = {
    error_pb2.ERROR_CODE_RESULT_INVALID: "Look at the result; make the schema simpler, or set a stronger model.",
    error_pb2.ERROR_CODE_SUCCESS_NOT_SHOWN: "Look at the page: it may be done, or not. Then start it again.",
}


def _last_message(history: History, code: error_pb2.ErrorCode.ValueType) -> str:
    for record in reversed(history.steps):
        for action, result in record.done():
            if catalog.kind(action) == "done" and result is not None and result.error_info.error_code == code:
                return result.error_info.message
    return ""


def _schema_error(schema: str, text: str) -> str:
    """How a result breaks its schema; empty if it does not."""
    if not schema:
        return ""
    # Few tasks have a schema, and every start of the server would wait for this.
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    try:
        value = json.loads(text)
    except ValueError as error:
        return f"text must be JSON that keeps to the schema, but it is no JSON: {error}"
    rules = json.loads(schema)
    validator = validator_for(rules, default=Draft202012Validator)(rules)
    broken = sorted(validator.iter_errors(value), key=lambda one: list(map(str, one.absolute_path)))
    said = [f"at {one.json_path}: {one.message[:200]}" for one in broken[:3]]
    return f"text does not keep to the schema: {'; '.join(said)}" if said else ""


def _deeds(history: History) -> Iterator[_Deed]:
    """What was tried to change something, in order."""
    for record in history.steps:
        for action, result in record.done():
            kind = catalog.kind(action)
            if kind and kind != "done" and result is not None and catalog.facts(action).effect in _CHANGES:
                yield _Deed(action, result)


def _is_effect(deed: _Deed) -> bool:
    succeeded = deed.result.status == action_pb2.ACTION_STATUS_SUCCEEDED
    return succeeded and not deed.result.outcome_details.no_effect_seen


def _open_errors(deeds: list[_Deed]) -> list[str]:
    """What went wrong last and was not followed by anything that went right."""
    if not deeds or _is_effect(deeds[-1]):
        return []
    last = deeds[-1]
    what = action_text(last.action)
    if last.result.status == action_pb2.ACTION_STATUS_SUCCEEDED:
        return [f"nothing was seen to happen on your last action ({what})"]
    code = name_of(error_pb2.ErrorCode, last.result.error_info.error_code, "ERROR_CODE_")
    return [f"your last action ({what}) failed with {code}, and nothing followed it"]


def _page_says(state: state_pb2.PageState | None, deeds: list[_Deed]) -> list[str]:
    """What the page itself says against it: fields that it refuses, a dialog about what was done last."""
    says = []
    last = deeds[-1].result.outcome_details if deeds else action_pb2.OutcomeDetails()
    if last.validation_message:
        says.append(f"the page refused the form: {last.validation_message[:200]}")
    if (
        last.dialogs
        and not last.dialogs[-1].accepted
        and last.dialogs[-1].type in ("confirm", "prompt", "beforeunload")
    ):
        says.append(f"the page asked {last.dialogs[-1].message[:200]!r} and was told no")
    if state is None or state.HasField("error_info"):
        return says
    # What a page wants filled in elsewhere is no sign against what was done here.
    touched = {catalog.element_id(deed.action) for deed in deeds}
    for element in state.actionable_elements:
        if element.states.invalid and element.id in touched:
            says.append(f"the field {label(element)[:80]!r} is marked as wrong")
        elif role(element) == "alertdialog" and element.is_visible:
            says.append(f"the page shows a dialog: {label(element)[:200]!r}")
    return says


def _unfounded(effects: list[_Deed], found: Grounds) -> list[str]:
    doubts = []
    if found.unseen_numbers:
        doubts.append(f"no page showed {', '.join(found.unseen_numbers[:_NAMED])}")
    if not effects and not found.hold:
        doubts.append("you changed nothing, and the text says nothing that a page showed")
    return doubts


def _evidence(task: task_pb2.Task, effects: list[_Deed], found: Grounds, open_ends: list[str]) -> str:
    """What was seen, in one or two sentences."""
    parts = []
    if task.output_schema:
        parts.append("The result keeps to the output schema.")
    if effects:
        did = "; ".join(_deed_text(deed) for deed in effects[-_NAMED:])
        more = f" ({len(effects) - _NAMED} effects before these)" if len(effects) > _NAMED else ""
        parts.append(f"Seen to happen: {did}{more}.")
    if found.seen:
        parts.append(f"Seen on pages: {', '.join(found.seen[:8])}.")
    if found.unseen_numbers:
        parts.append(f"Not seen on any page: {', '.join(found.unseen_numbers[:8])}.")
    if open_ends:
        parts.append(f"Left open: {'; '.join(open_ends)}.")
    return " ".join(parts)[:_MAX_EVIDENCE]


def _deed_text(deed: _Deed) -> str:
    details = deed.result.outcome_details
    what = action_text(deed.action)
    if details.navigation_occurred:
        return f"{what}, which led to {details.new_url[:200] or 'another page'}"
    if details.download:
        return f"{what}, which downloaded {details.download[:100]}"
    return f"{what}, and the page reacted" if details.dom_changes else what


def _error(code: error_pb2.ErrorCode.ValueType, message: str) -> error_pb2.ErrorInfo:
    return error_pb2.ErrorInfo(
        error_code=code, message=message[:2000], component_origin=error_pb2.COMPONENT_ORIGIN_SERVER, retryable=True
    )
