"""How many requests of which size Envoy takes in at once: what uploads can make it hold, as a sum and not as a hope.

Envoy takes a call in whole before it passes it on, so that nobody can keep the server busy by sending slowly. What it
holds then is bounded by lanes: each has a number of requests that may be under way at once and the most that each may
have. Both are counted as requests and bytes come in. How the lanes are put into routes is said in the template.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tabwire.settings import Settings

KIB = 1024
# What a stream may send that Envoy cannot pass on. A smaller one makes uploads slower on loopback; a larger one
# does not make them faster.
WINDOW_BYTES = 128 * KIB
# What Envoy holds for the other side at most before it stops taking, of a stream and of a connection's own bytes.
BUFFER_BYTES = 64 * KIB
# What a request costs beside its body: headers (24 KiB at most) and what Envoy keeps of it.
REQUEST_BYTES = 32 * KIB
# Above the server's own limit, so that a message that is only a little too large is refused with its number and remedy.
_ABOVE_LIMIT = 64 * KIB


# Who needs no token is a stranger, and strangers do not take their time: so long they may have from the headers of a
# request to the end of its answer. What they ask is answered in milliseconds.
STRANGER_S = 10


class Lane(NamedTuple):
    """The requests of one kind."""

    name: str
    requests: int
    """How many may be under way at once, from their headers to the end of their answer."""
    request_bytes: int
    """The most that Envoy takes in of one."""
    is_whole: bool = True
    """Whether it is taken in before it is passed on."""
    within_s: int = 0
    """How long one may be under way at most, in seconds; 0 if its route says."""

    @property
    def most_bytes(self) -> int:
        """What it can make Envoy hold, counted in bytes (see `Lanes.most_bytes`)."""
        return self.requests * (self.request_bytes + REQUEST_BYTES)


class Lanes(NamedTuple):
    """All lanes. Each has a share of `edge_memory_mb`, and room for one request at the least."""

    pairing: Lane
    """Codes. Of its own, so that no other stranger is in the way of a person who pairs."""
    open: Lane
    """What else needs no token: renewals of tokens, health."""
    stream: Lane
    """Whoever asks for a stream says little."""
    connect: Lane
    """Streams in both directions, which are passed on as they come."""
    small: Lane
    """Every call that says that it is small, or says nothing of its size."""
    middle: Lane
    """The parts of a link's large messages."""
    large: Lane
    """All else, up to the largest message."""

    @property
    def most_bytes(self) -> int:
        """What uploads can make Envoy hold, all together.

        Envoy keeps bytes in slices of 4 KiB: tiny frames, sent on purpose, hold several times as much
        (docs/security.md).
        """
        return sum(lane.most_bytes for lane in self)


def of(settings: Settings) -> Lanes:
    """The lanes that these settings give. The shares add up to the whole."""
    memory = settings.edge_memory_mb * KIB * KIB
    largest = settings.max_message_bytes + _ABOVE_LIMIT

    def lane(name: str, share: float, request_bytes: int, *, is_whole: bool = True, within_s: int = 0) -> Lane:
        requests = max(1, int(memory * share) // (request_bytes + REQUEST_BYTES))
        return Lane(name, requests, request_bytes, is_whole, within_s)

    return Lanes(
        pairing=lane("pairing", 0.5 / 32, 4 * KIB, within_s=STRANGER_S),
        open=lane("open", 1 / 32, 16 * KIB, within_s=STRANGER_S),
        stream=lane("stream", 3.5 / 32, 8 * KIB),
        connect=lane("connect", 14 / 32, WINDOW_BYTES + BUFFER_BYTES, is_whole=False),
        small=lane("small", 6 / 32, 64 * KIB),
        middle=lane("middle", 2 / 32, min(settings.max_part_bytes + 64 * KIB, largest)),
        large=lane("large", 5 / 32, largest),
    )
