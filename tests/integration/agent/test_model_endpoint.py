"""The model behind its real HTTP client: streaming, what endpoints do not take, pictures, usage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from doubles.scripted_model import Reply, ScriptedModel, decide
from integration.task.harness import Hurry, settings
from tabwire.agent.model import Model
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2, error_pb2, task_pb2

if TYPE_CHECKING:
    from pathlib import Path

_ASKED = [{"role": "user", "content": "What now?"}]
_DECIDED = decide({"reload": {}}, goal="see it anew")


async def _answer(model: ScriptedModel, home: Path, *, fields: dict[str, Any] | None = None, **asked: Any) -> Any:
    chosen = settings(home, **{"model": "scripted", "openai_base_url": model.base_url, **(fields or {})})
    made = Model(chosen, sleep=Hurry().sleep)
    try:
        return await made.answer(_ASKED, **asked)
    finally:
        await made.close()


async def test_what_the_model_writes_is_told_as_it_comes(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    with ScriptedModel([_DECIDED], streams=True) as model:
        reply = await _answer(model, tmp_path, thinking=lambda *said: told.append(said))
    assert json.loads(reply.content) == _DECIDED
    assert told[-1] == ("as scripted", "see it anew")
    assert model.requests[0]["stream_options"] == {"include_usage": True}
    assert (reply.usage.prompt_tokens, reply.usage.cached_tokens, reply.usage.completion_tokens) == (100, 60, 10)


async def test_an_endpoint_that_does_not_stream_answers_all_the_same(tmp_path: Path) -> None:
    with ScriptedModel([_DECIDED]) as model:
        reply = await _answer(model, tmp_path)
    assert json.loads(reply.content) == _DECIDED
    assert reply.usage.prompt_tokens == 100
    assert model.calls == 1, "an answer that came whole is not asked for again"


@pytest.mark.parametrize("refused", ["stream", "stream_options"])
async def test_an_endpoint_that_refuses_to_stream_is_asked_without(tmp_path: Path, refused: str) -> None:
    with ScriptedModel([_DECIDED], unsupported=[refused]) as model:
        await _answer(model, tmp_path)
    assert "stream" not in model.requests[0]
    assert "stream_options" not in model.requests[0]
    assert model.requests[0]["response_format"]["type"] == "json_schema"


async def test_a_stream_that_breaks_is_tried_again(tmp_path: Path) -> None:
    broken = Reply(json.dumps(_DECIDED), breaks_after=4)
    with ScriptedModel([broken, _DECIDED], streams=True) as model:
        reply = await _answer(model, tmp_path)
    assert json.loads(reply.content) == _DECIDED
    assert model.calls == 2


async def test_a_refusal_and_a_cut_are_told_in_a_stream_too(tmp_path: Path) -> None:
    with ScriptedModel([Reply(refusal="I cannot.")], streams=True) as model:
        refused = await _answer(model, tmp_path)
    assert refused.error_info.error_code == error_pb2.ERROR_CODE_MODEL_REFUSED
    with ScriptedModel([Reply('{"a', finish_reason="length")], streams=True) as model:
        cut = await _answer(model, tmp_path)
    assert cut.error_info.error_code == error_pb2.ERROR_CODE_MODEL_OUTPUT_INVALID
    assert cut.usage.completion_tokens == 10, "it was paid for"


async def test_a_model_that_thinks_gets_no_temperature_and_is_told_how_hard_to_think(tmp_path: Path) -> None:
    with ScriptedModel([_DECIDED]) as model:
        await _answer(model, tmp_path, fields={"model": "o3-mini"})
    request = model.requests[0]
    assert "temperature" not in request
    assert request["reasoning_effort"] == "low"
    assert request["max_completion_tokens"] > 4096
    assert request["response_format"]["json_schema"]["strict"] is True
    with ScriptedModel([_DECIDED], unsupported=["reasoning_effort"]) as model:
        await _answer(model, tmp_path, fields={"model": "o3-mini"})
    assert "reasoning_effort" not in model.requests[0]


async def test_a_small_model_is_offered_little_and_shown_an_example(tmp_path: Path) -> None:
    with ScriptedModel([_DECIDED], supports=["json_object", "text"]) as model:
        await _answer(model, tmp_path, fields={"model": "qwen2.5-1.5b"})
    request = model.requests[0]
    assert "hover" not in json.dumps(request["response_format"]["schema"])
    assert request["response_format"]["schema"]["properties"]["actions"]["maxItems"] == 1
    assert "Example." in request["messages"][0]["content"]


_OWN = {"type": "object", "properties": {"actions": {"type": "array"}}, "required": ["actions"]}


async def test_an_answer_can_be_held_to_a_schema_of_its_own(tmp_path: Path) -> None:
    small = {"model": "qwen2.5-1.5b"}
    with ScriptedModel([_DECIDED], supports=["json_object", "text"]) as model:
        await _answer(model, tmp_path, fields=small, schema=_OWN)
    assert model.requests[0]["response_format"] == {"type": "json_object", "schema": _OWN}
    with ScriptedModel([_DECIDED], supports=["text"]) as model:
        await _answer(model, tmp_path, fields=small, schema=_OWN)
    assert "response_format" not in model.requests[0]


async def test_an_endpoint_that_stumbles_over_a_schema_of_its_own_gets_the_one_for_all(tmp_path: Path) -> None:
    stumbles = Reply(status=500, error={"message": "response_format: failed to parse grammar"})
    small = {"model": "qwen2.5-1.5b", "model_output": "json_object"}
    with ScriptedModel([stumbles, _DECIDED]) as model:
        reply = await _answer(model, tmp_path, fields=small, schema=_OWN)
    assert json.loads(reply.content) == _DECIDED
    forms = [request["response_format"] for request in model.requests]
    assert forms[0]["schema"] == _OWN
    assert forms[1]["type"] == "json_object"
    assert "anyOf" in forms[1]["schema"]["properties"]["actions"]["items"]


async def test_a_picture_goes_with_the_last_message(tmp_path: Path) -> None:
    picture = action_pb2.Image(mime_type="image/png", data=b"\x89PNG")
    with ScriptedModel([_DECIDED]) as model:
        await _answer(model, tmp_path, fields={"model": "gpt-4o"}, picture=picture)
    text, image = model.requests[0]["messages"][-1]["content"]
    assert text == {"type": "text", "text": "What now?"}
    assert image["image_url"]["url"] == "data:image/png;base64,iVBORw=="


async def test_prices_that_are_set_make_the_cost(tmp_path: Path) -> None:
    prices = {"price_prompt": 2.0, "price_cached": 0.5, "price_completion": 8.0}
    with ScriptedModel([_DECIDED]) as model:
        reply = await _answer(model, tmp_path, fields=prices)
    assert reply.usage.cost_micro_usd == 40 * 2 + 60 * 0.5 + 10 * 8
    assert reply.usage.calls_without_cost == 0


async def test_an_endpoint_that_tells_no_usage_leaves_it_unknown(tmp_path: Path) -> None:
    with ScriptedModel([Reply(json.dumps(_DECIDED), usage=None)], streams=True) as model:
        reply = await _answer(model, tmp_path, fields={"price_prompt": 1.0, "price_completion": 1.0})
    reply.usage.ClearField("model_ms")
    assert reply.usage == task_pb2.Usage(model_calls=1, calls_without_cost=1)


async def test_an_endpoint_whose_streams_tell_no_usage_is_asked_for_whole_answers(tmp_path: Path) -> None:
    untold = Reply(json.dumps(_DECIDED), usage=None)
    with ScriptedModel([untold, _DECIDED], streams=True) as model:
        made = Model(settings(tmp_path, model="scripted", openai_base_url=model.base_url), sleep=Hurry().sleep)
        await made.answer(_ASKED)
        reply = await made.answer(_ASKED)
        await made.close()
    assert [request.get("stream", False) for request in model.requests] == [True, False]
    assert reply.usage.prompt_tokens == 100


async def test_a_stream_without_end_has_its_time(tmp_path: Path) -> None:
    with ScriptedModel([Reply(delay_s=30)], streams=True) as model, pytest.raises(TabwireError) as raised:
        await _answer(model, tmp_path, fields={"model_timeout_s": 0.5})
    assert raised.value.code == error_pb2.ERROR_CODE_MODEL_UNAVAILABLE
    assert "TABWIRE_MODEL_TIMEOUT_S" in raised.value.info.remedy
