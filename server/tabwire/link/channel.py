"""The channel: the state machine at each end of a link. Events in, effects out; no I/O and no clock of its own.

Time is passed in as milliseconds of any clock that never goes back. The server accepts streams (`attach`, `rotate`),
the browser asks for them (`begin`, `on_attached`); all else is the same at both ends. `session.py` drives it in the
server, `extension/link/link_client.ts` drives its twin, `extension/link/channel.ts`; tests/vectors/channel binds the
two together.

What it guarantees: messages are delivered in order and once each; what was enqueued is sent until it is acknowledged;
a stream may break at any moment and the next one goes on; only the stream of the highest epoch lives; what is sent and
kept is bounded.
"""

from __future__ import annotations

from typing import Generic

from tabwire.link.effects import (
    Body,
    ChannelLimits,
    Deliver,
    Duplicate,
    Effect,
    EndStream,
    Overflow,
    Refuse,
    SendAttached,
    SendCaughtUp,
    SendHeartbeat,
    SendResume,
    SendRotate,
    Transmit,
)
from tabwire.link.inbox import Inbox
from tabwire.link.outbox import Outbox


class Channel(Generic[Body]):
    """One end of a link. `Body` is whatever the driver wants to have back when a message is to be sent."""

    def __init__(self, limits: ChannelLimits | None = None) -> None:
        self._limits = limits or ChannelLimits()
        self._outbox: Outbox[Body] = Outbox(self._limits)
        self._inbox = Inbox(self._limits)
        self._epoch = 0
        self._attached = False
        self._dead = False
        self._replay_until: int | None = None  # CaughtUp is owed when this number is sent
        self._replayed = 0
        self._heard_at = 0
        self._spoke_at = 0
        self._ack_due_at: int | None = None

    @property
    def attached(self) -> bool:
        """Whether a stream is attached."""
        return self._attached

    @property
    def epoch(self) -> int:
        """The highest epoch of a stream so far; 0 before the first one."""
        return self._epoch

    @property
    def recorded(self) -> int:
        """Everything up to this number was received and recorded."""
        return self._inbox.recorded

    @property
    def in_flight(self) -> int:
        """How many messages are sent and not acknowledged."""
        return self._outbox.in_flight

    def due_at(self) -> int | None:
        """When `tick` is to be called next; None while no stream is attached."""
        if not self._attached:
            return None
        due = min(self._spoke_at + self._limits.heartbeat_ms, self._heard_at + self._limits.loss_ms)
        return due if self._ack_due_at is None else min(due, self._ack_due_at)

    def peek(self, seq: int) -> Body | None:
        """A message that is sent and not acknowledged yet."""
        return self._outbox.peek(seq)

    # Sending

    def enqueue(self, body: Body, size: int) -> list[Effect[Body]]:
        """Numbers a message; it is sent as soon as there are a stream and credit."""
        if self._dead:
            return [Overflow()]
        self._outbox.add(body, size)
        if self._outbox.overflown:
            self._dead = True
            self._detach()
            return [Overflow()]
        return self._transmit()

    def acked(self, epoch: int, ack: int) -> list[Effect[Body]]:
        """The peer's acknowledgement came by another way than the stream, so it is no sign of life of the stream."""
        refusal = self._check_epoch(epoch) or self._check_ack(ack)
        if refusal:
            return [refusal]
        self._outbox.acknowledge(ack)
        return self._transmit()

    # Receiving

    def receive(self, now: int, epoch: int, *, seq: int, ack: int, digest: str, size: int) -> list[Effect[Body]]:
        """A message came on the stream of this epoch; `seq` is 0 for control messages, whose digest is not looked at.

        The first effect tells what to do with a numbered message: Deliver, Duplicate or Refuse.
        """
        refusal = self._check_epoch(epoch) or self._check_ack(ack)
        if refusal:
            return [refusal]
        self._heard_at = now
        self._outbox.acknowledge(ack)
        effects: list[Effect[Body]] = []
        if seq:
            verdict: Deliver | Duplicate | Refuse = self._inbox.take(seq, digest, size)
            effects.append(verdict)
            if isinstance(verdict, Duplicate) and seq <= self._inbox.recorded:
                self._owe_ack(now)  # the peer repeats it, so it has not heard the acknowledgement
        return effects + self._transmit()

    def record(self, now: int, seq: int) -> None:
        """Everything up to this number is recorded and may be acknowledged, with the next message or by `tick`."""
        if seq <= self._inbox.recorded:
            return
        self._inbox.record(seq)
        self._owe_ack(now)

    def acknowledge(self, now: int) -> int:
        """The acknowledgement to put on a message that goes on the stream right now, which is a sign of life too."""
        self._spoke_at = now
        return self.acknowledge_apart()

    def acknowledge_apart(self) -> int:
        """The acknowledgement to put on a message that reaches the peer by another way than the stream."""
        self._ack_due_at = None
        return self._inbox.tell()

    # Streams

    def attach(self, now: int, epoch: int, resume_after: int) -> list[Effect[Body]]:
        """The peer asks for a stream. A refusal leaves an older stream untouched."""
        if self._dead:
            return [Refuse("out_of_range", self._outbox.acked, resume_after)]
        if epoch <= self._epoch:
            return [Refuse("fenced", self._epoch + 1, epoch)]
        if not self._outbox.can_resume(resume_after):
            return [Refuse("out_of_range", self._outbox.acked, resume_after)]
        effects: list[Effect[Body]] = [EndStream(self._epoch, "fenced")] if self._attached else []
        self._epoch = epoch
        self._start_stream(now, resume_after)
        self._replay_until = self._outbox.last
        self._replayed = self._outbox.last if self._outbox.last > resume_after else 0
        effects.append(SendAttached(epoch, self._inbox.tell()))
        return effects + self._transmit()

    def begin(self) -> list[Effect[Body]]:
        """This end wants a stream, with a higher epoch than ever before."""
        effects: list[Effect[Body]] = [EndStream(self._epoch, "fenced")] if self._attached else []
        self._detach()
        self._epoch += 1
        return [*effects, SendResume(self._epoch, self._inbox.tell())]

    def on_attached(self, now: int, epoch: int, recorded: int) -> list[Effect[Body]]:
        """The peer has attached the stream that `begin` asked for, and tells what it has recorded."""
        refusal = self._check_epoch(epoch)
        if refusal:
            return [refusal]
        if self._dead or not self._outbox.can_resume(recorded):
            return [Refuse("out_of_range", self._outbox.acked, recorded)]
        self._start_stream(now, recorded)
        if self._inbox.recorded > self._inbox.told:
            self._owe_ack(now)
        return self._transmit()

    def detach(self, epoch: int) -> list[Effect[Body]]:
        """The stream of this epoch has ended. Everything is kept for the next one."""
        if epoch == self._epoch:
            self._detach()
        return []

    def rotate(self, reason: str, retry_after_ms: int) -> list[Effect[Body]]:
        """Ends the stream in a way that tells the peer to attach again."""
        if not self._attached:
            return []
        self._detach()
        return [SendRotate(reason, retry_after_ms), EndStream(self._epoch, "rotated")]

    def tick(self, now: int) -> list[Effect[Body]]:
        """Time has passed."""
        if not self._attached:
            return []
        if now - self._heard_at >= self._limits.loss_ms:
            self._detach()
            return [EndStream(self._epoch, "lost")]
        ack_due = self._ack_due_at is not None and now >= self._ack_due_at
        if ack_due or now - self._spoke_at >= self._limits.heartbeat_ms:
            return [self._heartbeat(now)]
        return []

    # Inside

    def _check_epoch(self, epoch: int) -> Refuse | None:
        if epoch == self._epoch:
            return None
        return Refuse("fenced" if epoch < self._epoch else "not_attached", self._epoch, epoch)

    def _check_ack(self, ack: int) -> Refuse | None:
        return Refuse("ack_ahead", self._outbox.last, ack) if ack > self._outbox.last else None

    def _start_stream(self, now: int, resume_after: int) -> None:
        self._attached = True
        self._heard_at = now
        self._spoke_at = now
        self._ack_due_at = None
        self._replay_until = None
        self._outbox.rewind(resume_after)

    def _detach(self) -> None:
        self._attached = False
        self._ack_due_at = None
        self._replay_until = None

    def _owe_ack(self, now: int) -> None:
        if not self._attached:
            return
        due = now if self._inbox.must_tell else now + self._limits.ack_delay_ms
        self._ack_due_at = due if self._ack_due_at is None else min(due, self._ack_due_at)

    def _heartbeat(self, now: int) -> SendHeartbeat:
        self.acknowledge(now)  # the driver stamps it once more when it writes; until then no second one is due
        return SendHeartbeat()

    def _transmit(self) -> list[Effect[Body]]:
        effects: list[Effect[Body]] = []
        while self._attached:
            if self._replay_until is not None and self._outbox.sent >= self._replay_until:
                self._replay_until = None
                effects.append(SendCaughtUp(self._replayed))
            message = self._outbox.next_to_send()
            if message is None:
                break
            effects.append(Transmit(*message))
        return effects
