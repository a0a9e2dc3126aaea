"""A real grpc.aio server with LinkService on a Unix socket, and the two carriers as clients that look the same.

The interceptors are the server's own; only the check of tokens is replaced: the token is the browser's id.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, cast

import grpc
from google.rpc import status_pb2

from tabwire.link.hub import LinkHub
from tabwire.rpc.identity import Principal
from tabwire.rpc.interceptors.auth import AuthInterceptor
from tabwire.rpc.interceptors.correlation import CorrelationInterceptor
from tabwire.rpc.interceptors.deadline import DeadlineInterceptor
from tabwire.rpc.interceptors.guard import GuardInterceptor
from tabwire.rpc.interceptors.messages import MessagesInterceptor
from tabwire.rpc.link_servicer import LinkServicer
from tabwire.rpc.streams import OpenStreams
from tabwire.settings import Settings
from tabwire.v1 import auth_pb2, error_pb2, link_pb2, link_service_pb2, link_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tabwire.rpc.access import Access

PATIENCE_S = 20.0
# By this an edge with several servers finds the one that has the link (docs/link.md).
LINK_HEADER = "x-tabwire-link"


class TokensAreBrowserIds:
    """Stands in for `Access`. The token "nobody" is one without a browser."""

    def __init__(self) -> None:
        self.token_life = timedelta(hours=1)

    async def verify(self, token: str) -> Principal:
        browser_id = "" if token == "nobody" else token
        scopes = frozenset({auth_pb2.SCOPE_BROWSER})
        return Principal("local", scopes, browser_id, token, datetime.now(UTC) + self.token_life)


class Backend:
    """The server under test."""

    def __init__(self, hub: LinkHub, address: str, access: TokensAreBrowserIds, seen: list[str]) -> None:
        self.hub = hub
        self.address = address
        self.access = access
        self.seen = seen


@asynccontextmanager
async def running_backend(folder: Path, **changes: Any) -> AsyncIterator[Backend]:
    settings = Settings.model_validate({"home": folder, **changes})
    seen: list[str] = []

    async def on_seen(browser_id: str, _hello: link_pb2.Hello) -> None:
        seen.append(browser_id)

    hub = LinkHub(settings, model_configured=True, server_version="1.2.3", on_seen=on_seen)
    access = TokensAreBrowserIds()
    limit = settings.max_message_bytes
    server = grpc.aio.server(
        interceptors=(
            CorrelationInterceptor(),
            GuardInterceptor(),
            DeadlineInterceptor(),
            AuthInterceptor(cast("Access", access), OpenStreams()),
            MessagesInterceptor(limit),
        ),
        options=(("grpc.max_receive_message_length", 2 * limit),),
    )
    link_service_pb2_grpc.add_LinkServiceServicer_to_server(LinkServicer(hub), server)
    address = f"unix:{folder / 'server.sock'}"
    server.add_insecure_port(address)
    await server.start()
    try:
        yield Backend(hub, address, access, seen)
    finally:
        await hub.shutdown()
        await server.stop(1)


def error_of(error: grpc.aio.AioRpcError) -> error_pb2.ErrorInfo:
    """The one ErrorInfo of a failed RPC."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            assert isinstance(value, bytes)
            (detail,) = status_pb2.Status.FromString(value).details
            info = error_pb2.ErrorInfo()
            assert detail.Unpack(info)
            return info
    raise AssertionError(f"no details in {error!r}")


def hello(**fields: Any) -> link_pb2.Hello:
    return link_pb2.Hello(**{"min_revision": 1, "max_revision": 1, "extension_version": "9.9.9", **fields})


class Carrier(Protocol):
    """A browser's connection by one of the two carriers."""

    link_id: str
    epoch: int
    acked: int
    """The last acknowledgement of the server."""

    async def open(self, greeting: link_pb2.Hello | None = None) -> link_pb2.Welcome:
        """Opens a link and attaches to it."""

    async def resume(self, link_id: str, after: int, epoch: int) -> None:
        """Attaches to a link that is open. What comes of it is told by `receive`."""

    async def receive(self) -> link_pb2.Downlink | None:
        """The next message; None when the stream ended with OK. Raises AioRpcError."""

    async def send(self, *messages: link_pb2.Uplink) -> list[link_pb2.Nack]:
        """Sends messages. Returns what is refused, whichever way the carrier tells it."""

    async def break_stream(self) -> None:
        """Lets the connection break."""

    async def close(self) -> None:
        """Ends everything."""


class WebCarrier:
    """OpenLink, Attach and Send, as a browser uses them."""

    def __init__(self, backend: Backend, browser_id: str) -> None:
        self._channel = grpc.aio.insecure_channel(backend.address)
        self._stub = link_service_pb2_grpc.LinkServiceStub(self._channel)
        self._metadata = (("authorization", f"Bearer {browser_id}"),)
        self._call: Any = None
        self.link_id = ""
        self.epoch = 0
        self.acked = 0

    async def open(self, greeting: link_pb2.Hello | None = None) -> link_pb2.Welcome:
        request = link_service_pb2.OpenLinkRequest(hello=greeting or hello())
        response = await self._stub.OpenLink(request, metadata=self._metadata)
        await self.resume(response.welcome.link_id, 0, 1)
        return response.welcome

    async def resume(self, link_id: str, after: int, epoch: int) -> None:
        self.link_id, self.epoch = link_id, epoch
        resume = link_pb2.Resume(link_id=link_id, resume_after_seq=after, attach_epoch=epoch)
        self._call = self._stub.Attach(link_service_pb2.AttachRequest(resume=resume), metadata=self._of_link())

    async def receive(self) -> link_pb2.Downlink | None:
        return await _next(self._call, self)

    async def send(self, *messages: link_pb2.Uplink) -> list[link_pb2.Nack]:
        request = link_service_pb2.SendRequest(link_id=self.link_id, attach_epoch=self.epoch, messages=messages)
        try:
            response = await self._stub.Send(request, metadata=self._of_link())
        except grpc.aio.AioRpcError as error:
            info = error_of(error)
            if info.error_code not in (error_pb2.ERROR_CODE_FAILED_PRECONDITION, error_pb2.ERROR_CODE_ALREADY_EXISTS):
                raise
            return [link_pb2.Nack(seq=info.details.sequence.actual_seq, error_info=info)]
        self.acked = response.ack
        return list(response.nacks)

    async def break_stream(self) -> None:
        self._call.cancel()

    async def close(self) -> None:
        await self._channel.close()

    async def close_link(self) -> None:
        request = link_service_pb2.CloseLinkRequest(link_id=self.link_id)
        await self._stub.CloseLink(request, metadata=self._of_link())

    def _of_link(self) -> tuple[tuple[str, str], ...]:
        return (*self._metadata, (LINK_HEADER, self.link_id))


class NativeCarrier:
    """Connect, as a client with true bidirectional streams uses it."""

    def __init__(self, backend: Backend, browser_id: str) -> None:
        self._channel = grpc.aio.insecure_channel(backend.address)
        self._stub = link_service_pb2_grpc.LinkServiceStub(self._channel)
        self._metadata = (("authorization", f"Bearer {browser_id}"),)
        self._call: Any = None
        self._early: list[link_pb2.Downlink] = []
        self.link_id = ""
        self.epoch = 0
        self.acked = 0

    async def open(self, greeting: link_pb2.Hello | None = None) -> link_pb2.Welcome:
        await self._start(link_pb2.Uplink(hello=greeting or hello()))
        first = await _next(self._call, self)
        assert first is not None
        self.link_id, self.epoch = first.welcome.link_id, 1
        return first.welcome

    async def resume(self, link_id: str, after: int, epoch: int) -> None:
        self.link_id, self.epoch = link_id, epoch
        resume = link_pb2.Resume(link_id=link_id, resume_after_seq=after, attach_epoch=epoch)
        await self._start(link_pb2.Uplink(resume=resume), (LINK_HEADER, link_id))

    async def _start(self, first: link_pb2.Uplink, *more: tuple[str, str]) -> None:
        self._early.clear()
        self._call = self._stub.Connect(metadata=(*self._metadata, *more))
        await self._call.write(first)

    async def receive(self) -> link_pb2.Downlink | None:
        if self._early:
            return self._early.pop(0)
        return await _next(self._call, self)

    async def send(self, *messages: link_pb2.Uplink) -> list[link_pb2.Nack]:
        """Waits until each message is acknowledged or refused; what else comes meanwhile is kept for `receive`."""
        nacks = []
        for message in messages:
            await self._call.write(message)
            while message.seq > self.acked:
                downlink = await _next(self._call, self)
                assert downlink is not None
                if downlink.WhichOneof("body") == "nack":
                    nacks.append(downlink.nack)
                    break
                if downlink.WhichOneof("body") != "heartbeat":
                    self._early.append(downlink)
        return nacks

    async def break_stream(self) -> None:
        self._call.cancel()

    async def half_close(self) -> None:
        await self._call.done_writing()

    async def close(self) -> None:
        await self._channel.close()


async def _next(call: Any, carrier: Carrier) -> link_pb2.Downlink | None:
    message = await asyncio.wait_for(call.read(), PATIENCE_S)
    if message is grpc.aio.EOF:
        if await call.code() is not grpc.StatusCode.OK:
            # read() gives EOF on some paths where the status is an error; the caller wants the error.
            raise grpc.aio.AioRpcError(
                await call.code(), await call.initial_metadata(), await call.trailing_metadata(), await call.details()
            )
        return None
    assert isinstance(message, link_pb2.Downlink)
    carrier.acked = max(carrier.acked, message.ack)
    return message


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what another task is about to do."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.005)
