"""What the database said a moment ago, asked once for everybody who asks at the same time.

Without it, all callers would ask together whenever the last answer has become too old: a hundred of them would want a
hundred connections at that moment. What is read, and when it has to be forgotten at once, is for the owner to say.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Value = TypeVar("Value")

# What the database said is believed so long; another server may have changed it.
_RECENT_S = 1.0
_MOST = 1000


class _Kept(NamedTuple, Generic[Value]):
    value: Value
    until: float


class Recent(Generic[Value]):
    """Values by their keys, as `read` finds them."""

    def __init__(
        self, read: Callable[[str], Awaitable[Value]], *, clock: Callable[[], float] = monotonic, most: int = _MOST
    ) -> None:
        self._read = read
        self._clock = clock
        self._most = most
        self._kept: dict[str, _Kept[Value]] = {}
        self._asking: dict[str, asyncio.Task[Value]] = {}
        self._running: set[asyncio.Task[Value]] = set()  # also those whose answer is not to be kept any more

    async def get(self, key: str) -> Value:
        """The value as it was a moment ago at most. Raises what reading it raises."""
        kept = self._kept.get(key)
        if kept is not None and self._clock() < kept.until:
            return kept.value
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._ask(key))
            self._running.add(asking)
            asking.add_done_callback(self._asked)
        return await asyncio.shield(asking)  # who waits no longer does not disturb the others

    def put(self, key: str, value: Value) -> None:
        """What it is from now on, whatever is being read just now."""
        self._asking.pop(key, None)
        self._keep(key, _Kept(value, self._clock() + _RECENT_S))

    def forget(self) -> None:
        """Forgets everything; what is being read just now goes only to those who wait for it already."""
        self._kept.clear()
        self._asking.clear()

    async def _ask(self, key: str) -> Value:
        until = self._clock() + _RECENT_S
        mine = asyncio.current_task()
        try:
            value = await self._read(key)
            if self._asking.get(key) is mine:
                self._keep(key, _Kept(value, until))
                return value
            # It was put meanwhile, and that is newer than what was read.
            newer = self._kept.get(key)
            return newer.value if newer is not None else value
        finally:
            if self._asking.get(key) is mine:
                del self._asking[key]

    def _keep(self, key: str, kept: _Kept[Value]) -> None:
        if len(self._kept) >= self._most:
            self._kept.clear()
        self._kept[key] = kept

    def _asked(self, asked: asyncio.Task[Value]) -> None:
        """An error is for those who wait; if nobody does any more, it is nobody's."""
        self._running.discard(asked)
        if not asked.cancelled():
            asked.exception()
