"""The streams that are open, so that they are ended in time: by a revocation, by their token's end, or when the server
stops.

An ended stream answers with the error that ended it. Which streams there are is told by the auth interceptor.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tabwire.security.tokens import expired
from tabwire.store.auth_store import utc_now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from tabwire.errors import TabwireError


class _Stream:
    def __init__(self, ids: frozenset[str], expires_at: datetime | None, limit: asyncio.Timeout) -> None:
        self.ids = ids
        self.expires_at = expires_at
        self.error: TabwireError | None = None
        self._limit = limit

    def end(self, error: TabwireError) -> None:
        if self.error is None:
            self.error = error
            self._limit.reschedule(0)  # the time is over: a timeout cancels the stream's task, and only that


class OpenStreams:
    """All streams that run now, each under the ids of the token and browser it belongs to."""

    def __init__(self, *, now: Callable[[], datetime] = utc_now) -> None:
        self._open: set[_Stream] = set()
        self._now = now

    @asynccontextmanager
    async def opened(self, *ids: str, expires_at: datetime | None = None) -> AsyncIterator[None]:
        """Counts the block as an open stream, until its token ends. Raises the error that ends it from outside."""
        left_s = None if expires_at is None else max(0.0, (expires_at - self._now()).total_seconds())
        try:
            async with asyncio.timeout(left_s) as limit:
                stream = _Stream(frozenset(filter(None, ids)), expires_at, limit)
                self._open.add(stream)
                try:
                    yield
                finally:
                    self._open.discard(stream)
        except TimeoutError:
            if stream.error is not None:
                raise stream.error from None
            if limit.expired():
                raise expired() from None
            raise

    def end_expired(self) -> None:
        """Ends the streams whose token has ended by the clock: a timer stands still while a computer sleeps."""
        now = self._now()
        for stream in list(self._open):
            if stream.expires_at is not None and stream.expires_at <= now:
                stream.end(expired())

    def end(self, error: TabwireError, *ids: str) -> None:
        """Ends the streams of these ids."""
        for stream in list(self._open):
            if not stream.ids.isdisjoint(filter(None, ids)):
                stream.end(error)

    def end_all(self, error: TabwireError) -> None:
        """Ends all streams."""
        for stream in list(self._open):
            stream.end(error)
