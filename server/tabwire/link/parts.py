"""Large messages in pieces: taken apart for a peer that wants it, and put together within bounds.

Pure. Each piece is a numbered message of its own, so loss, repeats and credit are the channel's business as ever; what
a whole message means is `session.py`'s. The twin is `extension/link/parts.ts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tabwire.errors import TabwireError
from tabwire.link import refusal
from tabwire.v1 import error_pb2, link_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

MIN_PART_BYTES = 4096
"""A peer that asks for smaller parts gets parts of this size: the number of a message's parts is bounded by it."""


def part_bytes(asked: int) -> int:
    """The size of the parts that a peer gets which asked for this size; 0 if it gets every message whole."""
    return max(asked, MIN_PART_BYTES) if asked else 0


@dataclass(slots=True)
class Piece:
    """A numbered message as the channel keeps it: a whole one, or a part of a larger one."""

    message: link_pb2.Downlink
    command_id: str = ""
    """The command that it is, or is a part of."""
    is_last: bool = True
    """Whether the message is complete with it."""

    def empty(self) -> None:
        """Takes the message out, before it was ever sent; its number is left, which every receiver can pass over."""
        self.message, self.command_id = link_pb2.Downlink(), ""


def pieces(message: link_pb2.Downlink, size: int, limit: int) -> Iterator[Piece]:
    """The message, or its parts if it is larger than `limit`; 0 means no limit."""
    command_id = message.command.command_id if message.WhichOneof("body") == "command" else ""
    if not limit or size <= limit:
        yield Piece(message, command_id)
        return
    data = message.SerializeToString()
    total = len(data)
    for index, start in enumerate(range(0, total, limit)):
        part = link_pb2.Part(data=data[start : start + limit], index=index, total_bytes=total)
        yield Piece(link_pb2.Downlink(part=part), command_id, is_last=start + limit >= total)


class Assembler:
    """Puts one message at a time together, of at most `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._data = bytearray()
        self._next = 0
        self._total = 0

    @property
    def kept_bytes(self) -> int:
        """How much is kept of a message that is not complete."""
        return len(self._data)

    def take(self, part: link_pb2.Part) -> bytes | None:
        """Adds a part. The message, if it is complete with it.

        Raises `TabwireError` for one that does not fit: the message it belongs to is dropped.
        """
        if part.index == 0:
            self.drop()
            self._total = part.total_bytes
        expected, total = self._next, self._total
        fits = (
            part.index == expected
            and part.total_bytes == total
            and 0 < len(part.data) <= total - len(self._data)
            and total <= self._max_bytes
        )
        if not fits:
            self.drop()
            if part.total_bytes > self._max_bytes:
                raise refusal.too_large(part.total_bytes, self._max_bytes)
            raise _misfit(part, expected)
        self._data += part.data
        self._next += 1
        if len(self._data) < total:
            return None
        data = bytes(self._data)
        self.drop()
        return data

    def drop(self) -> None:
        """Forgets what was begun."""
        self._data = bytearray()
        self._next = self._total = 0


def _misfit(part: link_pb2.Part, expected: int) -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_INVALID_ARGUMENT,
        f"Part {part.index} with {len(part.data)} of {part.total_bytes} bytes does not fit; part {expected} was next.",
        retryable=False,
    )
