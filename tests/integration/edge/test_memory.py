"""What uploads can make Envoy hold: as many and as fast as loopback carries, over both carriers, in every lane at once.

The bound is a sum that `tabwire.edge.lanes` makes before anything is sent. What is left to Envoy's own look at its
memory, ten times a second, is tested at the end; the other tests hold that it had nothing to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from tabwire.client import Client
from tabwire.edge import envoy, lanes
from tabwire.errors import TabwireError
from tabwire.v1 import auth_service_pb2

from .conftest import serialized
from .small_frames import CutUpload
from .speaking import HEALTH, WEB, WHO_AM_I, Answer, Caller, answers, bearer, is_exhausted, post, raw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tabwire.settings import Settings

    from .conftest import Edge, EdgeWith

    Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]

MIB = 2**20
CONNECT = "/tabwire.v1.LinkService/Connect"
SIZE = "x-tabwire-bytes"
LARGE = auth_service_pb2.PairResponse(browser_id="x" * (16 * MIB - 5))
# Beside the lanes: TLS and HTTP of a connection, and what was read of it and not yet refused.
CONNECTION_BYTES = 256 * 1024 + lanes.WINDOW_BYTES


class Uploads:
    """Requests of one kind that never end, each kind over connections of its own."""

    def __init__(self, edge: Edge, path: str, send_bytes: int, *, says: int = 0) -> None:
        self._edge = edge
        self._path = path
        self._bytes = send_bytes
        said = {SIZE: str(says)} if says else {}
        self._headers = {**bearer(edge), **said}
        self.running = 0
        self.ends: Counter[grpc.StatusCode] = Counter()

    async def native(self, count: int) -> None:
        """So many at once on one connection, in HTTP/2."""
        edge = self._edge
        async with Client(edge.settings.server_url, edge.token(), ca=edge.ca) as client:
            call: grpc.aio.StreamUnaryMultiCallable[bytes, bytes] = client.transport.channel.stream_unary(self._path)
            await asyncio.gather(*(self._one(call) for _ in range(count)))

    async def _one(self, call: grpc.aio.StreamUnaryMultiCallable[bytes, bytes]) -> None:
        self.running += 1
        upload = call(self._most(), metadata=tuple(self._headers.items()))
        try:
            self.ends[await upload.code()] += 1
        finally:
            upload.cancel()
            self.running -= 1

    async def _most(self) -> AsyncIterator[bytes]:
        for begin in range(0, self._bytes, MIB):
            yield bytes(min(MIB, self._bytes - begin))
        await asyncio.Event().wait()

    async def web(self) -> None:
        """One in HTTP/1.1."""
        head = {**WEB, **self._headers, "host": "x", "content-length": str(self._bytes + MIB)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        async with raw(self._edge.settings) as (reader, writer):
            self.running += 1
            try:
                writer.write(f"POST {self._path} HTTP/1.1\r\n{lines}\r\n".encode() + bytes(self._bytes))
                answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                assert "grpc-status: 8\r" in answer
                assert "retry-after: 2\r" in answer
                self.ends[grpc.StatusCode.RESOURCE_EXHAUSTED] += 1
            finally:
                self.running -= 1


class Watch:
    """What Envoy says that it has allocated, asked all the time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.base = 0
        self.peak = 0

    async def __aenter__(self) -> Watch:
        self.base = await self._allocated()
        self._task = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _look(self) -> None:
        while True:
            self.peak = max(self.peak, await self._allocated())
            await asyncio.sleep(0.02)

    async def _allocated(self) -> int:
        _, body = await envoy.admin(self._settings, "/memory")
        return int(json.loads(body)["allocated"]) if body else 0


async def send_large(client: Client) -> auth_service_pb2.WhoAmIResponse:
    """A call of the largest size, as the SDK makes its calls."""
    call: grpc.aio.UnaryUnaryMultiCallable[auth_service_pb2.PairResponse, auth_service_pb2.WhoAmIResponse]
    call = client.transport.channel.unary_unary(WHO_AM_I, serialized, auth_service_pb2.WhoAmIResponse.FromString)
    return await client.transport.unary(call, LARGE, 60)


@contextlib.asynccontextmanager
async def under(*attacks: Any) -> AsyncIterator[None]:
    """While they last."""
    tasks = [asyncio.create_task(attack) for attack in attacks]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def the_overload_manager_did_nothing(settings: Settings) -> bool:
    """Whether no threshold of Envoy's own was ever passed."""
    _, body = await envoy.admin(settings, "/stats?filter=overload_actions")
    counts = {name: int(number) for name, _, number in (line.partition(": ") for line in body.splitlines())}
    assert any(name.endswith("shrink_heap.active") for name in counts)
    return not any(counts.values())


async def assert_refused(settings: Settings, *attacks: Uploads) -> None:
    """That all who ended found no room. gRPC says INTERNAL of a stream that is writing when it is told so."""
    ends: Counter[grpc.StatusCode] = sum((uploads.ends for uploads in attacks), Counter())
    assert set(ends) <= {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL}
    _, body = await envoy.admin(settings, "/stats?filter=rq_blocked")
    assert int(body.rpartition(":")[2]) >= ends.total()


async def test_uploads_as_fast_as_loopback_carries_hold_no_more_than_their_lane(
    edge_with: EdgeWith, until: Until
) -> None:
    """Twelve that each send twelve of sixteen MiB and then nothing: 144 MiB against 32."""
    edge = await edge_with(edge_memory_mb=32)
    settings = edge.settings
    large = lanes.of(settings).large
    assert large.requests == 1
    uploads = Uploads(edge, WHO_AM_I, 12 * MIB, says=16 * MIB)
    async with (
        Watch(settings) as watch,
        under(*(uploads.native(1) for _ in range(6)), *(uploads.web() for _ in range(6))),
    ):

        async def settled() -> bool:
            return uploads.ends.total() >= 11 and watch.peak - watch.base > 11 * MIB

        await until(settled)
        assert await answers(settings, 30), "somebody else is served while the attack goes on"
        assert (await post(settings, WHO_AM_I, bearer(edge))).grpc_status == "0"
        assert await the_overload_manager_did_nothing(settings)
    assert watch.peak - watch.base <= large.most_bytes + 12 * CONNECTION_BYTES, "the twelve sent 144 MiB"
    await assert_refused(settings, uploads)
    assert uploads.ends[grpc.StatusCode.RESOURCE_EXHAUSTED] >= 5, "those in HTTP/1.1"
    assert edge.behind.calls == 1, "of the attackers none"


async def test_all_lanes_full_at_once_hold_no_more_than_the_setting_says(edge_with: EdgeWith, until: Until) -> None:
    edge = await edge_with(edge_memory_mb=128, heartbeat_ms=60_000)
    settings = edge.settings
    chosen = lanes.of(settings)
    attacks = {
        chosen.large: (Uploads(edge, WHO_AM_I, 15 * MIB, says=16 * MIB), 8),
        chosen.middle: (Uploads(edge, WHO_AM_I, 300_000, says=310_000), 2 * chosen.middle.requests),
        chosen.small: (Uploads(edge, WHO_AM_I, 60_000), 2 * chosen.small.requests),
        chosen.connect: (Uploads(edge, CONNECT, 2 * MIB), 2 * chosen.connect.requests),
    }
    async with Watch(settings) as watch, under(*(uploads.native(count) for uploads, count in attacks.values())):

        async def settled() -> bool:
            return all(uploads.ends and uploads.running <= lane.requests + 2 for lane, (uploads, _) in attacks.items())

        await until(settled)
        await asyncio.sleep(2)  # those that are in go on filling their windows
        assert await answers(settings, 30), "a lane of its own"
        refused = await post(settings, WHO_AM_I, bearer(edge))
        assert is_exhausted(refused)
        assert refused.headers["x-tabwire-edge"] == "overloaded"
        async with Client(settings.server_url, edge.token(), ca=edge.ca) as client:
            with pytest.raises(TabwireError) as caught:
                await send_large(client)
        assert caught.value.info.details.limit.name == "overloaded"
        assert caught.value.info.retryable
        assert await the_overload_manager_did_nothing(settings)
    await assert_refused(settings, *(uploads for uploads, _ in attacks.values()))
    held = watch.peak - watch.base
    assert 30 * MIB < held <= chosen.most_bytes + len(attacks) * CONNECTION_BYTES, f"{held / MIB:.1f} MiB"

    async def served() -> bool:
        return (await post(settings, WHO_AM_I, bearer(edge))).grpc_status == "0"

    await until(served)


async def test_messages_of_the_largest_size_pass_over_both_carriers(edge: Edge) -> None:
    settings = edge.settings
    body = serialized(LARGE)
    assert len(body) == settings.max_message_bytes
    with Caller(settings) as caller:
        answer = await asyncio.to_thread(caller.post, WHO_AM_I, bearer(edge), b"\0" + len(body).to_bytes(4) + body)
    assert answer.grpc_status == "0"
    async with Client(settings.server_url, edge.token(), ca=edge.ca) as client:
        assert (await send_large(client)).owner_id == "local"
        edge.behind.word.set()
        connect: grpc.aio.StreamUnaryMultiCallable[bytes, bytes] = client.transport.channel.stream_unary(CONNECT)

        async def twice() -> AsyncIterator[bytes]:
            yield body
            yield body

        await connect(twice(), metadata=tuple(bearer(edge).items()))
    assert edge.behind.taken_bytes == 2 * settings.max_message_bytes


@pytest.mark.parametrize(
    ("sent", "says", "passes"),
    [
        (60_000, 0, True),
        (200_000, 0, False),
        (200_000, 200_000, True),
        (200_000, 100, False),
        (1_000_000, 300_000, False),
    ],
)
async def test_a_call_is_held_to_the_size_that_it_says(edge: Edge, sent: int, says: int, passes: bool) -> None:
    said = {SIZE: str(says)} if says else {}
    async with Client(edge.settings.server_url, edge.token(), ca=edge.ca) as client:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = client.transport.channel.unary_unary(WHO_AM_I)
        asked = call(bytes(sent), metadata=tuple({**bearer(edge), **said}.items()))
        assert await asked.code() is (grpc.StatusCode.OK if passes else grpc.StatusCode.RESOURCE_EXHAUSTED)
        assert passes or SIZE in await asked.details()
    assert edge.behind.calls == passes


async def test_without_memory_requests_are_refused_as_busy(edge_with: EdgeWith, until: Until) -> None:
    """A message that the lane must have room for, and that the memory has none for."""
    edge = await edge_with(edge_memory_mb=32, max_message_bytes=40 * MIB)
    settings = edge.settings
    uploads = Uploads(edge, WHO_AM_I, 30 * MIB)
    async with under(uploads.web()):
        told: list[Answer] = []

        async def refused() -> bool:
            told.append(await post(settings, HEALTH))
            return told[-1].grpc_status != "0"

        await until(refused)
        assert is_exhausted(told[-1])
        assert told[-1].headers["x-tabwire-edge"] == "overloaded"
        async with Client(settings.server_url, edge.token(), ca=edge.ca) as client:
            with pytest.raises(TabwireError) as caught:
                await client.who_am_i()
        assert caught.value.info.details.limit.name == "overloaded"
    assert await answers(settings, 30), "when they have left, there is room again"


async def test_an_upload_in_tiny_frames_is_ended_where_it_holds_more_than_its_bytes(
    edge_with: EdgeWith, until: Until
) -> None:
    """Envoy keeps frames of 513 bytes and more in slices of 4 KiB: what the lane counts is then an eighth of it."""
    edge = await edge_with(edge_memory_mb=64)
    settings = edge.settings
    assert lanes.of(settings).large.most_bytes < 32 * MIB, "counted in bytes it had room"
    headers = {"content-type": "application/grpc", "te": "trailers", SIZE: str(16 * MIB), **bearer(edge)}
    upload = CutUpload(settings, WHO_AM_I, headers, 513)
    async with Watch(settings) as watch, under(upload.send(15 * MIB)):

        async def ended() -> bool:
            return upload.is_reset

        await until(ended)
        held, sent = watch.peak - watch.base, upload.sent
    assert held > 2 * sent, f"{held / sent:.1f} times as much: if this has become small, docs/security.md can say so"
    assert held < 2 * settings.edge_memory_mb * MIB, f"{held / MIB:.1f} MiB"
    assert edge.behind.calls == 0
    assert await answers(settings, 20), "others are served when it has ended"
