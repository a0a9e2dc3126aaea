"""Where a text names something: a name in whole words, and what stands in quotation marks. Pure."""

from __future__ import annotations

import re

# A shorter name is found in any text.
MIN_NAME = 2
CLOSING = ('"', "'", "”", "\u2019", "»", "“", "」", "』")
_QUOTED = re.compile(r"""["'\u201c\u00ab\u300c]([^"'\u201d\u00bb\u300d]{2,60})["'\u201d\u00bb\u300d]""")


def folded(text: str) -> str:
    """A text with single spaces, as names and texts are compared."""
    return " ".join(text.split())


def places(name: str, text: str, *, exactly: bool = False, shortest: int = MIN_NAME) -> list[int]:
    """Where a folded text has a name in whole words; `exactly`: in its capitals, too. Nowhere for a shorter name."""
    words = folded(name)
    if len(words) < max(shortest, 1):
        return []
    pattern = rf"(?<!\w){re.escape(words)}(?!\w)"
    return [found.start() for found in re.finditer(pattern, folded(text), 0 if exactly else re.IGNORECASE)]


def quoted(text: str) -> list[str]:
    """What stands in quotation marks."""
    return _QUOTED.findall(text)
