"""One-time pairing codes: how they look, how they are compared, and how often they may be guessed.

Pure: no clock and no database of its own. That a code works once is held by `tabwire.store.auth_store`.
"""

from __future__ import annotations

import secrets
from collections import deque

from tabwire.security.tokens import digest

# No vowels, so that no words come out, and of characters that look alike (0 O, 1 I L, 2 Z, 5 S, 8 B, U V) at most one.
ALPHABET = "234679CDFGHJKMPQRTVWXY"
_GROUP = 4
_LENGTH = 8


def new_code() -> str:
    """A fresh code, as K7QF-2MXD."""
    characters = "".join(secrets.choice(ALPHABET) for _ in range(_LENGTH))
    return f"{characters[:_GROUP]}-{characters[_GROUP:]}"


def code_digest(code: str) -> bytes | None:
    """What is stored and looked up for a code as a person types it; None if it cannot be one."""
    plain = "".join(character for character in code.upper() if character not in "- \t")
    if len(plain) != _LENGTH or any(character not in ALPHABET for character in plain):
        return None
    return digest(plain)


class GuessLimit:
    """Allows so many wrong guesses in a span of time, over all callers: behind a proxy they cannot be told apart.

    With 22^8 codes and the default limit, guessing one within its life has a chance below one in a hundred million.
    """

    def __init__(self, *, guesses: int = 10, span_s: float = 60) -> None:
        self.guesses = guesses
        self._span_s = span_s
        self._misses: deque[float] = deque()

    def wait_s(self, now_s: float) -> float:
        """How long until the next guess is allowed; 0 if it is allowed now."""
        while self._misses and self._misses[0] <= now_s - self._span_s:
            self._misses.popleft()
        if len(self._misses) < self.guesses:
            return 0
        return self._misses[0] + self._span_s - now_s

    def missed(self, now_s: float) -> None:
        """Notes a wrong guess."""
        self._misses.append(now_s)
