"""The effects that a task had, as the fold of its journal: what was navigated, typed, clicked, sent, downloaded.

Pure. Looking and reading are no effects; a click to which the page did not react is none either. What nobody knows the
outcome of is listed as such.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from tabwire.agent import catalog, events
from tabwire.describe import describe
from tabwire.v1 import action_pb2, error_pb2, policy_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAVIGATED = task_pb2.EFFECT_KIND_NAVIGATED
_CHANGED = task_pb2.EFFECT_KIND_CHANGED
_CLICKED = task_pb2.EFFECT_KIND_CLICKED
_SUBMITTED = task_pb2.EFFECT_KIND_SUBMITTED
_TAB = task_pb2.EFFECT_KIND_TAB

# What an action does by itself. What the page did with it is added from the result.
_OWN = MappingProxyType(
    {
        "navigate": _NAVIGATED,
        "go_back": _NAVIGATED,
        "go_forward": _NAVIGATED,
        "reload": _NAVIGATED,
        "click": _CLICKED,
        "input_text": _CHANGED,
        "select_option": _CHANGED,
        "press_keys": _CHANGED,
        "drag": _CHANGED,
        "set_checked": _CHANGED,
        "upload_files": task_pb2.EFFECT_KIND_UPLOADED,
        "answer_dialog": task_pb2.EFFECT_KIND_DIALOG,
        "run_javascript": task_pb2.EFFECT_KIND_JAVASCRIPT,
        "open_tab": _TAB,
        "close_tab": _TAB,
    }
)
# With these a form, an order or a message is on its way.
_SENDING = frozenset({policy_pb2.CONSEQUENCE_BUY, policy_pb2.CONSEQUENCE_SEND, policy_pb2.CONSEQUENCE_PUBLISH})
_IN_DOUBT = frozenset(
    {
        error_pb2.ERROR_CODE_OUTCOME_UNKNOWN,
        error_pb2.ERROR_CODE_LINK_CLOSED,
        error_pb2.ERROR_CODE_CANCELLED,  # a failed result with it was cancelled while it was under way
    }
)
_LONGEST = 300


class Effects:
    """The effects so far. Feed it every event of one journal, in order."""

    def __init__(self) -> None:
        self.all: list[task_pb2.TaskEffect] = []
        self._url = ""
        self._started: dict[tuple[int, int], task_pb2.ActionStarted] = {}
        self._requests: dict[str, task_pb2.HumanRequest] = {}
        self._approved: dict[str, task_pb2.HumanRequest] = {}

    def apply(self, event: task_pb2.TaskEvent) -> None:
        """Takes one event."""
        kind = event.WhichOneof("kind")
        if kind == "created":
            self._url = event.created.task.context.url
        elif kind == "step_update":
            self._url = event.step_update.step.url or self._url
        elif kind == "human_input_needed":
            self._requests[event.human_input_needed.request.request_id] = event.human_input_needed.request
        elif kind == "human_input" and event.human_input.approved:
            request = self._requests.get(event.human_input.request_id)
            if request is not None:
                self._approved[request.action.id] = request
        elif kind == "action_started":
            started = event.action_started
            self._started[started.step_number, started.index] = started
        elif kind == "action_finished":
            self._finished(event)

    def _finished(self, event: task_pb2.TaskEvent) -> None:
        finished = event.action_finished
        started = self._started.pop((finished.step_number, finished.index), None)
        details = finished.result.outcome_details
        if started is not None:
            approval = self._approval_of(started.action.id)
            consequences = set(started.consequences) | set(approval.consequences if approval is not None else ())
            for kind in _kinds(started.action, finished.result, consequences):
                effect = task_pb2.TaskEffect(
                    seq=event.seq,
                    time=event.time,
                    step_number=finished.step_number,
                    kind=kind,
                    consequences=sorted(consequences),
                    url=self._url,
                    description=_description(kind, started.action, finished.result),
                    action=_without_files(started.action),
                    approved=approval is not None,
                )
                self.all.append(effect)
        if details.new_url:
            self._url = details.new_url

    def _approval_of(self, action_id: str) -> task_pb2.HumanRequest | None:
        """The approval of an action, also if it was sent again under a longer id."""
        for approved_id, request in self._approved.items():
            if action_id == approved_id or action_id.startswith(f"{approved_id}/"):
                return request
        return None


def effects_of(journal: Iterable[task_pb2.TaskEvent]) -> list[task_pb2.TaskEffect]:
    """The effects of a whole journal."""
    effects = Effects()
    for event in journal:
        effects.apply(event)
    return effects.all


def _without_files(action: action_pb2.Action) -> action_pb2.Action:
    """The action without the contents of files, which nobody wants in a list."""
    if not action.HasField("upload_files"):
        return action
    lean = action_pb2.Action()
    lean.CopyFrom(action)
    for file in lean.upload_files.files:
        file.ClearField("content")
    return lean


def _kinds(
    action: action_pb2.Action, result: action_pb2.ActionResult, consequences: set[policy_pb2.Consequence.ValueType]
) -> list[task_pb2.EffectKind.ValueType]:
    """The kinds of effect that an action had, each once."""
    is_known = bool(catalog.kind(action))
    if result.status == action_pb2.ACTION_STATUS_CANCELLED or not is_known or events.is_repeatable(action):
        return _side_effects(result)
    if result.status != action_pb2.ACTION_STATUS_SUCCEEDED and not _reacted(result):
        doubtful = result.error_info.error_code in _IN_DOUBT
        return [task_pb2.EFFECT_KIND_UNKNOWN] if doubtful else []
    kind = catalog.kind(action)
    kinds: list[task_pb2.EffectKind.ValueType] = []
    refused = kind == "answer_dialog" and not action.answer_dialog.accept
    if refused or (kind == "click" and result.outcome_details.no_effect_seen):
        pass
    elif kind == "collect_rows" and action.collect_rows.next_element_id:
        kinds.append(_CLICKED)
    elif kind in _OWN:
        kinds.append(_OWN[kind])
    sends = (kind == "input_text" and action.input_text.submit) or (kinds and not _SENDING.isdisjoint(consequences))
    if sends:
        kinds.append(_SUBMITTED)
    kinds.extend(_side_effects(result))
    return list(dict.fromkeys(kinds))


def _side_effects(result: action_pb2.ActionResult) -> list[task_pb2.EffectKind.ValueType]:
    """What the page and the browser did with it."""
    details = result.outcome_details
    kinds: list[task_pb2.EffectKind.ValueType] = []
    if details.navigation_occurred:
        kinds.append(_NAVIGATED)
    if details.download:
        kinds.append(task_pb2.EFFECT_KIND_DOWNLOADED)
    if details.opened_tab_ids:
        kinds.append(_TAB)
    return kinds


def _reacted(result: action_pb2.ActionResult) -> bool:
    """Whether an action that failed had done something before it did."""
    details = result.outcome_details
    return bool(details.navigation_occurred or details.dom_changes or details.download or details.opened_tab_ids)


def _description(
    kind: task_pb2.EffectKind.ValueType, action: action_pb2.Action, result: action_pb2.ActionResult
) -> str:
    details = result.outcome_details
    if kind == task_pb2.EFFECT_KIND_UNKNOWN:
        text = result.error_info.message
    elif kind == task_pb2.EFFECT_KIND_DOWNLOADED:
        text = f"Downloaded {details.download}"
    elif kind == _NAVIGATED and details.new_url:
        text = f"Went to {details.new_url}"
    else:
        text = details.message or describe(action)
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else f"{flat[: _LONGEST - 1]}…"
