"""The tokens that were found good lately, so that a call does not cost a signature and a question to the database.

Whether any of them was revoked by another server is asked for all of them at once, as soon as somebody calls and the
last answer is a second old: a thousand browsers then cost one question a second, not a thousand. What makes a token
good is told by `access.py`.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from datetime import datetime

    from tabwire.rpc.identity import Principal

# So long an answer is believed. Revocations through this server are felt at once all the same: they empty all of this.
_BELIEVED = timedelta(seconds=1)
# Who has not called for so long is forgotten, and looked at anew.
_UNUSED = timedelta(seconds=60)
_MOST = 10_000


class _Entry:
    __slots__ = ("caller", "used_at")

    def __init__(self, caller: Principal, used_at: datetime) -> None:
        self.caller = caller
        self.used_at = used_at


class BelievedTokens:
    """Tokens and their callers. `still_good` tells which of some token ids are not revoked."""

    def __init__(
        self, still_good: Callable[[Collection[str]], Awaitable[Collection[str]]], now: Callable[[], datetime]
    ) -> None:
        self._still_good = still_good
        self._now = now
        self._entries: dict[str, _Entry] = {}
        self._asked_at: datetime | None = None
        self._asking: asyncio.Task[None] | None = None
        self.generation = 0
        """Counts how often everything was forgotten."""

    async def caller(self, token: str) -> Principal | None:
        """Whose token it is; None if that is to be found out. Raises what the database raises."""
        entry = self._entries.get(token)
        if entry is None:
            return None
        now = self._now()
        if now >= entry.caller.expires_at:
            del self._entries[token]
            return None
        entry.used_at = now
        if self._asked_at is None or not self._asked_at <= now < self._asked_at + _BELIEVED:
            await self._ask()
            entry = self._entries.get(token)
        return entry.caller if entry is not None else None

    def keep(self, token: str, caller: Principal, generation: int) -> None:
        """Remembers a token that was just found good, unless all was forgotten since that was asked."""
        if generation != self.generation:
            return
        now = self._now()
        if not self._entries:
            self._asked_at = now
        if len(self._entries) >= _MOST:
            self._entries.clear()
        self._entries[token] = _Entry(caller, now)

    def forget(self) -> None:
        """Forgets everything: something was revoked."""
        self.generation += 1
        self._entries.clear()

    async def _ask(self) -> None:
        """Asks once for everybody who waits; whoever waits no longer does not disturb the others."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._look_at_all())
            self._asking.add_done_callback(_looked_at)
        await asyncio.shield(self._asking)

    async def _look_at_all(self) -> None:
        try:
            now, generation = self._now(), self.generation
            self._entries = {token: entry for token, entry in self._entries.items() if now - entry.used_at < _UNUSED}
            asked = {entry.caller.token_id for entry in self._entries.values()}
            good = await self._still_good(asked)
            if generation == self.generation:
                self._asked_at = now
                for token, entry in list(self._entries.items()):
                    # What came while the database was asked, was looked at by itself.
                    if entry.caller.token_id in asked and entry.caller.token_id not in good:
                        del self._entries[token]
        finally:
            self._asking = None


def _looked_at(asked: asyncio.Task[None]) -> None:
    """An error is for those who wait; if nobody does any more, it is nobody's."""
    if not asked.cancelled():
        asked.exception()
