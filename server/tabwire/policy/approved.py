"""What a person approves: an action in words, with what would be sent along, and the digest that binds the approval.

Bound are the action, its element, the address, and what stands around the element: what is filled in and what is said
in its form, or where the form has no name that a state could tell, in its section. What changes by itself, as clocks
and notices do, is left out: nobody could ever approve beside it.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Literal

from tabwire.policy.facts import element_id_of, kind_of, url_of
from tabwire.v1 import action_pb2, state_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FILLED_TYPES = frozenset(
    {
        state_pb2.ELEMENT_TYPE_INPUT_FIELD,
        state_pb2.ELEMENT_TYPE_SELECT,
        state_pb2.ELEMENT_TYPE_CHECKBOX,
        state_pb2.ELEMENT_TYPE_RADIO,
        state_pb2.ELEMENT_TYPE_RANGE,
    }
)
_OF_THE_MOMENT = frozenset({"status", "alert", "log", "timer", "marquee", "progressbar"})
# "09:58", "58 seconds": what ticks. "5 m" and "30 minutes" may be amounts, so they count.
_CLOCK = re.compile(r"\d+(:\d\d)+|\d+\s*(seconds?|secs?)\b", re.IGNORECASE)
_MAX_TOLD = 8
_MAX_TEXT = 500
_MAX_VALUE = 80


def in_words(action: action_pb2.Action, element: state_pb2.Element | None) -> str:
    """An action for a person, as `click the button "Buy now"`."""
    kind = kind_of(action)
    if url_of(action):
        return f"{kind.replace('_', ' ')} {url_of(action)[:200]}"
    if kind == "run_javascript":
        return f"run JavaScript: {action.run_javascript.code[:_MAX_TEXT]}"
    if kind == "answer_dialog":
        typed = f" with {_quoted(action.answer_dialog.text)}" if action.answer_dialog.text else ""
        return f"say {'OK' if action.answer_dialog.accept else 'Cancel'} to the dialog of the page{typed}"
    where = _called(action, element)
    answered = " and say OK to the dialog that follows" if action.dialog_answer.accept else ""
    match kind:
        case "input_text":
            text = action.input_text
            what = f"the secret {text.secret}" if text.secret else _quoted(text.text)
            return f"type {what} into {where}{' and press Enter' if text.submit else ''}{answered}"
        case "press_keys":
            keys = ", ".join(action.press_keys.keys)
            return f"press {keys[:_MAX_TEXT]}{f' in {where}' if where else ''}{answered}"
        case "set_checked":
            return f"{'check' if action.set_checked.checked else 'uncheck'} {where}{answered}"
        case "select_option":
            return f"choose {', '.join(_quoted(one) for one in action.select_option.options)} in {where}{answered}"
        case "upload_files":
            return f"give {', '.join(_quoted(one.name) for one in action.upload_files.files)} to {where}{answered}"
    return f"{kind.replace('_', ' ')} {where}".rstrip() + answered


def filled_in(element: state_pb2.Element | None, siblings: Iterable[state_pb2.Element]) -> str:
    """What is filled in around the element of an action, as `Quantity "2", Deliver to "1 Main Street"`."""
    told = []
    for one in around(element, siblings) if element is not None else ():
        value = one.current_value
        if one.type in (state_pb2.ELEMENT_TYPE_CHECKBOX, state_pb2.ELEMENT_TYPE_RADIO):
            value = "yes" if one.states.checked == state_pb2.TOGGLE_ON else ""
        if one.type in _FILLED_TYPES and value and (element is None or one.id != element.id):
            told.append(f"{(one.name or one.tag)[:_MAX_VALUE]} {_quoted(value, _MAX_VALUE)}")
    more = f" and {len(told) - _MAX_TOLD} more" if len(told) > _MAX_TOLD else ""
    return ", ".join(told[:_MAX_TOLD]) + more


def digest_of(
    action: action_pb2.Action,
    url: str,
    consequences: Iterable[int],
    element: state_pb2.Element | None,
    siblings: Iterable[state_pb2.Element] = (),
) -> bytes:
    """Names exactly this action on exactly this element: with another text, amount or recipient it is another one."""
    bare = action_pb2.Action()
    bare.CopyFrom(action)
    names: tuple[Literal["id", "document_id", "expect", "input_mode"], ...]
    names = ("id", "document_id", "expect", "input_mode")
    for name in names:
        bare.ClearField(name)
    digest = hashlib.sha256()
    _add(digest, bare.SerializeToString(deterministic=True))
    for part in (url, *(str(one) for one in sorted(consequences))):
        _add(digest, part)
    if element is not None:
        _add(digest, _meaning(element, ticks=False))
        for one in around(element, siblings):
            _add(digest, _meaning(one, ticks=True))
    return digest.digest()


def around(element: state_pb2.Element, siblings: Iterable[state_pb2.Element]) -> Iterator[state_pb2.Element]:
    """What belongs to an element, as far as a state tells it. Fields of forms without a name count as of one form."""
    for one in siblings:
        if one.frame_slot != element.frame_slot or one.form != element.form or one.role in _OF_THE_MOMENT:
            continue
        is_near = one.landmark == element.landmark and one.heading == element.heading
        if element.form or is_near or one.type in _FILLED_TYPES:
            yield one


def _meaning(element: state_pb2.Element, *, ticks: bool) -> bytes:
    """What an element means to a person, without where it stands and what it is like for the moment.

    With `ticks` a clock or countdown in it does not count.
    """
    kept = state_pb2.Element(
        id=element.id,
        type=element.type,
        tag=element.tag,
        role=element.role,
        name=_CLOCK.sub("", element.name) if ticks else element.name,
        text_content=_CLOCK.sub("", element.text_content) if ticks else element.text_content,
        attributes=element.attributes,
        form=element.form,
        row=element.row,
    )
    if element.HasField("current_value"):
        kept.current_value = element.current_value
    kept.states.checked = element.states.checked
    return kept.SerializeToString(deterministic=True)


def _called(action: action_pb2.Action, element: state_pb2.Element | None) -> str:
    if element is None:
        return f"element {element_id_of(action)}" if element_id_of(action) else ""
    name = element.name or element.text_content
    return f'the {element.role or element.tag or "element"} "{name[:120]}"'


def _quoted(text: str, most: int = _MAX_TEXT) -> str:
    return f'"{text if len(text) <= most else text[: most - 1] + "…"}"'


def _add(digest: hashlib._Hash, part: str | bytes) -> None:
    data = part.encode() if isinstance(part, str) else part
    digest.update(len(data).to_bytes(8, "big"))
    digest.update(data)
