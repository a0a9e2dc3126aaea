"""The log: JSON lines, with the correlation id, without secrets."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from tabwire import log

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJsb2NhbCJ9.c2lnbmF0dXJl"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers, root.level
    stream = io.StringIO()
    log.configure("info", stream)
    yield stream
    root.handlers, root.level = before
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def only(lines: io.StringIO) -> dict[str, Any]:
    (line,) = lines.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_line_is_json_with_what_is_bound(lines: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(correlation_id="abc12345")
    structlog.get_logger().info("something", count=3)
    structlog.get_logger().debug("too small to tell")
    line = only(lines)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "something", "level": "info", "count": 3, "correlation_id": "abc12345"}


def test_other_libraries_log_the_same_way(lines: io.StringIO) -> None:
    logging.getLogger("grpc").error("went wrong with %s", TOKEN)
    line = only(lines)
    assert (line["event"], line["logger"], line["level"]) == ("went wrong with [redacted]", "grpc", "error")


@pytest.mark.parametrize(
    "fields",
    [
        {"access_token": "hush-hush"},
        {"Authorization": "hush-hush"},
        {"api_key": "hush-hush"},
        {"code": "hush-hush"},
        {"headers": {"cookie": "hush-hush"}},
        {"text": f"sent {TOKEN} along", "hidden": TOKEN},
        {"text": "authorization: Bearer hush-hush-hush", "hidden": "hush"},
        {"url": "postgresql://me:hush-hush@host/db"},
        {"items": ["sk-hush-hush-hush-hush"]},
    ],
)
def test_secrets_are_taken_out(lines: io.StringIO, fields: dict[str, object]) -> None:
    fields.pop("hidden", None)
    structlog.get_logger().info("event", **fields)
    text = lines.getvalue()
    assert "hush" not in text
    assert TOKEN not in text
    assert log.REDACTED in text


def test_secrets_are_taken_out_of_exceptions_too(lines: io.StringIO) -> None:
    try:
        int(TOKEN)
    except ValueError:
        structlog.get_logger().exception("failed")
    line = only(lines)
    assert "ValueError: invalid literal for int() with base 10: '[redacted]'" in line["exception"]
    assert TOKEN not in json.dumps(line)


def test_ids_stay(lines: io.StringIO) -> None:
    structlog.get_logger().info("made", token_id="t1", error_code=3, tokens_used=5)
    line = only(lines)
    assert (line["token_id"], line["error_code"], line["tokens_used"]) == ("t1", 3, 5)
