"""A gRPC server on a Unix socket with the product's interceptors, and a look at the errors that come back."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from google.rpc import status_pb2

from lost_status import LOST_STATUS
from tabwire.v1 import (
    auth_service_pb2,
    auth_service_pb2_grpc,
    browser_service_pb2,
    browser_service_pb2_grpc,
    error_pb2,
    link_service_pb2,
    policy_service_pb2,
    task_service_pb2,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator, Sequence

    from google.protobuf.descriptor import MethodDescriptor

    from tabwire.rpc.server import TabwireServer
    from tabwire.settings import Settings
    from tabwire.v1 import auth_pb2

    Metadata = tuple[tuple[str, str], ...]


def error_of(error: grpc.aio.AioRpcError) -> error_pb2.ErrorInfo:
    """The one ErrorInfo of a failed call. Fails if there is none, or another, or if it does not fit the status."""
    details = [value for key, value in error.trailing_metadata() or () if key == "grpc-status-details-bin"]
    assert len(details) == 1, f"no details with {error.code()}: {error.details()}"
    assert isinstance(details[0], bytes)
    status = status_pb2.Status.FromString(details[0])
    assert len(status.details) == 1
    info = error_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert status.code == error.code().value[0]
    assert status.message == error.details()
    assert info.correlation_id
    assert dict(error.trailing_metadata() or ())["x-correlation-id"] == info.correlation_id
    return info


async def failed(call: Awaitable[Any] | AsyncIterable[Any]) -> grpc.aio.AioRpcError:
    """The error of a call that must fail, whatever its kind."""
    try:
        if isinstance(call, AsyncIterable):
            async for _ in call:
                pass
        else:
            await call
    except grpc.aio.AioRpcError as error:
        return error
    raise AssertionError("the call succeeded")


_TRIES = 20


async def streaming(method: Any, requests: Iterable[Any], **options: Any) -> AsyncIterator[Any]:
    """The answers to a call that streams its requests, made anew where grpc.aio loses what became of it."""
    messages = list(requests)
    for number in range(1, _TRIES + 1):
        call = method(iter(messages), **options)
        try:
            if isinstance(call, AsyncIterable):
                async for answer in call:
                    yield answer
            else:
                yield await call
        except grpc.aio.AioRpcError as error:
            if error.details() != LOST_STATUS or number == _TRIES:
                raise
        else:
            return


def bearer(token: str) -> Metadata:
    """The metadata that carries a token."""
    return (("authorization", f"Bearer {token}"),)


@asynccontextmanager
async def serving(
    interceptors: Sequence[grpc.aio.ServerInterceptor], *handlers: grpc.GenericRpcHandler
) -> AsyncIterator[grpc.aio.Channel]:
    """A server with these handlers, and a channel to it."""
    with short_folder() as folder:
        server = grpc.aio.server(interceptors=tuple(interceptors))
        server.add_generic_rpc_handlers(handlers)
        address = f"unix:{folder / 's.sock'}"
        server.add_insecure_port(address)
        await server.start()
        async with grpc.aio.insecure_channel(address) as channel:
            yield channel
        await server.stop(0)


def short_folder() -> Any:
    """A folder with a path that is short enough for sockets."""
    return _ShortFolder()


class _ShortFolder(tempfile.TemporaryDirectory[str]):
    def __init__(self) -> None:
        super().__init__(prefix="tw-")

    def __enter__(self) -> Any:
        return Path(super().__enter__())


def every_method() -> Iterator[MethodDescriptor]:
    """The descriptors of all RPCs of the contract."""
    for file in (auth_service_pb2, browser_service_pb2, link_service_pb2, policy_service_pb2, task_service_pb2):
        for service in file.DESCRIPTOR.services_by_name.values():
            yield from service.methods


def path_of(method: MethodDescriptor) -> str:
    """What a method is called on the wire."""
    return f"/{method.containing_service.full_name}/{method.name}"


class Api:
    """A running server as its clients see it."""

    def __init__(self, channel: grpc.aio.Channel, settings: Settings, server: TabwireServer) -> None:
        self.channel = channel
        self.settings = settings
        self.server = server
        self.auth = auth_service_pb2_grpc.AuthServiceStub(channel)
        self.browsers = browser_service_pb2_grpc.BrowserServiceStub(channel)

    @property
    def owner(self) -> Metadata:
        """The local owner's token, as metadata."""
        return bearer(self.settings.cli_token_path.read_text().strip())

    async def token(self, *scopes: auth_pb2.Scope.ValueType) -> Metadata:
        """A new token with these scopes, as metadata."""
        request = auth_service_pb2.CreateApiTokenRequest(display_name="test", scopes=scopes)
        return bearer((await self.auth.CreateApiToken(request, metadata=self.owner)).token)

    async def pair(self, browser_id: str = "") -> auth_service_pb2.PairResponse:
        """Pairs a browser."""
        code = await self.auth.CreatePairingCode(auth_service_pb2.CreatePairingCodeRequest(), metadata=self.owner)
        request = auth_service_pb2.PairRequest(code=code.code, display_name="Test browser", browser_id=browser_id)
        return await self.auth.Pair(request)

    def call(self, method: MethodDescriptor, raw: bytes, metadata: Metadata = ()) -> Any:
        """Calls any RPC with one message of any bytes."""
        kind = ("stream" if method.client_streaming else "unary", "stream" if method.server_streaming else "unary")
        call: Any = getattr(self.channel, "_".join(kind))(path_of(method))
        if method.client_streaming:
            return streaming(call, [raw], metadata=metadata, timeout=20)
        return call(raw, metadata=metadata, timeout=20)
