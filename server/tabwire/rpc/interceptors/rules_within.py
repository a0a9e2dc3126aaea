"""What of a message the rules of the contract reach: validating walks through everything, also where there is no rule.

A page state has tens of thousands of parts and not one rule. `within_rules` gives a message without such parts, which
breaks exactly the rules that the whole one breaks: what has a rule of its own, and what lies on the way to it, stays.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

_RULES = "buf.validate."


def within_rules(message: Message) -> Message:
    """The part of a message that rules are about. It may be the message itself."""
    descriptor = message.DESCRIPTOR
    if _has_own_rules(descriptor):
        return message  # they may look at anything in it
    if not _has_rules_within(descriptor):
        return type(message)()
    part = type(message)()
    _copy(message, part)
    return part


def is_ruled(message: Message) -> bool:
    """Whether any rule is about what is set in a message, or left out of it. If not, it cannot break one."""
    descriptor = message.DESCRIPTOR
    if _has_rules_of_its_fields(descriptor):
        return True
    if not _has_rules_within(descriptor):
        return False
    for field, value in message.ListFields():
        inner = field.message_type
        if inner is None or not _has_rules_within(inner):
            continue
        if inner.GetOptions().map_entry or any(map(is_ruled, value if field.is_repeated else (value,))):
            return True
    return False


def _copy(message: Any, part: Any) -> None:
    for field, value in message.ListFields():
        inner = field.message_type
        if inner is None or inner.GetOptions().map_entry or _has_own_rules(inner) or _is_expressed(field):
            _take(field, value, part)
        elif field.is_repeated:
            # How many there are may itself be a rule.
            if _has_rules_within(inner) or _has_rule(field.GetOptions()):
                for item in value:
                    _copy(item, getattr(part, field.name).add())
        else:
            own = getattr(part, field.name)
            own.SetInParent()  # that it is there may itself be a rule
            if _has_rules_within(inner):
                _copy(value, own)


def _take(field: FieldDescriptor, value: Any, part: Any) -> None:
    if field.is_repeated:
        getattr(part, field.name).MergeFrom(value)
    elif field.message_type is not None:
        getattr(part, field.name).CopyFrom(value)
    else:
        setattr(part, field.name, value)


@cache
def _is_expressed(field: FieldDescriptor) -> bool:
    """Whether a field's rules are expressions, which may look at anything in it."""
    return any(_names_expression(rule) for _, rule in field.GetOptions().ListFields())


def _names_expression(rule: Any) -> bool:
    """Rules are plain values but for expressions, which are in fields `cel` and `cel_expression` at any depth."""
    fields = rule.ListFields() if hasattr(rule, "ListFields") else []
    return any(field.name.startswith("cel") or _names_expression(value) for field, value in fields)


@cache
def _has_own_rules(descriptor: Descriptor) -> bool:
    """Whether a message as a whole has rules."""
    return _has_rule(descriptor.GetOptions())


@cache
def _has_rules_of_its_fields(descriptor: Descriptor) -> bool:
    """Whether a message as a whole has rules, or any of its own fields, set or not."""
    return (
        _has_own_rules(descriptor)
        or any(_has_rule(oneof.GetOptions()) for oneof in descriptor.oneofs)
        or any(_has_rule(field.GetOptions()) for field in descriptor.fields)
    )


@cache
def _has_rules_within(descriptor: Descriptor) -> bool:
    """Whether a message, or anything that it can hold, has rules."""
    seen: set[str] = set()
    waiting = [descriptor]
    while waiting:
        found = waiting.pop()
        if found.full_name in seen:
            continue
        seen.add(found.full_name)
        if _has_rules_of_its_fields(found):
            return True
        waiting.extend(field.message_type for field in found.fields if field.message_type is not None)
    return False


def _has_rule(options: Message) -> bool:
    return any(extension.full_name.startswith(_RULES) for extension, _ in options.ListFields())
