"""What is known of an action from the state of the page it is done in: the facts that `consequences.py` judges. What a
person is shown of it, and the digest that an approval is bound to, are in `approved.py`.

The extension finds the same facts out from the real document right before it acts (`extension/page/policy/facts.ts`);
what a state cannot tell, it does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tabwire.policy.consequences import Facts, Field
from tabwire.v1 import action_pb2, options_pb2, state_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable

_CHANGING = (options_pb2.EFFECT_CLASS_MUTATE, options_pb2.EFFECT_CLASS_COMMIT)
_PRESSING_KEYS = frozenset({"enter", "numpadenter", "space", " "})
_FIELD_TYPES = frozenset({state_pb2.ELEMENT_TYPE_INPUT_FIELD, state_pb2.ELEMENT_TYPE_SELECT})
_PRESSED_TYPES = frozenset({state_pb2.ELEMENT_TYPE_BUTTON, state_pb2.ELEMENT_TYPE_IMAGE})
# Actions whose element's label names what they do.
_PRESSING = frozenset({"click", "set_checked", "drag"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# What browsers drop from addresses.
_NOT_READ = str.maketrans("", "", "\t\n\r")


def kind_of(action: action_pb2.Action) -> str:
    """The name of an action's kind."""
    return action.WhichOneof("kind") or ""


def element_id_of(action: action_pb2.Action) -> int:
    """The element an action is about; 0 if it is about none."""
    kind = kind_of(action)
    return int(getattr(getattr(action, kind), "element_id", 0)) if kind else 0


def changes(action: action_pb2.Action) -> bool:
    """Whether an action is declared to change something."""
    kind = kind_of(action)
    declared = action.DESCRIPTOR.fields_by_name[kind].message_type if kind else None
    return declared is not None and declared.GetOptions().Extensions[options_pb2.action].effect in _CHANGING


def url_of(action: action_pb2.Action) -> str:
    """The address that an action goes to by itself; empty if it goes to none."""
    kind = kind_of(action)
    return str(getattr(action, kind).url) if kind in ("navigate", "open_tab") else ""


def link_of(action: action_pb2.Action, element: state_pb2.Element | None) -> str:
    """The address that the link leads to which an action presses, as far as it is a whole one; else empty."""
    if element is None or element.type != state_pb2.ELEMENT_TYPE_LINK or not is_pressing(action):
        return ""
    href = element.attributes.get("href", "")
    return href if href.partition(":")[0].lower() in ("http", "https", "blob", "data") else ""


def is_pressing(action: action_pb2.Action) -> bool:
    """Whether an action presses something, so that what its element is called matters."""
    kind = kind_of(action)
    if kind == "press_keys":
        return any(key.rpartition("+")[2].lower() in _PRESSING_KEYS for key in action.press_keys.keys)
    return kind in _PRESSING or (kind == "input_text" and action.input_text.submit)


def facts_of(
    action: action_pb2.Action, element: state_pb2.Element | None, siblings: Iterable[state_pb2.Element] = ()
) -> Facts:
    """The facts. `siblings` are the elements of the same document, among them those of the same form."""
    kind = kind_of(action)
    pressing = is_pressing(action)
    form = form_of(element, siblings) if element is not None and pressing else []
    by_enter = pressing and kind in ("press_keys", "input_text")
    labels = labels_of(element) if element is not None else ()
    submits = pressing and element is not None and (by_enter or element.attributes.get("type", "") != "button")
    is_field = element is not None and element.type in _FIELD_TYPES
    if by_enter and is_field:
        # Enter in a field presses the form's button, if it has one that sends it.
        labels = tuple(
            label for one in form if one.attributes.get("type") in ("submit", "image") for label in labels_of(one)
        )
    href = element.attributes.get("href", "") if element is not None else ""
    is_link = element is not None and element.type == state_pb2.ELEMENT_TYPE_LINK and _is_way(href)
    return Facts(
        kind=kind,
        changes=changes(action),
        activates=pressing,
        submits=submits and (is_field or (element is not None and element.type in _PRESSED_TYPES)),
        is_link=is_link,
        address=href if is_link else "",
        downloads=element is not None and "download" in element.attributes,
        accepts_dialog=(kind == "answer_dialog" and action.answer_dialog.accept) or action.dialog_answer.accept,
        labels=labels,
        fields=tuple(_field(one) for one in form if one.type in _FIELD_TYPES),
    )


def _is_way(href: str) -> bool:
    """Whether a link leads to a page, whole or relative, and is no mere handle for a script."""
    written = href.translate(_NOT_READ).strip()
    scheme = _SCHEME.match(written)
    return bool(written) and not written.startswith("#") and (scheme is None or scheme[1].lower() in ("http", "https"))


def labels_of(element: state_pb2.Element) -> tuple[str, ...]:
    """Everything an element is called by."""
    told = [element.name, element.text_content]
    told.extend(element.attributes.get(name, "") for name in ("value", "title", "alt", "aria-label"))
    return tuple(dict.fromkeys(label for label in told if label))


def form_of(element: state_pb2.Element, siblings: Iterable[state_pb2.Element]) -> list[state_pb2.Element]:
    """The elements of the form that an element is in, itself among them, as far as they are known."""
    return [
        one
        for one in siblings
        if one.frame_slot == element.frame_slot and one.form == element.form and (one.form or one.id == element.id)
    ]


def _field(element: state_pb2.Element) -> Field:
    kind = "textarea" if element.tag == "textarea" else element.attributes.get("type", "")
    names = [element.name, *(element.attributes.get(name, "") for name in ("name", "placeholder", "title"))]
    return Field(kind, element.attributes.get("autocomplete", ""), tuple(name for name in names if name))
