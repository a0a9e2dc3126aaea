"""Tasks that a (scripted) model decides, through the real manager, journal, loop and HTTP client."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from doubles.browser_double import BrowserDouble, element, shop
from doubles.scripted_model import Reply, Request, ScriptedModel, decide, done, on
from integration.task.harness import house
from tabwire.agent import catalog, progress
from tabwire.errors import TabwireError
from tabwire.task.fold import fold
from tabwire.v1 import action_pb2, error_pb2, options_pb2, task_pb2

if TYPE_CHECKING:
    from pathlib import Path

_BUY = [on('textbox "Search"', "input_text", text="stapler"), on('button "Add to cart"'), done("It is in the cart.")]


def _with(model: ScriptedModel, **fields: Any) -> dict[str, Any]:
    return {"model": "scripted", "openai_base_url": model.base_url, "openai_api_key": "key", **fields}


async def test_a_model_finishes_a_task(tmp_path: Path) -> None:
    browser = BrowserDouble()
    with ScriptedModel(_BUY) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            task = await home.create("find the cheapest stapler and put it in the cart", details="be quick")
            ended = await home.ended(task.task_id)
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
            assert ended.result == "It is in the cart."
            assert [kind for kind, _ in browser.executed] == ["input_text", "click"]
            assert ended.decider == task_pb2.DECIDER_MODEL
            assert ended.usage.model_calls == 3
            assert (ended.usage.prompt_tokens, ended.usage.cached_tokens, ended.usage.completion_tokens) == (
                300,
                180,
                30,
            )
            assert ended.steps[0].usage.prompt_tokens == 100
            assert ended.current_goal == "go on"
            assert fold(await home.events(task.task_id)) == ended
            kinds = [event.WhichOneof("kind") for event in await home.events(task.task_id)]
            assert kinds.index("model_reply") < kinds.index("decision_made") < kinds.index("action_started")
    first, second = model.requests[0], model.requests[1]
    assert "be quick" in first.whole
    assert first["response_format"]["type"] == "json_schema"
    assert first["temperature"] == 0
    assert second["messages"][: len(first["messages"])] == first["messages"], "append-only"
    assert 'value="stapler"' in second.last
    assert "heading" not in second.last, "what did not change is not said again"


async def test_a_weak_model_is_held_to_the_page_and_asked_once_more_before_it_is_done(tmp_path: Path) -> None:
    browser = BrowserDouble()
    script = [done(), on('button "Add to cart"'), done()]
    with ScriptedModel(script, supports=["json_object", "text"]) as model:
        async with house(tmp_path, browser, **{**_with(model), "model": "tiny-1.5b"}) as home:
            task = await home.create("Search nothing, just press add to cart.")
            ended = await home.ended(task.task_id)
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
            assert [kind for kind, _ in browser.executed] == ["click"]
            assert [len(step.actions) for step in ended.steps] == [1, 1], "the doubt is no step of its own"
    first, again, last = model.requests
    assert again["messages"][: len(first["messages"])] == first["messages"]
    assert 'button "Add to cart" [4], not used yet' in again.last
    assert "Done so far:" in last.last
    assert len(last["messages"]) == 2, "it is told all anew"
    assert _offered(first) == {2, 3, 4, 5, 6, 8}, "without its texts"
    assert "Add to cart [4]" in str(first["response_format"])
    assert again["response_format"] == first["response_format"]


def _offered(request: Request) -> set[int]:
    """The elements that a weak model could choose from."""
    alternatives = request["response_format"]["schema"]["properties"]["actions"]["items"]["anyOf"]
    names = [name for one in alternatives for name in one["properties"].get("element_id", {}).get("enum", [])]
    return {int(name.rpartition("[")[2].rstrip("]")) for name in names}


async def test_a_weak_model_that_presses_what_it_did_not_say_is_held_to_what_it_said(tmp_path: Path) -> None:
    browser = BrowserDouble()
    slipped = {**decide(click={"element_id": 8}), "reasoning": "Done: nothing. Next: press Go."}
    with ScriptedModel([slipped, on('button "Go"'), done()], supports=["json_object", "text"]) as model:
        async with house(tmp_path, browser, **{**_with(model), "model": "tiny-1.5b"}) as home:
            ended = await home.ended((await home.create("Press Go.")).task_id)
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
            assert [kind for kind, _ in browser.executed] == ["click"]
    first, again, _ = model.requests
    assert "The task names, not used yet: Go [3]" in first.last
    assert 'You said that button "Go" [3] is next, but chose link "Checkout" [8].' in again.last
    assert _offered(again) == {3}


@pytest.mark.parametrize("refuses_with", [400, 422])
@pytest.mark.parametrize(
    ("supports", "mode"),
    [(("json_object", "text"), "json_object"), (("text",), None), (("json_schema",), "json_schema")],
)
async def test_the_way_to_hold_the_model_to_the_schema_is_found(
    tmp_path: Path, supports: tuple[Any, ...], mode: str | None, refuses_with: int
) -> None:
    with ScriptedModel(_BUY, supports=supports, refuses_with=refuses_with) as model:
        async with house(tmp_path, BrowserDouble(), **_with(model)) as home:
            ended = await home.ended((await home.create("buy it")).task_id)
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
    assert [request.get("response_format", {}).get("type") for request in model.requests] == [mode] * 3
    assert len(model.refused) <= 2, "it is found out once, not with each call"
    if mode == "json_object":
        assert "anyOf" in json.dumps(model.requests[0]["response_format"]["schema"])


async def test_parameters_that_a_model_does_not_know_are_left_out(tmp_path: Path) -> None:
    with ScriptedModel([done()], unsupported=["temperature", "max_tokens"]) as model:
        async with house(tmp_path, BrowserDouble(), **_with(model)) as home:
            ended = await home.ended((await home.create("do it")).task_id)
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
    assert "temperature" not in model.requests[0]
    assert model.requests[0]["max_completion_tokens"] > 0
    assert model.requests[0]["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    ("replies", "code", "words"),
    [
        ([Reply(status=401)], error_pb2.ERROR_CODE_MODEL_UNAVAILABLE, "OPENAI_API_KEY"),
        ([Reply(status=403)], error_pb2.ERROR_CODE_MODEL_UNAVAILABLE, "OPENAI_API_KEY"),
        ([Reply(status=404)], error_pb2.ERROR_CODE_MODEL_UNAVAILABLE, "TABWIRE_MODEL"),
        ([Reply(status=429)] * 3, error_pb2.ERROR_CODE_MODEL_UNAVAILABLE, "Wait"),
        (
            [Reply(status=429, error={"code": "insufficient_quota"})],
            error_pb2.ERROR_CODE_MODEL_UNAVAILABLE,
            "credit",
        ),
        ([Reply(status=500)] * 3, error_pb2.ERROR_CODE_MODEL_UNAVAILABLE, "OPENAI_BASE_URL"),
        ([Reply(status=503)] * 3, error_pb2.ERROR_CODE_MODEL_UNAVAILABLE, "OPENAI_BASE_URL"),
        (
            [Reply(status=400, error={"message": "maximum context length is 10 tokens"})],
            error_pb2.ERROR_CODE_MODEL_UNAVAILABLE,
            "longer context",
        ),
        ([Reply(raw=b"<html>hello</html>")], error_pb2.ERROR_CODE_MODEL_UNAVAILABLE, "OPENAI_BASE_URL"),
        ([Reply(raw=b'{"hello": 1}')], error_pb2.ERROR_CODE_MODEL_UNAVAILABLE, "OPENAI_BASE_URL"),
        ([Reply(delay_s=30)], error_pb2.ERROR_CODE_MODEL_UNAVAILABLE, "TABWIRE_MODEL_TIMEOUT_S"),
        ([Reply(refusal="I cannot help with that.")], error_pb2.ERROR_CODE_MODEL_REFUSED, "differently"),
        ([Reply("x", finish_reason="content_filter")], error_pb2.ERROR_CODE_MODEL_REFUSED, "differently"),
        ([Reply("I would click it.")] * 2, error_pb2.ERROR_CODE_MODEL_OUTPUT_INVALID, "TABWIRE_MODEL"),
        ([Reply("")] * 2, error_pb2.ERROR_CODE_MODEL_OUTPUT_INVALID, "TABWIRE_MODEL"),
        ([Reply(choices=0)] * 2, error_pb2.ERROR_CODE_MODEL_OUTPUT_INVALID, "TABWIRE_MODEL"),
        ([Reply('{"a', finish_reason="length")] * 2, error_pb2.ERROR_CODE_MODEL_OUTPUT_INVALID, "TABWIRE_MODEL"),
    ],
)
async def test_what_goes_wrong_with_a_model_ends_the_task_with_its_remedy(
    tmp_path: Path, replies: list[Reply], code: int, words: str
) -> None:
    # One failing step only: max_retries 1 would ask once more for an answer that is no decision.
    with ScriptedModel(replies * 2) as model:
        timeout_s = 0.5 if replies[0].delay_s else 30
        async with house(tmp_path, BrowserDouble(), **_with(model, model_timeout_s=timeout_s)) as home:
            ended = await home.ended((await home.create("do it", max_retries=1)).task_id)
            assert ended.state == task_pb2.TASK_STATE_FAILED
            assert ended.cause.code == code, ended.cause
            assert words in ended.cause.remedy, ended.cause
            assert ended.cause.message
            assert ended.steps[-1].status == task_pb2.STEP_STATUS_FAILED
            assert ended.steps[-1].error_info.error_code == code
            assert "sk-secret" not in str(ended)


async def test_an_endpoint_that_is_not_there(tmp_path: Path) -> None:
    model = ScriptedModel()
    url = model.base_url
    model.stop()
    async with house(tmp_path, BrowserDouble(), model="m", openai_base_url=url) as home:
        ended = await home.ended((await home.create("do it")).task_id)
        assert ended.cause.code == error_pb2.ERROR_CODE_MODEL_UNAVAILABLE
        assert ended.cause.retryable
        assert "OPENAI_BASE_URL" in ended.cause.remedy
        assert url in ended.cause.message


async def test_a_passing_fault_is_tried_again(tmp_path: Path) -> None:
    script = [Reply(status=429, headers={"retry-after": "3"}), Reply(status=502), done()]
    with ScriptedModel(script) as model:
        async with house(tmp_path, BrowserDouble(), **_with(model)) as home:
            ended = await home.ended((await home.create("do it")).task_id)
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
    assert model.calls == 3


@pytest.mark.parametrize(
    ("bad", "repair"),
    [
        ("no json here", "no JSON object"),
        ('{"reasoning": "x", "next_goal": "y", "actions": []}', "at least one action"),
        ('{"reasoning": "x", "next_goal": "y", "actions": [{"fly": {}}]}', 'unknown action "fly"'),
        ('{"actions": [{"click": {"element_id": 0}}]}', "actions[0].click.element_id"),
        ('{"actions": [{"click": {"id": 3}}]}', 'no field "id"'),
        ('{"actions": [{"scroll": {"direction": "sideways"}}]}', "one of: down"),
        ('{"actions": [{"screenshot": {}}]}', 'unknown action "screenshot"'),
    ],
)
async def test_a_bad_answer_is_repaired_once_with_the_precise_error(tmp_path: Path, bad: str, repair: str) -> None:
    with ScriptedModel([Reply(bad), done()]) as model:
        async with house(tmp_path, BrowserDouble(), **_with(model)) as home:
            ended = await home.ended((await home.create("do it")).task_id)
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
            assert ended.usage.model_calls == 2
            replies = [e.model_reply for e in await home.events(ended.task_id) if e.HasField("model_reply")]
            assert replies[0].error_info.error_code == error_pb2.ERROR_CODE_MODEL_OUTPUT_INVALID
            assert replies[0].content == bad
    assert repair in model.requests[1].last


async def test_a_failed_action_is_told_to_the_model_and_ends_the_batch(tmp_path: Path) -> None:
    def batch(request: Request) -> dict[str, Any]:
        return decide({"click": {"element_id": 99}}, {"click": {"element_id": request.element('button "Go"')}})

    browser = BrowserDouble()
    with ScriptedModel([batch, done(), done()]) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            ended = await home.ended((await home.create("do it")).task_id)
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
            assert len(ended.steps[0].results) == 1
            assert ended.steps[0].status == task_pb2.STEP_STATUS_FAILED
    assert browser.executed == []
    assert "STALE_ELEMENT" in model.requests[1].last
    assert "dropped" in model.requests[1].last


async def test_a_batch_stops_when_the_page_goes_elsewhere(tmp_path: Path) -> None:
    browser = BrowserDouble(pages={"https://other.test/": lambda: [element(1, "button", "Pay")]})
    script = [decide({"navigate": {"url": "https://other.test/"}}, {"click": {"element_id": 4}}), done()]
    with ScriptedModel(script) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            ended = await home.ended((await home.create("do it")).task_id)
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
            assert ended.steps[0].status == task_pb2.STEP_STATUS_SUCCEEDED
    assert [kind for kind, _ in browser.executed] == ["navigate"]
    assert "The page now:" in model.requests[1].last, "a new document is shown whole"
    assert 'button "Pay"' in model.requests[1].last


async def test_several_actions_of_one_decision_are_done(tmp_path: Path) -> None:
    def fill(request: Request) -> dict[str, Any]:
        search, go = request.element('textbox "Search"'), request.element('button "Go"')
        return decide({"input_text": {"element_id": search, "text": "x"}}, {"click": {"element_id": go}})

    browser = BrowserDouble()
    with ScriptedModel([fill, done()]) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            ended = await home.ended((await home.create("do it")).task_id)
            ids = [f"{ended.task_id}/1/0", f"{ended.task_id}/1/1"]
            assert [action_id for _, action_id in browser.executed] == ids


async def test_too_many_failures_in_a_row_end_the_task(tmp_path: Path) -> None:
    with ScriptedModel(then=decide(click={"element_id": 99})) as model:
        async with house(tmp_path, BrowserDouble(), **_with(model)) as home:
            ended = await home.ended((await home.create("do it", max_retries=2)).task_id)
            assert ended.cause.code == error_pb2.ERROR_CODE_TOO_MANY_FAILURES
            assert "gone" in ended.cause.message
            assert len(ended.steps) == 3


async def test_a_model_that_repeats_itself_is_told_so_then_the_person_is_asked_and_then_it_is_stopped(
    tmp_path: Path,
) -> None:
    again = on('button "Add to cart"')
    with ScriptedModel([again] * 30) as model:
        async with house(tmp_path, BrowserDouble(), **_with(model)) as home:
            task = await home.create("put a stapler in the cart")
            asked = await home.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_HUMAN)
            assert "click 4" in asked.human_request.prompt
            assert model.calls == progress.ASK_AT, "the question costs no call"
            await home.answer(task.task_id, "go on like that")
            ended = await home.ended(task.task_id)
    assert ended.state == task_pb2.TASK_STATE_FAILED
    assert ended.cause.code == error_pb2.ERROR_CODE_NO_PROGRESS, ended.cause
    assert model.calls == 2 * progress.ASK_AT
    assert "the same" not in model.requests[1].last
    assert f"the same {progress.HINT_AT} times" in model.requests[progress.HINT_AT].last
    assert "Tried without effect:\n- click 4" in model.requests[progress.STRATEGY_AT].last
    assert "The person answers: go on like that" in model.requests[progress.ASK_AT].last


async def test_the_model_gives_up(tmp_path: Path) -> None:
    with ScriptedModel([done("There is no stapler.", success=False)]) as model:
        async with house(tmp_path, BrowserDouble(), **_with(model)) as home:
            ended = await home.ended((await home.create("do it")).task_id)
            assert ended.state == task_pb2.TASK_STATE_FAILED
            assert ended.cause.code == error_pb2.ERROR_CODE_TASK_GAVE_UP
            assert ended.result == "There is no stapler."


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        (task_pb2.TaskLimits(max_steps=2), "max_steps"),
        (task_pb2.TaskLimits(max_tokens=200), "max_tokens"),
    ],
)
async def test_limits(tmp_path: Path, limits: task_pb2.TaskLimits, name: str) -> None:
    with ScriptedModel(then=on('button "Go"')) as model:
        async with house(tmp_path, BrowserDouble(), **_with(model)) as home:
            ended = await home.ended((await home.create("do it", limits=limits)).task_id)
            assert ended.cause.code == error_pb2.ERROR_CODE_LIMIT_REACHED
            assert name in ended.cause.remedy
            assert len(ended.steps) == 2


async def test_a_question_and_its_answer_reach_the_model(tmp_path: Path) -> None:
    script = [decide(ask_human={"prompt": "Which colour?", "options": ["Red", "Blue"]}), done("Blue it is.")]
    with ScriptedModel(script) as model:
        async with house(tmp_path, BrowserDouble(), **_with(model)) as home:
            task = await home.create("buy one")
            asked = await home.in_state(task.task_id, task_pb2.TASK_STATE_WAITING_HUMAN)
            assert asked.human_request.prompt == "Which colour?"
            assert list(asked.human_request.options) == ["Red", "Blue"]
            await home.answer(task.task_id, "blue")
            ended = await home.ended(task.task_id)
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
            assert not ended.HasField("human_request")
    assert "Blue" in model.requests[1].last


async def test_what_the_model_wants_to_remember_is_in_the_notebook(tmp_path: Path) -> None:
    with ScriptedModel([decide({"reload": {}}, memory="The price is $3."), done()]) as model:
        async with house(tmp_path, BrowserDouble(), **_with(model)) as home:
            ended = await home.ended((await home.create("do it")).task_id)
            assert ended.scratchpad == "- The price is $3."


async def test_a_change_of_the_task_reaches_the_model_at_its_next_step(tmp_path: Path) -> None:
    browser = BrowserDouble()
    reached, go_on = browser.holding("click")
    with ScriptedModel([on('button "Go"'), done()]) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            task = await home.create("buy a stapler")
            await reached.wait()
            await home.modify(task.task_id, description="buy a hole punch", details="a red one")
            go_on.set()
            ended = await home.ended(task.task_id)
            assert ended.description == "buy a hole punch"
            assert ended.user_prompt == "buy a stapler"
    assert "buy a hole punch" in model.requests[1].last
    assert "a red one" in model.requests[1].last


async def test_old_pages_are_dropped_when_the_prompt_outgrows_its_budget(tmp_path: Path) -> None:
    def page() -> list[Any]:
        return [*shop(), *(element(100 + i, "text", f"line {i} " + "x" * 250) for i in range(80))]

    urls = ["https://shop.test/two", "https://shop.test/"]
    browser = BrowserDouble(pages=dict.fromkeys(urls, page))
    with ScriptedModel([*[decide(navigate={"url": url}) for url in urls * 3], done()]) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            ended = await home.ended((await home.create("do it")).task_id)
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
    sizes = [len(request.whole) for request in model.requests]
    assert max(sizes) < 100_000
    assert "What you did so far:" in model.requests[-1].whole
    assert 'button "Go"' in model.requests[-1].last


async def test_a_tab_that_is_closed_is_told_to_the_model(tmp_path: Path) -> None:
    browser = BrowserDouble()
    browser.tabs.clear()
    browser.pages["https://new.test/"] = lambda: [element(1, "button", "Here")]
    with ScriptedModel([decide(open_tab={"url": "https://new.test/"}), on('button "Here"'), done()]) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            browser.tabs[1] = BrowserDouble().tabs[1]
            reached, go_on = browser.holding("open_tab")
            task = await home.create("do it", context=task_pb2.TaskContext(active_tab_id=77))
            await reached.wait()
            go_on.set()
            ended = await home.ended(task.task_id)
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
            assert ended.tab_id == 2
    assert "cannot be seen" in model.requests[0].last
    assert ended.steps[1].results[0].status == action_pb2.ACTION_STATUS_SUCCEEDED


def _unknown() -> action_pb2.ActionResult:
    result = action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_FAILED)
    result.error_info.error_code = error_pb2.ERROR_CODE_OUTCOME_UNKNOWN
    result.error_info.message = "The page was lost in the middle."
    return result


async def test_a_mutation_in_doubt_is_told_to_the_model_which_looks_for_itself(tmp_path: Path) -> None:
    browser = BrowserDouble(fail={"click": [_unknown()]})
    with ScriptedModel([on('button "Go"'), done(), done()]) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            ended = await home.ended((await home.create("do it")).task_id)
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
            states = [e.state_changed.to for e in await home.events(ended.task_id) if e.HasField("state_changed")]
            assert task_pb2.TASK_STATE_NEEDS_ATTENTION not in states
    assert "OUTCOME_UNKNOWN" in model.requests[1].last
    assert len(browser.received) == 1


async def test_what_cannot_be_taken_back_and_is_in_doubt_needs_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = {**catalog.actions()}
    facts["click"] = dataclasses.replace(facts["click"], effect=options_pb2.EFFECT_CLASS_COMMIT)
    monkeypatch.setattr(catalog, "actions", lambda: facts)
    browser = BrowserDouble(fail={"click": [_unknown()]})
    with ScriptedModel([on('button "Go"'), done(), done()]) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            task = await home.create("do it")
            await home.in_state(task.task_id, task_pb2.TASK_STATE_NEEDS_ATTENTION)
            assert model.calls == 1
            await home.resume(task.task_id)
            ended = await home.ended(task.task_id)
            assert ended.state == task_pb2.TASK_STATE_SUCCEEDED, ended.cause
    assert "OUTCOME_UNKNOWN" in model.requests[1].last


async def test_reading_in_doubt_is_repeated(tmp_path: Path) -> None:
    browser = BrowserDouble(fail={"read_text": [_unknown()]})
    with ScriptedModel([decide(read_text={}), done()]) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            ended = await home.ended((await home.create("do it")).task_id)
            assert ended.steps[0].status == task_pb2.STEP_STATUS_SUCCEEDED
    assert "Add to cart" in model.requests[1].last, "what was read is told"


async def test_a_dialog_ends_the_batch_and_is_told(tmp_path: Path) -> None:
    opened = action_pb2.ActionResult(status=action_pb2.ACTION_STATUS_SUCCEEDED)
    opened.outcome_details.dialogs.add(type="confirm", message="Delete all?")
    browser = BrowserDouble(fail={"click": [opened]})
    with ScriptedModel([decide({"click": {"element_id": 3}}, {"click": {"element_id": 4}}), done()]) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            await home.ended((await home.create("do it")).task_id)
    assert len(browser.received) == 1
    assert "Delete all?" in model.requests[1].last


async def test_a_browser_that_serves_another_server_ends_this_ones_work(tmp_path: Path) -> None:
    fenced = TabwireError(error_pb2.ERROR_CODE_EPOCH_FENCED, "An older epoch.")
    browser = BrowserDouble(fail={"click": [fenced]})
    reached, go_on = browser.holding("click")
    with ScriptedModel([on('button "Go"'), done()]) as model:
        async with house(tmp_path, browser, **_with(model)) as home:
            task = await home.create("do it")
            await reached.wait()
            go_on.set()
            await asyncio.wait(list(home.manager.supervisor.jobs))
            left = await home.get(task.task_id)
            assert left.state == task_pb2.TASK_STATE_RUNNING, "the other server decides what becomes of it"
            with pytest.raises(TabwireError) as raised:
                await home.stop(task.task_id)
            assert raised.value.code == error_pb2.ERROR_CODE_UNAVAILABLE


async def test_a_model_that_is_no_longer_set_up(tmp_path: Path) -> None:
    browser = BrowserDouble()
    browser.disconnect()
    async with house(tmp_path, browser, model="m", openai_api_key="k") as first:
        task = await first.create("do it")
    browser.connect()
    async with house(tmp_path, browser) as second:
        ended = await second.ended(task.task_id)
        assert ended.cause.code == error_pb2.ERROR_CODE_MODEL_NOT_CONFIGURED
        assert "TABWIRE_MODEL" in ended.cause.remedy
