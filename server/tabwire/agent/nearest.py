"""The elements that may have been meant when one is not there any more: those of a like role and name. Pure."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from tabwire.agent import catalog
from tabwire.agent.render import label, place, role
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from tabwire.v1 import action_pb2, state_pb2

_MAX = 5
_LIKE = 0.5
_SAME_ROLE = 0.3
_GONE = frozenset(
    {
        error_pb2.ERROR_CODE_STALE_ELEMENT,
        error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND,
        error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE,
    }
)


def may_add(error: error_pb2.ErrorInfo) -> bool:
    """Whether an error says that an element is gone, and not which one may have been meant."""
    return error.error_code in _GONE and not error.details.WhichOneof("kind")


def add(
    error: error_pb2.ErrorInfo,
    action: action_pb2.Action,
    before: state_pb2.PageState | None,
    now: state_pb2.PageState | None,
) -> None:
    """Puts into an error that only says that an element is gone which others may have been meant."""
    if not may_add(error) or before is None or now is None:
        return
    number = catalog.element_id(action)
    meant = next((one for one in before.actionable_elements if one.id == number), None)
    if meant is None:
        return
    for element in find(meant, now):
        error.details.candidates.candidates.add(
            element_id=element.id, role=role(element), name=label(element)[:200], context=place(element)[:200]
        )


def find(meant: state_pb2.Element, now: state_pb2.PageState) -> list[state_pb2.Element]:
    """The elements of a page that are most like one, best first; none that is not like it."""
    scored = [
        (_likeness(meant, element), -index, element)
        for index, element in enumerate(now.actionable_elements)
        if element.id != meant.id
    ]
    best = sorted((one for one in scored if one[0] >= _LIKE), key=lambda one: one[:2], reverse=True)
    return [element for _, _, element in best[:_MAX]]


def _likeness(meant: state_pb2.Element, element: state_pb2.Element) -> float:
    wanted, called = label(meant).casefold(), label(element).casefold()
    names = difflib.SequenceMatcher(None, wanted, called).ratio() if wanted and called else 0.0
    return names * (1 - _SAME_ROLE) + (_SAME_ROLE if role(meant) == role(element) else 0.0)
