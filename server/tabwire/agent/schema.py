"""The model's tool schema and tool descriptions, derived from the contract.

Two forms of one JSON schema: the plain one, for endpoints that constrain decoding (llama.cpp, vLLM, Ollama), and the
strict one that hosted endpoints ask for, where every property is required and what may be left out may be null. The
descriptions go into the system prompt, one line an action, so that the schema itself stays small.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor

from tabwire.agent import catalog
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import EnumValueDescriptor

    from tabwire.agent.catalog import ActionFacts

Schema = dict[str, Any]

# More than these in one decision are planned blindly.
MAX_ACTIONS = 6
_DECISION_FIELDS = ("reasoning", "memory", "next_goal")
_REQUIRED_DECISION_FIELDS = ("reasoning", "next_goal", "actions")
_WHEN_LEFT_OUT = re.compile(r"; (0|empty) (for|means) [^;]*(?=\.)")
_JSON_TYPES = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BOOL: "boolean",
    FieldDescriptor.TYPE_UINT32: "integer",
    FieldDescriptor.TYPE_DOUBLE: "number",
}


def offered_actions() -> Iterator[ActionFacts]:
    """The actions the model may choose from."""
    return (facts for facts in catalog.actions().values() if not facts.hidden_from_model)


@cache
def decision_schema() -> Schema:
    """The plain schema of a decision. Do not change it: it is shared."""
    fields = task_pb2.Decision.DESCRIPTOR.fields_by_name
    properties: Schema = {name: _field(fields[name]) for name in _DECISION_FIELDS}
    bodies: dict[str, Schema] = {facts.name: _body(facts) for facts in offered_actions()}
    shared = _shared(bodies)
    properties["actions"] = {
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_ACTIONS,
        "items": {"anyOf": [_object({name: body}, [name]) for name, body in bodies.items()]},
    }
    return {**_object(properties, list(_REQUIRED_DECISION_FIELDS)), "$defs": shared}


@cache
def strict_schema() -> Schema:
    """The same for endpoints that want every property required. Do not change it: it is shared."""
    schema = deepcopy(decision_schema())
    for body in schema["$defs"].values():
        _strict(body)
    return _strict(schema)


def describe_actions() -> str:
    """All actions for the system prompt, one line each, from the comments of the contract."""
    return "\n".join(_describe(facts) for facts in offered_actions())


def _body(facts: ActionFacts) -> Schema:
    told = catalog.told_fields(facts)
    return _object({field.name: _field(field) for field in told}, [field.name for field in told if is_required(field)])


def _shared(bodies: dict[str, Schema]) -> Schema:
    """Moves bodies that several actions have in common out, named after the first of them, and refers to them."""
    definitions: Schema = {}
    names: dict[str, str] = {}
    written = {name: json.dumps(body) for name, body in bodies.items()}
    for name, text in written.items():
        if sum(1 for other in written.values() if other == text) > 1:
            key = names.setdefault(text, name)
            definitions.setdefault(key, bodies[name])
            bodies[name] = {"$ref": f"#/$defs/{key}"}
    return definitions


def _object(properties: Schema, required: list[str]) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return schema


def _field(field: FieldDescriptor) -> Schema:
    schema: Schema
    enum = field.enum_type
    if enum is not None:
        schema = {"enum": [enum_word(value) for value in enum.values if value.number]}
    else:
        schema = {"type": _JSON_TYPES[field.type]}
    if catalog.rules(field).uint32.HasField("gt"):
        schema["minimum"] = catalog.rules(field).uint32.gt + 1
    if field.is_repeated:
        schema = {"type": "array", "items": schema}
        if catalog.rules(field).repeated.min_items:
            schema["minItems"] = catalog.rules(field).repeated.min_items
    return schema


def is_required(field: FieldDescriptor) -> bool:
    """Whether the rules of the contract refuse the action without this field, or it would say nothing without it."""
    rules = catalog.rules(field)
    if field.containing_oneof is not None:
        return False
    if field.is_repeated:
        return bool(rules.repeated.min_items)
    return bool(
        rules.string.min_len
        or rules.uint32.HasField("gt")
        # A text that may be empty still has to be said: typing nothing is a decision of its own.
        or (field.type == FieldDescriptor.TYPE_STRING and field.name == "text")
        or field.name in ("success", "checked", "accept")
    )


def _strict(schema: Schema) -> Schema:
    if "anyOf" in schema:
        schema["anyOf"] = [_strict(one) for one in schema["anyOf"]]
    if "items" in schema:
        schema["items"] = _strict(schema["items"])
    if schema.get("type") == "object":
        required = schema.get("required", [])
        for name, value in schema["properties"].items():
            _strict(value)
            if name not in required:
                _allow_null(value)
        schema["required"] = list(schema["properties"])
        schema["additionalProperties"] = False
    return schema


def _allow_null(schema: Schema) -> None:
    if "enum" in schema:
        schema["enum"].append(None)
    else:
        schema["type"] = [schema["type"], "null"]


def enum_word(value: EnumValueDescriptor) -> str:
    """An enum value as the model writes it: without the prefix that all values of its type share, in lower case."""
    prefix = value.type.values[0].name.removesuffix("UNSPECIFIED")
    return value.name.removeprefix(prefix).lower()


def _describe(facts: ActionFacts) -> str:
    parts = []
    notes = []
    for field in catalog.told_fields(facts):
        parts.append(field.name if is_required(field) else f"{field.name}?")
        # What a field means when it is left out goes without saying: the `?` tells that it may be.
        note = _WHEN_LEFT_OUT.sub("", catalog.comment(field.full_name))
        if field.enum_type is not None:
            note = "one of " + ", ".join(enum_word(value) for value in field.enum_type.values if value.number) + "."
        # What an id or a text is needs no words; the rest does.
        if not (is_required(field) and field.name in ("element_id", "text", "url", "prompt", "tab_id")):
            notes.append(f"{field.name}: {note}")
    line = f"{facts.name}({', '.join(parts)}) {facts.description}"
    return " ".join([line, *notes])
