"""An action in one line, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tabwire.v1 import action_pb2


def describe(action: action_pb2.Action) -> str:
    """An action in one line, as `click element_id=12`. A secret is told by its name, a file by nothing."""
    kind = action.WhichOneof("kind") or "action"
    body = getattr(action, kind, None)
    if body is None:
        return kind
    parts = []
    for field, value in body.ListFields():
        if field.message_type is not None:
            continue
        shown = ", ".join(str(one) for one in value) if field.is_repeated else value
        if field.enum_type is not None and not field.is_repeated:
            known = field.enum_type.values_by_number.get(value)
            shown = known.name.rsplit("_", 1)[-1].lower() if known is not None else str(value)
        parts.append(f"{field.name}={shown!r}" if isinstance(shown, str) else f"{field.name}={shown}")
    return " ".join([kind.replace("_", " "), *parts])
