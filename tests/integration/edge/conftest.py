"""A real Envoy in front of a small gRPC server on a Unix socket, so that the edge is tested without the product."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from ports import free_port as free_port  # for the tests of this folder too
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
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from google.protobuf.message import Message

    EdgeWith = Callable[..., Awaitable["Edge"]]


async def who_am_i(_: object, context: Any) -> auth_service_pb2.WhoAmIResponse:
    """Says who called, from what the edge let through."""
    metadata = dict(context.invocation_metadata())
    return auth_service_pb2.WhoAmIResponse(owner_id="local", server_version=metadata.get("authorization", "")[:7])


async def pair(_: object, __: Any) -> auth_service_pb2.PairResponse:
    return auth_service_pb2.PairResponse(browser_id="b1")


async def watch_task(_: object, __: Any) -> AsyncIterator[task_service_pb2.WatchTaskResponse]:
    """A watch that is silent for longer than three heartbeats before it speaks again."""
    yield task_service_pb2.WatchTaskResponse(event=task_pb2.TaskEvent(seq=1))
    await asyncio.sleep(1.5)
    yield task_service_pb2.WatchTaskResponse(event=task_pb2.TaskEvent(seq=2))


def unary(handler: Any) -> grpc.RpcMethodHandler[bytes, Message]:
    return grpc.unary_unary_rpc_method_handler(handler, response_serializer=serialized)


def stream(handler: Any) -> grpc.RpcMethodHandler[bytes, Message]:
    return grpc.unary_stream_rpc_method_handler(handler, response_serializer=serialized)


def duplex(handler: Any) -> grpc.RpcMethodHandler[bytes, Message]:
    return grpc.stream_stream_rpc_method_handler(handler, response_serializer=serialized)


def serialized(message: Message) -> bytes:
    return message.SerializeToString()


HANDLERS = {
    "tabwire.v1.AuthService": {"WhoAmI": unary(who_am_i), "Pair": unary(pair)},
    "tabwire.v1.TaskService": {"WatchTask": stream(watch_task)},
}


class Behind:
    """The server behind the edge; it can be stopped and started."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: grpc.aio.Server | None = None
        self.calls = 0  # without health checks
        self.word = asyncio.Event()
        self.taken_bytes = 0  # of messages on Connect

    async def attach(self, _: object, __: Any) -> AsyncIterator[link_pb2.Downlink]:
        """A stream that says one thing, and another one only when the test wants it."""
        yield link_pb2.Downlink(attached=link_pb2.Attached(link_id="l1"))
        await self.word.wait()
        yield link_pb2.Downlink(caught_up=link_pb2.CaughtUp())

    async def connect(self, requests: AsyncIterator[bytes], _: Any) -> AsyncIterator[link_pb2.Downlink]:
        """A stream that takes nothing of what it is sent before the test wants it."""
        await self.word.wait()
        async for message in requests:
            self.taken_bytes += len(message)
        yield link_pb2.Downlink(caught_up=link_pb2.CaughtUp())

    async def start(self) -> None:
        self._server = grpc.aio.server(
            interceptors=(_Counting(self),), options=[("grpc.max_receive_message_length", -1)]
        )
        servicer = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(servicer, self._server)
        await servicer.set("", health_pb2.HealthCheckResponse.SERVING)
        handlers = {
            **HANDLERS,
            "tabwire.v1.LinkService": {"Attach": stream(self.attach), "Connect": duplex(self.connect)},
        }
        self._server.add_generic_rpc_handlers(
            tuple(grpc.method_handlers_generic_handler(name, methods) for name, methods in handlers.items())
        )
        self._server.add_insecure_port(f"unix:{self._settings.socket_path}")
        await self._server.start()

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop(None)
            self._server = None


class _Counting(grpc.aio.ServerInterceptor):
    """Counts what reached the server."""

    def __init__(self, behind: Behind) -> None:
        self._behind = behind

    async def intercept_service(self, continuation: Any, handler_call_details: grpc.HandlerCallDetails) -> Any:
        self._behind.calls += not handler_call_details.method.startswith("/grpc.health")
        return await continuation(handler_call_details)


def new_key() -> ECKey:
    return ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)


def public(*keys: ECKey) -> str:
    return json.dumps(KeySet(list(keys)).as_dict(private=False))


class Edge:
    """A home with certificates and keys, and the Envoy and server that run from it."""

    def __init__(self, settings: Settings, key: ECKey) -> None:
        self.settings = settings
        self.behind = Behind(settings)
        self.pid = 0
        self.key = key

    @property
    def ca(self) -> bytes:
        return self.settings.grpc_ca_path.read_bytes()

    def token(self, **claims: object) -> str:
        now = int(time.time())
        body = {"iss": "tabwire", "aud": "tabwire", "sub": "local", "iat": now, "exp": now + 600, **claims}
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, body, self.key)


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Returns as soon as it holds; another process decides when, so it has to be asked."""
    async with asyncio.timeout(60):
        while not await holds():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.02)


@pytest.fixture
def until() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    return _until


@contextlib.asynccontextmanager
async def open_edge(home: Path, *, age_days: int = 0, **chosen: Any) -> AsyncIterator[Edge]:
    """An Envoy with these settings and a certificate of this age, and the small server behind it."""
    settings = Settings(home=home, **{"port": free_port(), "heartbeat_ms": 200, **chosen})
    settings.run_path.mkdir()
    settings.logs_path.mkdir()
    ca.ensure(settings.keys_path, settings.certificate_hosts, now=datetime.now(UTC) - timedelta(days=age_days))
    key = new_key()
    settings.jwks_path.write_text(public(key))
    edge = Edge(settings, key)
    await edge.behind.start()
    log = (settings.logs_path / "envoy.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        *envoy.command(await envoy.prepare(settings)),
        *("--file-flush-interval-msec", "200"),  # a test reads its log; by itself it is written every ten seconds
        stdout=asyncio.subprocess.DEVNULL,
        stderr=log,
    )
    edge.pid = process.pid
    log.close()
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


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    async with open_edge(tmp_path) as edge:
        yield edge


@pytest.fixture
async def edge_with(tmp_path: Path) -> AsyncIterator[EdgeWith]:
    """Opens the one edge of a test with settings of the test's own."""
    async with contextlib.AsyncExitStack() as stack:

        async def opened(**chosen: Any) -> Edge:
            return await stack.enter_async_context(open_edge(tmp_path, **chosen))

        yield opened


@pytest.fixture(scope="session")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The product's own server, asked on its socket."""
    settings = Settings(home=tmp_path_factory.mktemp("server"), port=free_port())
    settings.home_path.chmod(0o700)
    env = {"PATH": os.environ["PATH"], "TABWIRE_HOME": str(settings.home_path)}
    process = subprocess.Popen([sys.executable, "-m", "tabwire.cli", "serve"], env=env, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not (settings.socket_path.exists() and settings.cli_token_path.exists()):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        (settings.run_path / "test.pid").write_text(str(process.pid))
        yield settings
    finally:
        process.terminate()
        process.wait()
