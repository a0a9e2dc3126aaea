"""Page tokens of the task list: the place after the last task that was shown."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tabwire.errors import TabwireError
from tabwire.store.task_store import Cursor
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from tabwire.v1 import task_pb2

DEFAULT_SIZE = 50


def token(last: task_pb2.Task) -> str:
    """The token to go on after a task."""
    created = last.created_at.ToDatetime(tzinfo=UTC).isoformat()
    return base64.urlsafe_b64encode(f"{created} {last.task_id}".encode()).decode()


def cursor(page_token: str) -> Cursor:
    """The place a token stands for.

    Raises `TabwireError` INVALID_ARGUMENT if it is none of ours.
    """
    try:
        created, _, task_id = base64.urlsafe_b64decode(page_token.encode()).decode().partition(" ")
        at = datetime.fromisoformat(created).astimezone(UTC)
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise not_ours() from error
    return Cursor(at, task_id)


def not_ours() -> TabwireError:
    """The error for a token that this server did not give."""
    violation = error_pb2.FieldViolation(field="page_token", description="a token from the last answer")
    return TabwireError(
        error_pb2.ERROR_CODE_INVALID_ARGUMENT,
        "This page token is not one that this server gave.",
        remedy="Start the list again without a page token.",
        details=error_pb2.ErrorDetails(field_violations=error_pb2.FieldViolationsDetails(violations=[violation])),
    )
