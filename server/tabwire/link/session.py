"""One link: drives its channel with the messages of whatever stream carries it, and with time.

It knows nothing of browsers' other links, of commands and of waiting callers: that is `slot.py`, which listens to it.
Nothing here awaits but the writer of a stream, so events never interleave.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import TYPE_CHECKING, Protocol

import structlog
from google.protobuf.message import DecodeError

from tabwire.enums import name_of
from tabwire.errors import TabwireError
from tabwire.link import refusal
from tabwire.link.channel import Channel
from tabwire.link.effects import (
    ChannelLimits,
    Deliver,
    EndStream,
    Overflow,
    Refuse,
    SendAttached,
    SendCaughtUp,
    SendHeartbeat,
    SendRotate,
    Transmit,
)
from tabwire.link.outlet import Outlet
from tabwire.link.parts import Assembler, Piece, part_bytes, pieces
from tabwire.link.told_time import ToldTime
from tabwire.v1 import error_pb2, link_pb2, link_service_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence
    from datetime import datetime

    from tabwire.link.effects import Effect
    from tabwire.settings import Settings

_log = structlog.get_logger(__name__)

_MAX_UNACKED_MESSAGES = 256
_MAX_UNACKED_BYTES = 2**20
# In `Hello.journal_id`'s place for a browser that keeps none: no browser's journal is called so.
NO_JOURNAL = "none"
# What the pieces of a message may not add up to.
_NEVER_IN_PARTS = ("part", "hello", "resume", "heartbeat", "nack")
# A stream ends so long before its token that the browser can attach with a new one; at most a fifth of its life.
_TOKEN_MARGIN_S = 30.0
_SHUTDOWN_RETRY_MS = 1000


class SessionListener(Protocol):
    """Who is told what happens on a link."""

    def on_uplink(self, uplink: link_pb2.Uplink) -> None:
        """A numbered message came, once and in order. It counts as recorded when this returns."""

    def on_sent(self, session: LinkSession, command_id: str) -> None:
        """A command was handed to a stream, whole. May be told again."""

    def on_refused_command(self, command_id: str, error: error_pb2.ErrorInfo) -> None:
        """The browser refused a command, or its answer was refused: no answer will come."""

    def on_attached(self, session: LinkSession) -> None:
        """A stream is attached."""

    def on_detached(self, session: LinkSession) -> None:
        """No stream is attached any more."""

    def on_overflow(self, session: LinkSession) -> None:
        """Too much is waiting for the browser: the link is to be forgotten."""


class LinkSession:
    """One link of one browser."""

    def __init__(self, link_id: str, hello: link_pb2.Hello, settings: Settings, listener: SessionListener) -> None:
        self.link_id = link_id
        self.hello = hello
        self._settings = settings
        self._listener = listener
        self._channel: Channel[Piece] = Channel(self._limits())
        self._assembler = Assembler(settings.max_message_bytes)
        self._unsent: dict[str, list[Piece]] = {}  # commands of which nothing was handed to a stream yet
        self._outlet: Outlet | None = None
        self._told_time = ToldTime()
        self._log = _log.bind(link_id=link_id)

    @property
    def attached(self) -> bool:
        """Whether a stream is attached."""
        return self._channel.attached

    @property
    def journal_id(self) -> str:
        """Names the journal that the browser records commands in."""
        return self.hello.journal_id or NO_JOURNAL

    def server_limits(self) -> link_pb2.LinkLimits:
        """What the browser has to keep to."""
        return link_pb2.LinkLimits(
            max_message_bytes=self._settings.max_message_bytes,
            max_unacked_messages=_MAX_UNACKED_MESSAGES,
            max_unacked_bytes=_MAX_UNACKED_BYTES,
            max_part_bytes=self._settings.max_part_bytes,
        )

    # Down

    def send(self, message: link_pb2.Downlink) -> None:
        """Numbers a message and sends it as soon as that is possible. Raises RESOURCE_EXHAUSTED if it is too large."""
        size = message.ByteSize()
        largest = self.hello.limits.max_message_bytes or self._settings.max_message_bytes
        if size > largest:
            raise refusal.too_large(size, largest)
        for piece in pieces(message, size, part_bytes(self.hello.limits.max_part_bytes)):
            if piece.command_id:
                self._unsent.setdefault(piece.command_id, []).append(piece)
            self._apply(self._channel.enqueue(piece, piece.message.ByteSize()))

    def withdraw(self, command_id: str) -> bool:
        """Takes a command back. False if it is too late: something of it was handed to a stream."""
        unsent = self._unsent.pop(command_id, None)
        for piece in unsent or ():
            piece.empty()
        return unsent is not None

    async def downlinks(
        self, resume: link_pb2.Resume, expires_at: datetime | None
    ) -> AsyncGenerator[link_pb2.Downlink, None]:
        """The messages of one stream, until it ends. Raises the error that the stream is to end with."""
        outlet = self._attach(resume, expires_at)
        try:
            while True:
                self._tick(outlet)
                message = outlet.take()
                if message is not None:
                    message.ack = self._channel.acknowledge(_now())
                    yield message
                elif outlet.ended:
                    break
                else:
                    await outlet.wait(self._due_at(outlet) / 1000)
        finally:
            self._closed(outlet)
        outlet.raise_error()

    def rotate(self, reason: link_pb2.RotateReason.ValueType) -> asyncio.Event | None:
        """Ends the stream politely. The event tells when it is over; None if there is no stream."""
        outlet = self._outlet
        if outlet is None:
            return None
        delay = _SHUTDOWN_RETRY_MS if reason == link_pb2.ROTATE_REASON_SHUTDOWN else 0
        self._apply(self._channel.rotate(link_pb2.RotateReason.Name(reason), delay))
        return outlet.closed

    def end(self, error: TabwireError | None) -> None:
        """Ends the stream of a link that is forgotten."""
        if self._outlet is not None:
            self.end_stream(self._outlet.epoch, error)

    def end_stream(self, epoch: int, error: TabwireError | None) -> None:
        """Ends the stream of this epoch, if it is still the current one."""
        if self._outlet is not None and self._outlet.epoch == epoch:
            self._channel.detach(epoch)
            self._outlet.end(error)

    # Up

    def receive(self, epoch: int, messages: Iterable[link_pb2.Uplink]) -> link_service_pb2.SendResponse:
        """Takes the messages of one Send. What came before a refused one stays recorded."""
        nacks = [nack for message in messages if (nack := self._take(epoch, message)) is not None]
        return link_service_pb2.SendResponse(ack=self._channel.acknowledge_apart(), nacks=nacks)

    def receive_on_stream(self, epoch: int, message: link_pb2.Uplink) -> None:
        """Takes one message of a Connect stream. A number that does not fit is a Nack there, not the stream's end."""
        try:
            nack = self._take(epoch, message)
        except TabwireError as error:
            if error.code not in (error_pb2.ERROR_CODE_FAILED_PRECONDITION, error_pb2.ERROR_CODE_ALREADY_EXISTS):
                raise
            nack = link_pb2.Nack(seq=message.seq, error_info=error.info)
        if nack is not None and self._outlet is not None:
            self._outlet.put(link_pb2.Downlink(nack=nack))
        if self._outlet is not None:
            self._outlet.wake_at(self._due_at(self._outlet) / 1000)  # an acknowledgement may be due

    def _take(self, epoch: int, message: link_pb2.Uplink) -> link_pb2.Nack | None:
        if message.WhichOneof("body") == "nack":
            self._on_nack(message.nack)  # before its ack lets go of the message it is about
        digest, size = _digest(message)
        effects = self._channel.receive(_now(), epoch, seq=message.seq, ack=message.ack, digest=digest, size=size)
        first = effects[0] if effects else None
        if isinstance(first, Refuse):
            raise refusal.refused(first)
        nack = self._deliver(message, size) if isinstance(first, Deliver) else None
        self._apply(effects)
        if isinstance(first, Deliver):
            self._channel.record(_now(), message.seq)
        return nack

    def _deliver(self, message: link_pb2.Uplink, size: int) -> link_pb2.Nack | None:
        if message.WhichOneof("body") == "part":
            return self._deliver_part(message)
        self._assembler.drop()  # a message that was begun will not be finished
        if size <= self._settings.max_message_bytes:
            self._listener.on_uplink(message)
            return None
        error = refusal.too_large(size, self._settings.max_message_bytes).info
        if message.WhichOneof("body") == "command_result":
            self._listener.on_refused_command(message.command_result.command_id, error)
        return link_pb2.Nack(seq=message.seq, error_info=error)

    def _deliver_part(self, message: link_pb2.Uplink) -> link_pb2.Nack | None:
        try:
            data = self._assembler.take(message.part)
            if data is not None:
                self._listener.on_uplink(_whole(data))
        except TabwireError as error:
            return link_pb2.Nack(seq=message.seq, error_info=error.info)
        return None

    def _on_nack(self, nack: link_pb2.Nack) -> None:
        refused = self._channel.peek(nack.seq)
        code = name_of(error_pb2.ErrorCode, nack.error_info.error_code)
        self._log.warning("message_refused", seq=nack.seq, code=code)
        if refused is not None and refused.command_id:
            self._listener.on_refused_command(refused.command_id, refusal.command_refused(nack.error_info).info)

    # Streams

    def _attach(self, resume: link_pb2.Resume, expires_at: datetime | None) -> Outlet:
        now = _now()
        effects = self._channel.attach(now, resume.attach_epoch, resume.resume_after_seq)
        if isinstance(effects[0], Refuse):
            raise refusal.refused(effects[0])
        if isinstance(effects[0], EndStream):
            self._apply(effects[:1])  # goes to the older stream's outlet
            effects = effects[1:]
        outlet = self._outlet = Outlet(resume.attach_epoch, *self._rotation(now, expires_at))
        self._apply(effects)
        self._log.info("attached", epoch=resume.attach_epoch, after=resume.resume_after_seq)
        self._listener.on_attached(self)
        return outlet

    def _rotation(self, now: int, expires_at: datetime | None) -> tuple[int, link_pb2.RotateReason.ValueType]:
        """When a new stream is to be renewed, and why."""
        life_s = float(self._settings.stream_max_age_s)
        reason = link_pb2.ROTATE_REASON_AGE
        if expires_at is not None:
            left_s = max(0.0, expires_at.timestamp() - time.time())
            token_s = left_s - min(_TOKEN_MARGIN_S, left_s / 5)
            if token_s < life_s:
                life_s, reason = token_s, link_pb2.ROTATE_REASON_TOKEN_EXPIRY
        return now + round(life_s * 1000), reason

    def _tick(self, outlet: Outlet) -> None:
        if outlet is not self._outlet or outlet.ended:
            return
        now = _now()
        if now >= outlet.rotate_at:
            self.rotate(outlet.rotate_reason)
        else:
            self._apply(self._channel.tick(now))

    def _due_at(self, outlet: Outlet) -> int:
        """When something is to be done without a message, by the channel's clock."""
        due = self._channel.due_at()
        return outlet.rotate_at if due is None else min(due, outlet.rotate_at)

    def _closed(self, outlet: Outlet) -> None:
        outlet.close()
        if outlet is not self._outlet:
            return  # a newer stream has taken over
        self._outlet = None
        self._channel.detach(outlet.epoch)
        self._log.info("detached", epoch=outlet.epoch)
        self._listener.on_detached(self)

    # Effects

    def _apply(self, effects: Sequence[Effect[Piece]]) -> None:
        for effect in effects:
            match effect:
                case Transmit(seq, piece):
                    self._transmit(seq, piece)
                case SendAttached(epoch, recorded):
                    attached = link_pb2.Attached(
                        link_id=self.link_id,
                        attach_epoch=epoch,
                        recorded_uplink_seq=recorded,
                        server_time=self._told_time.now(),
                    )
                    self._put(link_pb2.Downlink(attached=attached))
                case SendCaughtUp(seq):
                    self._put(link_pb2.Downlink(caught_up=link_pb2.CaughtUp(seq=seq)))
                case SendHeartbeat():
                    self._put_heartbeat()
                case SendRotate(reason, retry_after_ms):
                    rotate = link_pb2.Rotate(reason=link_pb2.RotateReason.Value(reason), retry_after_ms=retry_after_ms)
                    self._put(link_pb2.Downlink(rotate=rotate))
                case EndStream(epoch, cause):
                    self._on_end_stream(epoch, cause)
                case Overflow():
                    self._log.warning("overflow")
                    self._listener.on_overflow(self)
                case _:
                    pass  # Deliver, Duplicate and Refuse are for the caller; SendResume is the browser's

    def _transmit(self, seq: int, piece: Piece) -> None:
        if piece.command_id and self._told_time.is_off():
            self._put_heartbeat()  # before it, because its deadline is by the clock as it is now
        numbered = link_pb2.Downlink(seq=seq)
        numbered.MergeFrom(piece.message)
        self._put(numbered)
        if piece.command_id:
            self._unsent.pop(piece.command_id, None)
            if piece.is_last:
                self._listener.on_sent(self, piece.command_id)

    def _put_heartbeat(self) -> None:
        self._put(link_pb2.Downlink(heartbeat=link_pb2.Heartbeat(time=self._told_time.now())))

    def _put(self, message: link_pb2.Downlink) -> None:
        if self._outlet is not None:
            self._outlet.put(message)

    def _on_end_stream(self, epoch: int, cause: str) -> None:
        if self._outlet is None or self._outlet.epoch != epoch:
            return
        self._log.info("stream_ends", epoch=epoch, cause=cause)
        match cause:
            case "fenced":
                self._outlet.end(refusal.refused(Refuse("fenced", epoch + 1, epoch)))
            case "lost":
                message = "The browser gave no sign of life in time."
                self._outlet.end(TabwireError(error_pb2.ERROR_CODE_UNAVAILABLE, message))
            case _:
                self._outlet.end()

    def _limits(self) -> ChannelLimits:
        asked = self.hello.limits
        return ChannelLimits(
            unacked_messages=min(asked.max_unacked_messages or _MAX_UNACKED_MESSAGES, _MAX_UNACKED_MESSAGES),
            unacked_bytes=min(asked.max_unacked_bytes or _MAX_UNACKED_BYTES, _MAX_UNACKED_BYTES),
            heartbeat_ms=self._settings.heartbeat_ms,
        )


def _now() -> int:
    """The channel's clock."""
    return round(asyncio.get_running_loop().time() * 1000)


def _whole(data: bytes) -> link_pb2.Uplink:
    """A message that came in parts. Raises INVALID_ARGUMENT if it is none that may."""
    try:
        whole = link_pb2.Uplink.FromString(data)
    except DecodeError:
        whole = link_pb2.Uplink(part=link_pb2.Part())
    if whole.WhichOneof("body") in _NEVER_IN_PARTS:
        raise TabwireError(error_pb2.ERROR_CODE_INVALID_ARGUMENT, "The parts are those of no numbered message.")
    return whole


def _digest(message: link_pb2.Uplink) -> tuple[str, int]:
    """What tells a repeat from another message with the same number, and the message's size.

    The ack is not part of it: it moves on.
    """
    if not message.seq:
        return "", message.ByteSize()
    ack = message.ack
    message.ClearField("ack")  # a copy without it would cost more than all the rest
    data = message.SerializeToString(deterministic=True)
    message.ack = ack
    return hashlib.blake2b(data, digest_size=16).hexdigest(), len(data)
