"""Messages made up from the contract: what each field may hold is read from its descriptor and its protovalidate rules.

`Maker.message` gives a message that keeps every rule, `broken` the bytes of one that breaks one. Both need nothing but
a seeded random number generator, so that a case can be made again. Ids that exist are handed in as words: a message
about nothing that exists reaches only the first check.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import protovalidate
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message_factory import GetMessageClass

from buf.validate import validate_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

F = FieldDescriptor
_INTEGERS: Mapping[int, tuple[int, int]] = {
    F.TYPE_UINT32: (0, 2**32 - 1),
    F.TYPE_FIXED32: (0, 2**32 - 1),
    F.TYPE_UINT64: (0, 2**64 - 1),
    F.TYPE_FIXED64: (0, 2**64 - 1),
    F.TYPE_INT32: (-(2**31), 2**31 - 1),
    F.TYPE_SINT32: (-(2**31), 2**31 - 1),
    F.TYPE_SFIXED32: (-(2**31), 2**31 - 1),
    F.TYPE_INT64: (-(2**63), 2**63 - 1),
    F.TYPE_SINT64: (-(2**63), 2**63 - 1),
    F.TYPE_SFIXED64: (-(2**63), 2**63 - 1),
}
_FLOATS = (0.0, 1.0, -1.5, 0.1, 1e-40, 3.4e38, float("inf"), float("-inf"), float("nan"))
# Texts that somebody once got wrong: other scripts, combining and invisible letters, what means something elsewhere.
_TEXTS = (
    "",
    "x",
    "\0",
    " ",
    "ß→漢字🙂",
    "e\u0301\u200b\u202e",
    "\ufeff",
    "\U0010ffff",
    "../../etc/passwd",
    "'; DROP TABLE tasks;--",
    "%s%n{0}{{7*7}}${x}",
    "<b>&amp;</b>",
    "https://example.com/?a=b#c",
    "javascript:void(0)",
    "NaN",
    "-1",
    "\r\nx-injected: 1",
    "a\tb\nc",
)


@dataclass
class World:
    """What exists in the server that is spoken to: by the name of a field, values that mean something there."""

    words: dict[str, Sequence[str]] = field(default_factory=dict)
    numbers: dict[str, Sequence[int]] = field(default_factory=dict)


class Maker:
    """Makes messages of any kind. `depth` bounds how deep they nest."""

    def __init__(self, random: Random, world: World | None = None, *, depth: int = 5) -> None:
        self._random = random
        self._world = world or World()
        self._depth = depth

    def message(self, descriptor: Descriptor) -> Message:
        """A message that keeps the rules."""
        made = GetMessageClass(descriptor)()
        self._fill(made, self._depth)
        return made

    def broken(self, descriptor: Descriptor) -> bytes | None:
        """The bytes of a message that breaks a rule of one of its fields; None if there is no such rule near by."""
        made: Any = self.message(descriptor)
        ruled = [one for one in descriptor.fields if _rules(one) is not None and not one.is_repeated]
        self._random.shuffle(ruled)
        for one in ruled:
            for value in _beyond(one):
                try:
                    setattr(made, one.name, value)
                    protovalidate.validate(made)
                except protovalidate.ValidationError:
                    return bytes(made.SerializeToString(deterministic=True))
                except (ValueError, TypeError):
                    continue
        return None

    # Inside

    def _fill(self, made: Any, depth: int) -> None:
        descriptor: Descriptor = made.DESCRIPTOR
        if descriptor.full_name == "google.protobuf.Timestamp":
            made.seconds = self._random.choice((0, 1, -62135596800, 253402300799, 1_800_000_000))
            made.nanos = self._random.choice((0, 1, 999_999_999))
            return
        chosen = {oneof.name: self._chosen(oneof, depth) for oneof in descriptor.oneofs}
        for one in descriptor.fields:
            oneof = one.containing_oneof
            if oneof is not None:
                if chosen[oneof.name] is one:
                    self._put(made, one, depth)
            elif _is_needed(one) or self._random.random() < (0.7 if depth > 1 else 0.3):
                self._put(made, one, depth)

    def _chosen(self, oneof: Any, depth: int) -> FieldDescriptor | None:
        is_needed = any(value for rule, value in oneof.GetOptions().ListFields() if rule.name == "oneof")
        fields: list[FieldDescriptor] = list(oneof.fields)
        if not is_needed and self._random.random() < 0.15:
            return None
        if depth <= 0:
            fields = [one for one in fields if one.message_type is None] or fields
        return self._random.choice(fields)

    def _put(self, made: Any, one: FieldDescriptor, depth: int) -> None:
        rules = _rules(one)
        if one.is_repeated:
            least = int(rules.repeated.min_items) if rules is not None else 0
            most = int(rules.repeated.max_items or 4) if rules is not None else 4
            if depth <= 0 and not least:
                return
            count = self._random.randint(least, max(least, min(most, least + 3)))
            if one.message_type is not None and one.message_type.GetOptions().map_entry:
                self._put_map(made, one, count)
                return
            values = getattr(made, one.name)
            for _ in range(count):
                if one.message_type is not None:
                    self._fill(values.add(), depth - 1)
                else:
                    value = self._value(one, rules.repeated.items if rules is not None else None)
                    if rules is None or not rules.repeated.unique or value not in values:
                        values.append(value)
        elif one.message_type is not None:
            if depth <= 0 and not _is_needed(one):
                return
            inner = getattr(made, one.name)
            inner.SetInParent()
            self._fill(inner, depth - 1)
        else:
            setattr(made, one.name, self._value(one, rules))

    def _put_map(self, made: Any, one: FieldDescriptor, count: int) -> None:
        assert one.message_type is not None
        key, value = one.message_type.fields_by_name["key"], one.message_type.fields_by_name["value"]
        entries = getattr(made, one.name)
        for _ in range(count):
            if value.message_type is not None:
                self._fill(entries[self._value(key, None)], 0)
            else:
                entries[self._value(key, None)] = self._value(value, None)

    def _value(self, one: FieldDescriptor, rules: Any) -> Any:
        random = self._random
        if one.type == F.TYPE_STRING:
            return self._text(one, rules)
        if one.type == F.TYPE_BYTES:
            most = int(rules.bytes.max_len) if rules is not None and rules.bytes.HasField("max_len") else 300
            return random.randbytes(min(most, random.choice((0, 1, 17, 300))))
        if one.type == F.TYPE_BOOL:
            return random.random() < 0.5
        if one.type == F.TYPE_ENUM:
            return self._number(one, rules)
        if one.type in (F.TYPE_DOUBLE, F.TYPE_FLOAT):
            return self._float(one, rules)
        return self._integer(one, rules)

    def _text(self, one: FieldDescriptor, rules: Any) -> str:
        random, limits = self._random, rules.string if rules is not None else None
        least, most = (int(limits.min_len), int(limits.max_len) or 5000) if limits is not None else (0, 5000)
        known = self._world.words.get(one.name, ())
        if known and random.random() < 0.75:
            return random.choice(known)
        if limits is not None and limits.pattern:
            # What the contract's patterns have in common; the test that holds what is made to the rules finds others.
            least = max(least, 0 if re.fullmatch(limits.pattern, "") else 1)
            return "".join(random.choices("abcXYZ019_-", k=random.randint(least, min(most, 20))))
        roll = random.random()
        if roll < 0.05:
            text = random.choice("xß漢") * most
        elif roll < 0.6:
            text = random.choice(_TEXTS)
        else:
            text = "".join(random.choices("abc déX9-_/:.", k=random.randint(least, min(most, 60))))
        return text[:most].ljust(least, "a")

    def _number(self, one: FieldDescriptor, rules: Any) -> int:
        assert one.enum_type is not None
        numbers = [value.number for value in one.enum_type.values]
        limits = rules.enum if rules is not None else None
        if limits is not None:
            numbers = [number for number in numbers if number not in limits.not_in]
        if (limits is None or not limits.defined_only) and self._random.random() < 0.1:
            return self._random.choice((9_999, 2**31 - 1, -1))
        return self._random.choice(numbers)

    def _float(self, one: FieldDescriptor, rules: Any) -> float:
        limits = getattr(rules, _kind(one)) if rules is not None and rules.WhichOneof("type") == _kind(one) else None
        if limits is None:
            return self._random.choice(_FLOATS)
        least = limits.gte if limits.HasField("gte") else 0.0
        most = limits.lte if limits.HasField("lte") else least + 100.0
        return self._random.uniform(least, most)

    def _integer(self, one: FieldDescriptor, rules: Any) -> int:
        least, most = _range(one, rules)
        known = [number for number in self._world.numbers.get(one.name, ()) if least <= number <= most]
        if known and self._random.random() < 0.75:
            return self._random.choice(known)
        edge = (least, most, min(most, least + 1), min(most, max(least, 7)))
        return self._random.choice((*edge, self._random.randint(least, most)))


def _range(one: FieldDescriptor, rules: Any) -> tuple[int, int]:
    least, most = _INTEGERS[one.type]
    if rules is not None and rules.WhichOneof("type") == _kind(one):
        limits = getattr(rules, _kind(one))
        for name, shift in (("gte", 0), ("gt", 1)):
            if limits.HasField(name):
                least = int(getattr(limits, name)) + shift
        for name, shift in (("lte", 0), ("lt", -1)):
            if limits.HasField(name):
                most = int(getattr(limits, name)) + shift
    return least, most


def _beyond(one: FieldDescriptor) -> list[Any]:
    """Values of which one may break the field's rules."""
    if one.type == F.TYPE_STRING:
        return ["", "x" * 200_001, "§ §"]
    if one.type == F.TYPE_BYTES:
        return [bytes(200_001)]
    if one.type in (F.TYPE_DOUBLE, F.TYPE_FLOAT):
        return [-1e9, 1e9]
    if one.type == F.TYPE_ENUM:
        return [9_999, -1, 0]
    return [*_INTEGERS[one.type]] if one.type in _INTEGERS else []


def _rules(one: FieldDescriptor) -> Any:
    options: Any = one.GetOptions()
    return options.Extensions[validate_pb2.field] if options.HasExtension(validate_pb2.field) else None


def _is_needed(one: FieldDescriptor) -> bool:
    """Whether a message without the field breaks a rule."""
    rules = _rules(one)
    if rules is None:
        return False
    least, _ = _range(one, rules) if one.type in _INTEGERS and not one.is_repeated else (0, 0)
    named = one.type == F.TYPE_ENUM and not one.is_repeated and 0 in rules.enum.not_in
    patterned = bool(rules.string.pattern) and not re.fullmatch(rules.string.pattern, "")
    return bool(rules.required or rules.string.min_len or rules.repeated.min_items or least > 0 or named or patterned)


def _kind(one: FieldDescriptor) -> str:
    """What validate.proto calls the rules for a field of this type."""
    return _KINDS.get(one.type, "")


_KINDS: Mapping[int, str] = {
    F.TYPE_DOUBLE: "double",
    F.TYPE_FLOAT: "float",
    F.TYPE_UINT32: "uint32",
    F.TYPE_UINT64: "uint64",
    F.TYPE_INT32: "int32",
    F.TYPE_INT64: "int64",
    F.TYPE_SINT32: "sint32",
    F.TYPE_SINT64: "sint64",
    F.TYPE_FIXED32: "fixed32",
    F.TYPE_FIXED64: "fixed64",
    F.TYPE_SFIXED32: "sfixed32",
    F.TYPE_SFIXED64: "sfixed64",
}
