"""The SDK's way to the server: one TLS channel, a token on every call, and errors as values a program can act on.

A call that the server answered with an error raises `TabwireError` with the server's `ErrorInfo`. A call that never got
an answer raises `UnreachableError`, which says what stands in the way. What the calls mean is left to `Client`.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypeVar

import grpc
from google.rpc import status_pb2

from tabwire.client import diagnose
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2, extension_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from google.protobuf.message import Message

    Request = TypeVar("Request", bound=Message)
    Response = TypeVar("Response", bound=Message)

_MAX_MESSAGE = 64 * 2**20

_WITHOUT_DETAILS: dict[grpc.StatusCode, tuple[error_pb2.ErrorCode.ValueType, str, str]] = {
    grpc.StatusCode.PERMISSION_DENIED: (
        error_pb2.ERROR_CODE_PERMISSION_DENIED,
        "The edge does not let this caller in.",
        "Call from a program, or from the extension with the pinned id.",
    ),
    grpc.StatusCode.DEADLINE_EXCEEDED: (
        error_pb2.ERROR_CODE_DEADLINE_EXCEEDED,
        "The server did not answer in time.",
        "Try again; if it stays like this, run `tabwire doctor`.",
    ),
    grpc.StatusCode.UNIMPLEMENTED: (
        error_pb2.ERROR_CODE_UNIMPLEMENTED,
        "The server does not know this call.",
        "Bring the client and the server to the same version.",
    ),
    grpc.StatusCode.CANCELLED: (
        error_pb2.ERROR_CODE_CANCELLED,
        "The call was cancelled on the way.",
        "Try again.",
    ),
}


# The headers with which the edge says what it refuses, and when to come again.
_EDGE = "x-tabwire-edge"
_RETRY_AFTER = "retry-after"
_TOO_LARGE = "too-large"


# The edge takes in a large request only if it knows its size before, and gRPC says nothing of it.
_SIZE = "x-tabwire-bytes"
_LARGE_BYTES = 48 * 1024


class UnreachableError(TabwireError):
    """No answer came. `trouble` says where on the way it was lost."""

    def __init__(self, trouble: extension_pb2.ConnectionTrouble.ValueType, message: str, remedy: str) -> None:
        super().__init__(error_pb2.ERROR_CODE_UNAVAILABLE, message, remedy=remedy)
        self.trouble = trouble


class Transport:
    """A channel to one server. Connects with the first call, and again by itself when the connection was lost."""

    def __init__(self, url: str, token: str, ca: bytes | None) -> None:
        self.url = url
        self._ca = ca
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        host, port = diagnose.split_url(url)
        self.channel = grpc.aio.secure_channel(
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            grpc.ssl_channel_credentials(ca),
            options=[
                ("grpc.max_receive_message_length", _MAX_MESSAGE),
                ("grpc.max_send_message_length", _MAX_MESSAGE),
                # A connection whose other end has silently gone is found within ten seconds, also by streams. The last
                # one is for the pings that gRPC sends by itself: while one of them is out it sends no other.
                ("grpc.keepalive_time_ms", 5_000),
                ("grpc.keepalive_timeout_ms", 5_000),
                ("grpc.http2.ping_timeout_ms", 5_000),
                ("grpc.http2.max_pings_without_data", 0),
                # A server that starts again is found within a second, not with gRPC's usual two minutes.
                ("grpc.initial_reconnect_backoff_ms", 200),
                ("grpc.max_reconnect_backoff_ms", 1_000),
                ("grpc.enable_http_proxy", 0),
            ],
        )

    async def close(self) -> None:
        """Ends the channel and what still runs on it."""
        await self.channel.close()

    async def unary(
        self, method: grpc.aio.UnaryUnaryMultiCallable[Request, Response], request: Request, timeout_s: float
    ) -> Response:
        """One call, one answer."""
        try:
            return await method(request, metadata=(*self._metadata, *_size_of(request)), timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            raise await self.explain(error) from error

    async def stream(
        self, method: grpc.aio.UnaryStreamMultiCallable[Request, Response], request: Request
    ) -> AsyncIterator[Response]:
        """One call, many answers; the call ends when the iterator is closed."""
        call = method(request, metadata=self._metadata)
        try:
            async for response in call:
                yield response
        except grpc.aio.AioRpcError as error:
            raise await self.explain(error) from error
        finally:
            call.cancel()

    async def explain(self, error: grpc.aio.AioRpcError) -> TabwireError:
        """The error of a call: the server's own, or where the way to it is broken."""
        info = error_info(error)
        if info is not None:
            return TabwireError.of(info)
        if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
            return _exhausted(error)
        if error.code() is grpc.StatusCode.UNAUTHENTICATED:
            return _refused_token(error.details() or "")
        known = _WITHOUT_DETAILS.get(error.code())
        if known is not None:
            code, message, remedy = known
            return TabwireError(code, message, remedy=remedy)
        trouble, message, remedy = await diagnose.diagnose(self.url, self._ca)
        if trouble == extension_pb2.CONNECTION_TROUBLE_UNSPECIFIED:
            return UnreachableError(
                extension_pb2.CONNECTION_TROUBLE_NETWORK,
                f"The connection to {self.url} broke before the answer came.",
                "Try again.",
            )
        return UnreachableError(trouble, message, remedy)


def _size_of(request: Message) -> tuple[tuple[str, str], ...]:
    """What a large request says of its size."""
    size = request.ByteSize()
    return ((_SIZE, str(size)),) if size > _LARGE_BYTES else ()


def _exhausted(error: grpc.aio.AioRpcError) -> TabwireError:
    """The edge refused the call for one of its limits."""
    reason = _header(error, _EDGE) or "unknown"
    wait = _header(error, _RETRY_AFTER)
    seconds = int(wait) if wait.isdecimal() else 0
    limit = error_pb2.LimitDetails(name=reason, retry_after_ms=seconds * 1000)
    message, remedy = "Too many calls in a short time.", "Wait a moment, then try again."
    if reason == _TOO_LARGE:
        message, remedy = "The request is too large.", "Send less at once, or raise TABWIRE_MAX_MESSAGE_BYTES."
    elif seconds:
        remedy = f"Wait {seconds} second{'' if seconds == 1 else 's'}, then try again."
    return TabwireError(
        error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED,
        message,
        remedy=remedy,
        details=error_pb2.ErrorDetails(limit=limit),
        retryable=reason != _TOO_LARGE,
    )


def _refused_token(words: str) -> TabwireError:
    """The edge refused the token, in Envoy's words."""
    message = "The token was not made by this server."
    if "missing" in words:
        message = "This call carries no token."
    elif "expired" in words:
        message = "The token has expired."
    return TabwireError(
        error_pb2.ERROR_CODE_UNAUTHENTICATED,
        message,
        remedy="Make a new one with `tabwire token create`, or start `tabwire up` again for the command line's own.",
    )


def _header(error: grpc.aio.AioRpcError, name: str) -> str:
    """A header of the answer; where an answer has nothing but headers, gRPC calls them trailers."""
    for key, value in (*(error.initial_metadata() or ()), *(error.trailing_metadata() or ())):
        if key == name and isinstance(value, str):
            return value
    return ""


def error_info(error: grpc.aio.AioRpcError) -> error_pb2.ErrorInfo | None:
    """The `ErrorInfo` that a call's status carries, if it carries one."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            status = status_pb2.Status()
            with contextlib.suppress(ValueError):
                status.MergeFromString(value)
            for detail in status.details:
                info = error_pb2.ErrorInfo()
                if detail.Unpack(info):
                    return info
    return None
