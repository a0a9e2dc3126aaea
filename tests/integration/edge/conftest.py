"""A real Envoy in front of a small gRPC server on a Unix socket, so that the edge is tested without the product."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from tabwire.edge import envoy
from tabwire.security import ca
from tabwire.settings import Settings
from tabwire.v1 import (
    auth_service_pb2,
    link_pb2,
    task_pb2,
    task_service_pb2,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from google.protobuf.message import Message


async def who_am_i(_: object, context: Any) -> auth_service_pb2.WhoAmIResponse:
    """Says who called, from what the edge let through."""
    metadata = dict(context.invocation_metadata())
    return auth_service_pb2.WhoAmIResponse(owner_id="local", server_version=metadata.get("authorization", "")[:7])


async def pair(_: object, __: Any) -> auth_service_pb2.PairResponse:
    return auth_service_pb2.PairResponse(browser_id="b1")


async def attach(_: object, __: Any) -> AsyncIterator[link_pb2.Downlink]:
    """A stream that says one thing and then nothing."""
    yield link_pb2.Downlink(attached=link_pb2.Attached(link_id="l1"))
    await asyncio.Event().wait()


async def watch_task(_: object, __: Any) -> AsyncIterator[task_service_pb2.WatchTaskResponse]:
    """A watch that is silent for longer than three heartbeats before it speaks again."""
    yield task_service_pb2.WatchTaskResponse(event=task_pb2.TaskEvent(seq=1))
    await asyncio.sleep(1.5)
    yield task_service_pb2.WatchTaskResponse(event=task_pb2.TaskEvent(seq=2))


def unary(handler: Any) -> grpc.RpcMethodHandler[bytes, Message]:
    return grpc.unary_unary_rpc_method_handler(handler, response_serializer=serialized)


def stream(handler: Any) -> grpc.RpcMethodHandler[bytes, Message]:
    return grpc.unary_stream_rpc_method_handler(handler, response_serializer=serialized)


def serialized(message: Message) -> bytes:
    return message.SerializeToString()


HANDLERS = {
    "tabwire.v1.AuthService": {"WhoAmI": unary(who_am_i), "Pair": unary(pair)},
    "tabwire.v1.LinkService": {"Attach": stream(attach)},
    "tabwire.v1.TaskService": {"WatchTask": stream(watch_task)},
}


class Behind:
    """The server behind the edge; it can be stopped and started."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: grpc.aio.Server | None = None

    async def start(self) -> None:
        self._server = grpc.aio.server()
        servicer = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(servicer, self._server)
        await servicer.set("", health_pb2.HealthCheckResponse.SERVING)
        self._server.add_generic_rpc_handlers(
            tuple(grpc.method_handlers_generic_handler(name, methods) for name, methods in HANDLERS.items())
        )
        self._server.add_insecure_port(f"unix:{self._settings.socket_path}")
        await self._server.start()

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop(None)
            self._server = None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Edge:
    """A home with certificates and keys, and the Envoy and server that run from it."""

    def __init__(self, settings: Settings, key: ECKey) -> None:
        self.settings = settings
        self.behind = Behind(settings)
        self._key = key

    @property
    def ca(self) -> bytes:
        return self.settings.grpc_ca_path.read_bytes()

    def token(self, **claims: object) -> str:
        now = int(time.time())
        body = {"iss": "tabwire", "aud": "tabwire", "sub": "local", "iat": now, "exp": now + 600, **claims}
        return jwt.encode({"alg": "ES256", "kid": self._key.kid}, body, self._key)


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Returns as soon as it holds; another process decides when, so it has to be asked."""
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.02)


@pytest.fixture
def until() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    return _until


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    settings = Settings(home=tmp_path, port=free_port(), heartbeat_ms=200)
    settings.run_path.mkdir()
    settings.logs_path.mkdir()
    ca.ensure(settings.keys_path, [settings.host])
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    settings.jwks_path.write_text(json.dumps(KeySet([key]).as_dict(private=False)))
    edge = Edge(settings, key)
    await edge.behind.start()
    process = await asyncio.create_subprocess_exec(
        *envoy.command(await envoy.prepare(settings)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:

        async def ready() -> bool:
            return await envoy.is_ready(settings) and await envoy.server_is_healthy(settings)

        await _until(ready)
        yield edge
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await edge.behind.stop()
