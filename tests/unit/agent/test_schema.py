"""The model's schema and tool descriptions follow from the contract, and stay small."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from google.protobuf import json_format

from tabwire.agent import catalog, decision, schema, tokens
from tabwire.agent.instructions import system_text
from tabwire.agent.model import MODES, Mode
from tabwire.agent.profile import PROFILES, REASONING_TEXT, SMALL, STRONG, Profile
from tabwire.agent.prompt_report import prompt_of
from tabwire.v1 import action_pb2, options_pb2

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor


def _bodies(of: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: one
        for one in of["properties"]["actions"]["items"]["anyOf"]
        for name in one["properties"][schema.ACTION]["enum"]
    }


def _is_hidden(field: FieldDescriptor) -> bool:
    return field.GetOptions().Extensions[options_pb2.argument].hidden_from_model


@pytest.mark.parametrize("chosen", PROFILES.values(), ids=lambda chosen: chosen.name)
def test_every_action_but_the_hidden_ones_is_offered_with_all_its_fields(chosen: Profile) -> None:
    bodies = _bodies(schema.decision_schema(chosen))
    text = system_text(chosen, shown_schema=False)
    for field in action_pb2.Action.DESCRIPTOR.oneofs_by_name["kind"].fields:
        assert field.message_type is not None
        hidden = field.message_type.GetOptions().Extensions[options_pb2.action].hidden_from_model
        offered = not hidden and field.name not in chosen.left_out
        if field.name == schema.PICTURE:
            offered = chosen.vision
        assert (field.name in bodies) is offered, field.name
        if offered:
            told = {f.name for f in field.message_type.fields if not _is_hidden(f)}
            told -= {name.partition(".")[2] for name in chosen.fields_left_out if name.startswith(f"{field.name}.")}
            assert told <= set(bodies[field.name]["properties"])
            assert chosen.is_weak or f"\n{field.name}(" in text
    assert len(bodies) == len(list(schema.offered_actions(chosen)))


@pytest.mark.parametrize("chosen", PROFILES.values(), ids=lambda chosen: chosen.name)
@pytest.mark.parametrize("shown", [True, False])
def test_the_system_message_has_no_number_that_a_model_could_take_for_an_elements(chosen: Profile, shown: bool) -> None:
    """A small model copied the ids of our own examples. Those of its one example are beyond what any page lists."""
    text = system_text(chosen, shown_schema=shown)
    numbers = [int(one) for one in re.findall(r'element_id"?: ?(\d+)|\[(\d+)\]', text) for one in one if one]
    assert all(number > 99_000 for number in numbers)
    assert bool(numbers) is chosen.is_weak


def test_rules_of_the_contract_become_rules_of_the_schema() -> None:
    bodies = _bodies(schema.decision_schema(SMALL))
    assert bodies["click"]["required"] == ["action", "element_id"]
    assert bodies["press_keys"]["required"] == ["action", "keys"]
    assert bodies["read_text"]["required"] == ["action"]
    assert bodies["input_text"]["required"] == ["action", "element_id", "text"]
    assert bodies["scroll"]["properties"]["direction"]["enum"] == ["down", "up", "right", "left", "top", "bottom"]


def test_descriptions_are_the_comments_of_the_contract() -> None:
    text = schema.describe_actions()
    assert "\nclick(element_id, button?:left|right|middle, count?)\n" in text, "its name says it all"
    for name, message in (("wait", "WaitAction"), ("drag", "DragAction"), ("read_rows", "ReadRowsAction")):
        said = schema.first_sentence(catalog.comment(f"tabwire.v1.{message}")).rstrip(".")
        assert re.search(rf"^{name}\(.*\): {re.escape(said)}$", text, re.MULTILINE)
        assert f"{name}: {said}" in schema.describe_actions(STRONG, fields=False)


def test_the_strict_form_requires_everything_and_lets_the_rest_be_null() -> None:
    def check(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("type") == "object":
                assert node["additionalProperties"] is False
                assert node["required"] == list(node["properties"])
            for value in node.values():
                check(value)
        if isinstance(node, list):
            for value in node:
                check(value)

    strict = schema.strict_schema()
    check(strict)
    bodies = _bodies(strict)
    assert bodies["input_text"]["properties"]["submit"]["type"] == ["boolean", "null"]
    assert bodies["scroll"]["properties"]["direction"]["enum"][-1] is None
    assert "null" not in json.dumps(schema.decision_schema()), "the plain form is its own"


@pytest.mark.parametrize("strict", [True, False])
def test_what_the_schema_makes_a_model_say_is_understood(strict: bool) -> None:
    """Every action, written as the schema has it, with nothing in what may be left out."""
    of = schema.strict_schema(STRONG) if strict else schema.decision_schema(STRONG)
    values = {"string": "x", "integer": 1, "number": 1, "boolean": True, "array": ["x"]}
    for name, alternative in _bodies(of).items():
        facts = catalog.actions()[name]
        said: dict[str, Any] = {"action": name}
        needed = {field.name for field in catalog.told_fields(facts) if schema.is_required(field)}
        for field, kind in alternative["properties"].items():
            types = kind.get("type", "")
            if field in needed:
                said[field] = values[types[0] if isinstance(types, list) else types]
            elif strict and field != "action":
                said[field] = None
        content = {"reasoning": "r", "memory": None, "plan": None, "next_goal": "g", "actions": [said]}
        jsonschema.Draft202012Validator(of).validate(
            content if strict else {key: value for key, value in content.items() if value is not None}
        )
        assert decision.parse(json.dumps(content), STRONG).actions[0].WhichOneof("kind") == name


@pytest.mark.parametrize("chosen", PROFILES.values(), ids=lambda chosen: chosen.name)
@pytest.mark.parametrize("mode", MODES)
def test_the_fixed_part_is_small(chosen: Profile, mode: Mode) -> None:
    told = prompt_of(profile=chosen, mode=mode)
    assert told.fixed_tokens <= 1500
    assert told.fixed_tokens == tokens.count(told.messages[0].content) + tokens.count(told.schema)
    assert (told.tokenizer, told.profile) == ("o200k_base", chosen.name)
    assert bool(told.schema) is (mode != "text")


def test_the_documentation_tells_the_size() -> None:
    text = (Path(__file__).parents[3] / "docs" / "agent.md").read_text(encoding="utf-8")
    for chosen in PROFILES.values():
        row = re.search(rf"^\| [^|]*\b{chosen.name}\b[^|]* \|( [\d,]+ \|){{3}}$", text, re.MULTILINE)
        if chosen is REASONING_TEXT:
            continue
        assert row is not None, chosen.name
        told = [int(cell.replace(",", "")) for cell in row[0].split("|")[2:5]]
        assert told == [prompt_of(profile=chosen, mode=mode).fixed_tokens for mode in MODES]


def test_tokens_are_counted_as_the_reference_does() -> None:
    # As tiktoken 0.14 counts them in o200k_base.
    assert tokens.count("Hello, world!") == 4
    assert tokens.count("") == 0
    assert tokens.count("<|endoftext|>") > 1, "what looks like a special token in a page's text is text"


def test_effects_and_performers_come_from_the_contract() -> None:
    facts = catalog.actions()
    assert facts["click"].effect == options_pb2.EFFECT_CLASS_MUTATE
    assert facts["scroll"].effect == options_pb2.EFFECT_CLASS_LOCAL
    assert facts["ask_human"].performer == options_pb2.PERFORMER_AGENT
    assert facts["navigate"].ends_batch
    assert catalog.element_id(json_format.ParseDict({"click": {"element_id": 4}}, action_pb2.Action())) == 4
