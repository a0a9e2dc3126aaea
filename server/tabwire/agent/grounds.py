"""Whether an answer is borne out by what was seen: its numbers and names against the text of the pages that were shown.

Knows no language: numbers count as they are written, words by their letters, and scripts without spaces by pairs of
characters. What the person said themselves proves nothing. Pure.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tabwire.agent.extracted import extracted_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tabwire.agent.history import History
    from tabwire.v1 import task_pb2

_NUMBER = re.compile(r"\d+(?:[.,:/\-\u2009\u00a0]\d+)*")
_WORD = re.compile(r"[^\W\d_]+")
# Shorter words stand on every page.
_LONG = 4
# So much of an answer's words must have been seen for it to rest on them.
_SHARE = 0.5
# How `tabwire.agent.render` writes what a page says.
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_ADDRESS = re.compile(r"\bhttps?://(?:www\.)?")
_HEADS = ("The page now:", "What changed on the page:", "Outcome:")
_SHOWN = re.compile(rf"(?:{'|'.join(map(re.escape, _HEADS))})\n<page (\w+)>\n(.*?)\n</page \1>", re.DOTALL)


@dataclass(frozen=True)
class Grounds:
    """What of an answer was seen."""

    seen: tuple[str, ...]
    """Numbers and words of it that pages showed."""
    unseen_numbers: tuple[str, ...]
    """Numbers in it that no page showed and nobody said."""
    share: float
    """How much of its words was seen, from 0 to 1."""

    @property
    def hold(self) -> bool:
        """Whether anything that was seen bears the answer out."""
        return any(one[0].isdigit() for one in self.seen) or (bool(self.seen) and self.share >= _SHARE)


def of(answer: str, shown: Iterable[str], said: Iterable[str]) -> Grounds:
    """What of an answer was shown; what the person said is left out of account."""
    text = " ".join(_leaves(answer))
    known = _Text("\n".join(said))
    pages = _Text("\n".join(shown))
    numbers = {key: written for key, written in _numbers(text).items() if key not in known.numbers}
    words = [one for one in dict.fromkeys(_words(text)) if one not in known.words]
    seen_numbers = [written for key, written in numbers.items() if key in pages.numbers]
    seen_words = [one for one in words if one in pages.words]
    return Grounds(
        seen=(*seen_numbers, *seen_words),
        # Small numbers are counted more often than read.
        unseen_numbers=tuple(written for key, written in numbers.items() if key not in pages.numbers and len(key) > 1),
        share=len(seen_words) / len(words) if words else 0.0,
    )


def shown_texts(history: History) -> list[str]:
    """What pages said, as far as the model was shown it, what actions read, and what the person answered when asked."""
    texts = [answer.text for answer in history.answers.values()]
    for record in history.steps:
        for asked in record.asked:
            texts.extend(_said_by_pages(found[2]) for found in _SHOWN.finditer(asked.text))
        for _, result in record.done():
            if result is not None and result.WhichOneof("extracted") not in (None, "image"):
                texts.append(extracted_text(result))
    return texts


def said_texts(task: task_pb2.Task, history: History) -> list[str]:
    """What the person said."""
    messages = (message.text for message in history.messages)
    return [task.user_prompt, task.description, task.details, *messages]


def _said_by_pages(told: str) -> str:
    """The strings of pages in what the model was told, without our own words around them."""
    return "\n".join(_ADDRESS.sub("", one) for one in _QUOTED.findall(told))


class _Text:
    def __init__(self, text: str) -> None:
        self.numbers = set(_numbers(text))
        self.words = set(_words(text))


def _numbers(text: str) -> dict[str, str]:
    """Numbers as they are written, by their digits alone, so that 1,000.50 is 1 000,50."""
    return {re.sub(r"\D", "", found[0]).lstrip("0") or "0": found[0] for found in _NUMBER.finditer(text)}


def _words(text: str) -> Iterator[str]:
    for found in _WORD.finditer(text.casefold()):
        word = found[0]
        if any(character > "\u2e7f" for character in word):
            yield from (word[at : at + 2] for at in range(len(word) - 1))
        elif len(word) >= _LONG:
            yield word


def _leaves(answer: str) -> Iterator[str]:
    """An answer's own words; of one in JSON, its values without their names."""
    try:
        value = json.loads(answer)
    except ValueError:
        value = answer
    yield from _values(value)


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _values(one)
    elif isinstance(value, list):
        for one in value:
            yield from _values(one)
    elif not isinstance(value, bool) and value is not None:
        yield str(value)
