"""From what a model wrote to a `Decision`, or to a sentence that tells the model exactly what to repair.

Lenient in form (code fences, words around the JSON, a lone action), strict in content: unknown actions, unknown fields
and values that break the rules of the contract are refused.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import protovalidate
from google.protobuf import json_format

from tabwire.agent import catalog, schema
from tabwire.agent.profile import DEFAULT, Profile
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2, error_pb2, task_pb2

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor

_FENCE = re.compile(r"```[a-zA-Z]*\s*\n(.*?)```", re.DOTALL)
_THINKING = re.compile(r"<think>.*?</think>", re.DOTALL)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_DECISION_FIELDS = frozenset({"reasoning", "memory", "next_goal", "plan"})
_MAX_GOAL = 300
# An element as a weak model names it: `Order [4]`.
_NAMED_ID = re.compile(r"(?:^|\s)\[(\d{1,10})\]\s*$")
_NOTHING: tuple[object, ...] = (None, "", 0, False, [])
_validator = protovalidate.Validator()


def parse(content: str, profile: Profile = DEFAULT) -> task_pb2.Decision:
    """The decision that a model's answer stands for; `profile` says what the model was offered.

    Raises `TabwireError` MODEL_OUTPUT_INVALID; its message speaks to the model.
    """
    data = _normal(_json_object(content))
    decision = task_pb2.Decision()
    for name in ("reasoning", "memory", "next_goal", "plan"):
        value = data.get(name)
        if value is not None:
            setattr(decision, name, _text(value))
    # A model that is not asked for a goal says in its reasoning what it is about.
    decision.next_goal = decision.next_goal or schema.first_sentence(decision.reasoning)[:_MAX_GOAL]
    actions = data["actions"]
    if not isinstance(actions, list) or not actions:
        raise _invalid('"actions" must be a list of at least one action.')
    most = max(profile.max_actions, DEFAULT.max_actions)
    if len(actions) > most:
        raise _invalid(f'"actions" has {len(actions)} entries; at most {profile.max_actions} are allowed.')
    for index, item in enumerate(actions):
        decision.actions.append(_action(f"actions[{index}]", item, profile))
    # More than it was told of is planned blindly.
    del decision.actions[profile.max_actions :]
    return decision


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json_object(content: str) -> dict[str, Any]:
    """The first JSON object in a text."""
    text = _THINKING.sub("", content)
    candidates = [text, *_FENCE.findall(text)]
    problem = "it holds no JSON object"
    for candidate in candidates:
        start = candidate.find("{")
        if start < 0:
            continue
        for attempt in (candidate[start:], _TRAILING_COMMA.sub(r"\1", candidate[start:])):
            try:
                value, _ = json.JSONDecoder(strict=False).raw_decode(attempt)
            except json.JSONDecodeError as error:
                problem = f"its JSON is broken at line {error.lineno}, column {error.colno}: {error.msg}"
                continue
            if isinstance(value, dict):
                return value
    raise _invalid(f"Your answer is not a decision: {problem}. Answer with one JSON object and nothing else.")


def _normal(data: dict[str, Any]) -> dict[str, Any]:
    """A decision in its usual form, from the forms that small models fall into."""
    names = catalog.actions()
    if "actions" not in data:
        if isinstance(data.get(schema.ACTION), dict | list):
            data = {**data, "actions": data[schema.ACTION]}
        elif isinstance(data.get(schema.ACTION), str):
            fields = {name: value for name, value in data.items() if name not in _DECISION_FIELDS}
            data = {**data, "actions": [fields]}
        else:
            found = [{name: data[name]} for name in data if name in names]
            if not found:
                raise _invalid(
                    'Your answer has no "actions". Give reasoning, next_goal and actions: a list with an action in it.'
                )
            data = {**data, "actions": found}
    if isinstance(data["actions"], dict):
        data = {**data, "actions": [data["actions"]]}
    return data


def _named(path: str, item: object) -> tuple[str, Any]:
    """An action's name and fields, from `{"action": "click", "element_id": 3}` or `{"click": {"element_id": 3}}`."""
    if isinstance(item, dict) and isinstance(item.get(schema.ACTION), str):
        fields = {name: value for name, value in item.items() if name != schema.ACTION}
        return item[schema.ACTION], fields
    if isinstance(item, dict) and len(item) == 1:
        ((name, body),) = item.items()
        return str(name), body
    raise _invalid(f'{path} must be an object with one action, as {{"action": "click", "element_id": 1}}.')


def _action(path: str, item: object, profile: Profile) -> action_pb2.Action:
    # What a weak model is not offered it may still know; only what no model is offered is refused.
    known = [facts.name for facts in schema.offered_actions(replace(profile, left_out=frozenset()))]
    name, body = _named(path, item)
    if name not in known:
        offered = ", ".join(facts.name for facts in schema.offered_actions(profile))
        raise _invalid(f"{path} names an unknown action {_quoted(name)}. The actions are: {offered}.")
    if body is None:
        body = {}
    if not isinstance(body, dict):
        raise _invalid(f"{path}.{name} must be an object with the fields of the action.")
    facts = catalog.actions()[name]
    fields = {field.name: field for field in facts.fields}
    cleaned: dict[str, Any] = {}
    for key, value in body.items():
        if key not in fields and value in _NOTHING:
            continue  # of another action; endpoints that want every field named get it so
        if key not in fields:
            allowed = ", ".join(fields) or "none"
            raise _invalid(f"{path}.{name} has no field {_quoted(str(key))}. Its fields are: {allowed}.")
        if value is None or (value in ("", []) and not schema.is_required(fields[key])):
            continue
        cleaned[key] = _value(fields[key], value)
    action = action_pb2.Action()
    try:
        json_format.ParseDict({name: cleaned}, action)
    except json_format.ParseError as error:
        raise _invalid(f"{path}.{name} is not right: {_reason(error)}") from error
    for violation in _validator.collect_violations(action):
        broken = violation.proto.field
        field = ".".join(element.field_name for element in broken.elements) if broken else ""
        raise _invalid(f"{path}.{field or name} {violation.proto.message}.")
    return action


def _value(field: FieldDescriptor, value: Any) -> Any:
    """A value as the contract writes it: enums by their full names, lists where a lone value was given."""
    if field.enum_type is not None and isinstance(value, str):
        words = {schema.enum_word(one): one.name for one in field.enum_type.values}
        if value.lower() not in words and value not in field.enum_type.values_by_name:
            allowed = ", ".join(word for word, name in words.items() if not name.endswith("_UNSPECIFIED"))
            raise _invalid(f"{field.name} must be one of: {allowed}.")
        return words.get(value.lower(), value)
    if field.is_repeated and not isinstance(value, list):
        return [value]
    if field.type == field.TYPE_UINT32 and isinstance(value, str) and (named := _NAMED_ID.search(value)):
        return int(named[1])
    return value


def _reason(error: json_format.ParseError) -> str:
    text = str(error)
    # The library's messages begin with the path that is already said.
    return text.split(": ", 1)[-1].rstrip(".") + "."


def _quoted(text: str) -> str:
    return json.dumps(text[:80], ensure_ascii=False)


def _invalid(message: str) -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_MODEL_OUTPUT_INVALID,
        message,
        remedy="Use a stronger model: set TABWIRE_MODEL.",
        origin=error_pb2.COMPONENT_ORIGIN_MODEL,
        retryable=True,
    )
