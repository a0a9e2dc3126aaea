"""The errors of a link, as its peer or a caller gets them. What to do about each is decided where it is raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from tabwire.link.effects import Refuse

_CODES: dict[str, error_pb2.ErrorCode.ValueType] = {
    "gap": error_pb2.ERROR_CODE_FAILED_PRECONDITION,
    "conflict": error_pb2.ERROR_CODE_ALREADY_EXISTS,
    "fenced": error_pb2.ERROR_CODE_EPOCH_FENCED,
    "not_attached": error_pb2.ERROR_CODE_FAILED_PRECONDITION,
    "ack_ahead": error_pb2.ERROR_CODE_INVALID_ARGUMENT,
    "out_of_range": error_pb2.ERROR_CODE_OUT_OF_RANGE,
}

_MESSAGES = {
    "gap": "Message {actual} came, but {expected} is the next one expected.",
    "conflict": "Number {actual} was used for another message before.",
    "fenced": "A newer stream of this link is attached: epoch {actual} is over.",
    "not_attached": "No stream with epoch {actual} was attached; the last one is {expected}.",
    "ack_ahead": "Message {actual} is acknowledged, but {expected} was the last one sent.",
    "out_of_range": "The link cannot go on after message {actual}; open a new link.",
}


def refused(refusal: Refuse) -> TabwireError:
    """The error for what a channel refused."""
    return TabwireError(
        _CODES[refusal.reason],
        _MESSAGES[refusal.reason].format(expected=refusal.expected, actual=refusal.actual),
        details=error_pb2.ErrorDetails(
            sequence=error_pb2.SequenceDetails(expected_seq=refusal.expected, actual_seq=refusal.actual)
        ),
        retryable=False,
    )


def unknown_link() -> TabwireError:
    """The link is not kept (any more), or belongs to another browser."""
    return TabwireError(error_pb2.ERROR_CODE_OUT_OF_RANGE, "This link is not kept here; open a new link.")


def replaced() -> TabwireError:
    """The browser has opened a newer link."""
    return TabwireError(error_pb2.ERROR_CODE_EPOCH_FENCED, "A newer link of this browser is open.", retryable=False)


def disconnected(why: str = "The browser is not connected.") -> TabwireError:
    """No answer of the browser can come."""
    return TabwireError(
        error_pb2.ERROR_CODE_BROWSER_DISCONNECTED,
        why,
        remedy="Open Chrome with the Tabwire extension; its side panel says what keeps it from connecting.",
    )


def stopping() -> TabwireError:
    """The server takes no new links."""
    return TabwireError(error_pb2.ERROR_CODE_UNAVAILABLE, "The server is stopping.", remedy="Try again in a moment.")


def too_large(size: int, limit: int) -> TabwireError:
    """A message is larger than its receiver takes."""
    return TabwireError(
        error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED,
        f"The message has {size} bytes, more than the {limit} that are allowed.",
        remedy="Ask for less, for example by a lower limit of elements.",
        details=error_pb2.ErrorDetails(limit=error_pb2.LimitDetails(name="max_message_bytes", limit=limit)),
        retryable=False,
    )
