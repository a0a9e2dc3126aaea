"""A browser that gives signs of life and does not read: what is under way to it is its credit, what waits has a bound.

Others are served meanwhile; and when it reads on, everything comes, in order and once.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from integration.link.harness import Backend, Carrier, hello, until
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2, link_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    Connect = Callable[..., Carrier]

BROWSER = "browser-1"
COMMANDS = 120
BYTES = 100_000
PART = 16_384
CREDIT = 2**20
HEARTBEAT_MS = 2_000


def command(number: int) -> link_pb2.Command:
    return link_pb2.Command(command_id=f"c{number}", task_id="x" * BYTES, ping=link_pb2.Ping())


async def until_comes(carrier: Carrier, kind: str) -> None:
    while True:
        message = await carrier.receive()
        assert message is not None
        if message.WhichOneof("body") == kind:
            return


class SlowBrowser:
    """Sends signs of life all the time, and reads when it is told to."""

    def __init__(self, backend: Backend, carrier: Carrier) -> None:
        self.backend = backend
        self.carrier = carrier
        self.recorded = 0
        self.alive: asyncio.Task[None] | None = None

    async def open(self, part_bytes: int) -> None:
        await self.carrier.open(hello(limits=link_pb2.LinkLimits(max_part_bytes=part_bytes)))
        await until_comes(self.carrier, "observe_tabs")  # the first numbered message
        self.recorded = 1
        self.alive = asyncio.create_task(self._live())

    async def _live(self) -> None:
        while True:
            await self.carrier.send(link_pb2.Uplink(ack=self.recorded, heartbeat=link_pb2.Heartbeat()))
            await asyncio.sleep(HEARTBEAT_MS / 8000)

    async def _next(self) -> link_pb2.Downlink:
        message = await self.carrier.receive()
        assert message is not None, "the stream goes on"
        if message.seq:
            assert message.seq == self.recorded + 1, "a message is missing, or came twice"
            self.recorded = message.seq
        return message

    async def read_commands(self, count: int) -> list[str]:
        """Reads on until so many commands have come; what is read is acknowledged with the next sign of life."""
        found: list[str] = []
        data = b""
        while len(found) < count:
            message = await self._next()
            body = message.WhichOneof("body")
            if body == "part":
                data = message.part.data if message.part.index == 0 else data + message.part.data
                if len(data) < message.part.total_bytes:
                    continue
                message = link_pb2.Downlink.FromString(data)
                body = message.WhichOneof("body")
            if body == "command":
                found.append(message.command.command_id)
        return found

    def under_way(self) -> int:
        """How many bytes were handed to the stream and are not acknowledged, at most."""
        session = self.backend.hub._slots[BROWSER].session
        assert session is not None
        channel = session._channel
        first = 1 if channel.peek(1) is not None else self.recorded + 1  # the first one may not be acknowledged yet
        kept = [channel.peek(first + index) for index in range(channel.in_flight)]
        return sum(piece.message.ByteSize() for piece in kept if piece is not None)

    async def close(self) -> None:
        if self.alive is not None:
            self.alive.cancel()
            await asyncio.gather(self.alive, return_exceptions=True)


@pytest.mark.parametrize("part_bytes", [0, PART])
@pytest.mark.parametrize("backend", [{"heartbeat_ms": HEARTBEAT_MS}], indirect=True)
async def test_a_browser_that_does_not_read_gets_its_credit_and_later_the_rest(
    backend: Backend, connect: Connect, part_bytes: int
) -> None:
    browser = SlowBrowser(backend, connect())
    await browser.open(part_bytes)
    asking = [asyncio.create_task(backend.hub.execute(BROWSER, command(n), timeout_s=120)) for n in range(COMMANDS)]
    most = 0
    try:
        # Longer than it takes until a silent browser is given up: this one is alive, and keeps its stream.
        for _ in range(60):
            await asyncio.sleep(HEARTBEAT_MS / 1000 * 3 / 60)
            most = max(most, browser.under_way())
        assert 0.8 * CREDIT < most <= CREDIT, [most, browser.recorded]
        assert browser.carrier.epoch == 1
        waiting = [f"c{n}" for n in range(COMMANDS)]
        assert await asyncio.wait_for(browser.read_commands(COMMANDS), 60) == waiting
    finally:
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        await browser.close()


async def test_more_than_may_wait_is_refused_and_others_are_served(backend: Backend, connect: Connect) -> None:
    browser = SlowBrowser(backend, connect())
    await browser.open(PART)
    asking = [asyncio.create_task(backend.hub.execute(BROWSER, command(n), timeout_s=120)) for n in range(300)]
    try:
        await until(lambda: sum(one.done() for one in asking) > 0)
        refused = [one.exception() for one in asking if one.done()]
        assert all(isinstance(error, TabwireError) for error in refused)
        codes = {error.code for error in refused if isinstance(error, TabwireError)}
        assert codes == {error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED}
        assert (300 - len(refused)) * BYTES <= 16 * 2**20
        other = connect("browser-2")
        await other.open(hello())
        await until_comes(other, "caught_up")
        tabs = link_pb2.Command(command_id="t", list_tabs=link_pb2.ListTabs())
        answer = asyncio.create_task(backend.hub.execute("browser-2", tabs, timeout_s=20))
        await until_comes(other, "command")
        await other.send(link_pb2.Uplink(seq=1, command_result=link_pb2.CommandResult(command_id="t")))
        assert (await answer).command_id == "t"
    finally:
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        await browser.close()
