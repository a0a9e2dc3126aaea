"""What comes from an endpoint: pieces of an answer, usage, and which kind of model it is."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabwire.agent import plan, profile, streamed
from tabwire.agent.partial import PartialObject
from tabwire.agent.usage import Prices, usage_of
from tabwire.v1 import task_pb2

_TEXT = st.text(max_size=40)


@given(_TEXT, _TEXT, st.integers(min_value=1, max_value=9), st.booleans())
def test_a_text_field_is_read_while_it_comes(reasoning: str, goal: str, size: int, plain: bool) -> None:
    actions = [{"reasoning": "not this one", "next_goal": {"reasoning": "nor this"}}]
    whole = json.dumps({"reasoning": reasoning, "next_goal": goal, "actions": actions}, ensure_ascii=plain)
    reader = PartialObject()
    before = ""
    for at in range(0, len(whole), size):
        reader.feed(whole[at : at + size])
        now = reader.get("reasoning")
        assert reasoning.startswith(now)
        assert len(now) >= len(before)
        before = now
    assert (reader.get("reasoning"), reader.get("next_goal"), reader.get("memory")) == (reasoning, goal, "")


@given(st.text(max_size=80))
def test_no_text_is_more_than_not_understood(text: str) -> None:
    reader = PartialObject()
    reader.feed(text)
    assert isinstance(reader.get("reasoning"), str)


def _chunk(content: str = "", **fields: Any) -> SimpleNamespace:
    choice = SimpleNamespace(delta=SimpleNamespace(content=content, **fields), finish_reason=None)
    return SimpleNamespace(model="m", choices=[choice], usage=None)


async def _stream(*chunks: SimpleNamespace) -> Any:
    for chunk in chunks:
        yield chunk


async def test_pieces_make_the_answer_and_the_usage_comes_last() -> None:
    told: list[tuple[str, str]] = []
    usage = SimpleNamespace(prompt_tokens=5, completion_tokens=2)
    last = SimpleNamespace(model="m", choices=[], usage=usage)
    pieces = [_chunk('{"reasoning": "I lo'), _chunk('ok", "next_'), _chunk('goal": "see"}'), last]
    found = await streamed.collect(_stream(*pieces), lambda reasoning, goal: told.append((reasoning, goal)))
    assert found is not None
    assert found.content == '{"reasoning": "I look", "next_goal": "see"}'
    assert found.usage is usage
    assert told[0] == ("I lo", "")
    assert told[-1] == ("I look", "see")


async def test_what_a_model_thinks_before_it_answers_is_told() -> None:
    told: list[str] = []
    pieces = [_chunk(reasoning_content="Hm, "), _chunk(reasoning_content="yes."), _chunk('{"reasoning": "So.", ')]
    await streamed.collect(_stream(*pieces), lambda reasoning, _: told.append(reasoning))
    assert told[0] == "Hm, "
    assert told[-1] == "So."


async def test_a_stream_of_nothing_is_no_answer() -> None:
    assert await streamed.collect(_stream(), None) is None
    assert streamed.whole({"hello": 1}) is None
    assert streamed.whole([]) is None
    assert streamed.whole({"choices": []}) == streamed.Completed()


def test_usage_is_what_the_endpoint_says() -> None:
    given_usage = SimpleNamespace(
        prompt_tokens=1000, completion_tokens=100, prompt_tokens_details=SimpleNamespace(cached_tokens=800)
    )
    usage = usage_of(given_usage, Prices(), model_ms=50)
    expected = task_pb2.Usage(
        model_calls=1, prompt_tokens=1000, cached_tokens=800, completion_tokens=100, calls_without_cost=1, model_ms=50
    )
    assert usage == expected
    assert usage_of(None, Prices(1.0, 0.1, 2.0), model_ms=0) == task_pb2.Usage(model_calls=1, calls_without_cost=1)


@pytest.mark.parametrize(
    ("prices", "told", "cost"),
    [
        (Prices(2.5, 1.25, 10.0), None, 200 * 2.5 + 800 * 1.25 + 100 * 10),
        (Prices(2.5, None, 10.0), None, 1000 * 2.5 + 100 * 10),
        (Prices(2.5, 1.25, 10.0), 0.000123, 123),
        (Prices(), 0.5, 500_000),
        (Prices(), 0, 0),
    ],
)
def test_the_cost_is_the_endpoints_own_or_reckoned_from_prices(prices: Prices, told: float | None, cost: int) -> None:
    given_usage = {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 800}}
    if told is not None:
        given_usage["cost"] = told  # as OpenRouter tells it
    usage = usage_of(given_usage, prices, model_ms=1)
    assert (usage.cost_micro_usd, usage.calls_without_cost) == (cost, 0)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf", "small"),
        ("llama3.2:3b", "small"),
        ("Qwen2.5-0.5B-Instruct", "small"),
        ("gemma-3-4b-it", "small"),
        ("phi-3-mini-4k-instruct", "small"),
        ("deepseek-r1:1.5b", "reasoning_text"),
        ("deepseek-reasoner", "reasoning_text"),
        ("o3-mini", "reasoning"),
        ("gpt-5-nano", "reasoning"),
        ("openai/gpt-5.1", "reasoning"),
        ("gpt-4o-mini", "strong"),
        ("gpt-4.1-nano", "strong"),
        ("claude-sonnet-4-5", "strong"),
        ("google/gemini-2.5-flash", "strong"),
        ("qwen3-30b-a3b", "default"),
        ("llama3.1:8b", "default"),
        ("qwen2.5:14b", "default"),
        ("mistral-small-24b", "default"),
        ("something-new", "default"),
    ],
)
def test_the_profile_is_chosen_by_the_models_name(model: str, name: str) -> None:
    assert profile.choose(model).name == name


def test_the_profile_can_be_named() -> None:
    assert profile.choose("gpt-5", "small") is profile.SMALL


def test_plans_are_read_and_written() -> None:
    text = "[x] look\n- [>] choose one\n2. [-] compare\npay\n\n"
    read = plan.read(text)
    assert read is not None
    assert plan.write(read) == "[x] look\n[>] choose one\n[-] compare\n[ ] pay"
    assert [item.text for item in plan.open_items(read)] == ["choose one", "pay"]
    assert plan.read(plan.write(read)) == read
    assert plan.read(" \n") is None
