"""What a channel wants done: the effects that its events return, and the limits it keeps.

Plain values without behaviour. `channel.py` makes them, `session.py` carries them out; `extension/link/effects.ts` is
the twin, and the shared vectors in tests/vectors/channel name the effects as they are named here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

Body = TypeVar("Body")

RefuseReason: TypeAlias = Literal["gap", "conflict", "fenced", "not_attached", "ack_ahead", "out_of_range"]
EndCause: TypeAlias = Literal["fenced", "lost", "rotated"]


@dataclass(frozen=True, slots=True)
class ChannelLimits:
    """How much a channel sends, keeps and waits. Times in milliseconds, sizes in bytes."""

    unacked_messages: int = 256
    """At most so many messages sent and not acknowledged."""
    unacked_bytes: int = 2**20
    """At most so many bytes of them; a single larger message may pass alone."""
    kept_messages: int = 8192
    """At most so many messages kept for sending at all. One more, and the link is given up."""
    kept_bytes: int = 32 * 2**20
    """At most so many bytes of them; a single larger message may be kept alone."""
    kept_digests: int = 1024
    """So many received messages are remembered to tell a repeat from a conflict. Not below the peer's credit."""
    heartbeat_ms: int = 10_000
    """A sign of life is due this often."""
    ack_delay_ms: int = 200
    """Longest wait for a message that could carry an acknowledgement along."""

    @property
    def loss_ms(self) -> int:
        """After so long without a sign of life the stream is lost."""
        return self.heartbeat_ms * 5 // 2


@dataclass(frozen=True, slots=True)
class Transmit(Generic[Body]):
    """Put this numbered message on the current stream."""

    seq: int
    body: Body


@dataclass(frozen=True, slots=True)
class SendAttached:
    """Tell the peer that its stream is attached, and how far its messages are recorded."""

    epoch: int
    recorded: int


@dataclass(frozen=True, slots=True)
class SendResume:
    """Ask the peer for a stream with this epoch, from the message after this one on."""

    epoch: int
    resume_after: int


@dataclass(frozen=True, slots=True)
class SendCaughtUp:
    """Tell the peer that the replay is over; `seq` is the last replayed number, or 0."""

    seq: int


@dataclass(frozen=True, slots=True)
class SendHeartbeat:
    """Give a sign of life, which also carries the acknowledgement."""


@dataclass(frozen=True, slots=True)
class SendRotate:
    """Tell the peer that the stream ends now and is to be attached again."""

    reason: str
    retry_after_ms: int


@dataclass(frozen=True, slots=True)
class EndStream:
    """End the stream of this epoch."""

    epoch: int
    cause: EndCause


@dataclass(frozen=True, slots=True)
class Deliver:
    """The message just received is new and next in order: take it, and tell the channel when it is recorded."""

    seq: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The message just received was taken before. That is a success for the peer, and nothing to do."""

    seq: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """The event is refused and changed nothing. `expected` and `actual` are numbers of messages or epochs."""

    reason: RefuseReason
    expected: int
    actual: int


@dataclass(frozen=True, slots=True)
class Overflow:
    """More is waiting than may be kept. The channel is dead: forget the link, so that the peer opens a new one."""


Effect: TypeAlias = (
    Transmit[Body]
    | SendAttached
    | SendResume
    | SendCaughtUp
    | SendHeartbeat
    | SendRotate
    | EndStream
    | Deliver
    | Duplicate
    | Refuse
    | Overflow
)
