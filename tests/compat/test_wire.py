"""The released contract and the present one read each other's messages, all of them, and lose nothing on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import protovalidate
import pytest
from google.protobuf import json_format
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import given, settings
from hypothesis import strategies as st

from buf.validate import validate_pb2
from compat import released
from compat.random_messages import messages
from contract import samples

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor, OneofDescriptor
    from google.protobuf.message import Message

_OLDER = released.message_types()
_NEWER = samples.message_types()
_BOTH = [(old, new) for old in _OLDER for new in _NEWER if old.full_name == new.full_name]

# Rules that were changed since the release, each with why no program that keeps to the older ones suffers.
_CHANGED_RULES = {
    "tabwire.v1.AnswerTaskRequest.answer": "loosened: an answer may be empty now; older programs send none that is",
}


def _id(value: Any) -> str:
    return str(getattr(value, "full_name", value))


def _wire(message: Message) -> bytes:
    return message.SerializeToString(deterministic=True)


def test_no_message_has_gone() -> None:
    assert [old.full_name for old in _OLDER] == [old.full_name for old, _ in _BOTH]


@pytest.mark.parametrize(("old", "new"), _BOTH, ids=_id)
def test_every_older_message_is_read_and_written_alike(old: Descriptor, new: Descriptor) -> None:
    for sample in samples.samples(old):
        read = released.as_newer(sample)
        assert read.DESCRIPTOR is new
        assert json_format.MessageToDict(read) == json_format.MessageToDict(sample)
        assert _wire(read) == _wire(sample)


@pytest.mark.parametrize(("old", "new"), _BOTH, ids=_id)
def test_every_newer_message_survives_an_older_program(old: Descriptor, new: Descriptor) -> None:
    for sample in samples.samples(new):
        kept = released.as_older(sample)
        assert kept.DESCRIPTOR is old
        assert released.as_newer(kept) == sample


@settings(max_examples=150)
@given(st.data())
def test_any_message_survives_in_both_directions(data: st.DataObject) -> None:
    old, new = data.draw(st.sampled_from(_BOTH))
    from_older = data.draw(messages(old))
    read = released.as_newer(from_older)
    assert _wire(read) == _wire(from_older)
    from_newer = data.draw(messages(new))
    assert released.as_newer(released.as_older(from_newer)) == from_newer


def _oneofs() -> list[OneofDescriptor]:
    return [oneof for _, new in _BOTH for oneof in new.oneofs if len(oneof.fields) > 1]


@pytest.mark.parametrize("oneof", _oneofs(), ids=_id)
def test_an_alternative_that_is_new_looks_like_none_to_an_older_program(oneof: OneofDescriptor) -> None:
    name = oneof.containing_type.full_name
    declared = {f.number for f in released.older(name).DESCRIPTOR.fields}
    for field in oneof.fields:
        message: Any = released.newer(name)()
        if field.message_type is not None:
            getattr(message, field.name).SetInParent()
        else:
            setattr(message, field.name, getattr(message, field.name))
        kept = released.as_older(message)
        known = field.number in declared
        assert kept.WhichOneof(oneof.name) == (field.name if known else None)
        assert len(UnknownFieldSet(kept)) == (0 if known else 1)
        assert released.as_newer(kept) == message


def _rules(field: FieldDescriptor) -> validate_pb2.FieldRules:
    # The older pool has option messages of its own: their bytes are read with today's.
    options = type(_BOTH[0][1].fields[0].GetOptions()).FromString(field.GetOptions().SerializeToString())
    return options.Extensions[validate_pb2.field]


@pytest.mark.parametrize(("old", "new"), _BOTH, ids=_id)
def test_no_rule_refuses_what_was_allowed(old: Descriptor, new: Descriptor) -> None:
    """`buf breaking` looks at the wire only: a rule that was tightened would refuse programs of the release."""
    violations = protovalidate.collect_violations(released.newer(new.full_name)())
    refused = {v.proto.field.elements[0].field_name for v in violations if v.proto.field is not None}
    for field in new.fields:
        before = old.fields_by_name.get(field.name)
        if before is None:
            assert field.name not in refused, f"{field.full_name} is new: an older program cannot set it"
        elif field.full_name in _CHANGED_RULES:
            assert _rules(field) != _rules(before), f"{field.full_name} is as it was: take it out of the table"
        else:
            assert _rules(field) == _rules(before), f"{field.full_name}: say in _CHANGED_RULES why this may be"


def test_no_rpc_has_changed() -> None:
    """Programs call by name; both messages and both directions are what they were."""
    for file in released.service_files():
        present = {s.full_name: s for s in samples.pool_file(file.name).services_by_name.values()}
        for service in file.services_by_name.values():
            methods = present[service.full_name].methods_by_name
            for method in service.methods:
                now = methods[method.name]
                assert (now.input_type.full_name, now.client_streaming, now.output_type.full_name) == (
                    method.input_type.full_name, method.client_streaming, method.output_type.full_name,
                )  # fmt: skip
                assert now.server_streaming == method.server_streaming
