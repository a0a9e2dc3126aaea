"""The receiving half of a channel: takes each message once and in order, and knows what is recorded.

Pure. A message is received when it is taken, and recorded when it can no longer be lost; only that is acknowledged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.link.effects import Deliver, Duplicate, Refuse

if TYPE_CHECKING:
    from tabwire.link.effects import ChannelLimits


class Inbox:
    """Messages of one direction as they arrive."""

    def __init__(self, limits: ChannelLimits) -> None:
        self._limits = limits
        self._digests: dict[int, str] = {}  # of the last received messages, oldest first
        self._unrecorded: dict[int, int] = {}  # sizes of messages received and not recorded, oldest first
        self._untold_bytes = 0
        self.received = 0
        """The last number taken."""
        self.recorded = 0
        """Everything up to this number is recorded."""
        self.told = 0
        """The acknowledgement that the peer was last told."""

    def take(self, seq: int, digest: str, size: int) -> Deliver | Duplicate | Refuse:
        """Decides about a numbered message."""
        expected = self.received + 1
        if seq > expected:
            return Refuse("gap", expected, seq)
        if seq < expected:
            # Without a remembered digest the message was acknowledged long ago: it can only be a late repeat.
            known = self._digests.get(seq, digest)
            return Duplicate(seq) if known == digest else Refuse("conflict", expected, seq)
        self.received = seq
        self._digests[seq] = digest
        self._unrecorded[seq] = size
        if len(self._digests) > self._limits.kept_digests:
            del self._digests[next(iter(self._digests))]
        return Deliver(seq)

    def record(self, seq: int) -> None:
        """Everything up to this number is recorded."""
        if seq > self.received:
            raise ValueError(f"message {seq} was not received, the last one is {self.received}")
        for number in range(self.recorded + 1, seq + 1):
            self._untold_bytes += self._unrecorded.pop(number)
        self.recorded = max(self.recorded, seq)

    @property
    def must_tell(self) -> bool:
        """Whether the acknowledgement is so much behind that the peer may soon run out of credit."""
        limits = self._limits
        return (
            self.recorded - self.told >= max(1, limits.unacked_messages // 4)
            or self._untold_bytes >= limits.unacked_bytes // 4
        )

    def tell(self) -> int:
        """The acknowledgement, which is being told to the peer now."""
        self.told = self.recorded
        self._untold_bytes = 0
        return self.told
