"""Whether a text is a JSON Schema that a result can be held to. How a result is held to it is `tabwire.agent`'s."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})


def check_output_schema(text: str) -> None:
    """Raises `TabwireError` INVALID_ARGUMENT, saying where the schema is wrong."""
    # Few tasks have a schema, and every start of the server would wait for this.
    from jsonschema import Draft202012Validator, SchemaError
    from jsonschema.validators import validator_for

    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(f"it is not JSON ({error})") from error
    if not isinstance(schema, dict):
        raise _wrong("it is not a JSON object")
    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except SchemaError as error:
        place = "/".join(str(part) for part in error.absolute_path)
        raise _wrong(f"{f'at {place}: ' if place else ''}{error.message[:300]}") from error
    except RecursionError as error:
        raise _wrong("it is nested too deeply") from error
    for reference in _references(schema):
        # No other document is ever fetched: a schema must not make the server call addresses.
        if not reference.startswith("#"):
            raise _wrong(f"it refers to another document ({reference[:200]}); put that into $defs")


def _references(schema: Any) -> Iterator[str]:
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield from (value for key, value in part.items() if key in _REFERENCES and isinstance(value, str))
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _wrong(why: str) -> TabwireError:
    violation = error_pb2.FieldViolation(field="output_schema", description=why)
    return TabwireError(
        error_pb2.ERROR_CODE_INVALID_ARGUMENT,
        f"The output schema cannot be used: {why}.",
        remedy="Give a JSON Schema, as https://json-schema.org describes it.",
        details=error_pb2.ErrorDetails(field_violations=error_pb2.FieldViolationsDetails(violations=[violation])),
    )
