"""An action in one line, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tabwire.v1 import action_pb2, task_pb2


def describe(action: action_pb2.Action, elements: Iterable[task_pb2.NamedElement] = ()) -> str:
    """An action in one line, as `click button "Add to cart"`, or `click element_id=12` where the page's names are not
    known. A secret is told by its name, a file by nothing.
    """
    names = {one.element_id: f'{one.role} "{one.name}"' if one.name else one.role for one in elements}
    kind = action.WhichOneof("kind") or "action"
    body = getattr(action, kind, None)
    if body is None:
        return kind
    parts = []
    for field, value in body.ListFields():
        if field.message_type is not None:
            continue
        if field.name.endswith("element_id") and value in names:
            parts.append(field.name.removesuffix("element_id").replace("_", " ") + names[value])
            continue
        shown = ", ".join(str(one) for one in value) if field.is_repeated else value
        if field.enum_type is not None and not field.is_repeated:
            known = field.enum_type.values_by_number.get(value)
            shown = known.name.rsplit("_", 1)[-1].lower() if known is not None else str(value)
        parts.append(f"{field.name}={shown!r}" if isinstance(shown, str) else f"{field.name}={shown}")
    return " ".join([kind.replace("_", " "), *parts])
