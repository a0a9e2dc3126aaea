"""Innermost: decodes and validates what a client sends, and encodes what a servicer answers.

Left to itself grpc.aio answers bytes that are no message with UNKNOWN and an exception's text, and an RPC without any
message not at all. Here both become INVALID_ARGUMENT with an ErrorInfo, as does a message that breaks a rule of the
contract (protovalidate). Each message of a client's stream is checked as it comes.
"""

from __future__ import annotations

import asyncio
import inspect
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc
import protovalidate
from google.protobuf.message import DecodeError, Message

from tabwire.errors import TabwireError
from tabwire.rpc.interceptors.handlers import Normal, refusing
from tabwire.rpc.interceptors.rules_within import is_ruled, within_rules
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tabwire.rpc.interceptors.handlers import Context, Continuation, Handler

_LENGTH = "content-length"
# Before each message on the wire: whether it is compressed, and its length.
_PREFIX_BYTES = 5
_MAX_VIOLATIONS = 20
# Of a larger message only what rules reach is validated; for a small one, finding that out is more work than it saves.
_LARGE_BYTES = 8192


class MessagesInterceptor(grpc.aio.ServerInterceptor):
    """Gives every handler the one form (see `handlers`)."""

    def __init__(self, max_message_bytes: int) -> None:
        self._max_bytes = max_message_bytes

    async def intercept_service(
        self,
        continuation: Continuation,
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Wraps the handler of a method, or stands in for one that does not exist."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return refusing(_unimplemented(handler_call_details.method), unknown=True)
        return _normalised(handler, self._max_bytes, _told_bytes(handler_call_details))


def _told_bytes(details: grpc.HandlerCallDetails) -> int:
    """How long the whole request is, by its headers; -1 if they do not say. Envoy, which holds it in whole, does."""
    told = [value for key, value in details.invocation_metadata or () if key == _LENGTH]
    return int(told[0]) if len(told) == 1 and str(told[0]).isdecimal() else -1


def _normalised(handler: Handler, max_bytes: int, told_bytes: int) -> Normal:
    """The handler in the one form. Typed loosely where grpc itself tells the kinds apart at run time."""
    inner: Any = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    deserializer: Any = handler.request_deserializer
    serializer: Any = handler.response_serializer

    async def arguments(context: Context) -> Any:
        decoded = _Decoded(context, deserializer, max_bytes, told_bytes)
        return decoded if handler.request_streaming else await decoded.only()

    async def unary(_requests: AsyncIterator[bytes], context: Context) -> bytes | None:
        response = await inner(await arguments(context), context)
        return bytes(serializer(response)) if serializer else response

    async def streaming(_requests: AsyncIterator[bytes], context: Context) -> None:
        answer = inner(await arguments(context), context)
        if not inspect.isasyncgen(answer):
            await answer  # it writes to the context itself
            return
        # Closed here and now when the caller leaves, not when the garbage collector comes by.
        async with aclosing(answer) as messages:
            is_begun = False
            async for message in messages:
                if not is_begun:
                    await _begin(context)
                    is_begun = True
                await context.write(message)

    if handler.response_streaming:
        return Normal(streaming, response_streaming=True, response_serializer=serializer)
    return Normal(unary)


async def _begin(context: Context) -> None:
    """Sends the headers of a streamed answer, whole.

    Left to the first write they would go with it; if that is cut short (the token ends), grpc does not know that they
    went, sends them again with the status, which its core refuses, and the caller never hears how the stream ended.
    """
    sending = asyncio.ensure_future(context.send_initial_metadata(()))
    try:
        await asyncio.shield(sending)
    except asyncio.CancelledError:
        await asyncio.wait({sending})
        raise


class _Decoded:
    """The client's messages, decoded and validated one by one. Read from the context: grpc's iterator costs more."""

    def __init__(self, context: Any, deserializer: Any, max_bytes: int, told_bytes: int) -> None:
        self._context = context
        self._told_bytes = told_bytes
        self._deserializer = deserializer
        self._max_bytes = max_bytes

    def __aiter__(self) -> _Decoded:
        return self

    async def __anext__(self) -> Any:
        raw = await self._context.read()
        if raw is grpc.aio.EOF:
            raise StopAsyncIteration
        return self._decode(raw)

    async def only(self) -> Any:
        """The one message of an RPC that takes one."""
        raw = await self._context.read()
        if raw is grpc.aio.EOF:
            raise _invalid("The request carries no message.")
        message = self._decode(raw)
        # To read once more is a good part of what a call costs. It tells nothing where the request is told to be just
        # as long as this message with its prefix.
        is_whole = self._told_bytes == _PREFIX_BYTES + len(raw)
        if not is_whole and await self._context.read() is not grpc.aio.EOF:
            raise _invalid("The request carries more than one message.")
        return message

    def _decode(self, raw: bytes) -> Any:
        if len(raw) > self._max_bytes:
            raise _too_large(self._max_bytes)
        try:
            message = self._deserializer(raw) if self._deserializer else raw
        except DecodeError:
            # Chained text could quote what was sent, and says nothing that helps.
            raise _invalid("The request is no message of the kind that this method takes.") from None
        if isinstance(message, Message) and is_ruled(message):
            validate(message if len(raw) < _LARGE_BYTES else within_rules(message))
        return message


def validate(message: Message) -> None:
    """Holds a message against the rules of the contract.

    Raises `TabwireError` INVALID_ARGUMENT with one violation for each broken rule.
    """
    try:
        protovalidate.validate(message)
    except protovalidate.ValidationError as error:
        violations = [
            error_pb2.FieldViolation(
                field=_path(violation.proto.field), description=violation.proto.message or violation.proto.rule_id
            )
            for violation in error.violations[:_MAX_VIOLATIONS]
        ]
        first = violations[0]
        raise TabwireError(
            error_pb2.ERROR_CODE_INVALID_ARGUMENT,
            f"{first.field or 'The request'}: {first.description}.",
            remedy="Correct the request; the details name each field that is wrong.",
            details=error_pb2.ErrorDetails(
                field_violations=error_pb2.FieldViolationsDetails(violations=violations),
            ),
        ) from None


def _path(field: Any) -> str:
    """A field's path as a person writes it, as `action.select_option.options[2]`."""
    parts: list[str] = []
    for element in field.elements if field is not None else ():
        subscript = element.subscript
        if subscript is None:
            parts.append(f".{element.field_name}")
        elif subscript.field == "index":
            parts.append(f".{element.field_name}[{subscript.value}]")
        else:
            parts.append(f".{element.field_name}[{subscript.value!r}]")
    return "".join(parts).removeprefix(".")


def _invalid(message: str) -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_INVALID_ARGUMENT,
        message,
        remedy="Send the message that the contract names for this method.",
    )


def _too_large(limit: int) -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED,
        f"The message is larger than {limit} bytes.",
        remedy="Send less at once, or raise TABWIRE_MAX_MESSAGE_BYTES.",
        details=error_pb2.ErrorDetails(limit=error_pb2.LimitDetails(name="max_message_bytes", limit=limit)),
        retryable=False,
    )


def _unimplemented(method: str) -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_UNIMPLEMENTED,
        f"This server has no method {method[:200]}.",
        remedy="Update whichever is older, the client or the server.",
    )
