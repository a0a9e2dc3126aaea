"""One-time pairing codes: how they look, how they are compared, and how often they may be guessed.

Pure: no clock and no database of its own. That a code works once is held by `tabwire.store.auth_store`.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# No vowels, so that no words come out, and of characters that look alike (0 O, 1 I L, 2 Z, 5 S, 8 B, U V) at most one.
ALPHABET = "234679CDFGHJKMPQRTVWXY"
_GROUP = 4
_LENGTH = 8


def new_code() -> str:
    """A fresh code, as K7QF-2MXD."""
    characters = "".join(secrets.choice(ALPHABET) for _ in range(_LENGTH))
    return f"{characters[:_GROUP]}-{characters[_GROUP:]}"


def code_digest(code: str) -> bytes | None:
    """What is stored and looked up for a code as a person types it; None if it cannot be one.

    Takes some milliseconds of work and some megabytes on purpose: whoever reads the database must not find the code of
    a digest while it is good. All codes share one salt, because a digest must be found by the code alone.
    """
    plain = "".join(character for character in code.upper() if character not in "- \t")
    if len(plain) != _LENGTH or any(character not in ALPHABET for character in plain):
        return None
    return hashlib.scrypt(plain.encode(), salt=b"tabwire pairing code", n=2**12, r=8, p=1, dklen=32)


def attempt_digest(digest_of_code: bytes, attempt_id: str) -> bytes | None:
    """What is stored for an attempt to pair with a code; None if the attempt has no name, and cannot be made again."""
    return hashlib.sha256(digest_of_code + attempt_id.encode()).digest() if attempt_id else None


class GuessLimit:
    """Allows so many wrong guesses in a span of time, from each address and over all of them.

    An address that guesses does not lock out the others before many addresses do. With 22^8 codes and the default
    limits, guessing one within its life has a chance below one in fifty million.
    """

    def __init__(self, *, guesses: int = 10, addresses: int = 10, span_s: float = 60) -> None:
        self.guesses = guesses
        self._in_all = guesses * addresses
        self._span_s = span_s
        self._misses: deque[_Guess] = deque()

    def guess(self, address: str, now_s: float) -> Callable[[], None] | None:
        """Counts a guess as wrong, before anybody knows; None if it is not allowed now.

        What it returns takes the guess back, because it was right. Counted any later, many guesses made at once would
        all be let in.
        """
        if self.wait_s(address, now_s) > 0:
            return None
        guess = _Guess(network_of(address), now_s)
        self._misses.append(guess)

        def right() -> None:
            if guess in self._misses:
                self._misses.remove(guess)

        return right

    def wait_s(self, address: str, now_s: float) -> float:
        """How long until this address may guess again; 0 if it may now."""
        while self._misses and self._misses[0].at_s <= now_s - self._span_s:
            self._misses.popleft()
        network = network_of(address)
        own = [miss.at_s for miss in self._misses if miss.network == network]
        waits = [
            times[-limit] + self._span_s - now_s
            for times, limit in ((own, self.guesses), ([miss.at_s for miss in self._misses], self._in_all))
            if len(times) >= limit
        ]
        return max(waits, default=0)


class _Guess:
    """One guess. Told from others by what it is, not by what it says."""

    def __init__(self, network: str, at_s: float) -> None:
        self.network = network
        self.at_s = at_s


def network_of(address: str) -> str:
    """Whom an address belongs to: of IPv6, one customer has a whole network. What is no address stands for itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
