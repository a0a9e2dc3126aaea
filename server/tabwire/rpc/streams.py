"""The streams that are open, so that they can be ended before their time: by a revocation, or when the server stops.

An ended stream answers with the error that ended it. Which streams there are is told by the auth interceptor.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tabwire.errors import TabwireError


class _Stream:
    def __init__(self, ids: frozenset[str], limit: asyncio.Timeout) -> None:
        self.ids = ids
        self.error: TabwireError | None = None
        self._limit = limit

    def end(self, error: TabwireError) -> None:
        if self.error is None:
            self.error = error
            self._limit.reschedule(0)  # the time is over: a timeout cancels the stream's task, and only that


class OpenStreams:
    """All streams that run now, each under the ids of the token and browser it belongs to."""

    def __init__(self) -> None:
        self._open: set[_Stream] = set()

    @asynccontextmanager
    async def opened(self, *ids: str) -> AsyncIterator[None]:
        """Counts the block as an open stream. Raises the error that ends it from outside."""
        try:
            async with asyncio.timeout(None) as limit:
                stream = _Stream(frozenset(filter(None, ids)), limit)
                self._open.add(stream)
                try:
                    yield
                finally:
                    self._open.discard(stream)
        except TimeoutError:
            if stream.error is None:
                raise
            raise stream.error from None

    def end(self, error: TabwireError, *ids: str) -> None:
        """Ends the streams of these ids."""
        for stream in list(self._open):
            if not stream.ids.isdisjoint(filter(None, ids)):
                stream.end(error)

    def end_all(self, error: TabwireError) -> None:
        """Ends all streams."""
        for stream in list(self._open):
            stream.end(error)
