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

    __slots__ = (
        "_closed",
        "_error",
        "_sleeper",
        "_timer",
        "_waiting",
        "ended",
        "epoch",
        "is_closed",
        "rotate_at",
        "rotate_reason",
    )

    def __init__(self, epoch: int, rotate_at: int, rotate_reason: link_pb2.RotateReason.ValueType) -> None:
        self.epoch = epoch
        """The stream's epoch."""
        self.rotate_at = rotate_at
        """When the stream is to be renewed, by the channel's clock."""
        self.rotate_reason = rotate_reason
        """Why then."""
        self.ended = False
        """True when nothing is put in any more."""
        self._closed: asyncio.Event | None = None  # made only if somebody waits for it, as all that follows: most
        self._error: TabwireError | None = None  # links do nothing most of the time, and there may be thousands
        self._waiting: deque[link_pb2.Downlink] | None = None
        self._sleeper: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.is_closed = False
        """Whether the stream is over."""

    @property
    def closed(self) -> asyncio.Event:
        """Set when the stream is over."""
        if self._closed is None:
            self._closed = asyncio.Event()
            if self.is_closed:
                self._closed.set()
        return self._closed

    def put(self, message: link_pb2.Downlink) -> None:
        """Adds a message, unless the stream is ending."""
        if self.ended:
            return
        if self._waiting is None:
            self._waiting = deque()
        if len(self._waiting) >= _MOST_WAITING:
            self.end(TabwireError(error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED, "The stream is not read fast enough."))
            return
        self._waiting.append(message)
        self._wake()

    def end(self, error: TabwireError | None = None) -> None:
        """Ends the stream after what is waiting; with an error, at once. The first end counts."""
        if self.ended:
            return
        self.ended = True
        self._error = error
        if error is not None:
            self._waiting = None
        self._wake()

    def close(self) -> None:
        """The writer's last word: the stream is over."""
        self.ended = self.is_closed = True
        if self._closed is not None:
            self._closed.set()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def take(self) -> link_pb2.Downlink | None:
        """The next message, if one is waiting."""
        if not self._waiting:
            return None
        message = self._waiting.popleft()
        if not self._waiting:
            self._waiting = None
        return message

    def raise_error(self) -> None:
        """Raises the error that the stream ends with, if it ends with one."""
        if self._error is not None:
            raise self._error

    def wake_at(self, when: float) -> None:
        """Something may be due at this time of the loop's: a writer that waits longer looks at its clock then.

        The timer is kept over many messages, and may come early: that costs less than a new one with each.
        """
        if self._sleeper is None or (self._timer is not None and self._timer.when() <= when):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(when, self._on_time)

    async def wait(self, until: float) -> None:
        """Returns when there is something to take, or the stream ends, or at this time of the loop's, or before."""
        if self._waiting or self.ended:
            return
        self._sleeper = asyncio.get_running_loop().create_future()
        self.wake_at(until)
        try:
            await self._sleeper
        finally:
            self._sleeper = None

    def _on_time(self) -> None:
        self._timer = None
        self._wake()

    def _wake(self) -> None:
        if self._sleeper is not None and not self._sleeper.done():
            self._sleeper.set_result(None)
