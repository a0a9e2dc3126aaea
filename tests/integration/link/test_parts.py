"""Large messages over both carriers: in parts where the peer knows them, also when the stream breaks in the middle."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from integration.link.harness import PATIENCE_S, Backend, Carrier, hello, until
from tabwire.v1 import action_pb2, error_pb2, link_pb2, state_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    Connect = Callable[..., Carrier]

BROWSER = "browser-1"
PART = 20_000
PARTS = hello(limits=link_pb2.LinkLimits(max_part_bytes=PART, max_unacked_bytes=3 * PART))


def upload(command_id: str, size: int) -> link_pb2.Command:
    file = action_pb2.FileUpload(name="a.bin", content=bytes(range(256)) * (size // 256))
    action = action_pb2.Action(upload_files=action_pb2.UploadFilesAction(element_id=1, files=[file]))
    return link_pb2.Command(command_id=command_id, action=action)


def in_parts(first_seq: int, message: link_pb2.Uplink, size: int = PART) -> list[link_pb2.Uplink]:
    data = message.SerializeToString()
    return [
        link_pb2.Uplink(
            seq=first_seq + index,
            part=link_pb2.Part(data=data[start : start + size], index=index, total_bytes=len(data)),
        )
        for index, start in enumerate(range(0, len(data), size))
    ]


class Peer:
    """A browser that acknowledges what it gets and puts parts together."""

    def __init__(self, backend: Backend, carrier: Carrier) -> None:
        self.backend = backend
        self.carrier = carrier
        self.seen = 0
        self.largest = 0
        self.data = b""

    async def open(self, greeting: link_pb2.Hello = PARTS) -> link_pb2.Welcome:
        welcome = await self.carrier.open(greeting)
        await self.until("caught_up")
        return welcome

    async def next(self) -> link_pb2.Downlink:
        """The next message, acknowledged if it is numbered."""
        message = await self.carrier.receive()
        assert message is not None
        if message.seq:
            assert message.seq == self.seen + 1
            self.seen = message.seq
            self.largest = max(self.largest, message.ByteSize())
            await self.carrier.send(link_pb2.Uplink(heartbeat=link_pb2.Heartbeat(), ack=self.seen))
        return message

    async def until(self, kind: str) -> link_pb2.Downlink:
        while True:
            message = await self.next()
            if message.WhichOneof("body") == "part":
                whole = self.put(message.part)
                if whole is not None and whole.WhichOneof("body") == kind:
                    return whole
            elif message.WhichOneof("body") == kind:
                return message

    def put(self, part: link_pb2.Part) -> link_pb2.Downlink | None:
        self.data = part.data if part.index == 0 else self.data + part.data
        return link_pb2.Downlink.FromString(self.data) if len(self.data) == part.total_bytes else None

    def ask(self, command: link_pb2.Command) -> asyncio.Task[link_pb2.CommandResult]:
        return asyncio.create_task(self.backend.hub.execute(BROWSER, command, timeout_s=PATIENCE_S))


async def test_a_large_command_comes_in_parts_within_the_credit(backend: Backend, connect: Connect) -> None:
    peer = Peer(backend, connect())
    await peer.open()
    command = upload("c1", 200_000)
    task = peer.ask(command)
    whole = await peer.until("command")
    assert whole.command.action == command.action
    assert peer.largest < PART + 100
    await peer.carrier.send(link_pb2.Uplink(seq=1, command_result=link_pb2.CommandResult(command_id="c1")))
    assert (await task).command_id == "c1"


async def test_a_stream_that_breaks_in_the_middle_is_resumed_there(backend: Backend, connect: Connect) -> None:
    peer = Peer(backend, connect())
    welcome = await peer.open()
    command = upload("c1", 200_000)
    task = peer.ask(command)
    slot = backend.hub._slots[BROWSER]
    for epoch in range(2, 5):
        for _ in range(2):
            message = await peer.next()
            while message.WhichOneof("body") != "part":
                message = await peer.next()
            assert peer.put(message.part) is None
        await peer.carrier.break_stream()
        await until(lambda: slot.session is not None and not slot.session.attached)
        await peer.carrier.resume(welcome.link_id, after=peer.seen, epoch=epoch)
    whole = await peer.until("command")
    assert whole.command.action == command.action
    task.cancel()


async def test_a_peer_without_parts_gets_messages_whole(backend: Backend, connect: Connect) -> None:
    peer = Peer(backend, connect())
    await peer.open(hello())
    task = peer.ask(upload("c1", 200_000))
    message = await peer.next()
    assert message.WhichOneof("body") == "command"
    task.cancel()


async def test_a_command_of_which_a_part_is_refused_is_answered(backend: Backend, connect: Connect) -> None:
    peer = Peer(backend, connect())
    await peer.open()
    task = peer.ask(upload("c1", 200_000))
    message = await peer.carrier.receive()
    assert message is not None
    info = error_pb2.ErrorInfo(error_code=error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED, message="Too large for me.")
    await peer.carrier.send(link_pb2.Uplink(nack=link_pb2.Nack(seq=message.seq, error_info=info)))
    error = (await task).error_info
    assert error.error_code == error_pb2.ERROR_CODE_COMMAND_REFUSED
    assert "Too large for me." in error.message


async def test_a_large_answer_comes_up_in_parts(backend: Backend, connect: Connect) -> None:
    peer = Peer(backend, connect())
    welcome = await peer.open()
    assert welcome.limits.max_part_bytes == 256 * 1024
    task = peer.ask(link_pb2.Command(command_id="c1", observe=state_pb2.StateRequest()))
    await peer.until("command")
    state = state_pb2.PageState(tab_id=7, title="ä" * 150_000)
    answer = link_pb2.Uplink(command_result=link_pb2.CommandResult(command_id="c1", page_state=state))
    parts = in_parts(1, answer)
    middle = len(parts) // 2
    assert await peer.carrier.send(*parts[:middle]) == []
    await peer.carrier.break_stream()
    await peer.carrier.resume(welcome.link_id, after=peer.seen, epoch=2)
    attached = await peer.carrier.receive()
    assert attached is not None
    assert attached.attached.recorded_uplink_seq == middle
    await peer.until("caught_up")
    assert await peer.carrier.send(*parts[middle - 1 :]) == []  # one of them for the second time
    assert (await task).page_state == state


@pytest.mark.parametrize("backend", [{"max_message_bytes": 65536}], indirect=True)
async def test_parts_that_do_not_fit_are_refused_alone(backend: Backend, connect: Connect) -> None:
    peer = Peer(backend, connect())
    await peer.open()
    first = link_pb2.Uplink(seq=1, part=link_pb2.Part(data=b"x", index=1, total_bytes=2))
    (nack,) = await peer.carrier.send(first)
    assert nack.error_info.error_code == error_pb2.ERROR_CODE_INVALID_ARGUMENT
    huge = link_pb2.Uplink(seq=2, part=link_pb2.Part(data=b"x", index=0, total_bytes=2**32 - 1))
    peer.carrier.acked = 0
    (nack,) = await peer.carrier.send(huge)
    assert nack.error_info.error_code == error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED
    nested = link_pb2.Uplink(part=link_pb2.Part(data=b"x", index=0, total_bytes=1)).SerializeToString()
    peer.carrier.acked = 0
    (nack,) = await peer.carrier.send(
        link_pb2.Uplink(seq=3, part=link_pb2.Part(data=nested, index=0, total_bytes=len(nested)))
    )
    assert nack.error_info.error_code == error_pb2.ERROR_CODE_INVALID_ARGUMENT
    task = peer.ask(link_pb2.Command(command_id="c1", ping=link_pb2.Ping()))
    await peer.until("command")
    answer = link_pb2.Uplink(command_result=link_pb2.CommandResult(command_id="c1", pong=link_pb2.Pong()))
    assert await peer.carrier.send(*in_parts(4, answer, size=3)) == []
    assert (await task).HasField("pong")
