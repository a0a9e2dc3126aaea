"""The model's schema and tool descriptions follow from the contract, and stay small."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format

from tabwire.agent import catalog, decision, schema
from tabwire.agent.prompt import system_text
from tabwire.v1 import action_pb2, options_pb2

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor


def _bodies(of: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {}
    for one in of["properties"]["actions"]["items"]["anyOf"]:
        ((name, body),) = one["properties"].items()
        found[name] = of["$defs"][body["$ref"].rsplit("/", 1)[1]] if "$ref" in body else body
    return found


def _is_hidden(field: FieldDescriptor) -> bool:
    return field.GetOptions().Extensions[options_pb2.argument].hidden_from_model


def test_every_action_but_the_hidden_ones_is_offered_with_all_its_fields() -> None:
    bodies = _bodies(schema.decision_schema())
    for field in action_pb2.Action.DESCRIPTOR.oneofs_by_name["kind"].fields:
        assert field.message_type is not None
        hidden = field.message_type.GetOptions().Extensions[options_pb2.action].hidden_from_model
        assert (field.name in bodies) is not hidden
        if not hidden:
            told = {f.name for f in field.message_type.fields if not _is_hidden(f)}
            assert set(bodies[field.name]["properties"]) == told
            assert f"\n{field.name}(" in system_text()
    assert "screenshot" not in json.dumps(schema.decision_schema())


def test_rules_of_the_contract_become_rules_of_the_schema() -> None:
    bodies = _bodies(schema.decision_schema())
    assert bodies["click"]["properties"]["element_id"] == {"type": "integer", "minimum": 1}
    assert bodies["click"]["required"] == ["element_id"]
    assert bodies["press_keys"]["properties"]["keys"]["minItems"] == 1
    assert "required" not in bodies["read_text"]
    assert bodies["scroll"]["properties"]["direction"]["enum"] == ["down", "up", "right", "left", "top", "bottom"]


def test_descriptions_are_the_comments_of_the_contract() -> None:
    text = schema.describe_actions()
    assert "click(element_id, button?, count?) Click an element. button: one of left, right, middle." in text
    assert "Press Enter afterwards." in text
    assert catalog.comment("tabwire.v1.WaitAction") in text


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


def test_what_the_strict_form_makes_a_model_say_is_understood() -> None:
    said = {"text": None, "element_id": None, "url": "/x", "gone": None, "timeout_ms": None}
    content = {"reasoning": "r", "memory": None, "next_goal": "g", "actions": [{"wait": said}]}
    assert decision.parse(json.dumps(content)).actions[0].wait == action_pb2.WaitAction(url="/x")


def test_the_fixed_part_is_small() -> None:
    # About four characters a token of English text and JSON in current tokenizers.
    assert len(system_text()) / 4 < 1350
    assert len(json.dumps(schema.decision_schema(), separators=(",", ":"))) / 4 < 1300


def test_effects_and_performers_come_from_the_contract() -> None:
    facts = catalog.actions()
    assert facts["click"].effect == options_pb2.EFFECT_CLASS_MUTATE
    assert facts["scroll"].effect == options_pb2.EFFECT_CLASS_LOCAL
    assert facts["ask_human"].performer == options_pb2.PERFORMER_AGENT
    assert facts["navigate"].ends_batch
    assert catalog.element_id(json_format.ParseDict({"click": {"element_id": 4}}, action_pb2.Action())) == 4
