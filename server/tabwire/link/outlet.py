"""The way from a link to the one stream it is attached to: a queue with an end.

The session puts messages in, the stream's writer takes them out. The channel's credit bounds the numbered messages; the
outlet bounds the rest, so that a reader that reads nothing cannot make it grow.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from tabwire.v1 import link_pb2

_MOST_WAITING = 2048


class Outlet:
    """The messages that wait to be written to one stream."""

    def __init__(self, epoch: int, rotate_at: int, rotate_reason: link_pb2.RotateReason.ValueType) -> None:
        self.epoch = epoch
        """The stream's epoch."""
        self.rotate_at = rotate_at
        """When the stream is to be renewed, by the channel's clock."""
        self.rotate_reason = rotate_reason
        """Why then."""
        self.ended = False
        """True when nothing is put in any more."""
        self.closed = asyncio.Event()
        """Set by the writer when the stream is over."""
        self._error: TabwireError | None = None
        self._waiting: deque[link_pb2.Downlink] = deque()
        self._changed = asyncio.Event()

    def put(self, message: link_pb2.Downlink) -> None:
        """Adds a message, unless the stream is ending."""
        if self.ended:
            return
        if len(self._waiting) >= _MOST_WAITING:
            self._waiting.clear()
            self.end(TabwireError(error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED, "The stream is not read fast enough."))
            return
        self._waiting.append(message)
        self._changed.set()

    def end(self, error: TabwireError | None = None) -> None:
        """Ends the stream after what is waiting; with an error, at once. The first end counts."""
        if self.ended:
            return
        self.ended = True
        self._error = error
        if error is not None:
            self._waiting.clear()
        self._changed.set()

    def take(self) -> link_pb2.Downlink | None:
        """The next message, if one is waiting."""
        return self._waiting.popleft() if self._waiting else None

    def raise_error(self) -> None:
        """Raises the error that the stream ends with, if it ends with one."""
        if self._error is not None:
            raise self._error

    def wake(self) -> None:
        """Lets the writer look at its clock: something may be due earlier than it thought."""
        self._changed.set()

    async def wait(self, timeout_s: float) -> None:
        """Returns when there is something to take, or the stream ends, or the time is over."""
        if self._waiting or self.ended:
            return
        self._changed.clear()
        try:
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()
        except TimeoutError:
            return  # the caller looks at its clock anyway
