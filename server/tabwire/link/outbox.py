"""The sending half of a channel: numbers messages, keeps them until they are acknowledged, and counts the credit.

Pure. It knows nothing of streams and time; `channel.py` tells it when a stream begins, and takes from it what may be
sent.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic

from tabwire.link.effects import Body

if TYPE_CHECKING:
    from tabwire.link.effects import ChannelLimits


class Outbox(Generic[Body]):
    """Messages of one direction, numbered from 1 without gaps."""

    def __init__(self, limits: ChannelLimits) -> None:
        self._limits = limits
        self._kept: deque[tuple[int, int, Body]] = deque()  # (seq, size, body), seq from acked + 1 on
        self._kept_bytes = 0
        self._flight_bytes = 0
        self.last = 0
        """The last number given."""
        self.acked = 0
        """The peer has recorded everything up to this number; nothing before it is kept."""
        self.sent = 0
        """Everything up to this number was put on the current stream, or is acknowledged."""

    @property
    def in_flight(self) -> int:
        """How many messages are sent and not acknowledged."""
        return self.sent - self.acked

    @property
    def overflown(self) -> bool:
        """Whether more is kept than may be."""
        if len(self._kept) <= 1:
            return False
        return len(self._kept) > self._limits.kept_messages or self._kept_bytes > self._limits.kept_bytes

    def add(self, body: Body, size: int) -> int:
        """Numbers a message and keeps it."""
        self.last += 1
        self._kept.append((self.last, size, body))
        self._kept_bytes += size
        return self.last

    def peek(self, seq: int) -> Body | None:
        """A message that is still kept."""
        index = seq - self.acked - 1
        return self._kept[index][2] if 0 <= index < len(self._kept) else None

    def next_to_send(self) -> tuple[int, Body] | None:
        """The next message that the credit lets through, which then counts as sent."""
        index = self.sent - self.acked
        if index >= len(self._kept):
            return None
        seq, size, body = self._kept[index]
        if index > 0 and (
            index >= self._limits.unacked_messages or self._flight_bytes + size > self._limits.unacked_bytes
        ):
            return None
        self.sent = seq
        self._flight_bytes += size
        return seq, body

    def acknowledge(self, ack: int) -> None:
        """The peer has recorded everything up to `ack`, which is at most `last`."""
        while self._kept and self._kept[0][0] <= ack:
            seq, size, _ = self._kept.popleft()
            self._kept_bytes -= size
            if seq <= self.sent:
                self._flight_bytes -= size
        self.acked = max(self.acked, ack)
        self.sent = max(self.sent, self.acked)

    def can_resume(self, after: int) -> bool:
        """Whether everything after this number is still kept, and the number was given at all."""
        return self.acked <= after <= self.last

    def rewind(self, after: int) -> None:
        """A new stream begins after this number: what comes later is sent again."""
        self.acknowledge(after)
        self.sent = self.acked
        self._flight_bytes = 0
