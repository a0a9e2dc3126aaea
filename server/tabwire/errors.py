"""The one exception of the product, and how error codes map to gRPC.

Inside the server an error is raised as a `TabwireError`; at every boundary it becomes an `ErrorInfo` value. This module
knows what each code means to a caller (status, retry, remedy); it does not know who raises it.
"""

from __future__ import annotations

import grpc

from tabwire.v1 import error_pb2 as pb

_STATUS: dict[pb.ErrorCode.ValueType, grpc.StatusCode] = {
    pb.ERROR_CODE_INVALID_ARGUMENT: grpc.StatusCode.INVALID_ARGUMENT,
    pb.ERROR_CODE_COMMAND_SYNTAX: grpc.StatusCode.INVALID_ARGUMENT,
    pb.ERROR_CODE_AMBIGUOUS_TARGET: grpc.StatusCode.INVALID_ARGUMENT,
    pb.ERROR_CODE_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    pb.ERROR_CODE_TAB_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    pb.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    pb.ERROR_CODE_ALREADY_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    pb.ERROR_CODE_FAILED_PRECONDITION: grpc.StatusCode.FAILED_PRECONDITION,
    pb.ERROR_CODE_PROTOCOL_REVISION_UNSUPPORTED: grpc.StatusCode.FAILED_PRECONDITION,
    pb.ERROR_CODE_MODEL_NOT_CONFIGURED: grpc.StatusCode.FAILED_PRECONDITION,
    pb.ERROR_CODE_STALE_ELEMENT: grpc.StatusCode.FAILED_PRECONDITION,
    pb.ERROR_CODE_RESTRICTED_PAGE: grpc.StatusCode.FAILED_PRECONDITION,
    pb.ERROR_CODE_DIALOG_OPEN: grpc.StatusCode.FAILED_PRECONDITION,
    pb.ERROR_CODE_COMMAND_REFUSED: grpc.StatusCode.FAILED_PRECONDITION,
    pb.ERROR_CODE_UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    pb.ERROR_CODE_PERMISSION_DENIED: grpc.StatusCode.PERMISSION_DENIED,
    pb.ERROR_CODE_POLICY_DENIED: grpc.StatusCode.PERMISSION_DENIED,
    pb.ERROR_CODE_APPROVAL_DENIED: grpc.StatusCode.PERMISSION_DENIED,
    pb.ERROR_CODE_APPROVAL_NEEDED: grpc.StatusCode.FAILED_PRECONDITION,
    pb.ERROR_CODE_SECRET_UNAVAILABLE: grpc.StatusCode.FAILED_PRECONDITION,
    pb.ERROR_CODE_RESOURCE_EXHAUSTED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    pb.ERROR_CODE_LIMIT_REACHED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    pb.ERROR_CODE_OUT_OF_RANGE: grpc.StatusCode.OUT_OF_RANGE,
    pb.ERROR_CODE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    pb.ERROR_CODE_BROWSER_DISCONNECTED: grpc.StatusCode.UNAVAILABLE,
    pb.ERROR_CODE_MODEL_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    pb.ERROR_CODE_COMMUNICATION_ERROR_WITH_TARGET: grpc.StatusCode.UNAVAILABLE,
    pb.ERROR_CODE_DEADLINE_EXCEEDED: grpc.StatusCode.DEADLINE_EXCEEDED,
    pb.ERROR_CODE_CANCELLED: grpc.StatusCode.CANCELLED,
    pb.ERROR_CODE_EPOCH_FENCED: grpc.StatusCode.ABORTED,
    # Never UNAVAILABLE, which gRPC's own clients may repeat by themselves: it may have had effect.
    pb.ERROR_CODE_LINK_CLOSED: grpc.StatusCode.ABORTED,
    pb.ERROR_CODE_UNIMPLEMENTED: grpc.StatusCode.UNIMPLEMENTED,
}

_RETRYABLE = frozenset(
    {
        pb.ERROR_CODE_UNAVAILABLE,
        pb.ERROR_CODE_BROWSER_DISCONNECTED,
        pb.ERROR_CODE_MODEL_UNAVAILABLE,
        pb.ERROR_CODE_RESOURCE_EXHAUSTED,
        pb.ERROR_CODE_DEADLINE_EXCEEDED,
        pb.ERROR_CODE_COMMUNICATION_ERROR_WITH_TARGET,
    }
)


class TabwireError(Exception):
    """An error that a caller is meant to see.

    `info` is the value that travels. `retryable` is derived from the code unless it is given.
    """

    def __init__(
        self,
        code: pb.ErrorCode.ValueType,
        message: str,
        *,
        remedy: str = "",
        details: pb.ErrorDetails | None = None,
        origin: pb.ComponentOrigin.ValueType = pb.COMPONENT_ORIGIN_SERVER,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.info = pb.ErrorInfo(
            error_code=code,
            message=message,
            remedy=remedy,
            details=details,
            component_origin=origin,
            retryable=code in _RETRYABLE if retryable is None else retryable,
        )

    @classmethod
    def of(cls, info: pb.ErrorInfo) -> TabwireError:
        """The exception for an error that came as a value."""
        error = cls(info.error_code, info.message)
        error.info = info
        return error

    @property
    def code(self) -> pb.ErrorCode.ValueType:
        """The error's code."""
        return self.info.error_code


def grpc_status(code: pb.ErrorCode.ValueType) -> grpc.StatusCode:
    """The gRPC status that carries an error of this code. Never UNKNOWN: that is left to a broken transport."""
    return _STATUS.get(code, grpc.StatusCode.INTERNAL)
