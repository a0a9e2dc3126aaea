"""A contract of the future: the present one with an unknown field in every message, an unknown alternative in every
oneof, and an unknown value in every enum. Its messages are what a newer program may send to this one.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

# Numbers that this contract uses nowhere.
FIELD = 5001
ALTERNATIVE = 5002
VALUE = 4711
TEXT = "of the future"


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    data = files("tabwire.v1").joinpath("descriptors.binpb").read_bytes()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        if file.package == "tabwire.v1":
            for message in file.message_type:
                _extend(message)
            for enum in file.enum_type:
                enum.value.add(name=f"{enum.name.upper()}_OF_THE_FUTURE", number=VALUE)
        pool.Add(file)
    return pool


def _extend(message: descriptor_pb2.DescriptorProto) -> None:
    label, text = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL, descriptor_pb2.FieldDescriptorProto.TYPE_STRING
    for at, oneof in enumerate(message.oneof_decl):
        if not oneof.name.startswith("_"):  # those are what proto3 makes of `optional`
            field = message.field.add(name=f"future_{oneof.name}", number=ALTERNATIVE + at, label=label, type=text)
            field.oneof_index = at
    message.field.add(name="future_field", number=FIELD, label=label, type=text)


def future(name: str) -> Any:
    """A message of the present contract as a newer program knows it."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"tabwire.v1.{name}"))


def from_future(message: Message, *, new_enums: bool = True, new_alternatives: bool = False) -> Any:
    """The same message as a newer program could send it: unknown fields everywhere, and if wanted, unknown values of
    enums, and the unknown alternative in the place of each oneof that is set.
    """
    newer = future(message.DESCRIPTOR.name).FromString(message.SerializeToString())
    _enrich(newer, new_enums, new_alternatives)
    return newer


def _enrich(message: Any, new_enums: bool, new_alternatives: bool) -> None:
    for field, value in message.ListFields():
        if field.enum_type is not None and new_enums:
            if field.is_repeated:
                value.append(VALUE)
            else:
                setattr(message, field.name, VALUE)
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for one in value if field.is_repeated else [value]:
                if one.DESCRIPTOR.file.package == "tabwire.v1":
                    _enrich(one, new_enums, new_alternatives)
    if new_alternatives:
        for oneof in message.DESCRIPTOR.oneofs:
            if (
                message.WhichOneof(oneof.name) is not None
                and f"future_{oneof.name}" in message.DESCRIPTOR.fields_by_name
            ):
                setattr(message, f"future_{oneof.name}", TEXT)
    message.future_field = TEXT


def enum_fields(descriptor: Descriptor, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The ways to all enum fields of a message, through its messages; each kind of message once on a way."""
    for field in descriptor.fields:
        if field.type == FieldDescriptor.TYPE_ENUM:
            yield (*path, field.name)
        elif field.message_type is not None and field.message_type.file.package == "tabwire.v1" and len(path) < 4:
            yield from enum_fields(field.message_type, (*path, field.name))
