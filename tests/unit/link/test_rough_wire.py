"""Two channels over the wire as it can be at its worst, by the rules of Attach and Send.

Everything that a browser sends (attach requests, Sends, with what they carry) may be lost, repeated, delayed beyond the
next attachment and overtaken; what a server streams may be cut anywhere, and nobody may notice for long. The server may
forget the link, a reader may take nothing, time jumps. The six promises of docs/link.md are checked after each step.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tabwire.link.channel import Channel
from tabwire.link.effects import (
    ChannelLimits,
    Deliver,
    EndStream,
    Overflow,
    Refuse,
    SendAttached,
    SendHeartbeat,
    SendResume,
    Transmit,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tabwire.link.effects import Effect

LIMITS = ChannelLimits(unacked_messages=4, unacked_bytes=40, kept_messages=12, kept_bytes=400, kept_digests=8)


@dataclass
class End:
    """One end of a link: what it was given to send, what it got, and what of that it has recorded."""

    channel: Channel[str] = field(default_factory=lambda: Channel(LIMITS))
    sent: list[str] = field(default_factory=list)
    got: list[str] = field(default_factory=list)
    recorded: int = 0

    def record(self, now: int, count: int) -> None:
        self.recorded = min(self.recorded + count, len(self.got))
        self.channel.record(now, self.recorded)


@dataclass(frozen=True)
class Down:
    """What a stream carries: Attached, a numbered message, or a sign of life."""

    epoch: int
    ack: int
    seq: int = 0
    body: str = ""
    recorded: int | None = None


@dataclass(frozen=True)
class Up:
    """What a browser sends: a message of a Send, or a request to attach."""

    link: int
    epoch: int
    ack: int
    seq: int = 0
    body: str = ""
    resume_after: int | None = None


class RoughWire(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.link = 0
        self.is_open = False
        """Whether the stream reaches the browser: no more once that is cut or given up."""
        self.begin_link()

    def begin_link(self) -> None:
        """The link is forgotten at both ends; what is under way belongs to the old one."""
        self.link += 1
        self.browser, self.server = End(), End()
        self.stream: deque[Down] = deque()
        self.wire: list[Up] = []
        self.answers: list[tuple[int, int]] = []  # epoch and ack of Sends' answers
        self.attach_well()

    # What the ends do

    def apply_browser(self, effects: Sequence[Effect[str]]) -> None:
        channel = self.browser.channel
        for effect in effects:
            match effect:
                case Transmit(seq, body):
                    ack = channel.acknowledge(self.now)
                    self.wire.append(Up(self.link, channel.epoch, ack, seq, body))
                case SendHeartbeat():
                    self.wire.append(Up(self.link, channel.epoch, channel.acknowledge(self.now)))
                case SendResume(epoch, after):
                    self.open(True)  # it reads the new stream only
                    self.wire.append(Up(self.link, epoch, 0, resume_after=after))
                case EndStream():
                    self.open(False)
                case Overflow():
                    self.begin_link()
                    return
                case _:
                    pass

    def apply_server(self, effects: Sequence[Effect[str]]) -> None:
        channel = self.server.channel
        for effect in effects:
            match effect:
                case Transmit(seq, body):
                    self.put(Down(channel.epoch, channel.acknowledge(self.now), seq, body))
                case SendHeartbeat():
                    self.put(Down(channel.epoch, channel.acknowledge(self.now)))
                case SendAttached(epoch, recorded):
                    self.put(Down(epoch, recorded, recorded=recorded))
                case Overflow():
                    self.begin_link()
                    return
                case _:
                    pass

    def open(self, is_open: bool) -> None:
        self.stream.clear()
        self.is_open = is_open

    def put(self, down: Down) -> None:
        if self.is_open and down.epoch == self.browser.channel.epoch:  # else nobody reads that stream any more
            self.stream.append(down)

    # What is asked of the ends

    @rule(by_browser=st.booleans(), size=st.integers(1, 60), count=st.integers(1, 3))
    def enqueue(self, by_browser: bool, size: int, count: int) -> None:
        for _ in range(count):
            end = self.browser if by_browser else self.server
            body = f"{len(end.sent)}".ljust(size, ".")
            end.sent.append(body)
            effects = end.channel.enqueue(body, size)
            (self.apply_browser if by_browser else self.apply_server)(effects)

    @rule()
    def attach(self) -> None:
        self.apply_browser(self.browser.channel.begin())

    @rule()
    def attach_well(self) -> None:
        """So that runs get far; Sends of the stream before stay under way."""
        self.attach()
        self.take_up(self.wire.pop())
        while self.stream and self.stream[0].recorded is not None:
            self.take_down(self.stream.popleft())

    @rule(by_browser=st.booleans(), count=st.integers(1, 8))
    def record(self, by_browser: bool, count: int) -> None:
        (self.browser if by_browser else self.server).record(self.now, count)

    @rule(millis=st.one_of(st.integers(0, 500), st.integers(0, 100_000)))
    def pass_time(self, millis: int) -> None:
        self.now += millis
        self.apply_browser(self.browser.channel.tick(self.now))
        self.apply_server(self.server.channel.tick(self.now))

    @rule()
    def server_is_started_again(self) -> None:
        """The browser learns of it when it attaches; it opens a new link."""
        self.begin_link()

    # What the wire does

    @precondition(lambda self: self.wire)
    @rule(data=st.data(), keep=st.booleans())
    def arrive_at_server(self, data: st.DataObject, keep: bool) -> None:
        """Anything that is under way arrives; kept, it will arrive once more."""
        index = data.draw(st.integers(0, len(self.wire) - 1))
        up = self.wire[index] if keep else self.wire.pop(index)
        self.take_up(up)

    @precondition(lambda self: self.wire)
    @rule(count=st.integers(1, 8))
    def arrive_at_server_in_order(self, count: int) -> None:
        link = self.link
        for _ in range(min(count, len(self.wire))):
            if self.link == link:
                self.take_up(self.wire.pop(0))

    @precondition(lambda self: self.wire)
    @rule(data=st.data())
    def lose_what_was_sent(self, data: st.DataObject) -> None:
        self.wire.pop(data.draw(st.integers(0, len(self.wire) - 1)))

    @precondition(lambda self: self.stream)
    @rule(count=st.integers(1, 8))
    def arrive_at_browser(self, count: int) -> None:
        link = self.link
        for _ in range(count):
            if self.stream and self.link == link:
                self.take_down(self.stream.popleft())

    @rule(noticed_by=st.sampled_from(["both", "browser", "server", "nobody"]))
    def cut_the_stream(self, noticed_by: str) -> None:
        self.open(False)
        if noticed_by in ("both", "browser"):
            self.browser.channel.detach(self.browser.channel.epoch)
        if noticed_by in ("both", "server"):
            self.server.channel.detach(self.server.channel.epoch)

    @precondition(lambda self: self.answers)
    @rule(data=st.data(), is_lost=st.booleans())
    def answer_a_send(self, data: st.DataObject, is_lost: bool) -> None:
        epoch, ack = self.answers.pop(data.draw(st.integers(0, len(self.answers) - 1)))
        if not is_lost:
            self.apply_browser(self.browser.channel.acked(epoch, ack))

    def take_up(self, up: Up) -> None:
        if up.link != self.link:
            return  # OUT_OF_RANGE: nobody keeps that link
        channel = self.server.channel
        if up.resume_after is not None:
            before = channel.epoch
            effects = channel.attach(self.now, up.epoch, up.resume_after)
            is_refused = isinstance(effects[0], Refuse)
            assert channel.epoch >= before, "an epoch never goes back"
            assert is_refused or up.epoch > before, "an older or repeated attachment is fenced"
            self.apply_server(effects)
            return
        before_got = len(self.server.got)
        effects = channel.receive(self.now, up.epoch, seq=up.seq, ack=up.ack, digest=up.body, size=len(up.body))
        if effects and isinstance(effects[0], Deliver):
            self.server.got.append(up.body)
        if effects and isinstance(effects[0], Refuse):
            assert effects[0].reason in ("gap", "fenced", "not_attached")
        if up.epoch != channel.epoch:
            assert len(self.server.got) == before_got, "only the newest stream delivers"
        link = self.link
        self.apply_server(effects)
        if link == self.link:
            self.answers.append((up.epoch, channel.acknowledge_apart()))

    def take_down(self, down: Down) -> None:
        channel = self.browser.channel
        if down.recorded is not None:
            self.apply_browser(channel.on_attached(self.now, down.epoch, down.recorded))
            return
        effects = channel.receive(
            self.now, down.epoch, seq=down.seq, ack=down.ack, digest=down.body, size=len(down.body)
        )
        if effects and isinstance(effects[0], Deliver):
            self.browser.got.append(down.body)
        assert not (effects and isinstance(effects[0], Refuse)), "a stream has no gaps of its own"
        self.apply_browser(effects)

    # The promises

    @invariant()
    def ordered_and_unique(self) -> None:
        assert self.browser.got == self.server.sent[: len(self.browser.got)]
        assert self.server.got == self.browser.sent[: len(self.server.got)]

    @invariant()
    def bounded(self) -> None:
        for end in (self.browser, self.server):
            outbox = end.channel._outbox
            assert outbox.in_flight <= LIMITS.unacked_messages
            assert outbox._flight_bytes <= LIMITS.unacked_bytes or outbox.in_flight == 1
            assert len(outbox._kept) <= LIMITS.kept_messages
            assert outbox._kept_bytes <= LIMITS.kept_bytes
            assert len(end.channel._inbox._digests) <= LIMITS.kept_digests

    def teardown(self) -> None:
        """Reliable and resumable: with a wire that holds, everything arrives."""
        self.wire.clear()
        self.attach()
        for _ in range(100):
            while self.wire or self.stream:
                if self.wire:
                    self.take_up(self.wire.pop(0))
                if self.stream:
                    self.take_down(self.stream.popleft())
            for epoch, ack in self.answers:
                self.apply_browser(self.browser.channel.acked(epoch, ack))
            self.answers.clear()
            for end in (self.browser, self.server):
                end.record(self.now, len(end.got))
            if self.browser.got == self.server.sent and self.server.got == self.browser.sent:
                break
            self.pass_time(LIMITS.ack_delay_ms)  # what is recorded is told
        assert self.browser.got == self.server.sent
        assert self.server.got == self.browser.sent


RoughWire.TestCase.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
TestRoughWire = RoughWire.TestCase
