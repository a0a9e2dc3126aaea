"""Second: turns every exception into a status that says what a caller may know, and nothing else.

A `TabwireError` goes out as it is, as google.rpc.Status with one ErrorInfo; so does what a person can mend in the
database. Anything else is INTERNAL with the correlation id; its text stays in the log. UNKNOWN is never sent, so
UNKNOWN at a client means a broken transport.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import structlog
from google.rpc import status_pb2

from tabwire.errors import TabwireError, grpc_status
from tabwire.rpc.identity import correlation_id
from tabwire.rpc.interceptors.correlation import HEADER
from tabwire.rpc.interceptors.handlers import normal
from tabwire.store.trouble import told
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tabwire.rpc.interceptors.handlers import Context, Continuation, Handler

_log = structlog.get_logger()

DETAILS = "grpc-status-details-bin"
# Statuses travel in HTTP headers, which proxies bound; the whole details of an error may not.
_MAX_DETAILS_BYTES = 6000
_MAX_MESSAGE_CHARACTERS = 1000


class GuardInterceptor(grpc.aio.ServerInterceptor):
    """Stands between what goes wrong inside and what a client sees."""

    async def intercept_service(
        self,
        continuation: Continuation,
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Guards the handler."""
        handler = await normal(continuation, handler_call_details)

        async def guarded(requests: AsyncIterator[bytes], context: Context) -> bytes | None:
            try:
                return await handler.behaviour(requests, context)
            except asyncio.CancelledError:
                # Swallowed, the call would leak. One that nobody asked for (a part of ours was cancelled under the
                # call) must not leave the caller without an answer, though.
                if _is_own_cancellation():
                    raise
                info = _internal("cancelled_inside")
            except grpc.aio.AbortError:
                raise  # answered already, by a servicer of grpc's own
            except TabwireError as error:
                info = _known(error)
            except NotImplementedError:
                info = _not_implemented()
            except Exception as error:  # noqa: BLE001 - the one place that stands for all of them; it logs
                trouble = told(error)
                info = _internal("rpc_failed") if trouble is None else _of_database(trouble)
            await _answer(context, info)
            return None

        return handler.wrapped(guarded)


def _is_own_cancellation() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _known(error: TabwireError) -> error_pb2.ErrorInfo:
    info = error_pb2.ErrorInfo()
    info.CopyFrom(error.info)
    info.correlation_id = correlation_id()
    if grpc_status(info.error_code) is grpc.StatusCode.INTERNAL:
        _log.error("rpc_failed", error_code=_name(info.error_code), exc_info=error)
    else:
        _log.info("rpc_refused", error_code=_name(info.error_code), reason=info.message)
    return info


def _of_database(trouble: TabwireError) -> error_pb2.ErrorInfo:
    """What a caller may know of a database that is full or out of reach; the log knows the rest."""
    _log.exception("database_trouble")
    return _known(trouble)


def _name(code: error_pb2.ErrorCode.ValueType) -> str:
    """A code's name; an unknown number, which a newer browser may send, stays a number."""
    return error_pb2.ErrorCode.Name(code) if code in error_pb2.ErrorCode.values() else str(code)


def _internal(event: str) -> error_pb2.ErrorInfo:
    _log.exception(event)
    return error_pb2.ErrorInfo(
        error_code=error_pb2.ERROR_CODE_INTERNAL,
        message=f"The server failed. Its log tells more under {correlation_id()}.",
        remedy="Try again; if it fails again, report it with the log lines of this id.",
        component_origin=error_pb2.COMPONENT_ORIGIN_SERVER,
        correlation_id=correlation_id(),
    )


def _not_implemented() -> error_pb2.ErrorInfo:
    _log.warning("rpc_not_implemented")
    return error_pb2.ErrorInfo(
        error_code=error_pb2.ERROR_CODE_UNIMPLEMENTED,
        message="The contract has this method, but this server does not serve it.",
        remedy="Update whichever is older, the client or the server.",
        component_origin=error_pb2.COMPONENT_ORIGIN_SERVER,
        correlation_id=correlation_id(),
    )


async def _answer(context: Context, info: error_pb2.ErrorInfo) -> None:
    code = grpc_status(info.error_code)
    message = info.message[:_MAX_MESSAGE_CHARACTERS]
    if info.ByteSize() > _MAX_DETAILS_BYTES:
        info.ClearField("details")
        info.message = message
        info.remedy = info.remedy[:_MAX_MESSAGE_CHARACTERS]
    number: int = code.value[0]
    status = status_pb2.Status(code=number, message=message)
    status.details.add().Pack(info)
    await context.abort(
        code,
        message,
        trailing_metadata=((HEADER, info.correlation_id), (DETAILS, status.SerializeToString())),
    )
