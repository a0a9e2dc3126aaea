"""Two channels over a network that breaks, repeats and delays: whatever happens, each side gets what the other sent, in
order and once each, and no more is under way than the credit allows."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tabwire.link.channel import Channel
from tabwire.link.effects import ChannelLimits, Deliver, EndStream, Refuse, SendAttached, SendResume, Transmit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tabwire.link.effects import Effect

LIMITS = ChannelLimits(unacked_messages=4, unacked_bytes=40, kept_messages=10_000, kept_digests=16)


class End:
    """One end of the link with what it sent and got, and the messages on their way to it."""

    def __init__(self) -> None:
        self.channel: Channel[str] = Channel(LIMITS)
        self.arriving: deque[tuple[int, int, int, str]] = deque()  # epoch, seq, ack, body
        self.sent: list[str] = []
        self.got: list[str] = []
        self.recorded = 0


class LinkMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.browser = End()
        self.server = End()
        self.has_stream = False

    def other(self, end: End) -> End:
        return self.server if end is self.browser else self.browser

    def apply(self, end: End, effects: Sequence[Effect[str]]) -> None:
        peer = self.other(end)
        for effect in effects:
            if isinstance(effect, Transmit):
                if peer is self.browser and not self.has_stream:
                    continue  # one end has given the stream up, the other has not noticed: nothing comes down any more
                ack = end.channel.acknowledge(self.now)
                peer.arriving.append((end.channel.epoch, effect.seq, ack, effect.body))
            elif isinstance(effect, EndStream):
                self.lose_stream()

    def lose_stream(self) -> None:
        """Nothing that was on its way arrives any more."""
        self.has_stream = False
        self.browser.arriving.clear()
        self.server.arriving.clear()

    def take(self, end: End, message: tuple[int, int, int, str]) -> None:
        epoch, seq, ack, body = message
        effects = end.channel.receive(self.now, epoch, seq=seq, ack=ack, digest=body, size=len(body))
        if effects and isinstance(effects[0], Deliver):
            end.got.append(body)
        assert not any(isinstance(effect, Refuse) and effect.reason in ("gap", "conflict") for effect in effects)
        self.apply(end, effects)

    @rule(from_browser=st.booleans(), size=st.integers(1, 60))
    def enqueue(self, from_browser: bool, size: int) -> None:
        end = self.browser if from_browser else self.server
        body = f"{len(end.sent)}".ljust(size, ".")
        end.sent.append(body)
        self.apply(end, end.channel.enqueue(body, size))

    @rule()
    def attach(self) -> None:
        self.lose_stream()
        (resume,) = (effect for effect in self.browser.channel.begin() if isinstance(effect, SendResume))
        effects = self.server.channel.attach(self.now, resume.epoch, resume.resume_after)
        (answer,) = (effect for effect in effects if isinstance(effect, SendAttached))
        self.lose_stream()
        self.has_stream = True
        self.apply(self.browser, self.browser.channel.on_attached(self.now, answer.epoch, answer.recorded))
        self.apply(self.server, [effect for effect in effects if isinstance(effect, Transmit)])

    @rule(at_browser=st.booleans(), count=st.integers(1, 10))
    def arrive(self, at_browser: bool, count: int) -> None:
        end = self.browser if at_browser else self.server
        for _ in range(min(count, len(end.arriving))):
            self.take(end, end.arriving.popleft())

    @precondition(lambda self: self.server.arriving)
    @rule(count=st.integers(1, 5))
    def repeat(self, count: int) -> None:
        """A Send whose answer was lost is made again."""
        batch = [self.server.arriving[index] for index in range(min(count, len(self.server.arriving)))]
        for message in batch:
            self.take(self.server, message)

    @rule(at_browser=st.booleans(), part=st.floats(0, 1))
    def record(self, at_browser: bool, part: float) -> None:
        end = self.browser if at_browser else self.server
        end.recorded += round((len(end.got) - end.recorded) * part)
        end.channel.record(self.now, end.recorded)

    @rule()
    def break_stream(self) -> None:
        self.lose_stream()
        for end in (self.browser, self.server):
            end.channel.detach(end.channel.epoch)

    @rule(millis=st.integers(0, 30_000))
    def pass_time(self, millis: int) -> None:
        self.now += millis
        for end in (self.browser, self.server):
            self.apply(end, end.channel.tick(self.now))

    @invariant()
    def in_order_and_once(self) -> None:
        for end in (self.browser, self.server):
            assert end.got == self.other(end).sent[: len(end.got)]

    @invariant()
    def bounded(self) -> None:
        for end in (self.browser, self.server):
            assert end.channel.in_flight <= LIMITS.unacked_messages

    def teardown(self) -> None:
        """With a stream that holds, everything arrives."""
        self.attach()
        for _ in range(10_000):
            for end in (self.browser, self.server):
                while end.arriving:
                    self.take(end, end.arriving.popleft())
                end.recorded = len(end.got)
                end.channel.record(self.now, end.recorded)
                peer = self.other(end)
                ack = end.channel.acknowledge(self.now)
                effects = peer.channel.receive(self.now, end.channel.epoch, seq=0, ack=ack, digest="", size=0)
                self.apply(peer, effects)
            if self.browser.got == self.server.sent and self.server.got == self.browser.sent:
                break
        assert self.browser.got == self.server.sent
        assert self.server.got == self.browser.sent


LinkMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestTwoChannels = LinkMachine.TestCase
