"""Names of enum values, also of those that a newer program sends: numbers that this contract has no name for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper


def name_of(enum: _EnumTypeWrapper[Any], number: int, prefix: str = "") -> str:
    """The value's name without the prefix of its enum; the number itself if it has none here."""
    value = enum.DESCRIPTOR.values_by_number.get(number)
    return value.name.removeprefix(prefix) if value is not None else str(number)
