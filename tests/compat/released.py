"""The released contract, from its image in proto/baseline.binpb: its messages as classes of their own, which know
nothing of what was added since. They stand for every older program, whatever its language.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from contract import samples

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

ROOT = Path(__file__).parents[2]
BASELINE = ROOT / "proto" / "baseline.binpb"
RECORDINGS = ROOT / "tests" / "vectors" / "released"


@cache
def _files() -> tuple[descriptor_pool.DescriptorPool, list[str]]:
    """The released contract's descriptors, apart from those of the present one, and the names of its own files."""
    pool = descriptor_pool.DescriptorPool()
    every = descriptor_pb2.FileDescriptorSet.FromString(BASELINE.read_bytes()).file
    for file in every:
        pool.Add(file)
    return pool, [file.name for file in every if file.package == "tabwire.v1"]


def message_types() -> list[Descriptor]:
    """All messages of the released contract."""
    pool, names = _files()
    found = [d for name in names for d in pool.FindFileByName(name).message_types_by_name.values()]
    return sorted(found, key=lambda d: d.full_name)


def service_files() -> list[Any]:
    """The released contract's files with services in them."""
    pool, names = _files()
    return [file for name in names if (file := pool.FindFileByName(name)).services_by_name]


def older(name: str) -> Any:
    """A message as the released contract declares it, by its full name or its name in the package."""
    pool, _ = _files()
    full = name if "." in name else f"tabwire.v1.{name}"
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(full))


def newer(name: str) -> Any:
    """The same as it is declared now."""
    samples.file_names()  # so that every message is known
    full = name if "." in name else f"tabwire.v1.{name}"
    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(full))


def as_older(message: Message) -> Any:
    """What an older program makes of a message of today."""
    return older(message.DESCRIPTOR.full_name).FromString(message.SerializeToString())


def as_newer(message: Message) -> Any:
    """What today's program makes of a message of an older one."""
    return newer(message.DESCRIPTOR.full_name).FromString(message.SerializeToString())
