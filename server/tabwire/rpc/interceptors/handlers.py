"""One form for all kinds of RPC, so that an interceptor is written once and not four times.

grpc.aio knows four kinds of handlers, and treats a missing request, a malformed one and an exception differently in
each. The innermost interceptor (`messages`) turns every handler into a `Behaviour`: raw messages come as an iterator,
a single answer is returned as bytes, streamed answers are written to the context. All others wrap a `Behaviour`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    # The types name the messages of one RPC; here they are those of any. At run time the classes take no parameters.
    Context = grpc.aio.ServicerContext[Any, Any]
    Handler = grpc.RpcMethodHandler[Any, Any]
    Behaviour = Callable[[AsyncIterator[bytes], Context], Awaitable[bytes | None]]
    Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]
    Serializer = Callable[[Any], bytes]
    _Base = Handler
else:
    _Base = grpc.RpcMethodHandler


class Normal(_Base):
    """A handler in the one form. `unknown` marks the one for methods that do not exist."""

    request_streaming = True
    request_deserializer = None
    unary_unary = None
    unary_stream = None
    # grpc types these for its threaded server only.
    stream_unary: Any
    stream_stream: Any

    def __init__(
        self,
        behaviour: Behaviour,
        *,
        response_streaming: bool = False,
        response_serializer: Serializer | None = None,
        unknown: bool = False,
    ) -> None:
        self.behaviour = behaviour
        self.response_streaming = response_streaming
        self.response_serializer = response_serializer
        self.unknown = unknown
        self.stream_unary = None if response_streaming else behaviour
        self.stream_stream = behaviour if response_streaming else None

    def wrapped(self, behaviour: Behaviour) -> Normal:
        """The same handler with another behaviour around it."""
        return Normal(
            behaviour,
            response_streaming=self.response_streaming,
            response_serializer=self.response_serializer,
            unknown=self.unknown,
        )


def refusing(error: TabwireError, *, unknown: bool = False) -> Normal:
    """A handler that answers every call with an error, without reading what was sent."""

    async def refuse(_requests: AsyncIterator[bytes], _context: Context) -> bytes | None:
        raise error

    return Normal(refuse, unknown=unknown)


async def normal(continuation: Continuation, details: grpc.HandlerCallDetails) -> Normal:
    """What the next interceptor answers, which must be in the one form."""
    handler = await continuation(details)
    if isinstance(handler, Normal):
        return handler
    raise TabwireError(error_pb2.ERROR_CODE_INTERNAL, "The interceptors are not in their order.")
