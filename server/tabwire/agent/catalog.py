"""What the contract declares about actions: effect, performer, batching, comments, limits.

Read from the descriptor set with its comments, once; there is no hand-written list of actions anywhere in the agent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from google.protobuf import descriptor_pb2

from buf.validate import validate_pb2
from tabwire.v1 import action_pb2, options_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

_MESSAGE_TAG, _FIELD_TAG, _ENUM_TAG, _ENUM_VALUE_TAG = 4, 2, 5, 2  # numbers of FileDescriptorProto and its parts


# What is done to a control by pressing it.
PRESSES = frozenset({"click", "set_checked"})


@dataclass(frozen=True)
class ActionFacts:
    """One action as it is declared. `name` is the field of `Action.kind`."""

    name: str
    effect: options_pb2.EffectClass.ValueType
    performer: options_pb2.Performer.ValueType
    ends_batch: bool
    hidden_from_model: bool
    description: str
    fields: tuple[FieldDescriptor, ...]


@cache
def actions() -> Mapping[str, ActionFacts]:
    """All actions by name, in the order of the contract."""
    found = {}
    for field in action_pb2.Action.DESCRIPTOR.oneofs_by_name["kind"].fields:
        message = field.message_type
        if message is None:  # a kind that is no message declares nothing, and the contract tests refuse it
            continue
        options = message.GetOptions().Extensions[options_pb2.action]
        found[field.name] = ActionFacts(
            name=field.name,
            effect=options.effect or options_pb2.EFFECT_CLASS_COMMIT,
            performer=options.performer,
            ends_batch=options.ends_batch,
            hidden_from_model=options.hidden_from_model,
            description=comment(message.full_name),
            fields=tuple(message.fields),
        )
    return MappingProxyType(found)


def told_fields(facts: ActionFacts) -> list[FieldDescriptor]:
    """The fields of an action that the model is told of."""
    return [f for f in facts.fields if not f.GetOptions().Extensions[options_pb2.argument].hidden_from_model]


def kind(action: action_pb2.Action) -> str:
    """The name of an action's kind; empty if it has none that is known here."""
    return action.WhichOneof("kind") or ""


def facts(action: action_pb2.Action) -> ActionFacts:
    """What is declared about an action that has a kind."""
    return actions()[kind(action)]


def body(action: action_pb2.Action) -> Message:
    """The message of an action's kind."""
    message: Message = getattr(action, kind(action))
    return message


def element_id(action: action_pb2.Action) -> int:
    """The element an action is about; 0 if it is about none."""
    name = kind(action)
    return int(getattr(getattr(action, name), "element_id", 0)) if name else 0


def element_ids(action: action_pb2.Action) -> list[int]:
    """The ids of all elements that it names."""
    if not kind(action):
        return []
    fields = body(action).ListFields()
    return [value for field, value in fields if field.name.endswith("element_id") and not field.is_repeated]


def rules(field: FieldDescriptor) -> validate_pb2.FieldRules:
    """What values a field may have."""
    return field.GetOptions().Extensions[validate_pb2.field]


@cache
def _comments() -> Mapping[str, str]:
    found: dict[str, str] = {}
    data = resources.files("tabwire.v1").joinpath("descriptors.binpb").read_bytes()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        for location in file.source_code_info.location:
            name = _name_at(file, list(location.path))
            if name and location.leading_comments:
                found[name] = " ".join(location.leading_comments.split())
    return MappingProxyType(found)


def comment(full_name: str) -> str:
    """The comment on a message, field, enum or enum value, on one line."""
    return _comments().get(full_name, "")


def _name_at(file: descriptor_pb2.FileDescriptorProto, path: list[int]) -> str:
    """The full name of what a location of the source points at; empty for what has no comment we use."""
    if len(path) not in (2, 4):
        return ""
    if path[0] == _MESSAGE_TAG:
        message = file.message_type[path[1]]
        if len(path) == 2:  # the message itself
            return f"{file.package}.{message.name}"
        if path[2] == _FIELD_TAG:
            return f"{file.package}.{message.name}.{message.field[path[3]].name}"
    elif path[0] == _ENUM_TAG:
        enum = file.enum_type[path[1]]
        if len(path) == 2:  # the enum itself
            return f"{file.package}.{enum.name}"
        if path[2] == _ENUM_VALUE_TAG:
            return f"{file.package}.{enum.name}.{enum.value[path[3]].name}"
    return ""
