"""A browser that is nothing but its link: the real protocol, the real state machine, canned answers.

Opens a link, attaches, acknowledges, answers commands from its store when they repeat, sends signs of life, and comes
back as the extension does: after Rotate when it is told to, after a failure with full jitter. How messages travel is
told by the carriers (`carriers.py`).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from bench.load import answers
from tabwire.link.channel import Channel
from tabwire.link.effects import ChannelLimits, Deliver, EndStream, SendHeartbeat, SendResume, Transmit
from tabwire.v1 import link_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.load.carriers import Carrier
    from tabwire.link.effects import Effect

# As the extension waits (extension/link/backoff.ts).
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 5.0
_REMEMBERED = 50
_JOURNAL = "load"


class LinkForgottenError(Exception):
    """The server does not know the link any more: a new one is to be opened."""


class StreamFailedError(Exception):
    """A stream, or the way to it, broke. Its words name the status."""


class SimulatedBrowser:
    """One browser. `run` keeps its link until it is cancelled; `tick` is called now and then from outside."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._channel: Channel[link_pb2.Uplink] = Channel()
        self._answered: OrderedDict[str, link_pb2.CommandResult] = OrderedDict()
        self._revision = 1
        self._epoch = 0
        self._tries = 0
        self._retry_after_s = 0.0
        self._outgoing = asyncio.Lock()
        self.link_id = ""
        self.attached_at = 0.0
        """When it was attached last, by the wall clock."""
        self.links = 0
        """How many links it has opened."""
        self.troubles: list[str] = []
        """What ended streams, or kept one from beginning, other than Rotate."""

    @property
    def attached(self) -> bool:
        """Whether it has a stream."""
        return self._channel.attached

    async def run(self) -> None:
        """Opens the link, and comes back as often as it is lost."""
        while True:
            try:
                await self._stream()
                wait_s = self._retry_after_s * (1 + random.random() / 2)
            except LinkForgottenError as forgotten:
                self.troubles.append(f"forgotten: {forgotten}")
                self.link_id = ""
                wait_s = 0.0
            except StreamFailedError as failed:
                self.troubles.append(str(failed))
                wait_s = random.random() * min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** min(self._tries, 10))
                self._tries += 1
            finally:
                self._channel.detach(self._epoch)
            await asyncio.sleep(wait_s)

    async def tick(self) -> None:
        """Gives a sign of life if one is due, and ends a stream that gives none."""
        due = self._channel.due_at()
        if due is not None and _now() >= due:
            for effect in self._channel.tick(_now()):
                if isinstance(effect, SendHeartbeat):
                    await self._send([link_pb2.Uplink(heartbeat=link_pb2.Heartbeat())])
                elif isinstance(effect, EndStream):
                    self._carrier.cut()

    async def _stream(self) -> None:
        """One stream, from its beginning to its polite end."""
        self._retry_after_s = 0.0
        if not self.link_id:
            welcome = await self._carrier.open(_hello())
            self.link_id = welcome.link_id
            self.links += 1
            limits = ChannelLimits(heartbeat_ms=welcome.heartbeat_interval_ms)
            self._channel = Channel(limits)
        resume = next(effect for effect in self._channel.begin() if isinstance(effect, SendResume))
        self._epoch = resume.epoch
        await self._carrier.attach(
            link_pb2.Resume(link_id=self.link_id, attach_epoch=resume.epoch, resume_after_seq=resume.resume_after)
        )
        while (downlink := await self._carrier.next()) is not None:
            await self._take(downlink)

    async def _take(self, downlink: link_pb2.Downlink) -> None:
        now = _now()
        match downlink.WhichOneof("body"):
            case "attached":
                self.attached_at = time.time()
                self._tries = 0
                await self._carry_out(
                    self._channel.on_attached(now, self._epoch, downlink.attached.recorded_uplink_seq)
                )
            case "rotate":
                self._retry_after_s = downlink.rotate.retry_after_ms / 1000
        size = downlink.ByteSize() if downlink.seq else 0
        effects = self._channel.receive(now, self._epoch, seq=downlink.seq, ack=downlink.ack, digest="", size=size)
        if effects and isinstance(effects[0], Deliver):
            self._channel.record(now, downlink.seq)
            if downlink.HasField("command"):
                answer = link_pb2.Uplink(command_result=self._answer(downlink.command))
                effects = [*effects, *self._channel.enqueue(answer, answer.ByteSize())]
        await self._carry_out(effects)

    def _answer(self, command: link_pb2.Command) -> link_pb2.CommandResult:
        known = self._answered.get(command.command_id)
        if known is not None:
            known.replayed = True
            return known
        self._revision += 1
        result = self._answered[command.command_id] = answers.result_of(command, self._revision)
        while len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)
        return result

    async def _carry_out(self, effects: Sequence[Effect[link_pb2.Uplink]]) -> None:
        messages = []
        for effect in effects:
            if isinstance(effect, Transmit):
                message = effect.body
                message.seq = effect.seq
                messages.append(message)
        if messages:
            await self._send(messages)

    async def _send(self, messages: list[link_pb2.Uplink]) -> None:
        messages[-1].ack = self._channel.acknowledge(_now())
        async with self._outgoing:
            recorded = await self._carrier.send(self.link_id, self._epoch, messages)
        if recorded is not None:
            self._channel.acked(self._epoch, recorded)


def _hello() -> link_pb2.Hello:
    return link_pb2.Hello(
        min_revision=1,
        max_revision=1,
        extension_version="0.1.0",
        # As the extension's own, as far as it matters here: of a browser that does not judge for itself, the server
        # wants the whole page before a click on what it has not seen.
        capabilities=link_pb2.BrowserCapabilities(state_deltas=True, dialogs=True, policies=True),
        user_agent="simulated",
        journal_id=_JOURNAL,
    )


def _now() -> int:
    return round(asyncio.get_running_loop().time() * 1000)
