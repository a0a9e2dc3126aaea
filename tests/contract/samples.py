"""Sample messages made from the descriptors: every field of every message set, every oneof alternative in one sample.

The golden file holds their bytes and their JSON. It is written with every change of the contract by
`python tests/contract/samples.py` and read by the Python and the TypeScript tests alike. Those of released contracts
are in tests/vectors/released, and stay as they are.
"""

from __future__ import annotations

import importlib
import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf.message import Message

GOLDEN = Path(__file__).parent / "golden.json"
_DEPTH = 2  # how many messages deep a sample is filled; deeper ones have samples of their own


def file_names() -> list[str]:
    """The contract's files, each after those it imports, and their messages known to the default pool."""
    data = files("tabwire.v1").joinpath("descriptors.binpb").read_bytes()
    every = descriptor_pb2.FileDescriptorSet.FromString(data).file
    names = [file.name for file in every if file.package == "tabwire.v1"]
    for name in names:
        importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
    return names


def pool_file(name: str) -> Any:
    """One file of the contract."""
    return descriptor_pool.Default().FindFileByName(name)


def message_types() -> list[Descriptor]:
    """All messages of the contract but the entries of maps."""
    found: list[Descriptor] = []
    for name in file_names():
        found.extend(pool_file(name).message_types_by_name.values())
    return sorted(found, key=lambda d: d.full_name)


def samples(descriptor: Descriptor) -> Iterator[Message]:
    """One sample for each alternative of the message's oneofs; at least one."""
    alternatives = max((len(o.fields) for o in descriptor.oneofs), default=1)
    for index in range(alternatives):
        yield _sample(descriptor, index, _DEPTH)


def _sample(descriptor: Descriptor, alternative: int, depth: int) -> Message:
    message = message_factory.GetMessageClass(descriptor)()
    for field in descriptor.fields:
        oneof = field.containing_oneof
        if oneof is not None and oneof.fields[alternative % len(oneof.fields)] is not field:
            continue
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            getattr(message, field.name)[f"{field.name}-key"] = f"{field.name}-value"
        elif field.message_type is not None:
            if depth > 0:
                value = _sample(field.message_type, 0, depth - 1)
                target = getattr(message, field.name)
                (target.add() if field.is_repeated else target).CopyFrom(value)
                if not field.is_repeated:
                    target.SetInParent()
        elif field.is_repeated:
            getattr(message, field.name).append(_scalar(field))
        else:
            setattr(message, field.name, _scalar(field))
    return message


def _scalar(field: FieldDescriptor) -> Any:
    if field.enum_type is not None:
        return field.enum_type.values[-1].number
    kinds = {
        FieldDescriptor.CPPTYPE_STRING: b"\x00\xfe bytes"
        if field.type == FieldDescriptor.TYPE_BYTES
        else f"{field.name} ü 世",
        FieldDescriptor.CPPTYPE_BOOL: True,
        FieldDescriptor.CPPTYPE_DOUBLE: field.number + 0.25,
        FieldDescriptor.CPPTYPE_FLOAT: field.number + 0.25,
        FieldDescriptor.CPPTYPE_UINT64: 2**53 + field.number,
        FieldDescriptor.CPPTYPE_INT64: 1_700_000_000 + field.number,
        FieldDescriptor.CPPTYPE_UINT32: 2**32 - field.number,
        FieldDescriptor.CPPTYPE_INT32: field.number,
    }
    return kinds[field.cpp_type]


def golden(types: Iterable[Descriptor]) -> dict[str, list[dict[str, Any]]]:
    """What a golden file holds: full name to samples, each as hex bytes and as protobuf JSON."""
    return {
        descriptor.full_name: [
            {
                "hex": message.SerializeToString(deterministic=True).hex(),
                "json": json_format.MessageToDict(message),
            }
            for message in samples(descriptor)
        ]
        for descriptor in types
    }


def write(file: Path, types: Iterable[Descriptor]) -> None:
    """Writes a golden file."""
    file.write_text(json.dumps(golden(types), ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def option_extension() -> descriptor_pb2.FieldDescriptorProto:
    """The custom option that marks actions, as declared."""
    file = descriptor_pool.Default().FindFileByName("tabwire/v1/options.proto")
    proto = descriptor_pb2.FileDescriptorProto()
    file.CopyToProto(proto)
    return proto.extension[0]


if __name__ == "__main__":
    write(GOLDEN, message_types())
