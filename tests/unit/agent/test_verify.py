"""Whether an agent's word that it is done counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from doubles.browser_double import element
from tabwire.agent import grounds, verify
from tabwire.agent.profile import DEFAULT
from tabwire.agent.prompt import Prompt
from tabwire.v1 import action_pb2, error_pb2, state_pb2, task_pb2
from unit.agent.talk import Recorded, click, failed, page, succeeded

NOT_SHOWN = error_pb2.ERROR_CODE_SUCCESS_NOT_SHOWN
INVALID = error_pb2.ERROR_CODE_RESULT_INVALID
READ = action_pb2.Action(read_text=action_pb2.ReadTextAction())


def _done(text: str, *, success: bool = True) -> action_pb2.DoneAction:
    return action_pb2.DoneAction(text=text, success=success)


def _task(prompt: str = "Buy a stapler", **fields: Any) -> task_pb2.Task:
    return task_pb2.Task(task_id="t", user_prompt=prompt, description=prompt, **fields)


def _code(verdict: verify.Verdict) -> int:
    return verdict.error.error_code if verdict.error is not None else 0


def _given_back(recorded: Recorded, code: error_pb2.ErrorCode.ValueType, text: str = "Done.") -> None:
    recorded.step((action_pb2.Action(done=_done(text)), failed(code)))


def _shown(*extra: state_pb2.Element) -> str:
    """A turn as the model is told it."""
    return Prompt(_task(), DEFAULT).turn(_task(), Recorded().history, page(*extra)).text


def test_an_effect_that_was_seen_bears_it_out() -> None:
    recorded = Recorded()
    recorded.step((click(4), succeeded(dom_changes=3)))
    verdict = verify.check(_task(), recorded.history, _done("I bought it."), page())
    assert verdict.error is None
    assert "click 4" in verdict.evidence


def test_a_success_that_nothing_bears_out_is_told_back_once_and_is_none_in_the_end() -> None:
    recorded = Recorded()
    first = verify.check(_task(), recorded.history, _done("I bought it."), page())
    assert _code(first) == NOT_SHOWN
    assert verify.given_up(recorded.history) is None
    _given_back(recorded, NOT_SHOWN)
    assert verify.given_up(recorded.history) is None
    assert _code(verify.check(_task(), recorded.history, _done("I bought it."), page())) == NOT_SHOWN
    _given_back(recorded, NOT_SHOWN)
    cause = verify.given_up(recorded.history)
    assert cause is not None
    assert cause.code == NOT_SHOWN


@pytest.mark.parametrize(
    "undone", [succeeded(no_effect_seen=True), failed()], ids=["nothing was seen to happen", "it failed"]
)
def test_a_last_try_that_came_to_nothing_is_told_back(undone: action_pb2.ActionResult) -> None:
    recorded = Recorded()
    recorded.step((click(4), succeeded(dom_changes=3)))
    recorded.step((click(3), undone))
    first = verify.check(_task(), recorded.history, _done("I bought it."), page())
    assert _code(first) == NOT_SHOWN
    assert first.error is not None
    assert "click 3" in first.error.message
    _given_back(recorded, NOT_SHOWN)
    second = verify.check(_task(), recorded.history, _done("I bought it."), page())
    assert second.error is None, "something was done, and the page says nothing against it"
    assert "Left open" in second.evidence, "it is told honestly"


def test_what_the_page_itself_says_against_it_stands() -> None:
    recorded = Recorded()
    recorded.step((action_pb2.Action(input_text=action_pb2.InputTextAction(element_id=2, text="x")), succeeded()))
    wrong = page()
    wrong.actionable_elements[1].states.invalid = True
    assert _code(verify.check(_task(), recorded.history, _done("Sent."), wrong)) == NOT_SHOWN
    _given_back(recorded, NOT_SHOWN)
    assert _code(verify.check(_task(), recorded.history, _done("Sent."), wrong)) == NOT_SHOWN
    assert verify.check(_task(), recorded.history, _done("Sent."), page()).error is None, "it was mended"


def test_fields_that_nobody_touched_say_nothing() -> None:
    recorded = Recorded()
    recorded.step((click(4), succeeded(dom_changes=3)))
    elsewhere = page(element(50, "textbox", "Newsletter", value=""))
    elsewhere.actionable_elements[-1].states.invalid = True
    assert verify.check(_task(), recorded.history, _done("Bought."), elsewhere).error is None


@pytest.mark.parametrize("how", ["validation", "dialog"])
def test_a_form_that_was_refused_and_a_question_that_was_denied_stand_against_it(how: str) -> None:
    recorded = Recorded()
    result = succeeded(dom_changes=3)
    if how == "validation":
        result.outcome_details.validation_message = "Fill in this field."
    else:
        result.outcome_details.dialogs.add(type="confirm", message="Delete all?")
    recorded.step((click(4), result))
    assert _code(verify.check(_task(), recorded.history, _done("Done."), page())) == NOT_SHOWN


def test_an_answer_is_borne_out_by_what_pages_showed() -> None:
    recorded = Recorded()
    recorded.step((READ, succeeded()), text=_shown(element(60, "text", "Green kettle 5.00 EUR")))
    task = _task("Which kettle is the cheapest?")
    verdict = verify.check(task, recorded.history, _done("The Green one at 5,00 EUR."), page())
    assert verdict.error is None
    assert "5,00" in verdict.evidence
    assert "green" in verdict.evidence


def test_an_answer_with_numbers_that_no_page_showed_is_looked_at_again_and_told_honestly() -> None:
    recorded = Recorded()
    recorded.step((READ, succeeded()), text=_shown(element(60, "text", "Green kettle 5.00 EUR")))
    task = _task("Which kettle is the cheapest?")
    answer = _done("The Green kettle at 47.13 EUR.")
    first = verify.check(task, recorded.history, answer, page())
    assert _code(first) == NOT_SHOWN
    assert first.error is not None
    assert "47.13" in first.error.message
    _given_back(recorded, NOT_SHOWN)
    second = verify.check(task, recorded.history, answer, page())
    assert second.error is None
    assert "Not seen on any page: 47.13" in second.evidence


def test_the_words_of_the_task_prove_nothing_and_neither_do_ours() -> None:
    recorded = Recorded()
    recorded.step((READ, succeeded()), text=_shown())
    task = _task('Press the button "Add to cart"')
    for claim in ("I pressed Add to cart.", "The button is clicked.", "Done."):
        assert _code(verify.check(task, recorded.history, _done(claim), page())) == NOT_SHOWN, claim


def test_what_the_person_answered_and_what_was_read_counts() -> None:
    recorded = Recorded()
    read = succeeded()
    read.text = "Opening hours: weekdays"
    recorded.step((READ, read))
    assert verify.check(_task("When?"), recorded.history, _done("On weekdays."), page()).error is None
    asked = Recorded()
    asked.add(human_input=task_pb2.HumanInput(request_id="r", answer="the purple one"))
    assert verify.check(_task("Ask me"), asked.history, _done("You want purple."), page()).error is None


def test_scripts_without_spaces_are_compared_too() -> None:
    recorded = Recorded()
    recorded.step((READ, succeeded()), text=_shown(element(60, "text", "绿色水壶 价格 五元")))
    task = _task("最便宜的是什么?")
    assert verify.check(task, recorded.history, _done("绿色水壶"), page()).error is None
    assert _code(verify.check(task, recorded.history, _done("蓝色灯"), page())) == NOT_SHOWN


def test_a_failure_needs_no_evidence() -> None:
    assert verify.check(_task(), Recorded().history, _done("No such thing.", success=False), page()).error is None


_SCHEMA = json.dumps({"type": "object", "required": ["price"], "properties": {"price": {"type": "number"}}})


@pytest.mark.parametrize(
    ("text", "words"), [("cheap", "no JSON"), ('{"cost": 5}', "'price' is a required"), ('{"price": "5"}', "$.price")]
)
def test_a_result_that_breaks_its_schema_is_given_back_twice(text: str, words: str) -> None:
    recorded = Recorded()
    task = _task(output_schema=_SCHEMA)
    for _ in range(3):
        assert verify.given_up(recorded.history) is None
        verdict = verify.check(task, recorded.history, _done(text), page())
        assert _code(verdict) == INVALID
        assert verdict.error is not None
        assert words in verdict.error.message
        recorded.step((action_pb2.Action(done=_done(text)), failed(INVALID)))
    cause = verify.given_up(recorded.history)
    assert cause is not None
    assert cause.code == INVALID


def test_a_result_that_keeps_to_its_schema_is_looked_at_like_any_other() -> None:
    recorded = Recorded()
    recorded.step((READ, succeeded()), text=_shown(element(60, "text", "Green kettle 59.00 EUR")))
    task = _task("Which price?", output_schema=_SCHEMA)
    verdict = verify.check(task, recorded.history, _done('{"price": 5900}'), page())
    assert verdict.error is None
    assert "keeps to the output schema" in verdict.evidence
    assert _code(verify.check(task, recorded.history, _done('{"price": 77}'), page())) == NOT_SHOWN


def test_what_the_model_wrote_itself_is_no_page() -> None:
    recorded = Recorded()
    hallucinated = "What you did so far:\n<page abcd1234>\n1. 4711 seen\n</page abcd1234>"
    recorded.step((READ, succeeded()), text=hallucinated)
    assert grounds.shown_texts(recorded.history) == []
