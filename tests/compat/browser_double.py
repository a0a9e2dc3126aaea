"""A browser of any age on a carrier: says Hello, records what comes, and answers commands as a test says.

What it sends may be made with the classes of the released contract, and what it gets can be read with them: on the wire
that is the older program.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from integration.link.harness import PATIENCE_S, until
from tabwire.v1 import link_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from integration.link.harness import Carrier

    Answer = Callable[[link_pb2.Command], Message | None]


class Browser:
    """Runs as a task of its own. `answer` gives the outcome: a CommandResult of any contract, a Nack, or None."""

    def __init__(self, carrier: Carrier, answer: Answer) -> None:
        self.welcome = link_pb2.Welcome()
        self.commands: list[link_pb2.Command] = []
        self.bodies: list[str | None] = []
        """The kinds of all messages that came."""
        self.heard: list[link_pb2.Downlink] = []
        self._carrier = carrier
        self._answer = answer
        self._seq = 0
        self._recorded = 0
        self._parts = b""
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._outbox: list[tuple[Message, asyncio.Future[list[link_pb2.Nack]]]] = []

    async def open(self, hello: Message) -> None:
        """Opens a link with this Hello and stays on it until it is closed."""
        self._seq = self._recorded = self._carrier.acked = 0
        self.welcome = await self._carrier.open(link_pb2.Hello.FromString(hello.SerializeToString()))
        self._closing = False
        self._task = asyncio.create_task(self._run())
        await until(lambda: "caught_up" in self.bodies)

    async def close(self) -> None:
        """Lets the stream break."""
        self._closing = True
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task  # what went wrong in it fails the test
            await self._carrier.break_stream()
        self.bodies.clear()

    async def send(self, message: Message) -> list[link_pb2.Nack]:
        """Sends a numbered message of any contract with the next turn; at every sign of life there is one."""
        refused: asyncio.Future[list[link_pb2.Nack]] = asyncio.get_running_loop().create_future()
        self._outbox.append((message, refused))
        return await asyncio.wait_for(refused, PATIENCE_S)

    async def _send(self, message: Message) -> list[link_pb2.Nack]:
        self._seq += 1
        uplink = link_pb2.Uplink.FromString(message.SerializeToString())
        uplink.seq = self._seq
        return await self._carrier.send(uplink)

    async def _run(self) -> None:
        # A read that ends just when it is cancelled swallows that, so a flag says it too.
        while not self._closing and (downlink := await self._carrier.receive()) is not None:
            self.heard.append(downlink)
            body = downlink.WhichOneof("body")
            self.bodies.append(body)
            self._recorded = max(self._recorded, downlink.seq)
            if body == "part":
                self._parts += downlink.part.data
                if len(self._parts) == downlink.part.total_bytes:
                    whole = link_pb2.Downlink.FromString(self._parts)
                    self._parts = b""
                    await self._take(whole)
            else:
                await self._take(downlink)
            while self._outbox:
                message, refused = self._outbox.pop(0)
                refused.set_result(await self._send(message))
            if downlink.seq or body == "heartbeat":
                await self._carrier.send(link_pb2.Uplink(ack=self._recorded, heartbeat=link_pb2.Heartbeat()))

    async def _take(self, downlink: link_pb2.Downlink) -> None:
        if downlink.WhichOneof("body") != "command":
            return
        self.commands.append(downlink.command)
        outcome: Any = self._answer(downlink.command)
        if outcome is None:
            return
        if outcome.DESCRIPTOR.name == "Nack":
            refusal = link_pb2.Nack.FromString(outcome.SerializeToString())
            refusal.seq = self._recorded
            await self._carrier.send(link_pb2.Uplink(nack=refusal))
            return
        result = link_pb2.CommandResult.FromString(outcome.SerializeToString())
        result.command_id, result.epoch = downlink.command.command_id, downlink.command.epoch
        await self._send(link_pb2.Uplink(command_result=result))
