"""Outermost: gives every RPC an id that its log lines, its errors and its trailers carry.

A caller may choose the id (`x-correlation-id`); one that does not look like an id is replaced, so that nothing forged
gets into the log.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

import grpc
import structlog

from tabwire.rpc.identity import current_correlation_id, current_principal
from tabwire.rpc.interceptors.handlers import normal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tabwire.rpc.interceptors.handlers import Context, Continuation, Handler

HEADER = "x-correlation-id"
_WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{8,64}")


class CorrelationInterceptor(grpc.aio.ServerInterceptor):
    """Sets the correlation id. grpc.aio runs each RPC in a task of its own, so what is set here ends with it."""

    async def intercept_service(
        self,
        continuation: Continuation,
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Sets the id before anything else is asked, and sends it back at the end."""
        correlation_id = _given(handler_call_details) or secrets.token_hex(8)
        current_correlation_id.set(correlation_id)
        current_principal.set(None)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            correlation_id=correlation_id, method=handler_call_details.method.removeprefix("/")[:200]
        )
        handler = await normal(continuation, handler_call_details)

        async def correlated(requests: AsyncIterator[bytes], context: Context) -> bytes | None:
            context.set_trailing_metadata(((HEADER, correlation_id),))
            return await handler.behaviour(requests, context)

        return handler.wrapped(correlated)


def _given(details: grpc.HandlerCallDetails) -> str:
    for key, value in details.invocation_metadata or ():
        if key == HEADER and isinstance(value, str) and _WELL_FORMED.fullmatch(value):
            return value
    return ""
