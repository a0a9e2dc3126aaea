"""What can go wrong with a model's endpoint, in words a person can act on. Each names the one setting to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    import openai

_UNAUTHORIZED = 401
_FORBIDDEN = 403
_NOT_FOUND = 404
_TOO_MANY = 429
_SERVER_FAULT = 500
_STRONGER = "Use a stronger model: set TABWIRE_MODEL."


def not_configured(settings_missing: str, hint: str = "") -> TabwireError:
    """The text needs a model and none is set up."""
    message = f"This task needs a model, and none is set up: {settings_missing}."
    if hint:
        message = f"{message} If it was meant as plain commands: {hint}"
    return TabwireError(
        error_pb2.ERROR_CODE_MODEL_NOT_CONFIGURED,
        message,
        remedy=(
            "Set TABWIRE_MODEL to a model's name, and OPENAI_API_KEY or OPENAI_BASE_URL to its key or endpoint; "
            'or write the task as plain commands, as: open https://example.com then click "More information".'
        ),
    )


def unavailable(error: openai.APIError | TimeoutError, *, model: str, where: str, timeout_s: float) -> TabwireError:
    """No answer came from the endpoint."""
    message, remedy, retryable = _explain(error, model, where, timeout_s)
    return TabwireError(
        error_pb2.ERROR_CODE_MODEL_UNAVAILABLE,
        message,
        remedy=remedy,
        origin=error_pb2.COMPONENT_ORIGIN_MODEL,
        retryable=retryable,
    )


def no_model(where: str) -> TabwireError:
    """Something answers at the endpoint's address, but it is no model's endpoint."""
    return TabwireError(
        error_pb2.ERROR_CODE_MODEL_UNAVAILABLE,
        f"What answers at {where} does not speak the OpenAI interface.",
        remedy="Correct OPENAI_BASE_URL; it usually ends with /v1.",
        origin=error_pb2.COMPONENT_ORIGIN_MODEL,
        retryable=False,
    )


def unusable(refusal: str) -> error_pb2.ErrorInfo:
    """The model declined."""
    said = f": {refusal[:300]}" if refusal else "."
    return error_pb2.ErrorInfo(
        error_code=error_pb2.ERROR_CODE_MODEL_REFUSED,
        message=f"The model declined to answer{said}",
        component_origin=error_pb2.COMPONENT_ORIGIN_MODEL,
        remedy="Word the task differently, or set TABWIRE_MODEL to another model.",
    )


def unreadable(why: str) -> error_pb2.ErrorInfo:
    """The model's answer is of no use; it may be asked again."""
    return error_pb2.ErrorInfo(
        error_code=error_pb2.ERROR_CODE_MODEL_OUTPUT_INVALID,
        message=f"Your answer is not a decision: {why}.",
        component_origin=error_pb2.COMPONENT_ORIGIN_MODEL,
        retryable=True,
        remedy=_STRONGER,
    )


def _explain(error: openai.APIError | TimeoutError, model: str, where: str, timeout_s: float) -> tuple[str, str, bool]:
    import openai  # whoever calls this has it already; who does not need not wait for it

    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return (
            f"The model {model} at {where} did not answer within {timeout_s:g} seconds.",
            "Use a faster model, or raise TABWIRE_MODEL_TIMEOUT_S.",
            True,
        )
    if not isinstance(error, openai.APIStatusError):
        return (
            f"The model's endpoint {where} cannot be reached.",
            "Start it, or correct OPENAI_BASE_URL.",
            True,
        )
    status = error.status_code
    if status in (_UNAUTHORIZED, _FORBIDDEN):
        return (
            f"The model's endpoint {where} refuses the key (HTTP {status}).",
            "Set OPENAI_API_KEY to a key that is valid there.",
            False,
        )
    if status == _NOT_FOUND:
        return (
            f"The endpoint {where} knows no model {model}, or is no model's endpoint (HTTP 404).",
            "Set TABWIRE_MODEL to a model it offers; if it does, correct OPENAI_BASE_URL, which usually ends with /v1.",
            False,
        )
    if status == _TOO_MANY:
        spent = error.code == "insufficient_quota"
        return (
            f"The endpoint {where} takes no more requests for this key (HTTP 429).",
            "Add credit to the account of OPENAI_API_KEY." if spent else "Wait a minute, then start the task again.",
            not spent,
        )
    if status >= _SERVER_FAULT:
        return (
            f"The model's endpoint {where} has a fault (HTTP {status}), also after it was asked again.",
            "Try again later, or look at the log of the server behind OPENAI_BASE_URL.",
            True,
        )
    said = error.message.replace("\n", " ")[:300]
    return (
        f"The model's endpoint {where} refused the request (HTTP {status}): {said}",
        "Set TABWIRE_MODEL to a model with a longer context, or TABWIRE_MODEL_OUTPUT to text.",
        False,
    )
