"""From what models write to decisions."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabwire.agent import decision
from tabwire.agent.profile import SMALL, STRONG
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2, error_pb2

_GOOD = '{"reasoning": "r", "memory": "m", "next_goal": "g", "actions": [{"click": {"element_id": 3}}]}'


@pytest.mark.parametrize(
    "content",
    [
        _GOOD,
        f"```json\n{_GOOD}\n```",
        f"Here it is:\n{_GOOD}\nI hope that helps.",
        f"<think>maybe {{not this}}</think>{_GOOD}",
        '{"reasoning": "r", "actions": [{"click": {"element_id": 3}},], }',
        '{"click": {"element_id": 3}}',
        '{"action": {"click": {"element_id": 3}}}',
        '{"actions": {"click": {"element_id": "3"}}}',
        '{"actions": [{"action": "click", "element_id": 3, "button": null, "text": "", "accept": false}]}',
        '{"reasoning": "r", "action": "click", "element_id": 3}',
        '{"reasoning": "two\nlines", "actions": [{"click": {"element_id": 3.0}}]}',
    ],
)
def test_forms_that_models_fall_into_are_understood(content: str) -> None:
    assert decision.parse(content).actions[0] == action_pb2.Action(click=action_pb2.ClickAction(element_id=3))


def test_a_plan_is_taken_over_as_lines_or_as_a_list_and_a_goal_is_found_in_the_reasoning() -> None:
    for plan in ("[x] look\n[ ] buy", ["[x] look", "[ ] buy"]):
        parsed = decision.parse(json.dumps({"reasoning": "I look. Then I buy.", "plan": plan, "reload": {}}))
        assert parsed.plan == "[x] look\n[ ] buy"
        assert parsed.next_goal == "I look."


def test_only_a_model_that_sees_is_offered_pictures() -> None:
    said = '{"actions": [{"action": "screenshot", "marks": true}]}'
    assert decision.parse(said, STRONG).actions[0].screenshot.marks
    with pytest.raises(TabwireError):
        decision.parse(said, SMALL)


def test_a_small_model_is_held_to_one_action() -> None:
    said = '{"actions": [{"action": "reload"}, {"action": "go_back"}]}'
    assert len(decision.parse(said, SMALL).actions) == 1


def test_all_fields_are_taken_over() -> None:
    parsed = decision.parse(_GOOD)
    assert (parsed.reasoning, parsed.memory, parsed.next_goal) == ("r", "m", "g")


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"scroll": {"direction": "down"}}, action_pb2.ScrollAction(direction=action_pb2.SCROLL_DIRECTION_DOWN)),
        (
            {"scroll": {"direction": "SCROLL_DIRECTION_UP"}},
            action_pb2.ScrollAction(direction=action_pb2.SCROLL_DIRECTION_UP),
        ),
        ({"press_keys": {"keys": "Enter"}}, action_pb2.PressKeysAction(keys=["Enter"])),
        ({"wait": {"text": "", "url": "/x"}}, action_pb2.WaitAction(url="/x")),
        ({"wait": {}}, action_pb2.WaitAction()),
        ({"go_back": None}, action_pb2.GoBackAction()),
        ({"input_text": {"element_id": 1, "text": ""}}, action_pb2.InputTextAction(element_id=1)),
        ({"ask_human": {"prompt": "Q", "options": []}}, action_pb2.AskHumanAction(prompt="Q")),
    ],
)
def test_values_as_models_write_them(action: dict[str, object], expected: object) -> None:
    parsed = decision.parse(json.dumps({"actions": [action]})).actions[0]
    assert getattr(parsed, next(iter(action))) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no JSON object"),
        ("click 3", "no JSON object"),
        ('{"reasoning": "r"', "broken at line 1"),
        ('{"reasoning": "r"}', 'no "actions"'),
        ('{"actions": []}', "at least one action"),
        ('{"actions": "click"}', "at least one action"),
        (json.dumps({"actions": [{"reload": {}}] * 7}), "at most 6"),
        ('{"actions": ["click"]}', "actions[0] must be an object with one action"),
        ('{"actions": [{"click": {"element_id": 1}, "reload": {}}]}', "with one action"),
        ('{"actions": [{"action": "click", "element_id": 1, "text": "x"}]}', 'has no field "text"'),
        ('{"actions": [{"reload": {}}, {"fly": {}}]}', 'actions[1] names an unknown action "fly"'),
        ('{"actions": [{"click": 3}]}', "actions[0].click must be an object"),
        ('{"actions": [{"click": {"id": 3}}]}', 'has no field "id". Its fields are: element_id'),
        ('{"actions": [{"click": {"element_id": "three"}}]}', "actions[0].click is not right"),
        ('{"actions": [{"click": {}}]}', "click.element_id"),
        ('{"actions": [{"navigate": {"url": ""}}]}', "navigate.url"),
        ('{"actions": [{"scroll": {"pages": 1000}}]}', "scroll.pages"),
        ('{"actions": [{"screenshot": {}}]}', "unknown action"),
    ],
)
def test_what_is_wrong_is_said_so_that_it_can_be_repaired(content: str, words: str) -> None:
    with pytest.raises(TabwireError) as raised:
        decision.parse(content)
    assert raised.value.code == error_pb2.ERROR_CODE_MODEL_OUTPUT_INVALID
    assert words in raised.value.info.message


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@given(st.sampled_from(["click", "wait", "press_keys", "scroll", "done"]), _JSON)
def test_nothing_a_model_writes_is_more_than_refused(name: str, body: object) -> None:
    try:
        decision.parse(json.dumps({"actions": [{name: body}]}))
    except TabwireError as error:
        assert error.code == error_pb2.ERROR_CODE_MODEL_OUTPUT_INVALID  # noqa: PT017 - both outcomes are right
