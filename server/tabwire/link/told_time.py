"""What a browser was told about this computer's clock: whether it still holds.

Commands carry their deadline by this clock. If the clock is set while a stream runs, the browser would take each of
them for too late, or for due much later. A clock was set if it has moved otherwise than the one that nobody can set.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from google.protobuf.timestamp_pb2 import Timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

# Less is no harm to any deadline; a clock that is adjusted slowly is told again now and then.
_OFF_S = 0.25


class ToldTime:
    """The time as it was last told on a stream."""

    __slots__ = ("_apart", "_steady", "_wall")

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._steady = steady
        self._apart = 0.0

    def now(self) -> Timestamp:
        """What the clock shows, to be told now."""
        wall = self._wall()
        self._apart = wall - self._steady()
        stamp = Timestamp()
        stamp.FromNanoseconds(round(wall * 1e9))
        return stamp

    def is_off(self) -> bool:
        """Whether the clock was set since it was last told."""
        return abs(self._wall() - self._steady() - self._apart) > _OFF_S
