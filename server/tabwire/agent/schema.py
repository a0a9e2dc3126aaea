"""The model's tool schema and tool descriptions, derived from the contract.

Two forms of one JSON schema: the plain one, for endpoints that constrain decoding (llama.cpp, vLLM, Ollama), and the
strict one that hosted endpoints ask for, where every property is required and what may be left out may be null. What
actions take the same fields share one alternative, so that the schema stays small; what they mean is told once, by
`describe_actions` for the system message, one line an action.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor

from tabwire.agent import catalog
from tabwire.agent.profile import DEFAULT, RARE, Profile
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from google.protobuf.descriptor import EnumValueDescriptor

    from tabwire.agent.catalog import ActionFacts

Schema = dict[str, Any]

# What names the action in an answer; its fields stand beside it.
ACTION = "action"
# Shown to models that see pictures, and to no others.
PICTURE = "screenshot"
# A description of so few words says what the name says.
_FEW_WORDS = 6
_JSON_TYPES = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BOOL: "boolean",
    FieldDescriptor.TYPE_UINT32: "integer",
    FieldDescriptor.TYPE_DOUBLE: "number",
}


def offered_actions(profile: Profile = DEFAULT) -> Iterator[ActionFacts]:
    """The actions that a model may choose from."""
    for facts in catalog.actions().values():
        if (facts.name == PICTURE and profile.vision) or (
            not facts.hidden_from_model and facts.name not in profile.left_out
        ):
            yield facts


def told_fields(facts: ActionFacts, profile: Profile = DEFAULT) -> list[FieldDescriptor]:
    """The fields of an action that a model is told of."""
    return [one for one in catalog.told_fields(facts) if f"{facts.name}.{one.name}" not in profile.fields_left_out]


def decision_fields(profile: Profile) -> tuple[str, ...]:
    """What a decision says beside its actions, in the order in which it is written."""
    return ("reasoning", "memory", "plan", "next_goal") if profile.plans else ("reasoning", "memory")


@cache
def decision_schema(profile: Profile = DEFAULT) -> Schema:
    """The plain schema of a decision. Do not change it: it is shared."""
    fields = task_pb2.Decision.DESCRIPTOR.fields_by_name
    properties: Schema = {name: parameter(fields[name]) for name in decision_fields(profile)}
    if profile.says_why:
        properties["reasoning"]["maxLength"] = profile.says_why
    properties["actions"] = {
        "type": "array",
        "minItems": 1,
        "maxItems": profile.max_actions,
        "items": {"anyOf": _alternatives(profile)},
    }
    return _object(properties, ["reasoning", "actions"])


@cache
def strict_schema(profile: Profile = DEFAULT) -> Schema:
    """The same for endpoints that want every property required. Do not change it: it is shared."""
    return _strict(deepcopy(decision_schema(profile)))


def is_read(mode: str, profile: Profile) -> bool:
    """Whether a model is shown the schema by its endpoint, so that it need not be told again."""
    return mode == "json_schema" and profile.reads_schema


def sent_schema(mode: str, profile: Profile) -> Schema | None:
    """The schema that goes with a request: hosted endpoints keep to the strict form alone, others to any."""
    if mode == "text":
        return None
    return strict_schema(profile) if is_read(mode, profile) else decision_schema(profile)


def describe_actions(profile: Profile = DEFAULT, *, fields: bool = True) -> str:
    """All actions for the system message, one line each, from the comments of the contract.

    What an action's name and fields tell is not said again; without `fields`, for a model that is shown the schema,
    only those are told that need words.
    """
    return "\n".join(filter(None, (_describe(facts, profile, fields=fields) for facts in offered_actions(profile))))


def name_actions(profile: Profile, allowed: Mapping[str, Collection[str]]) -> str:
    """Some of the actions with some of their fields and no further words, those on elements first."""
    told = [facts for facts in offered_actions(profile) if facts.name in allowed]
    told.sort(key=lambda facts: all(field.name != "element_id" or not is_required(field) for field in facts.fields))
    return ", ".join(_call(facts, profile, allowed[facts.name]) for facts in told)


def _alternatives(profile: Profile) -> list[Schema]:
    """One alternative for all actions that take the same fields, and one for all that are seldom needed."""
    bodies: dict[str, tuple[list[str], Schema, list[str]]] = {}
    for facts in offered_actions(profile):
        told = told_fields(facts, profile)
        properties = {field.name: parameter(field) for field in told}
        required = [field.name for field in told if is_required(field)]
        in_short = facts.name in RARE and not profile.is_exact
        key = "" if in_short else json.dumps([properties, required], sort_keys=True)
        names, together, _ = bodies.setdefault(key, ([], {}, [] if in_short else required))
        names.append(facts.name)
        together.update(properties)
    return [
        _object({ACTION: {"enum": names}, **properties}, [ACTION, *required])
        for names, properties, required in bodies.values()
    ]


def _object(properties: Schema, required: list[str]) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return schema


def parameter(field: FieldDescriptor) -> Schema:
    """What a field may hold."""
    enum = field.enum_type
    schema: Schema
    if enum is not None:
        schema = {"enum": [enum_word(value) for value in enum.values if value.number]}
    else:
        schema = {"type": _JSON_TYPES[field.type]}
    return {"type": "array", "items": schema} if field.is_repeated else schema


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


def _describe(facts: ActionFacts, profile: Profile, *, fields: bool) -> str:
    said = first_sentence(facts.description).rstrip(".")
    words = f": {said}" if len(said.split()) > _FEW_WORDS else ""
    if not fields:
        return facts.name + words if words else ""
    return _call(facts, profile) + words


def _call(facts: ActionFacts, profile: Profile, only: Collection[str] | None = None) -> str:
    parts = []
    for field in told_fields(facts, profile):
        if only is not None and field.name not in only:
            continue
        choice = ""
        if field.enum_type is not None:
            choice = ":" + "|".join(enum_word(value) for value in field.enum_type.values if value.number)
        parts.append(f"{field.name}{'' if is_required(field) else '?'}{choice}")
    return f"{facts.name}({', '.join(parts)})"


def first_sentence(text: str) -> str:
    """What a comment of the contract says first."""
    return re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]
