"""The two ways a simulated browser's messages travel, each over TLS connections of its own as a real browser's do.

Native: one Connect stream of grpcio. Web: gRPC-web in HTTP/1.1, one connection for the Attach stream and one for
OpenLink and Send; read and written here byte by byte, because there is no gRPC-web client for Python.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

import grpc

from bench.load.simulated import LinkForgottenError, StreamFailedError
from lost_status import LOST_STATUS
from tabwire.v1 import link_pb2, link_service_pb2, link_service_pb2_grpc

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

_SERVICE = "/tabwire.v1.LinkService/"
_TRAILERS = 0x80
_OUT_OF_RANGE = 11
_PATIENCE_S = 60.0


class Carrier(Protocol):
    """A browser's connection."""

    async def open(self, hello: link_pb2.Hello) -> link_pb2.Welcome:
        """Opens a link."""

    async def attach(self, resume: link_pb2.Resume) -> None:
        """Begins a stream; what comes of it is told by `next`."""

    async def next(self) -> link_pb2.Downlink | None:
        """The next message; None at the stream's polite end."""

    async def send(self, link_id: str, epoch: int, messages: Sequence[link_pb2.Uplink]) -> int | None:
        """Sends. Returns the acknowledgement if this way brings one back."""

    def cut(self) -> None:
        """Breaks the stream."""


class NativeCarrier:
    """Connect. The hello is kept until the stream begins, of which it is the first message."""

    def __init__(self, address: str, ca: bytes, token: str) -> None:
        self._channel = grpc.aio.secure_channel(
            address,
            grpc.ssl_channel_credentials(ca),
            # Each browser is a program of its own, and has a connection of its own. When to come back it decides
            # itself: it is to be asked at once, not after a backoff of the channel's.
            options=(
                ("grpc.use_local_subchannel_pool", 1),
                ("grpc.initial_reconnect_backoff_ms", 100),
                ("grpc.min_reconnect_backoff_ms", 20_000),  # which is how long connecting may take
                ("grpc.max_reconnect_backoff_ms", 200),
            ),
        )
        self._stub = link_service_pb2_grpc.LinkServiceStub(self._channel)
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._call: Any = None
        self._opened = False

    async def open(self, hello: link_pb2.Hello) -> link_pb2.Welcome:
        """See `Carrier.open`."""
        await self._begin(link_pb2.Uplink(hello=hello), "")
        first = await self.next()
        if first is None or not first.HasField("welcome"):
            raise StreamFailedError("the stream does not begin with a welcome")
        self._opened = True
        return first.welcome

    async def attach(self, resume: link_pb2.Resume) -> None:
        """See `Carrier.attach`. The stream that opened the link is attached to it already."""
        if self._opened:
            self._opened = False
            return
        await self._begin(link_pb2.Uplink(resume=resume), resume.link_id)

    async def _begin(self, first: link_pb2.Uplink, link_id: str) -> None:
        self._opened = False
        metadata = (*self._metadata, ("x-tabwire-link", link_id)) if link_id else self._metadata
        self._call = self._stub.Connect(metadata=metadata)
        try:
            await self._call.write(first)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            await self._raise()

    async def next(self) -> link_pb2.Downlink | None:
        """See `Carrier.next`."""
        try:
            message = await self._call.read()
        except grpc.aio.AioRpcError:
            await self._raise()
        if message is not grpc.aio.EOF:
            assert isinstance(message, link_pb2.Downlink)
            return message
        if await self._call.code() is not grpc.StatusCode.OK:
            await self._raise()
        return None

    async def _raise(self) -> None:
        code, details = await self._call.code(), await self._call.details()
        if code is grpc.StatusCode.INTERNAL and details == LOST_STATUS:
            raise StreamFailedError("UNAVAILABLE: refused before the first message was written")
        if code is grpc.StatusCode.OUT_OF_RANGE:
            raise LinkForgottenError(details)
        raise StreamFailedError(f"{code.name}: {details}")

    async def send(self, _link_id: str, _epoch: int, messages: Sequence[link_pb2.Uplink]) -> int | None:
        """See `Carrier.send`. A stream that broke is told by `next`."""
        try:
            for message in messages:
                await self._call.write(message)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            return None
        return None

    def cut(self) -> None:
        """See `Carrier.cut`."""
        if self._call is not None:
            self._call.cancel()


class WebCarrier:
    """OpenLink, Attach and Send in gRPC-web."""

    def __init__(self, address: str, trust: ssl.SSLContext, token: str) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._trust = trust
        self._token = token
        self._calls: _Connection | None = None
        self._stream: _Connection | None = None

    async def open(self, hello: link_pb2.Hello) -> link_pb2.Welcome:
        """See `Carrier.open`."""
        body = await self._call("OpenLink", link_service_pb2.OpenLinkRequest(hello=hello).SerializeToString(), "")
        return link_service_pb2.OpenLinkResponse.FromString(body).welcome

    async def attach(self, resume: link_pb2.Resume) -> None:
        """See `Carrier.attach`. The connection of the stream before is kept, if that ended as it should."""
        if self._stream is None or not self._stream.is_free:
            self.cut()
            self._stream = await self._connect()
        request = link_service_pb2.AttachRequest(resume=resume).SerializeToString()
        try:
            self._stream.ask("Attach", request, resume.link_id)
            await self._stream.head()
        except (OSError, EOFError) as error:
            raise StreamFailedError(f"UNAVAILABLE: {type(error).__name__}") from error

    async def next(self) -> link_pb2.Downlink | None:
        """See `Carrier.next`."""
        if self._stream is None:
            raise StreamFailedError("CANCELLED: cut")
        try:
            flag, data = await self._stream.message()
            if flag & _TRAILERS:
                await self._stream.rest()
        except (OSError, EOFError) as error:
            raise StreamFailedError(f"UNAVAILABLE: {type(error).__name__}") from error
        if not flag & _TRAILERS:
            return link_pb2.Downlink.FromString(data)
        _check(data)
        return None

    async def send(self, link_id: str, epoch: int, messages: Sequence[link_pb2.Uplink]) -> int | None:
        """See `Carrier.send`. What fails here is told by the stream too, or sent again on the next one."""
        request = link_service_pb2.SendRequest(link_id=link_id, attach_epoch=epoch, messages=messages)
        try:
            body = await self._call("Send", request.SerializeToString(), link_id)
        except (StreamFailedError, LinkForgottenError):
            self.cut()
            return None
        return link_service_pb2.SendResponse.FromString(body).ack

    def cut(self) -> None:
        """See `Carrier.cut`."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    async def _call(self, method: str, request: bytes, link_id: str) -> bytes:
        """One call that is answered once. A kept connection that has gone meanwhile is replaced."""
        try:
            if self._calls is None:
                self._calls = await self._connect()
            async with asyncio.timeout(_PATIENCE_S):
                self._calls.ask(method, request, link_id)
                await self._calls.head()
                return await self._calls.only()
        except (OSError, EOFError, TimeoutError) as error:
            if self._calls is not None:
                self._calls.close()
                self._calls = None
            raise StreamFailedError(f"UNAVAILABLE: {type(error).__name__}") from error

    async def _connect(self) -> _Connection:
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._trust)
        except OSError as error:
            raise StreamFailedError(f"UNAVAILABLE: {type(error).__name__}") from error
        return _Connection(reader, writer, f"{self._host}:{self._port}", self._token)


class _Connection:
    """One connection that speaks gRPC-web in HTTP/1.1; one call at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, token: str) -> None:
        self._reader, self._writer = reader, writer
        self._fixed = (
            f"host: {host}\r\nauthorization: Bearer {token}\r\n"
            "content-type: application/grpc-web+proto\r\nx-grpc-web: 1\r\n"
        )
        self._buffer = bytearray()
        self._left: int | None = None  # bytes of the body still to come; None if it comes in chunks
        self._ended = True
        self._headers: dict[str, str] = {}

    @property
    def is_free(self) -> bool:
        """Whether the last answer was read to its end."""
        return self._ended

    def ask(self, method: str, request: bytes, link_id: str) -> None:
        """Sends a request."""
        self._ended = False
        route = f"x-tabwire-link: {link_id}\r\n" if link_id else ""
        head = f"POST {_SERVICE}{method} HTTP/1.1\r\n{self._fixed}{route}content-length: {len(request) + 5}\r\n\r\n"
        self._writer.write(head.encode() + b"\0" + len(request).to_bytes(4, "big") + request)

    async def head(self) -> None:
        """Reads the answer's headers; an error that stands in them is raised."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        self._headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
        self._ended = False
        self._left = (
            None
            if "chunked" in self._headers.get("transfer-encoding", "")
            else int(self._headers.get("content-length", "0"))
        )
        status = int(self._headers.get("grpc-status", "0"))
        if status or not head[0].startswith("HTTP/1.1 200"):
            await self.rest()
            _raise(status or 14, self._headers.get("grpc-message", head[0]))

    async def only(self) -> bytes:
        """The one message of an answer; raises what its trailers tell."""
        answer = b""
        while True:
            flag, data = await self.message()
            if flag & _TRAILERS:
                await self.rest()
                _check(data)
                return answer
            answer = data

    async def message(self) -> tuple[int, bytes]:
        """The next message of the body, and its flag."""
        while len(self._buffer) < 5 or len(self._buffer) < 5 + int.from_bytes(self._buffer[1:5], "big"):
            if not await self._more():
                raise EOFError
        flag, size = self._buffer[0], int.from_bytes(self._buffer[1:5], "big")
        data = bytes(self._buffer[5 : 5 + size])
        del self._buffer[: 5 + size]
        return flag, data

    async def rest(self) -> None:
        """Reads the answer to its end, which makes the connection free again."""
        while await self._more():
            pass
        self._buffer.clear()

    async def _more(self) -> bool:
        """Reads some of the body; False at its end."""
        if self._ended:
            return False
        if self._left is not None:
            self._buffer += await self._reader.readexactly(self._left)
            self._ended = True
            return True
        size = int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16)
        self._buffer += await self._reader.readexactly(size)
        await self._reader.readexactly(2)
        self._ended = size == 0
        return not self._ended

    def close(self) -> None:
        """Breaks it."""
        self._writer.transport.abort()


def _check(trailers: bytes) -> None:
    told = dict(line.split(":", 1) for line in trailers.decode().lower().split("\r\n") if ":" in line)
    status = int(told.get("grpc-status", "2"))
    if status:
        _raise(status, told.get("grpc-message", "").strip())


def _raise(status: int, message: str) -> None:
    if status == _OUT_OF_RANGE:
        raise LinkForgottenError(message)
    name = next(code.name for code in grpc.StatusCode if code.value[0] == status)
    raise StreamFailedError(f"{name}: {message}")
