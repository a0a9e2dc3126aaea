"""Finds the element that a plain command names, in a page state. Pure.

A name matches accessible names, labels and texts: exactly, then without regard to case, then as the beginning of words,
then anywhere. Elements that can do what is wanted come first. Two that match equally well are never guessed between.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from tabwire.agent.command_parser import LAST, Purpose, Target
from tabwire.agent.render import label, role
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2, state_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_CANDIDATES = 20
_SHOWN = 8
_SPACE = re.compile(r"\s+")
_TEXT_TYPES = frozenset(
    {
        state_pb2.ELEMENT_TYPE_TEXT_CONTENT,
        state_pb2.ELEMENT_TYPE_HEADING,
        state_pb2.ELEMENT_TYPE_CELL,
        state_pb2.ELEMENT_TYPE_LIST_ITEM,
        state_pb2.ELEMENT_TYPE_UNSPECIFIED,
    }
)
_WANTED = {
    Purpose.CLICK: state_pb2.OPERATION_CLICK,
    Purpose.CHECK: state_pb2.OPERATION_CLICK,
    Purpose.UNCHECK: state_pb2.OPERATION_CLICK,
    Purpose.FILL: state_pb2.OPERATION_INPUT_TEXT,
    Purpose.SELECT: state_pb2.OPERATION_SELECT_OPTION,
}

# What is meant by a name even if it cannot be used now: better said than passed over for the next best.
_OF_THE_KIND = {
    Purpose.FILL: frozenset({state_pb2.ELEMENT_TYPE_INPUT_FIELD, state_pb2.ELEMENT_TYPE_RANGE}),
    Purpose.SELECT: frozenset({state_pb2.ELEMENT_TYPE_SELECT}),
    Purpose.CHECK: frozenset({state_pb2.ELEMENT_TYPE_CHECKBOX, state_pb2.ELEMENT_TYPE_RADIO}),
    Purpose.UNCHECK: frozenset({state_pb2.ELEMENT_TYPE_CHECKBOX, state_pb2.ELEMENT_TYPE_RADIO}),
}

# What a person would point at before they point at mere text.
_OPERATED = (state_pb2.OPERATION_CLICK, state_pb2.OPERATION_INPUT_TEXT, state_pb2.OPERATION_SELECT_OPTION)
_ANY_TEXT = frozenset(
    {
        Purpose.READ,
        Purpose.HOVER,
        Purpose.SCROLL,
        Purpose.KEYS,
        Purpose.DRAG,
        Purpose.DROP,
        Purpose.MARK,
    }
)


class Tier(IntEnum):
    """How well a name matches; lower is better."""

    EXACT = 1
    CASE = 2
    PREFIX = 3
    INSIDE = 4


@dataclass(frozen=True)
class Found:
    """An element, and how well the name matched."""

    element: state_pb2.Element
    tier: Tier


def find(state: state_pb2.PageState, target: Target, purpose: Purpose) -> Found:
    """The element that is meant.

    Raises `TabwireError` AMBIGUOUS_TARGET or TARGET_ELEMENT_NOT_FOUND, both with candidates, and
    TARGET_ELEMENT_NOT_INTERACTABLE if the name is exactly that of something that cannot be used now.
    """
    matches, tier = _matches(state, target, purpose)
    if not matches:
        raise _not_found(state, target, purpose)
    if target.ordinal:
        index = len(matches) - 1 if target.ordinal == LAST else target.ordinal - 1
        if index >= len(matches):
            raise _too_few(target, matches)
        return Found(matches[index], tier)
    if len(matches) > 1 and not _lead_to_the_same(matches):
        raise _ambiguous(target, matches)
    return Found(matches[0], tier)


def _matches(state: state_pb2.PageState, target: Target, purpose: Purpose) -> tuple[list[state_pb2.Element], Tier]:
    """All elements of the best tier that has any, in reading order."""
    elements = [element for element in state.actionable_elements if element.is_visible]
    page = _Page(elements)
    able = [element for element in elements if _can(element, purpose)]
    for tier in (Tier.EXACT, Tier.CASE):
        if matches := page.narrowed(_at(able, target.name, tier), target.context):
            return matches, tier
    blocked = [element for element in elements if _is_blocked(element, purpose)]
    if meant := page.narrowed(_at(blocked, target.name, Tier.CASE), target.context):
        raise _not_usable(meant[0])
    if matches := page.narrowed(_at(able, target.name, Tier.PREFIX), target.context):
        return matches, Tier.PREFIX
    # The name may be a text that stands inside of what can be operated, or beside it as its label.
    for tier in (Tier.EXACT, Tier.CASE, Tier.PREFIX):
        texts = [element for element in _at(elements, target.name, tier) if not _can(element, purpose)]
        owners = [page.operable_for(text, purpose, by_label=tier <= Tier.CASE) for text in texts]
        if matches := page.narrowed([owner for owner in owners if owner is not None], target.context):
            return matches, tier
    return page.narrowed(_at(able, target.name, Tier.INSIDE), target.context), Tier.INSIDE


def text_beside(state: state_pb2.PageState, element: state_pb2.Element, name: str) -> state_pb2.Element:
    """What a label speaks about: the text beside it, if the element is nothing but the label itself."""
    if element.type not in _TEXT_TYPES or _plain(label(element)) != _plain(name) or _is_no_label(element):
        return element
    elements = [one for one in state.actionable_elements if one.is_visible]
    position = next((index for index, one in enumerate(elements) if one.id == element.id), len(elements))
    for after in elements[position + 1 : position + 4]:
        if after.parent_id == element.id or _plain(label(after)) == _plain(name):
            continue
        beside = after.type in _TEXT_TYPES or state_pb2.OPERATION_READ_VALUE in after.available_operations
        belongs = _announces(element) or _on_one_line(element, after)
        return after if beside and belongs and after.frame_slot == element.frame_slot else element
    return element


def _announces(element: state_pb2.Element) -> bool:
    """Whether it says by itself that something about it follows."""
    said = _folded(label(element)).endswith(":")
    return said or element.tag in ("dt", "label") or element.role in ("rowheader", "term")


def _is_no_label(element: state_pb2.Element) -> bool:
    """Headings, items and column heads stand for themselves, unless they announce what follows."""
    for_itself = element.type in (state_pb2.ELEMENT_TYPE_HEADING, state_pb2.ELEMENT_TYPE_LIST_ITEM)
    return (for_itself or element.role == "columnheader") and not _announces(element)


def _on_one_line(left: state_pb2.Element, right: state_pb2.Element) -> bool:
    """Whether the second stands beside the first: in its line, and further right."""
    if not (left.HasField("bounds") and right.HasField("bounds")):
        return True
    middle = right.bounds.y + right.bounds.height / 2
    return left.bounds.y <= middle <= left.bounds.y + left.bounds.height and right.bounds.x > left.bounds.x


class _Page:
    """The visible elements of a state and how they stand to each other."""

    def __init__(self, elements: Sequence[state_pb2.Element]) -> None:
        self._elements = elements
        self._by_id = {element.id: element for element in elements}
        self._position = {element.id: index for index, element in enumerate(elements)}

    def narrowed(self, matches: Iterable[state_pb2.Element], context: str) -> list[state_pb2.Element]:
        """Matches without repetition, without those that hold another one, and only in the wanted place."""
        unique = sorted({match.id: match for match in matches}.values(), key=lambda one: self._position[one.id])
        holders = {parent.id for match in unique for parent in self._around(match)}
        inner = [match for match in unique if match.id not in holders]
        if not context:
            return inner
        distances = [(self._distance(match, context), match) for match in inner]
        nearest = min((distance for distance, _ in distances if distance is not None), default=None)
        return [match for distance, match in distances if nearest is not None and distance == nearest]

    def operable_for(self, text: state_pb2.Element, purpose: Purpose, *, by_label: bool) -> state_pb2.Element | None:
        """What is operated when a person points at a text."""
        if purpose in _ANY_TEXT:
            return text
        for parent in self._around(text):
            if _can(parent, purpose):
                return parent
        labels = by_label and text.type in _TEXT_TYPES
        if labels and purpose in (Purpose.FILL, Purpose.SELECT, Purpose.CHECK, Purpose.UNCHECK):
            position = self._position[text.id]
            for after in self._elements[position + 1 : position + 3]:
                if _can(after, purpose):
                    return after
                if after.type not in _TEXT_TYPES:
                    return None  # the label is this one's
        return None

    def _around(self, element: state_pb2.Element) -> list[state_pb2.Element]:
        parents: list[state_pb2.Element] = []
        parent = self._by_id.get(element.parent_id)
        while parent is not None and len(parents) < len(self._elements) and parent not in parents:
            parents.append(parent)
            parent = self._by_id.get(parent.parent_id)
        return parents

    def _distance(self, element: state_pb2.Element, context: str) -> int | None:
        """How far around an element the wanted place is; None if it is not there."""
        if any(_contains(place, context) for place in (element.heading, element.form)):
            return 0
        for depth, parent in enumerate(self._around(element), start=1):
            if any(_contains(text, context) for text in _names(parent)):
                return depth
        if _contains(element.landmark, context):
            return len(self._elements) + 1
        return None


def _can(element: state_pb2.Element, purpose: Purpose) -> bool:
    if purpose in (Purpose.CHECK, Purpose.UNCHECK) and element.states.checked == state_pb2.TOGGLE_UNSPECIFIED:
        return element.states.pressed != state_pb2.TOGGLE_UNSPECIFIED
    operations = element.available_operations
    if purpose is Purpose.READ:
        return bool(label(element)) or state_pb2.OPERATION_READ_VALUE in operations
    wanted = _WANTED.get(purpose)
    if wanted is not None:
        return wanted in operations and not element.states.disabled
    return any(operation in operations for operation in _OPERATED)


def _is_blocked(element: state_pb2.Element, purpose: Purpose) -> bool:
    """Whether it is what is wanted, but cannot be used now."""
    if purpose is Purpose.CLICK:
        return element.states.disabled
    return element.type in _OF_THE_KIND.get(purpose, ()) and not _can(element, purpose)


def _at(elements: Iterable[state_pb2.Element], name: str, tier: Tier) -> list[state_pb2.Element]:
    return [element for element in elements if any(_is_match(text, name, tier) for text in _names(element))]


def _is_match(text: str, name: str, tier: Tier) -> bool:
    if tier is Tier.EXACT:
        return _folded(text) == _folded(name)
    plain, wanted = _plain(text), _plain(name)
    if not wanted:
        return False
    if tier is Tier.CASE:
        return plain == wanted
    if tier is Tier.PREFIX:
        return re.search(rf"(?<!\w){re.escape(wanted)}", plain) is not None
    return wanted in plain


def _names(element: state_pb2.Element) -> list[str]:
    attributes = element.attributes
    texts = [element.name, element.text_content, *(attributes.get(key, "") for key in ("placeholder", "title", "alt"))]
    return [text for text in texts if text]


def _folded(text: str) -> str:
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text)).strip()


def _plain(text: str) -> str:
    return _folded(text).casefold().strip(" :*")


def _contains(text: str, wanted: str) -> bool:
    return bool(text) and _plain(wanted) in _plain(text)


def _lead_to_the_same(matches: Sequence[state_pb2.Element]) -> bool:
    """Several links to one address are one choice."""
    addresses = {match.attributes.get("href", "") for match in matches}
    return len(addresses) == 1 and "" not in addresses


def candidate(element: state_pb2.Element) -> error_pb2.Candidate:
    """An element as a choice for a person."""
    context = element.heading or element.form or element.landmark
    return error_pb2.Candidate(
        element_id=element.id, role=role(element), name=_folded(label(element))[:200], context=context[:200]
    )


def _ambiguous(target: Target, matches: Sequence[state_pb2.Element]) -> TabwireError:
    candidates = [candidate(match) for match in matches[:MAX_CANDIDATES]]
    lines = "; ".join(f"{index}. {_words(one)}" for index, one in enumerate(candidates[:_SHOWN], start=1))
    more = f"; and {len(matches) - _SHOWN} more" if len(matches) > _SHOWN else ""
    contexts = {one.context for one in candidates}
    context = next((one.context for one in candidates if one.context), "") if len(contexts) > 1 else ""
    exact = f'first "{target.name}"' + (f', or "{target.name}" in "{context}"' if context else "")
    return TabwireError(
        error_pb2.ERROR_CODE_AMBIGUOUS_TARGET,
        f'"{target.name}" matches {len(matches)} elements: {lines}{more}.',
        remedy=f"Say which one, as: {exact}.",
        details=error_pb2.ErrorDetails(candidates=error_pb2.CandidatesDetails(candidates=candidates)),
        origin=error_pb2.COMPONENT_ORIGIN_SERVER,
    )


def _too_few(target: Target, matches: Sequence[state_pb2.Element]) -> TabwireError:
    candidates = [candidate(match) for match in matches[:MAX_CANDIDATES]]
    return TabwireError(
        error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND,
        f'There is no number {target.ordinal} of "{target.name}": the page shows {len(matches)}.',
        remedy=f"Use a number from 1 to {len(matches)}, or last.",
        details=error_pb2.ErrorDetails(candidates=error_pb2.CandidatesDetails(candidates=candidates)),
    )


def _not_usable(element: state_pb2.Element) -> TabwireError:
    if element.states.disabled:
        why, remedy = "is disabled", "Do first what the page asks for, so that it can be used."
    elif element.states.readonly:
        why, remedy = "is read-only", "Change what it follows from, or use another field."
    else:
        why, remedy = "takes no input of this kind", "Use the command that fits it, or do this by hand."
    return TabwireError(
        error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE,
        f'The {role(element)} "{_folded(label(element))[:200]}" {why}.',
        remedy=remedy,
    )


def _not_found(state: state_pb2.PageState, target: Target, purpose: Purpose) -> TabwireError:
    near = _nearest(state, target, purpose)
    candidates = [candidate(element) for element in near]
    where = f' in "{target.context}"' if target.context else ""
    shown = f" The nearest are: {', '.join(_words(one) for one in candidates[:_SHOWN])}." if candidates else ""
    return TabwireError(
        error_pb2.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND,
        f'Nothing to {purpose.value} on the page is called "{target.name}"{where}.{shown}',
        remedy="Use a name that the page shows.",
        details=error_pb2.ErrorDetails(candidates=error_pb2.CandidatesDetails(candidates=candidates)),
    )


def _nearest(state: state_pb2.PageState, target: Target, purpose: Purpose) -> list[state_pb2.Element]:
    wanted = _plain(target.name)
    scored: dict[str, tuple[float, state_pb2.Element]] = {}
    able = [element for element in state.actionable_elements if element.is_visible and _can(element, purpose)]
    for element in able:
        name = _plain(label(element))[:200]
        if not name or name in scored:
            continue
        score = difflib.SequenceMatcher(None, wanted, name).ratio()
        if set(wanted.split()) & set(name.split()):
            score += 0.3
        scored[name] = (score, element)
    best = sorted(scored.values(), key=lambda pair: -pair[0])
    near = [element for score, element in best if score >= _NEAR][:_SHOWN]
    # A page with hardly anything to choose from is best told whole.
    return near or ([element for _, element in best] if len(best) <= _SHOWN else [])


_NEAR = 0.5


def _words(one: error_pb2.Candidate) -> str:
    where = f' under "{one.context}"' if one.context and one.context != one.name else ""
    return f'{one.role} "{one.name}"{where}'
