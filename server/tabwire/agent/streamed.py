"""From what an endpoint sends to one completed answer: whole, or piece by piece as it is written."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tabwire.agent.partial import PartialObject

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable

# Watchers are told at most so often.
_TELL_S = 0.1


@dataclass
class Completed:
    """An answer as it came."""

    model: str = ""
    content: str = ""
    refusal: str = ""
    finish_reason: str = ""
    usage: Any = None


def is_stream(content_type: str) -> bool:
    """Whether an answer comes piece by piece."""
    return content_type.lower().startswith("text/event-stream")


def whole(data: Any) -> Completed | None:
    """An answer that came at once; None if it is none."""
    if not isinstance(data, dict) or not isinstance(data.get("choices"), list):
        return None
    found = Completed(model=_text(data.get("model")), usage=data.get("usage"))
    if data["choices"] and isinstance(data["choices"][0], dict):
        choice = data["choices"][0]
        message = choice.get("message")
        if isinstance(message, dict):
            found.content, found.refusal = _text(message.get("content")), _text(message.get("refusal"))
        found.finish_reason = _text(choice.get("finish_reason"))
    return found


async def collect(chunks: AsyncIterable[Any], tell: Callable[[str, str], None] | None) -> Completed | None:
    """An answer that comes piece by piece. Who watches is told the reasoning and the next goal as they come."""
    found: Completed | None = None
    reader = PartialObject()
    content: list[str] = []
    refusal: list[str] = []
    thoughts: list[str] = []
    told_at = float("-inf")
    async for chunk in chunks:
        found = found or Completed()
        found.model = found.model or _text(getattr(chunk, "model", ""))
        found.usage = getattr(chunk, "usage", None) or found.usage
        for choice in (getattr(chunk, "choices", None) or [])[:1]:
            delta = getattr(choice, "delta", None)
            piece = _text(getattr(delta, "content", ""))
            content.append(piece)
            reader.feed(piece)
            refusal.append(_text(getattr(delta, "refusal", "")))
            # Two names that endpoints have for what a model thinks before it answers.
            thoughts.append(_text(getattr(delta, "reasoning_content", "")) or _text(getattr(delta, "reasoning", "")))
            found.finish_reason = _text(getattr(choice, "finish_reason", "")) or found.finish_reason
        now = time.monotonic()
        if tell is not None and now - told_at >= _TELL_S:
            told_at = now
            _tell(tell, reader, thoughts)
    if found is None:
        return None
    if tell is not None:
        _tell(tell, reader, thoughts)
    found.content, found.refusal = "".join(content), "".join(refusal)
    return found


def _tell(tell: Callable[[str, str], None], reader: PartialObject, thoughts: list[str]) -> None:
    reasoning = reader.get("reasoning") or "".join(thoughts)
    if reasoning or reader.get("next_goal"):
        tell(reasoning, reader.get("next_goal"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
