"""The edge under attack: too many calls, too much in them, too slowly sent, too many connections.

Each test is an attacker against the real Envoy with TLS; beside it somebody calls who must be served all the same. What
uploads do to its memory is in `test_memory`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import time
from collections import Counter
from typing import TYPE_CHECKING

import grpc
import pytest

from tabwire.client import Client
from tabwire.edge import lanes
from tabwire.errors import TabwireError
from tabwire.settings import Settings
from tabwire.v1 import error_pb2

from .speaking import (
    HEALTH,
    PAIR,
    WEB,
    WHO_AM_I,
    Answer,
    Caller,
    answers,
    bearer,
    closed_after,
    is_exhausted,
    post,
    raw,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from .conftest import Edge, EdgeWith

    Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


async def burst(edge: Edge, count: int, path: str = WHO_AM_I) -> list[Answer]:
    """Calls on one connection, one after the other, as fast as they are answered."""

    def work() -> list[Answer]:
        with Caller(edge.settings) as caller:
            return [caller.post(path, bearer(edge)) for _ in range(count)]

    return await asyncio.to_thread(work)


def raw_call(client: Client) -> grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]:
    """A call of bytes, which nobody on this side looks into."""
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = client.transport.channel.unary_unary(WHO_AM_I)
    return call


# -- too many calls ----------------------------------------------------------------------------------------------------


async def test_one_connection_that_calls_too_often_is_told_when_to_come_again(edge_with: EdgeWith) -> None:
    edge = await edge_with(rate_connection=2)
    metadata = (("authorization", f"Bearer {edge.token()}"),)
    refused: list[dict[str, str | bytes]] = []
    codes: set[grpc.StatusCode] = set()
    async with (
        Client(edge.settings.server_url, ca=edge.ca) as client,
        Client(edge.settings.server_url, edge.token(), ca=edge.ca) as other,
    ):
        for _ in range(40):
            call = raw_call(client)(b"", metadata=metadata)
            if await call.code() is not grpc.StatusCode.OK:
                codes.add(await call.code())
                refused.append(dict(await call.trailing_metadata()))
        assert (await other.who_am_i()).owner_id == "local", "another connection has a bucket of its own"
    assert len(refused) >= 20
    assert codes == {grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert {(one["retry-after"], one["x-tabwire-edge"]) for one in refused} == {("1", "rate-limited")}


async def test_a_browser_is_told_so_in_words_of_grpc(edge_with: EdgeWith) -> None:
    """HTTP has no status that a browser's library would take for RESOURCE_EXHAUSTED."""
    edge = await edge_with(rate_connection=2)
    refused = next(answer for answer in await burst(edge, 30) if answer.grpc_status != "0")
    assert is_exhausted(refused)
    assert refused.headers["x-tabwire-edge"] == "rate-limited"
    assert refused.headers["content-type"].startswith("application/grpc-web")


async def test_the_client_turns_it_into_an_error_with_the_time_to_wait(edge_with: EdgeWith) -> None:
    edge = await edge_with(rate_connection=1)
    async with Client(edge.settings.server_url, edge.token(), ca=edge.ca) as client:
        with pytest.raises(TabwireError) as caught:
            await asyncio.gather(*(client.who_am_i() for _ in range(30)))
        info = caught.value.info
        assert info.error_code == error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED
        assert info.retryable
        assert info.details.limit.name == "rate-limited"
        assert info.details.limit.retry_after_ms == 1000
        assert "1 second" in info.remedy
        await asyncio.sleep(info.details.limit.retry_after_ms / 1000)  # the remedy, as it is told
        assert (await client.who_am_i()).owner_id == "local"


async def test_bad_tokens_and_other_origins_cannot_use_up_what_all_share(edge_with: EdgeWith) -> None:
    edge = await edge_with(rate_calls=3)
    for headers in ({}, {"authorization": "Bearer x.y.z"}, {**bearer(edge), "origin": "https://evil.example"}):
        for _ in range(8):
            assert (await post(edge.settings, WHO_AM_I, headers)).grpc_status in {"16", "7"}
    assert (await post(edge.settings, WHO_AM_I, bearer(edge))).grpc_status == "0"


async def test_guesses_of_codes_are_limited_over_all_connections(edge_with: EdgeWith) -> None:
    edge = await edge_with(rate_pairing=6)
    answers = [await post(edge.settings, PAIR) for _ in range(10)]
    assert [answer.grpc_status for answer in answers] == ["0"] * 6 + ["8"] * 4
    assert answers[-1].headers["retry-after"] == "10"
    assert (await post(edge.settings, WHO_AM_I, bearer(edge))).grpc_status == "0", "other calls have other buckets"


async def test_each_kind_of_call_has_a_bucket_of_its_own(edge_with: EdgeWith) -> None:
    edge = await edge_with(rate_calls=2, rate_links=1, rate_refresh=1)
    # Any of them: a bucket fills up again while the calls are made.
    assert any(map(is_exhausted, await burst(edge, 25)))
    for path in ("/tabwire.v1.LinkService/Send", "/tabwire.v1.AuthService/RefreshToken"):
        first, *others = await burst(edge, 15, path)
        assert first.grpc_status == "12", "the small server of this test does not know the call, but it was asked"
        assert any(map(is_exhausted, others))


async def test_what_was_refused_is_in_the_log_with_its_reason(edge_with: EdgeWith, until: Until) -> None:
    edge = await edge_with(rate_pairing=1)
    for _ in range(2):
        await post(edge.settings, PAIR)
    path = edge.settings.logs_path / "access.log"

    async def written() -> bool:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        return [line["grpc_status"] for line in lines if line["reason"] == "rate-limited"] == ["ResourceExhausted"]

    await until(written)


# -- too much in one call ----------------------------------------------------------------------------------------------


async def test_a_request_that_is_too_large_is_refused_as_such(edge_with: EdgeWith) -> None:
    edge = await edge_with(max_message_bytes=65536)
    large = b"\0" + (300_000).to_bytes(4) + bytes(300_000)
    answer = await post(edge.settings, WHO_AM_I, bearer(edge), large)
    assert (answer.status, answer.grpc_status, answer.headers["x-tabwire-edge"]) == (200, "8", "too-large")
    assert "retry-after" not in answer.headers, "it will not be smaller later"
    async with Client(edge.settings.server_url, edge.token(), ca=edge.ca) as client:
        call = raw_call(client)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(bytes(300_000), metadata=(("authorization", f"Bearer {edge.token()}"),))
        error = await client.transport.explain(refused.value)
    assert error.code == error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED
    assert not error.info.retryable
    assert error.info.details.limit.name == "too-large"


@pytest.mark.parametrize(
    "headers",
    [
        {"x-large": "x" * 40_000},
        {f"x-{number}": "1" for number in range(80)},
    ],
    ids=["large", "many"],
)
async def test_too_many_or_too_large_headers(edge: Edge, headers: dict[str, str]) -> None:
    assert (await post(edge.settings, HEALTH, headers)).status == 431
    assert (await post(edge.settings, HEALTH)).status == 200


async def test_the_longest_token_that_the_server_takes_gets_through(edge: Edge) -> None:
    answer = await post(edge.settings, WHO_AM_I, {"authorization": f"Bearer {edge.token(pad='x' * 5800)}"})
    assert answer.grpc_status == "0"


@pytest.mark.parametrize("name", ["x_underscore", "x-ok\x00"])
async def test_header_names_that_others_read_differently(edge: Edge, name: str) -> None:
    async with raw(edge.settings) as (reader, writer):
        writer.write(f"POST {HEALTH} HTTP/1.1\r\nhost: x\r\n{name}: 1\r\ncontent-length: 0\r\n\r\n".encode("latin-1"))
        assert (await asyncio.wait_for(reader.readline(), 20)).startswith(b"HTTP/1.1 400")


async def test_two_lengths_are_not_two_requests(edge: Edge) -> None:
    async with raw(edge.settings) as (reader, writer):
        writer.write(
            f"POST {HEALTH} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n".encode()
            + b"0\r\n\r\n"
        )
        assert (await asyncio.wait_for(reader.readline(), 20)).startswith(b"HTTP/1.1 400")


# -- too slow ----------------------------------------------------------------------------------------------------------


async def test_who_connects_and_says_nothing_is_shown_out(edge: Edge) -> None:
    async with raw(edge.settings, secure=False) as (reader, _):
        assert await closed_after(reader) < 15


async def test_who_begins_tls_and_goes_no_further_is_shown_out(edge: Edge) -> None:
    outgoing = ssl.MemoryBIO()
    handshake = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        handshake.do_handshake()
    async with raw(edge.settings, secure=False) as (reader, writer):
        writer.write(outgoing.read())
        assert await closed_after(reader) < 20


async def test_headers_may_not_drip_in(edge: Edge) -> None:
    async with raw(edge.settings) as (reader, writer):
        started = time.monotonic()
        writer.write(f"POST {HEALTH} HTTP/1.1\r\nhost: x\r\n".encode())
        dripping = asyncio.create_task(_drip(writer, b"x-a: 1\r\n"))
        line = await asyncio.wait_for(reader.readline(), 25)
        dripping.cancel()
    assert line.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - started < 20


async def test_a_body_may_not_drip_in_and_never_reaches_the_server(edge_with: EdgeWith) -> None:
    edge = await edge_with(request_timeout_s=2)
    async with raw(edge.settings) as (reader, writer):
        head = {**WEB, **bearer(edge), "host": "x", "content-length": "100000"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        writer.write(f"POST {WHO_AM_I} HTTP/1.1\r\n{lines}\r\n".encode())
        dripping = asyncio.create_task(_drip(writer, b"x"))
        line = await asyncio.wait_for(reader.readline(), 25)
        dripping.cancel()
    assert line.startswith(b"HTTP/1.1 408")
    assert edge.behind.calls == 0


class Strangers:
    """Requests without a token, each of which sends its body a byte at a time; begun anew as soon as they are ended."""

    def __init__(self, edge: Edge, path: str) -> None:
        self._settings = edge.settings
        self._path = path
        self.ends: Counter[str] = Counter()
        self.longest_s = 0.0

    @contextlib.asynccontextmanager
    async def at_work(self, count: int) -> AsyncIterator[Strangers]:
        tasks = [asyncio.create_task(self._one()) for _ in range(count)]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**WEB, "host": "x"}.items())
        head = f"POST {self._path} HTTP/1.1\r\n{lines}content-length: 1000\r\n\r\n".encode()
        while True:
            with contextlib.suppress(OSError, ssl.SSLError):
                async with raw(self._settings) as (reader, writer):
                    began = time.monotonic()
                    writer.write(head)
                    dripping = asyncio.create_task(_drip(writer, b"x"))
                    try:
                        self.ends[(await reader.readline()).decode().strip()] += 1
                    finally:
                        dripping.cancel()
                    self.longest_s = max(self.longest_s, time.monotonic() - began)
            await asyncio.sleep(0.1)


async def _is_full(edge: Edge) -> bool:
    return (await post(edge.settings, HEALTH)).headers.get("x-tabwire-edge") == "overloaded"


async def test_strangers_who_send_slowly_keep_nobody_from_pairing(edge_with: EdgeWith, until: Until) -> None:
    """Those who ask after the server's health, in as many requests as there is room for what needs no token."""
    edge = await edge_with(edge_memory_mb=32)
    async with Strangers(edge, HEALTH).at_work(3 * lanes.of(edge.settings).open.requests) as strangers:
        await until(lambda: _is_full(edge))
        for _ in range(20):
            assert (await post(edge.settings, PAIR)).grpc_status == "0", "it has room of its own"
            await asyncio.sleep(0.1)

        async def shown_out() -> bool:
            return any("408" in line for line in strangers.ends)

        await until(shown_out)
    assert edge.settings.request_timeout_s > 60, "what others may take is no measure for strangers"
    assert strangers.longest_s < 30
    assert await answers(edge.settings, 20)


async def test_who_pairs_slowly_makes_way_for_others(edge_with: EdgeWith, until: Until) -> None:
    edge = await edge_with(edge_memory_mb=32, rate_pairing=100_000)
    told: list[Answer] = []

    async def tries(status: str) -> bool:
        told.append(await post(edge.settings, PAIR))
        return told[-1].grpc_status == status

    async with Strangers(edge, PAIR).at_work(2 * lanes.of(edge.settings).pairing.requests) as strangers:
        await until(lambda: tries("8"))
        assert told[-1].headers["x-tabwire-edge"] == "overloaded"
        assert (await post(edge.settings, HEALTH)).grpc_status == "0", "it has room of its own"
        await until(lambda: tries("0"))  # while they go on
    assert strangers.longest_s < 30
    assert edge.behind.calls == sum(answer.grpc_status == "0" for answer in told), "of the strangers none"


def test_by_default_there_is_room_for_all_who_may_try_to_pair(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert lanes.of(settings).pairing.requests >= 2 * settings.rate_pairing


async def _drip(writer: asyncio.StreamWriter, piece: bytes) -> None:
    while not writer.is_closing():
        writer.write(piece)
        await asyncio.sleep(0.3)


# -- too many connections ----------------------------------------------------------------------------------------------


async def test_more_connections_than_allowed_are_not_taken(edge_with: EdgeWith) -> None:
    edge = await edge_with(max_connections=8)
    settings = edge.settings
    held = [await asyncio.open_connection(settings.host, settings.port) for _ in range(40)]
    try:
        closed = 0
        for reader, _ in held:
            try:
                closed += not await asyncio.wait_for(reader.read(1), 0.05)
            except ConnectionError:
                closed += 1
            except TimeoutError:
                pass
        assert closed >= 30
    finally:
        for _, writer in held:
            writer.close()
    assert await answers(settings, 20), "when they have left, others come in again"


async def test_what_needs_no_token_is_not_taken_in_beyond_a_little(edge: Edge) -> None:
    for path in (PAIR, HEALTH, "/tabwire.v1.AuthService/RefreshToken"):
        answer = await post(edge.settings, path, body=b"\0" + (200_000).to_bytes(4) + bytes(200_000))
        assert (answer.grpc_status, answer.headers["x-tabwire-edge"]) == ("8", "too-large")
    assert edge.behind.calls == 0
