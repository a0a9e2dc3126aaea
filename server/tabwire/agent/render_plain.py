"""A page state for a weak model: nothing to be worked out. One element a line, no tables; only what can be used has a
number; a field says which text stands beside it, and whether it is empty. Texts that stand on one line are told on one.

Strings of the page are quoted as in `tabwire.agent.render`, whose words it uses.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tabwire.agent.choices import usable
from tabwire.agent.render import (
    FIELDS,
    details,
    label,
    page_lines,
    place,
    quote,
    role,
    shown_colour,
    shown_icon,
)
from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tabwire.agent.profile import Profile

_BOXES = frozenset({state_pb2.ELEMENT_TYPE_CHECKBOX, state_pb2.ELEMENT_TYPE_RADIO})
# A longer text is no label, and neither is a sentence.
_MAX_LABEL = 60
_SENTENCE = (".", "!", "…")
# So far above a field its label may end.
_MAX_GAP = 12


@dataclass(frozen=True)
class Plain:
    """A page in plain lines."""

    text: str
    numbered: tuple[state_pb2.Element, ...]
    """The elements that can be named by their numbers."""
    names: dict[int, tuple[str, ...]]
    """What each of them may be called, by its id: its name or what stands beside it, and what it is."""
    has_more: bool
    """Whether the page has more than this."""


def plain(state: state_pb2.PageState, profile: Profile, *, typed: Collection[int] = ()) -> Plain:
    """A whole state. What is beyond the profile's limit is counted in the last line.

    `typed` are the elements that the agent put a text into: no page tells what a password field holds.
    """
    head = page_lines(state, brief=True)
    lines = list(head)
    numbered: list[state_pb2.Element] = []
    size = sum(len(line) + 1 for line in lines)
    elements = _of_use(state.actionable_elements, profile)
    labels = _labels(elements)
    spoken_for = set(labels.values())
    words = _words(elements, labels)
    can_drag = any("drag" in usable(one, profile) for one in elements)
    where = ""
    before: state_pb2.Element | None = None
    for index, one in enumerate(elements):
        if one.id in spoken_for:
            continue
        own = []
        if place(one) != where:
            where = place(one)
            own.append(f"# {where}" if where else "#")
        has_number = bool(usable(one, profile)) or (can_drag and bool(label(one)))
        if not has_number and not own and before is not None and _is_beside(before, one) and role(before) == role(one):
            own.append(f"{lines.pop()} | {quote(label(one))}")
        else:
            line = _line(one, words[one.id], elements, labels, number=f"[{one.id}]" if has_number else "")
            own.append(f"{line} {'' if one.id in typed else 'not '}filled in by you" if _is_secret(one) else line)
        before = None if has_number else one
        size += sum(len(line) + 1 for line in own)
        if size > profile.state_characters:
            lines.append(f"not shown: {len(elements) - index} more elements; scroll to see")
            return Plain("\n".join(lines), tuple(numbered), _names(numbered, words, elements, labels), has_more=True)
        lines.extend(own)
        if has_number:
            numbered.append(one)
    scrolls = any("scroll" in usable(one, profile) for one in elements)
    names = _names(numbered, words, elements, labels)
    return Plain("\n".join(lines), tuple(numbered), names, has_more=len(head) > 1 or scrolls)


def _of_use(elements: Sequence[state_pb2.Element], profile: Profile) -> list[state_pb2.Element]:
    """Without pictures that have no name, which say nothing to who does not see, and without what is said twice.

    Neither does a place without any name or looks, that merely takes clicks, where others can be told apart.
    """
    by_id = {one.id: one for one in elements}
    has_named = any(one.type == state_pb2.ELEMENT_TYPE_GENERIC and _says_what(one) for one in elements)
    kept = []
    for one in elements:
        around = by_id.get(one.parent_id)
        is_blank = one.type == state_pb2.ELEMENT_TYPE_CANVAS and not label(one) and not profile.vision
        says = label(one)
        is_said = (
            around is not None
            and bool(says)
            and label(around) == says
            and usable(one, profile) <= usable(around, profile)
        )
        is_nameless = (
            has_named and _word(one) == "clickable" and not _says_what(one) and usable(one, profile) == {"click"}
        )
        if not is_blank and not is_said and not is_nameless:
            kept.append(one)
    return kept


def _says_what(one: state_pb2.Element) -> bool:
    return bool(label(one) or details(one, plain=True))


def _words(elements: Sequence[state_pb2.Element], labels: dict[int, int]) -> dict[int, str]:
    """What each is, by its id; those that nothing else tells apart are counted, as people count them."""
    nameless = [one for one in elements if not (label(one) or one.id in labels or shown_colour(one) or shown_icon(one))]
    alike = Counter(map(_word, nameless))
    found = {one.id: _word(one) for one in elements}
    counted: Counter[str] = Counter()
    for one in nameless:
        word = _word(one)
        if alike[word] > 1:
            counted[word] += 1
            found[one.id] = f"{word} {counted[word]}"
    return found


def _line(
    one: state_pb2.Element,
    word: str,
    elements: Sequence[state_pb2.Element],
    labels: dict[int, int],
    *,
    number: str,
) -> str:
    name = label(one)
    beside = _beside(one, elements, labels)
    parts = (
        word,
        quote(name) if name else "",
        f"beside {quote(beside)}" if beside else "",
        number,  # right behind the name, as it is to be answered
        details(one, plain=True),
    )
    return " ".join(filter(None, parts))


def _beside(one: state_pb2.Element, elements: Sequence[state_pb2.Element], labels: dict[int, int]) -> str:
    return next((label(text) for text in elements if text.id == labels.get(one.id)), "")


def _names(
    numbered: Sequence[state_pb2.Element],
    words: dict[int, str],
    elements: Sequence[state_pb2.Element],
    labels: dict[int, int],
) -> dict[int, tuple[str, ...]]:
    """What elements are called: their names, with row or heading if others are called the same; and their kinds."""
    names = {
        one.id: label(one) or _beside(one, elements, labels) or shown_colour(one) or shown_icon(one) for one in numbered
    }
    known = Counter(names.values())
    found = {}
    for one in numbered:
        name, around = names[one.id], one.row or one.heading
        if around and known[name] > 1:
            name = f"{name} of {around}".strip()
        found[one.id] = tuple(filter(None, (name, words[one.id])))
    return found


def _is_secret(one: state_pb2.Element) -> bool:
    return one.tag == "input" and one.attributes.get("type", "") == "password"


def _word(one: state_pb2.Element) -> str:
    """What it is; what can be scrolled and not clicked is not called clickable."""
    if role(one) == "clickable" and one.type == state_pb2.ELEMENT_TYPE_GENERIC:
        if state_pb2.OPERATION_DRAG in one.available_operations:
            return "draggable"
        return "clickable" if state_pb2.OPERATION_CLICK in one.available_operations else "area"
    # Which of both it is shows on the page, and people name it so.
    return "textarea" if one.tag == "textarea" and role(one) == "textbox" else role(one)


def _labels(elements: Sequence[state_pb2.Element]) -> dict[int, int]:
    """Fields without a name of their own, each with the text that stands beside it; both by their ids."""
    found: dict[int, int] = {}
    for index, one in enumerate(elements):
        if one.type not in FIELDS or label(one):
            continue
        after = one.type in _BOXES
        text = elements[index + 1] if after and index + 1 < len(elements) else None
        if text is None or not _is_beside(one, text):
            text = elements[index - 1] if index else None
        if text is not None and text.id not in found.values() and _is_label(text, one):
            found[one.id] = text.id
    return found


def _is_label(text: state_pb2.Element, of: state_pb2.Element) -> bool:
    words = label(text)
    if (
        text.type != state_pb2.ELEMENT_TYPE_TEXT_CONTENT
        or not 0 < len(words) <= _MAX_LABEL
        or words.endswith(_SENTENCE)
    ):
        return False
    if text.id == of.parent_id or text.tag == "label" or words.rstrip().endswith(":"):
        return True
    return _is_beside(text, of) or _is_above(text, of) or (of.type in _BOXES and _is_beside(of, text))


def _is_beside(one: state_pb2.Element, other: state_pb2.Element) -> bool:
    """Whether both stand on one line, the second further right."""
    if not (one.HasField("bounds") and other.HasField("bounds")) or one.frame_slot != other.frame_slot:
        return False
    middle = other.bounds.y + other.bounds.height / 2
    return one.bounds.y <= middle <= one.bounds.y + one.bounds.height and other.bounds.x > one.bounds.x


def _is_above(one: state_pb2.Element, other: state_pb2.Element) -> bool:
    if not (one.HasField("bounds") and other.HasField("bounds")) or one.frame_slot != other.frame_slot:
        return False
    gap = other.bounds.y - (one.bounds.y + one.bounds.height)
    overlaps = one.bounds.x < other.bounds.x + other.bounds.width and other.bounds.x < one.bounds.x + one.bounds.width
    return 0 <= gap <= _MAX_GAP and overlaps
