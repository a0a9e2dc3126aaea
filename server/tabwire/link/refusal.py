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


_HIGHEST = 2**64 - 1


def refused(refusal: Refuse) -> TabwireError:
    """The error for what a channel refused."""
    # Whoever sends the highest number there is has none left that could be expected.
    expected, actual = min(refusal.expected, _HIGHEST), min(refusal.actual, _HIGHEST)
    return TabwireError(
        _CODES[refusal.reason],
        _MESSAGES[refusal.reason].format(expected=expected, actual=actual),
        details=error_pb2.ErrorDetails(sequence=error_pb2.SequenceDetails(expected_seq=expected, actual_seq=actual)),
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


def disconnected_for(cause: error_pb2.ErrorInfo | None) -> TabwireError:
    """The same for a browser that was refused when it asked for a link: told is why, and what to do about that."""
    if cause is None:
        return disconnected()
    return TabwireError(
        error_pb2.ERROR_CODE_BROWSER_DISCONNECTED,
        f"The browser cannot connect. {cause.message}",
        remedy=cause.remedy,
        details=cause.details if cause.HasField("details") else None,
    )


def link_closed(why: str) -> TabwireError:
    """The answer to a command that was sent will not come."""
    return TabwireError(
        error_pb2.ERROR_CODE_LINK_CLOSED,
        f"{why} The command was sent before that, and may have had effect.",
        remedy="Look at the page before you do it again.",
        retryable=False,
    )


def command_refused(cause: error_pb2.ErrorInfo) -> TabwireError:
    """The browser takes this command not at all; nothing was done."""
    return TabwireError(
        error_pb2.ERROR_CODE_COMMAND_REFUSED,
        f"The browser refused the command: {cause.message or 'it did not say why.'}",
        remedy=cause.remedy or "Update the Tabwire extension in this browser, or ask for something else.",
        details=cause.details if cause.HasField("details") else None,
        retryable=False,
    )


def unanswered(timeout_s: float) -> TabwireError:
    """No answer came in time."""
    return TabwireError(
        error_pb2.ERROR_CODE_DEADLINE_EXCEEDED,
        f"The browser did not answer within {timeout_s:g} seconds.",
        remedy="Look at the tab: a dialog or a page that never finishes may hold it up. Then try again.",
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
