"""A client of the API that follows a stream over a connection which dies without a word: it is told so, and goes on."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.wrappers_pb2 import BytesValue

from chaos.proxy import FaultProxy
from tabwire.client.transport import Transport, UnreachableError
from tabwire.security import ca

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_BUSY_S = 0.5
# Ten seconds are promised; a computer that does much else takes a little longer.
_TOLD_S = 30.0


async def _chatter(_request: bytes, _context: object) -> AsyncIterator[BytesValue]:
    """Goes on for ever, with enough for gRPC to measure the connection: its own pings must not hide the others."""
    while True:
        yield BytesValue(value=b"x" * 20_000)
        await asyncio.sleep(0.005)


@pytest.mark.timeout(120)
async def test_a_stream_ends_soon_after_its_connection_has_died_without_a_word(tmp_path: Path) -> None:
    made = ca.ensure(tmp_path)
    server = grpc.aio.server()
    chatter: grpc.RpcMethodHandler[bytes, BytesValue] = grpc.unary_stream_rpc_method_handler(
        _chatter, response_serializer=BytesValue.SerializeToString
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Service", {"Chatter": chatter}),))
    credentials = grpc.ssl_server_credentials([(made.key.read_bytes(), made.chain.read_bytes())])
    proxy = FaultProxy(server.add_secure_port("127.0.0.1:0", credentials))
    await server.start()
    await proxy.start()
    transport = Transport(f"https://127.0.0.1:{proxy.port}", "", made.grpc_ca.read_bytes())
    try:
        method = transport.channel.unary_stream(
            "/test.Service/Chatter",
            request_serializer=BytesValue.SerializeToString,
            response_deserializer=BytesValue.FromString,
        )
        with pytest.raises(UnreachableError):
            await _follow(transport.stream(method, BytesValue()), proxy)
    finally:
        await transport.close()
        await proxy.stop()
        await server.stop(None)


async def _follow(stream: AsyncIterator[BytesValue], proxy: FaultProxy) -> None:
    """To its end. After a while nothing comes any more."""
    busy_until = time.monotonic() + _BUSY_S
    async with asyncio.timeout(_TOLD_S):
        async for _ in stream:
            if time.monotonic() > busy_until:
                proxy.forget()
