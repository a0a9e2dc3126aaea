"""Bytes that are not quite a message any more: what a broken or hostile client sends.

Each mutation takes bytes and gives other bytes; nothing here knows what they mean, but for the wire format of protobuf.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    Mutation = Callable[[Random, bytes], bytes]


def varint(value: int) -> bytes:
    """A number as protobuf writes it."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def tagged(number: int, payload: bytes) -> bytes:
    """A field of bytes, a text or a message."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def nested(number: int, depth: int) -> bytes:
    """A message in itself, so many times. Sizes are reckoned from inside out, as each depends on the one within."""
    sizes = [0]
    for _ in range(depth):
        sizes.append(1 + len(varint(sizes[-1])) + sizes[-1] if number < 16 else 2 + len(varint(sizes[-1])) + sizes[-1])
    tag = varint(number << 3 | 2)
    return b"".join(tag + varint(size) for size in reversed(sizes[:-1]))


def _flip(random: Random, raw: bytes) -> bytes:
    out = bytearray(raw or b"\0")
    for _ in range(random.choice((1, 1, 2, 8))):
        out[random.randrange(len(out))] ^= 1 << random.randrange(8)
    return bytes(out)


def _cut(random: Random, raw: bytes) -> bytes:
    return raw[: random.randrange(len(raw) + 1)]


def _insert(random: Random, raw: bytes) -> bytes:
    at = random.randrange(len(raw) + 1)
    return raw[:at] + random.randbytes(random.choice((1, 2, 5, 40))) + raw[at:]


def _repeat(random: Random, raw: bytes) -> bytes:
    start = random.randrange(len(raw) + 1)
    piece = raw[start : start + random.choice((1, 4, 64))]
    return raw[:start] + piece * random.choice((2, 10, 300)) + raw[start:]


def _shuffle(random: Random, raw: bytes) -> bytes:
    cuts = sorted(random.randrange(len(raw) + 1) for _ in range(3))
    parts = [raw[: cuts[0]], raw[cuts[0] : cuts[1]], raw[cuts[1] : cuts[2]], raw[cuts[2] :]]
    random.shuffle(parts)
    return b"".join(parts)


def _unknown_field(random: Random, raw: bytes) -> bytes:
    number = random.choice((19, 999, 19_000, 2**29 - 1))
    return raw + tagged(number, random.randbytes(random.choice((0, 3, 2000))))


def _other_type(random: Random, raw: bytes) -> bytes:
    """A field that exists, with another wire type: groups, fixed sizes, and types that there are none of."""
    return (
        raw + varint(random.randrange(1, 24) << 3 | random.randrange(8)) + random.randbytes(random.choice((0, 4, 8, 9)))
    )


def _long_length(random: Random, raw: bytes) -> bytes:
    length = random.choice((2**31 - 1, 2**32, 2**63, 2**64 - 1, 1000))
    return raw + varint(random.randrange(1, 24) << 3 | 2) + varint(length) + b"ab"


def _endless_number(random: Random, raw: bytes) -> bytes:
    return raw + varint(random.randrange(1, 24) << 3) + b"\xff" * random.choice((9, 10, 11, 300))


def _no_text(random: Random, raw: bytes) -> bytes:
    """Bytes that are not UTF-8, where a text may be expected."""
    bad = random.choice((b"\xff\xfe", b"\xc3(", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"a\xe2\x82"))
    return tagged(random.randrange(1, 12), bad) + raw


def _deep(random: Random, raw: bytes) -> bytes:
    return raw + nested(random.randrange(1, 16), random.choice((50, 99, 100, 101, 1000, 10_000)))


def _deep_groups(random: Random, raw: bytes) -> bytes:
    tag = random.randrange(1, 200) << 3
    depth = random.choice((99, 101, 5000))
    return raw + varint(tag | 3) * depth + varint(tag | 4) * random.choice((depth, depth - 1, 0))


def _noise(random: Random, raw: bytes) -> bytes:
    return random.randbytes(random.choice((1, 2, 16, 200, 3000)))


MUTATIONS: dict[str, Mutation] = {
    "flipped bits": _flip,
    "cut off": _cut,
    "bytes inserted": _insert,
    "a piece repeated": _repeat,
    "pieces in another order": _shuffle,
    "an unknown field": _unknown_field,
    "another wire type": _other_type,
    "a length beyond the end": _long_length,
    "an endless number": _endless_number,
    "no UTF-8": _no_text,
    "nested deeply": _deep,
    "groups nested deeply": _deep_groups,
    "noise": _noise,
}


def mutated(random: Random, raw: bytes) -> tuple[str, bytes]:
    """One mutation by chance, sometimes two: what was done, and the bytes."""
    name = random.choice(list(MUTATIONS))
    out = MUTATIONS[name](random, raw)
    if random.random() < 0.25:
        second = random.choice(list(MUTATIONS))
        return f"{name}, {second}", MUTATIONS[second](random, out)
    return name, out
