"""The proxy of chaos runs does to connections what it says, so that a run tests the product and not a kind network."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from chaos.proxy import FaultProxy, Weather

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_SHORT_S = 0.3


@asynccontextmanager
async def _echo() -> AsyncIterator[FaultProxy]:
    """A proxy to a server that sends back what it gets."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    proxy = FaultProxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
        server.close()


async def _connect(proxy: FaultProxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes = b"hello") -> bytes:
    writer.write(data)
    await writer.drain()
    return await reader.readexactly(len(data))


async def _silent(reader: asyncio.StreamReader) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), _SHORT_S)


async def test_in_good_weather_all_gets_through_in_order() -> None:
    async with _echo() as proxy:
        reader, writer = await _connect(proxy)
        data = bytes(range(256)) * 2000
        assert await _ask(reader, writer, data) == data
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()


async def test_a_cut_resets_old_connections_and_lets_new_ones_through() -> None:
    async with _echo() as proxy:
        reader, writer = await _connect(proxy)
        await _ask(reader, writer)
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        writer.close()
        reader, writer = await _connect(proxy)
        assert await _ask(reader, writer) == b"hello"
        writer.close()


async def test_a_refused_connection_is_reset() -> None:
    async with _echo() as proxy:
        proxy.change(Weather(refuses=True))
        reader, writer = await _connect(proxy)
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(5)
        writer.close()


async def test_what_was_stalled_comes_when_the_stall_is_over() -> None:
    async with _echo() as proxy:
        reader, writer = await _connect(proxy)
        await _ask(reader, writer)
        proxy.change(Weather(stalled=True))
        writer.write(b"late")
        await _silent(reader)
        proxy.change(Weather())
        assert await reader.readexactly(4) == b"late"
        writer.close()


async def test_a_half_open_connection_stays_silent_for_ever_and_open() -> None:
    async with _echo() as proxy:
        reader, writer = await _connect(proxy)
        await _ask(reader, writer)
        proxy.forget()
        writer.write(b"lost")
        await _silent(reader)
        assert proxy.connections == 1
        assert not reader.at_eof()
        other_reader, other_writer = await _connect(proxy)
        assert await _ask(other_reader, other_writer) == b"hello"
        other_writer.close()
        writer.close()


async def test_delay_and_throttle_take_their_time() -> None:
    async with _echo() as proxy:
        reader, writer = await _connect(proxy)
        loop = asyncio.get_running_loop()
        for weather, size, at_least in ((Weather(delay_s=0.2), 5, 0.4), (Weather(bytes_per_s=20_000), 4_000, 0.4)):
            proxy.change(weather)
            began = loop.time()
            await _ask(reader, writer, b"x" * size)
            assert loop.time() - began >= at_least - 0.02
        writer.close()
