"""Third: no call that is answered once hangs for ever.

A caller's deadline is kept, a little early so that the answer still says what happened; without one the server's cap
for the method holds. Streams have no deadline here: they end by their own rules (rotation, task end, revocation).
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import TYPE_CHECKING

import grpc

from tabwire.errors import TabwireError
from tabwire.rpc.interceptors.handlers import normal
from tabwire.rpc.rules import RULES
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tabwire.rpc.interceptors.handlers import Context, Continuation, Handler

_DEFAULT_CAP_S = 60.0
# The answer must reach the caller before it gives up by itself: this part of its time, but at most so many seconds.
_MARGIN_PART = 0.05
_MARGIN_MAX_S = 0.25

_deadline: ContextVar[float | None] = ContextVar("tabwire_deadline", default=None)


def seconds_left() -> float | None:
    """How long the running call may still take; None where it may take any time."""
    deadline = _deadline.get()
    return None if deadline is None else max(0.0, deadline - asyncio.get_running_loop().time())


class DeadlineInterceptor(grpc.aio.ServerInterceptor):
    """Ends calls in time. `cap_s` replaces every method's own cap."""

    def __init__(self, cap_s: float | None = None) -> None:
        self._cap_s = cap_s

    async def intercept_service(
        self,
        continuation: Continuation,
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Puts a time limit around handlers that answer once."""
        handler = await normal(continuation, handler_call_details)
        if handler.response_streaming:
            return handler
        rule = RULES.get(handler_call_details.method)
        cap_s = self._cap_s or (rule.cap_s if rule else _DEFAULT_CAP_S)

        async def limited(requests: AsyncIterator[bytes], context: Context) -> bytes | None:
            budget_s = _budget_s(context.time_remaining(), cap_s)
            _deadline.set(asyncio.get_running_loop().time() + budget_s)
            try:
                async with asyncio.timeout(budget_s) as limit:
                    return await handler.behaviour(requests, context)
            except TimeoutError:
                if not limit.expired():
                    raise
                raise TabwireError(
                    error_pb2.ERROR_CODE_DEADLINE_EXCEEDED,
                    f"There was no answer within {budget_s:.3g} seconds.",
                    remedy="Try again, with a later deadline if what was asked for takes its time.",
                ) from None

        return handler.wrapped(limited)


def _budget_s(given_s: float | None, cap_s: float) -> float:
    if given_s is None:
        return cap_s
    return min(cap_s, max(0.0, given_s - min(given_s * _MARGIN_PART, _MARGIN_MAX_S)))
