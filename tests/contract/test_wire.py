"""The wire format holds: golden bytes stay readable, are written again, and what a reader does not know survives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from google.protobuf import descriptor_pool, json_format, message_factory

from contract import samples

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

_GOLDEN = json.loads(samples.GOLDEN.read_text(encoding="utf-8"))
_MESSAGES = samples.message_types()
# Field 5000, varint 7: a number no message of this contract uses.
_UNKNOWN_FIELD = b"\xc0\xb8\x02\x07"


def _class(name: str) -> type[Message]:
    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))


def test_every_message_has_golden_bytes() -> None:
    assert sorted(_GOLDEN) == [d.full_name for d in _MESSAGES]


@pytest.mark.parametrize("name", sorted(_GOLDEN))
def test_golden_bytes_round_trip(name: str) -> None:
    for sample in _GOLDEN[name]:
        data = bytes.fromhex(sample["hex"])
        message = _class(name).FromString(data)
        assert json_format.MessageToDict(message) == sample["json"]
        assert message.SerializeToString(deterministic=True) == data
        assert json_format.ParseDict(sample["json"], _class(name)()) == message


@pytest.mark.parametrize("descriptor", _MESSAGES, ids=lambda d: d.full_name)
def test_unknown_fields_survive(descriptor: Descriptor) -> None:
    data = next(samples.samples(descriptor)).SerializeToString(deterministic=True) + _UNKNOWN_FIELD
    message = message_factory.GetMessageClass(descriptor).FromString(data)
    assert message.SerializeToString(deterministic=True) == data


def _enum_fields() -> list[tuple[Descriptor, str]]:
    return [(d, f.name) for d in _MESSAGES for f in d.fields if f.enum_type is not None]


@pytest.mark.parametrize(
    ("descriptor", "field"), _enum_fields(), ids=lambda v: v if isinstance(v, str) else v.full_name
)
def test_unknown_enum_numbers_survive(descriptor: Descriptor, field: str) -> None:
    cls = message_factory.GetMessageClass(descriptor)
    message = cls()
    if descriptor.fields_by_name[field].is_repeated:
        getattr(message, field).append(4711)
    else:
        setattr(message, field, 4711)
    again = cls.FromString(message.SerializeToString())
    value = getattr(again, field)
    assert (list(value) == [4711]) if descriptor.fields_by_name[field].is_repeated else value == 4711
