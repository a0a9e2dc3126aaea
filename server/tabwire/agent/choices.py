"""What can be done on the page as it is now, as a JSON schema: for weak models, which are held to it at each turn.

The element comes first and the action after it, so that who has chosen an element can only go on with what that element
takes. It is said by its name or kind and then its id, as `Order [4]` or `button [4]`: a weak model knows what it wants
by name, and errs when it has to look up the number for it; held to a form that it did not mean to write, it errs too.
Ids are those that the model was told in this turn. A schema that changes with every turn costs nothing where an
endpoint makes a grammar of it; one that shows it to its model would read it anew each time, so it is for weak models
alone. What an answer means is in `tabwire.agent.decision`, as for any other schema.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import TYPE_CHECKING

from tabwire.agent import catalog
from tabwire.agent.render import label
from tabwire.agent.schema import ACTION, Schema, decision_schema, is_required, offered_actions, parameter, told_fields
from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from google.protobuf.descriptor import FieldDescriptor

    from tabwire.agent.catalog import ActionFacts
    from tabwire.agent.profile import Profile
    from tabwire.agent.spent import Spent

_ELEMENT = "element_id"
_TARGET = "to_element_id"
# Of no use where all there is has been shown.
_FOR_MORE = frozenset({"find_text", "read_text", "scroll"})
_MAX_OPTIONS = 50
# What some endpoints make of a schema breaks at other characters in a constant.
_PLAIN = re.compile(r"[ !#-\[\]-~]{1,200}")
_NOT_PLAIN = re.compile(r"[^ !#-\[\]-~]+")
# Enough of a name to choose by.
_MAX_NAME = 60
# How the values of such fields are written (HTML, "Dates and times"), or as people do: the page's side reads that too.
_FORMATS = {
    "date": "^([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4})$",
    "datetime-local": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$",
    "month": "^[0-9]{4}-[0-9]{2}$",
    "time": "^[0-9]{1,2}:[0-9]{2}( [AP]M)?$",
    "color": "^#[0-9a-f]{6}$",
}


def page_schema(
    profile: Profile,
    told: Sequence[state_pb2.Element],
    *,
    names: Mapping[int, Sequence[str]] | None = None,
    secrets: Sequence[str] = (),
    has_more: bool = False,
    spent: Spent = frozenset(),
) -> Schema:
    """The schema of a decision on a page. `told` are the elements that the model knows by their ids.

    `names`: what each may be called, by its id; without them ids stand alone. `has_more`: the page has more than it was
    told. `spent`: what would only be done again.
    """
    schema = deepcopy(decision_schema(profile))
    alternatives: dict[str, Schema] = {}
    for facts in offered_actions(profile):
        able = [one for one in told if (facts.name, one.id) not in spent and facts.name in usable(one, profile)]
        for one in _alternatives(facts, profile, told, able, secrets, has_more=has_more):
            _merge(alternatives, one)
    if names is not None:
        for one in alternatives.values():
            _name(one, names)
    schema["properties"]["actions"]["items"] = {"anyOf": list(alternatives.values())}
    return schema


def actions_of(schema: Schema) -> dict[str, set[str]]:
    """The actions that a schema allows, each with its fields."""
    found: dict[str, set[str]] = {}
    for one in _alternatives_of(schema):
        for name in one["properties"][ACTION]["enum"]:
            found.setdefault(name, set()).update(one["properties"])
    return found


def ids_of(schema: Schema) -> set[int]:
    """The elements that a schema lets a model choose, by their ids."""
    return {
        _id(word) for one in _alternatives_of(schema) for word in one["properties"].get(_ELEMENT, {}).get("enum", ())
    }


def narrowed(schema: Schema, only: Collection[int]) -> Schema:
    """The same choice, of these elements alone."""
    made = deepcopy(schema)
    kept = [one for one in _alternatives_of(made) if _ELEMENT in one["properties"]]
    for one in kept:
        element = one["properties"][_ELEMENT]
        element["enum"] = [word for word in element["enum"] if _id(word) in only]
    made["properties"]["actions"]["items"]["anyOf"] = [one for one in kept if one["properties"][_ELEMENT]["enum"]]
    return made


def _alternatives_of(schema: Schema) -> list[Schema]:
    found: list[Schema] = schema["properties"]["actions"]["items"]["anyOf"]
    return found


def _id(word: str | int) -> int:
    """The id at the end of what an element is called."""
    return word if isinstance(word, int) else int(word.rpartition("[")[2].rstrip("]"))


def usable(element: state_pb2.Element, profile: Profile) -> frozenset[str]:
    """The actions that an element takes, of those that a model is offered."""
    if element.states.disabled:
        return frozenset()
    offered = {facts.name for facts in offered_actions(profile)}
    taken = {state_pb2.Operation.Name(one).removeprefix("OPERATION_").lower() for one in element.available_operations}
    if "set_checked" in taken & offered:
        # A click would change it back and forth; this says what it is to be.
        taken.discard("click")
    return frozenset(taken & {name for name in offered if _has_element(name, profile)})


def _has_element(name: str, profile: Profile) -> bool:
    return any(field.name == _ELEMENT for field in told_fields(catalog.actions()[name], profile))


def _alternatives(
    facts: ActionFacts,
    profile: Profile,
    told: Sequence[state_pb2.Element],
    able: Sequence[state_pb2.Element],
    secrets: Sequence[str],
    *,
    has_more: bool,
) -> Iterator[Schema]:
    fields = {field.name: field for field in told_fields(facts, profile)}
    properties = {name: _said(field) for name, field in fields.items()}
    required = [name for name, field in fields.items() if is_required(field)]
    if "direction" in fields:
        required.append("direction")  # what is told is in view already
    if "secret" in properties:
        _name_secrets(properties, secrets)
    element = properties.pop(_ELEMENT, None)
    if _ELEMENT not in required and (has_more or facts.name not in _FOR_MORE):
        yield _alternative(facts.name, properties, required)
    if element is None:
        return
    required = [name for name in required if name != _ELEMENT]
    if facts.name == "drag":
        yield from _drags(able, told, profile, properties)
        return
    for one in able:
        yield _alternative(facts.name, _fitted(facts.name, one, properties), required, [one.id])


def _said(field: FieldDescriptor) -> Schema:
    """What a field may hold, and that it holds something where the contract wants it to."""
    schema = parameter(field)
    rules = catalog.rules(field)
    if field.is_repeated and rules.repeated.min_items:
        return {**schema, "minItems": 1}
    return {**schema, "minLength": 1} if rules.string.min_len else schema


def _alternative(name: str, properties: Schema, required: Sequence[str], ids: Sequence[int] = ()) -> Schema:
    element = {_ELEMENT: {"enum": list(ids)}} if ids else {}
    return {
        "type": "object",
        "properties": {**element, ACTION: {"enum": [name]}, **properties},
        "required": [*element, ACTION, *required],
    }


def _merge(alternatives: dict[str, Schema], one: Schema) -> None:
    """Elements that take the same share an alternative."""
    ids = one["properties"].get(_ELEMENT, {}).get("enum", [])
    key = json.dumps([bool(ids), {**one["properties"], _ELEMENT: None}], sort_keys=True)
    known = alternatives.setdefault(key, one)
    if known is not one:
        known["properties"][_ELEMENT]["enum"] += ids


def _name(one: Schema, names: Mapping[int, Sequence[str]]) -> None:
    """Has elements said by name and id."""
    for field in (_ELEMENT, _TARGET):
        if field in one["properties"]:
            ids = one["properties"][field]["enum"]
            one["properties"][field] = {"enum": [word for number in ids for word in _named(names, number)]}


def _named(names: Mapping[int, Sequence[str]], number: int) -> list[str]:
    plain = (" ".join(_NOT_PLAIN.sub(" ", name).split())[:_MAX_NAME].rstrip() for name in names.get(number, ()))
    return list(dict.fromkeys(f"{words} [{number}]" for words in plain if words)) or [f"[{number}]"]


def _fitted(name: str, element: state_pb2.Element, properties: Schema) -> Schema:
    """The fields of an action as one element takes them."""
    if name == "select_option":
        return {**properties, "options": _options(element)}
    if name == "set_checked" and element.type == state_pb2.ELEMENT_TYPE_RADIO:
        return {**properties, "checked": {"enum": [True]}}
    form = _FORMATS.get(element.attributes.get("type", "")) if name == "input_text" and element.tag == "input" else None
    return properties if form is None else {**properties, "text": {"type": "string", "pattern": form}}


def _options(element: state_pb2.Element) -> Schema:
    """What can be chosen from a list; anything where that cannot be said in full."""
    words = list(dict.fromkeys(one.label or one.value for one in element.options if not one.disabled))
    most = 1 if element.role == "combobox" else max(len(words), 1)
    is_known = 0 < len(words) <= _MAX_OPTIONS and not element.options_omitted and all(map(_PLAIN.fullmatch, words))
    item = {"enum": words} if is_known else {"type": "string"}
    return {"type": "array", "minItems": 1, "maxItems": min(most, _MAX_OPTIONS), "items": item}


def _drags(
    able: Sequence[state_pb2.Element], told: Sequence[state_pb2.Element], profile: Profile, properties: Schema
) -> Iterator[Schema]:
    """Onto another element, or by a distance: one of both has to be said."""
    ids = [one.id for one in able]
    targets = [one.id for one in told if usable(one, profile) or label(one)]
    distance = {name: kind for name, kind in properties.items() if name != _TARGET}
    if ids and targets and _TARGET in properties:
        yield _alternative("drag", {_TARGET: {"enum": targets}}, [_TARGET], ids)
    if ids and distance:
        yield _alternative("drag", distance, list(distance), ids)


def _name_secrets(properties: Schema, secrets: Sequence[str]) -> None:
    """Only those that the task has can be typed."""
    del properties["secret"]
    if secrets and all(map(_PLAIN.fullmatch, secrets)):
        properties["secret"] = {"enum": list(secrets)}
