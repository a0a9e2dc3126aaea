"""What a call of a model used up, by its endpoint's own figures. Nothing is estimated: what is not told stays unknown.

The cost is the endpoint's own, else reckoned from prices that are set, else not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from tabwire.settings import Settings

_MICRO = 1_000_000


@dataclass(frozen=True)
class Prices:
    """US dollars for a million tokens; None where none is set."""

    prompt: float | None = None
    cached: float | None = None
    completion: float | None = None

    @classmethod
    def of(cls, settings: Settings) -> Prices:
        """As the settings say."""
        return cls(settings.price_prompt, settings.price_cached, settings.price_completion)


def usage_of(given: Any, prices: Prices, *, model_ms: int) -> task_pb2.Usage:
    """One call. `given` is the `usage` of the endpoint's answer; None if it tells none."""
    usage = task_pb2.Usage(model_calls=1, model_ms=max(model_ms, 0))
    usage.prompt_tokens = _count(given, "prompt_tokens")
    usage.completion_tokens = _count(given, "completion_tokens")
    cached = _count(_value(given, "prompt_tokens_details"), "cached_tokens")
    # DeepSeek's name for it.
    usage.cached_tokens = min(cached or _count(given, "prompt_cache_hit_tokens"), usage.prompt_tokens)
    cost = _cost(given, usage, prices)
    if cost is None:
        usage.calls_without_cost = 1
    else:
        usage.cost_micro_usd = cost
    return usage


def _cost(given: Any, usage: task_pb2.Usage, prices: Prices) -> int | None:
    told = _value(given, "cost")
    if isinstance(told, int | float) and not isinstance(told, bool) and told >= 0:
        return round(told * _MICRO)
    if given is None or prices.prompt is None or prices.completion is None:
        return None
    cached = prices.prompt if prices.cached is None else prices.cached
    read = (usage.prompt_tokens - usage.cached_tokens) * prices.prompt + usage.cached_tokens * cached
    return round(read + usage.completion_tokens * prices.completion)


def _count(given: Any, name: str) -> int:
    value = _value(given, name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _value(given: Any, name: str) -> Any:
    return given.get(name) if isinstance(given, dict) else getattr(given, name, None)
